-- Breaking: a hub of before can mail no codes on this schema. Whoever asks for a code has one of their own, which nobody else's tries end.

-- A code lives a quarter of an hour: whoever waits for one asks again.
delete from mail_code;
alter table mail_code drop constraint mail_code_pkey;
-- SHA-256 of what the asker alone knows; empty for the code that is good for everybody who reads the mailbox.
alter table mail_code add column asker bytea not null check (length(asker) in (0, 32));
alter table mail_code add primary key (purpose, address, asker);
