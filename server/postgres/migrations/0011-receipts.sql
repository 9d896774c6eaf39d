-- Receipts: what shops say of themselves, each version from its time on, and which printing of a receipt was the first.
create table merchant_details (
  bucket smallint not null,
  party uuid not null,
  version integer not null check (version > 0),
  invoice_number text check (invoice_number ~ '^T[1-9][0-9]{12}$'),
  address text,
  phone text,
  receipt_text text,
  rounding_per text not null check (rounding_per in ('line', 'bill')),
  rounding_to text not null check (rounding_to in ('down', 'half-up', 'up')),
  shows_cashier boolean not null,
  -- who changed it; null where the merchant has no staff
  staff uuid,
  at bigint not null,
  primary key (bucket, party, version)
);

-- In the payment's bucket. `first` names the printing that is the original: all others are copies.
create table receipt_print (
  bucket smallint not null,
  payment uuid not null,
  first uuid not null,
  at bigint not null,
  primary key (bucket, payment)
);
