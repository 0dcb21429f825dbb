-- Lists of all payouts and deals of a merchant, newest first, as 00007 has them of
-- payments. One state alone has indexes already.

-- +goose Up
create index payout_whole on payout (merchant_id, created_at) where created_at >= 0;
create index deal_whole on deal (merchant_id, created_at) where created_at >= 0;

-- +goose Down
drop index deal_whole;
drop index payout_whole;
