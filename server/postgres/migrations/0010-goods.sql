-- A merchant's price file: what it sells, under one version number that every change raises.

create table price_file (
  bucket smallint not null,
  party uuid not null,
  version integer not null default 0,
  count integer not null default 0,
  -- of the text that made this version, so that a lost answer may be asked for again
  hash bytea check (length(hash) = 32),
  at bigint not null,
  primary key (bucket, party)
);

create table price_item (
  bucket smallint not null,
  party uuid not null,
  -- an article code, the shop's own, or the pattern of an in-store code
  code text not null,
  -- the order of the file
  position integer not null,
  kind text not null check (kind in ('piece', 'weight', 'in-store', 'open', 'tip')),
  name text not null,
  name_en text,
  name_ja text,
  search text not null,
  price bigint check (price >= 0),
  unit text check (unit in ('kg', '100g', 'g')),
  -- hundredths of a percent; null for no tax
  tax_rate integer check (tax_rate between 0 and 9999),
  tax_added boolean not null default false,
  tax_reduced boolean not null default false,
  minimum_age smallint,
  per_day integer,
  delivery boolean not null default false,
  take_back text,
  category text not null,
  key text check (key ~ '^[A-Z]$'),
  active boolean not null default true,
  primary key (bucket, party, code)
);
