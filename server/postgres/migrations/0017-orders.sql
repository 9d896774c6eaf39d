-- Ordering: a merchant's menu, what is left of counted items, and tabs.

-- A table or counter is a sign at which one orders.
alter table point drop constraint point_mode_check;
alter table point add constraint point_mode_check check (mode in ('amount', 'fixed', 'order'));
alter table point add column paying text check (paying in ('first', 'end'));
alter table point add constraint point_orders_check check ((mode = 'order') = (paying is not null));

-- One menu of each merchant, at its newest version. `call` is the small number that was called out last. Orders lock this row.
create table menu (
  bucket smallint not null,
  party uuid not null,
  version integer not null check (version > 0),
  document jsonb not null,
  hash bytea not null,
  call integer not null default 0 check (call between 0 and 999),
  at bigint not null,
  primary key (bucket, party)
);

-- Of items that are counted alone.
create table menu_stock (
  bucket smallint not null,
  party uuid not null,
  item text not null,
  remaining integer not null check (remaining between 0 and 99999),
  primary key (bucket, party, item)
);

-- What a table has ordered: the whole of it in one row, locked while it changes (core/tab.ts). `is_live`: it belongs on the kitchen's list.
create table tab (
  bucket smallint not null,
  id uuid not null,
  party uuid not null,
  point uuid not null,
  paying text not null check (paying in ('first', 'end')),
  state text not null check (state in ('open', 'closed', 'over')),
  version integer not null check (version > 0),
  snapshot jsonb not null,
  is_live boolean not null,
  opened_at bigint not null,
  due_at bigint,
  over_at bigint,
  primary key (bucket, id),
  check ((state = 'over') = (over_at is not null))
);
-- A table has one tab at a time.
create unique index tab_open on tab (bucket, point) where state = 'open';
create index tab_unpaid on tab (bucket, point, opened_at) where state = 'closed';
create index tab_live on tab (bucket, party, opened_at) where is_live;
create index tab_over on tab (bucket, party, over_at) where not is_live and over_at is not null;
create index tab_due on tab (due_at) where due_at is not null;

-- Orders and shares by the phone's command: sent again, it is the same one.
create table tab_command (
  bucket smallint not null,
  device uuid not null,
  command uuid not null,
  hash bytea not null check (length(hash) = 32),
  tab uuid not null,
  -- of the order, or of the share
  number integer not null,
  primary key (bucket, device, command)
);
create unique index tab_command_of_tab on tab_command (bucket, tab, device, command);
