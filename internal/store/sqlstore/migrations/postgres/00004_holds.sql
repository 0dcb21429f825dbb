-- Money that payers' banks hold before it is taken, what merchants record of their
-- payments, and payments and refunds that have lists of their own.

-- +goose Up
alter table payment add column asked bigint check (asked >= 0);
alter table payment add column released bigint check (released >= 0);
alter table payment add column recorded_at bigint;
alter table payment add column method text not null default '';
alter table payment add column owner text collate "C" not null default '';
alter table payment add column listed bigint not null default 0;
alter table refund add column listed bigint not null default 0;
create index payment_listed on payment (merchant_id, owner, created_at) where listed = 1;
create index refund_listed on refund (merchant_id, created_at) where listed = 1;

-- +goose Down
drop index refund_listed;
drop index payment_listed;
alter table refund drop column listed;
alter table payment drop column listed;
alter table payment drop column owner;
alter table payment drop column method;
alter table payment drop column recorded_at;
alter table payment drop column released;
alter table payment drop column asked;
