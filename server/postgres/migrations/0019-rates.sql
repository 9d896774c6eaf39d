-- Exchange rates: what a main unit of one currency is worth in another, from when to when, and whose word it is.

-- Nothing is changed: whoever sets another price adds a row, and the newest that is in force counts. `price` null: no exchange, until a
-- newer row says one. The id follows from the command and its row, so that a repeat finds it there.
create table rate (
  id uuid primary key,
  from_unit text not null check (from_unit ~ '^[A-Z]{3}$'),
  to_unit text not null check (to_unit ~ '^[A-Z]{3}$'),
  -- decimal text, the market's; the spread comes off it when somebody asks
  price text check (price ~ '^[0-9]{1,12}([.][0-9]{1,18})?$'),
  -- basis points
  spread integer not null check (spread between 0 and 9999),
  valid_from bigint not null,
  valid_until bigint not null check (valid_until > valid_from),
  origin text not null check (origin in ('desk', 'source')),
  -- the operator's name, or the source's host
  set_by text not null,
  set_at bigint not null,
  check (from_unit <> to_unit)
);
create index rate_of_pair on rate (from_unit, to_unit, set_at desc);

-- How the source that the operator has named is doing, for the desk of whichever hub.
create table rate_source (
  name text primary key,
  -- when it last gave an answer that could be used
  answered_at bigint,
  trouble text,
  -- pairs whose new price was kept out, as "USD JPY 300.5"
  kept_out text[] not null default '{}',
  looked_at bigint not null
);
