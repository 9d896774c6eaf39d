-- What a wallet shows at a register to be asked there for one of its cards; and the machines beside registers that take one-time numbers.

-- The user id of a card on a phone: it names and never pays. `user_hash` is HMAC of its 16 bytes, and unique over all buckets, because
-- a register that reads one knows no bucket.
create table card_user (
  bucket smallint not null,
  device uuid not null,
  means uuid not null,
  user_hash bytea not null unique check (length(user_hash) = 32),
  made_at bigint not null,
  primary key (bucket, device, means)
) with (fillfactor = 70);

-- The card machine beside a terminal. Its token is sealed by the hub's key file, `sealed_by` says which.
create table card_machine (
  bucket smallint not null,
  terminal uuid not null,
  party uuid not null,
  address text not null check (length(address) <= 100),
  token bytea not null check (length(token) between 29 and 228),
  sealed_by text not null check (sealed_by ~ '^[0-9a-f]{16}$'),
  set_at bigint not null,
  primary key (bucket, terminal)
);
create index card_machine_of_party on card_machine (bucket, party, set_at);
