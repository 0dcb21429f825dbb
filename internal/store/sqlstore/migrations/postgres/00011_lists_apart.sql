-- Indexes of lists get a condition that is true of every row, as those of 00007
-- have it: a plan that was made while a table was empty took them for the key.

-- +goose Up
drop index invoice_list;
create index invoice_list on invoice (merchant_id, created_at) where created_at >= 0;
drop index delivery_list;
create index delivery_list on delivery (merchant_id, state, created_at) where created_at >= 0;
drop index payout_list;
create index payout_list on payout (merchant_id, state, created_at) where created_at >= 0;
drop index deal_list;
create index deal_list on deal (merchant_id, state, created_at) where created_at >= 0;
drop index customer_number;
create index customer_number on customer (merchant_id, number) where number > 0;

-- +goose Down
drop index customer_number;
create index customer_number on customer (merchant_id, number);
drop index deal_list;
create index deal_list on deal (merchant_id, state, created_at);
drop index payout_list;
create index payout_list on payout (merchant_id, state, created_at);
drop index delivery_list;
create index delivery_list on delivery (merchant_id, state, created_at);
drop index invoice_list;
create index invoice_list on invoice (merchant_id, created_at);
