-- Unattended points: a fixed code on a sign, a sticker or a tag, with a terminal of its own and no key.

-- The id is printed and names no bucket; whoever scans it knows nothing else. `text` is what the bill's line says.
create table point (
  id uuid primary key,
  bucket smallint not null,
  party uuid not null,
  terminal uuid not null,
  label text not null,
  place text not null,
  text text not null,
  unit text not null,
  tax_rate integer check (tax_rate between 0 and 10000),
  mode text not null check (mode in ('amount', 'fixed')),
  amount bigint check (amount > 0),
  minimum bigint check (minimum > 0),
  maximum bigint check (maximum >= minimum),
  -- JPEG as the hub has made it
  picture bytea check (length(picture) <= 102400),
  status text not null default 'active' check (status in ('active', 'ended')),
  created_at bigint not null,
  check ((mode = 'fixed') = (amount is not null)),
  check ((mode = 'amount') = (minimum is not null)),
  check ((mode = 'amount') = (maximum is not null))
);
create index point_of_party on point (bucket, party, created_at);
