-- Payouts that a gateway sends by itself: when it is to be asked, and what a person
-- must look at.

-- +goose Up
alter table payout add column check_at integer;
alter table payout add column attention text not null default '';
create index payout_check on payout (check_at) where check_at is not null;
create index payout_attention on payout (merchant_id) where attention <> '';

-- +goose Down
drop index payout_attention;
drop index payout_check;
alter table payout drop column attention;
alter table payout drop column check_at;
