-- Breaking: a hub of before signs webhooks with what it takes for a secret, and is sealed by then.

-- Which key file has sealed the secrets of an endpoint; null where they are still in the clear, until a hub comes by.
alter table webhook_endpoint add column sealed_by text check (sealed_by ~ '^[0-9a-f]{16}$');
alter table webhook_endpoint drop constraint webhook_endpoint_secret_check;
alter table webhook_endpoint drop constraint webhook_endpoint_previous_secret_check;
alter table webhook_endpoint add constraint webhook_endpoint_sealed_check check (
  length(secret) = case when sealed_by is null then 32 else 60 end
  and length(previous_secret) = case when sealed_by is null then 32 else 60 end);
create index webhook_clear on webhook_endpoint (bucket, id) where sealed_by is null;

-- A message that was asked for by hand to see whether it arrives is of no deal.
alter table webhook_delivery alter column deal drop not null;
alter table webhook_delivery alter column version drop not null;
alter table webhook_delivery add constraint webhook_delivery_test_check check (
  (deal is null) = (type = 'webhook.test') and (version is null) = (deal is null));

-- The command that made a key (who and which, hashed) and what it asked for: sent again, it makes no second one.
alter table api_key add column made_by bytea check (length(made_by) = 32);
alter table api_key add column made_as bytea check (length(made_as) = 32);
create unique index api_key_made_by on api_key (bucket, party, made_by);
