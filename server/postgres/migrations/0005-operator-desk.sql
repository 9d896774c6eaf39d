-- The operator's desk: operators with their own keys, the scheme's signing key, the signed daily heads, what the desk looks up.

create table operator (
  bucket smallint not null check (bucket = 0),
  id uuid not null,
  key uuid not null,
  public_key bytea not null check (length(public_key) = 65),
  name text not null,
  status text not null default 'active' check (status in ('active', 'revoked')),
  created_at bigint not null,
  primary key (bucket, id)
);

-- One-time codes for operators, kept as their hashes. The first operator's has no name: whoever enrols says it.
drop table operator_code;
create table operator_code (
  hash bytea primary key check (length(hash) = 32),
  name text,
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint,
  used_by uuid,
  public_key bytea,
  check ((used_at is null) = (public_key is null))
);

-- The key that signs the daily heads, and from which the codes of invitations are derived, so that a repeated command gives the same.
create table scheme_key (
  one boolean primary key default true check (one),
  public_key bytea not null check (length(public_key) = 65),
  private_key bytea not null,
  created_at bigint not null
);

-- The ends of every bucket's chains on one day of the scheme's calendar; `text` is exactly what is signed.
create table signed_head (
  day integer primary key,
  at bigint not null,
  text text not null,
  signature bytea not null check (length(signature) = 64)
);

create index action_newest on action (at desc, bucket, number);
create index action_of_subject on action (subject, at desc);
-- The rules in force are the last ones that were set.
create index action_rules on action (bucket, number) where what = 'set-rules';
create index party_newest on party (created_at desc, id);
