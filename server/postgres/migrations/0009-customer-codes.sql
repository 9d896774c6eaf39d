-- The code a customer shows: who might pay, for a minute and once.

-- The last online code of each phone; the next one takes its place. `code_hash`: HMAC of its 16 bytes, `digits_hash` of its short form.
-- A register that reads a code knows no bucket, and so the hashes are unique over all of them.
create table customer_code (
  bucket smallint not null,
  device uuid not null,
  code_hash bytea not null unique check (length(code_hash) = 32),
  digits_hash bytea not null unique check (length(digits_hash) = 32),
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint,
  primary key (bucket, device)
) with (fillfactor = 70);
-- The counter of the last offline code of each phone that was read: 0 to 2^64 - 1.
create table customer_code_counter (
  bucket smallint not null,
  device uuid not null,
  counter numeric(20, 0) not null check (counter >= 0 and counter < 18446744073709551616),
  at bigint not null,
  primary key (bucket, device)
) with (fillfactor = 70);
-- Which phone's code a terminal's command has used up, so that the same command again finds the same phone; in the terminal's bucket,
-- and kept as long as the command's own row.
create table customer_code_use (
  bucket smallint not null,
  terminal uuid not null,
  command uuid not null,
  deal uuid not null,
  code_hash bytea not null check (length(code_hash) = 32),
  device uuid not null,
  at bigint not null,
  primary key (bucket, terminal, command)
);
