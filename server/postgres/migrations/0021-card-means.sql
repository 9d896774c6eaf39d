-- Breaking: a hub of before does not know what is paid by card, and would ask a bank to carry out its orders.

-- Who carries an order out; of a card, how it is repaid, and whether by a one-time number.
alter table outside_order add column via text not null default 'bank' check (via in ('bank', 'card'));
alter table outside_order add column method text;
alter table outside_order add column one_time boolean not null default false;
alter table outside_order drop constraint outside_order_kind_check;
alter table outside_order add constraint outside_order_kind_check check (
  kind in ('collect', 'reverse', 'return') or (via = 'card' and kind in ('capture', 'release')));
alter table outside_order add constraint outside_order_card_check check (
  (method is not null) = (via = 'card') and (via = 'card' or not one_time));

-- Each side's loop looks for its own: those of one that is away must not be read by the other.
drop index outside_order_open;
create index outside_order_open on outside_order (via, next_at) where state = 'open';

-- Where money from issuers of cards comes in and goes back: beside the clearing account of banks, in every bucket and unit.
insert into account (bucket, key, unit)
  select a.bucket, 'card:' || a.bucket, a.unit from head h join account a on a.bucket = h.bucket and a.key = 'clearing:' || h.bucket
  on conflict do nothing;
