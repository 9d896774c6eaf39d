-- Only the list of a terminal's offers may use this index: to a planner without statistics it looked as good as the primary key for
-- finding one offer, and then read all offers of the terminal each time (0.23 ms at 75 to 150 offers, growing with them). The query says
-- `opened_at > 0` to be allowed to.
drop index offer_newest;
create index offer_newest on offer (bucket, terminal, opened_at desc) where opened_at > 0;
