-- A list of all exchanges of a merchant, newest first, as 00007 has them of transfers.

-- +goose Up
create index exchange_list on exchange (merchant_id, created_at) where created_at >= 0;

-- +goose Down
drop index exchange_list;
