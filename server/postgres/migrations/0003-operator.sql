-- The operator's one-time code, kept as its hash; a new one replaces it until it has been used.

create table operator_code (
  one boolean primary key default true check (one),
  hash bytea not null check (length(hash) = 32),
  created_at bigint not null,
  used_at bigint
);
