-- Lists of all payments, refunds and transfers of a merchant, newest first. The
-- condition is true of every row; it keeps other questions away from these indexes.

-- +goose Up
create index payment_list on payment (merchant_id, created_at) where created_at >= 0;
create index refund_list on refund (merchant_id, created_at) where created_at >= 0;
create index transfer_list on transfer (merchant_id, created_at) where created_at >= 0;

-- +goose Down
drop index transfer_list;
drop index refund_list;
drop index payment_list;
