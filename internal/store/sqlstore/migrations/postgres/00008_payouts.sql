-- Payouts that traders send: where they were asked for, when they end, and the
-- deals that carry them out.

-- +goose Up
alter table payout drop constraint payout_state_check;
alter table payout add constraint payout_state_check check (state in
    ('requested', 'approved', 'processing', 'paid', 'rejected', 'canceled', 'expired', 'failed'));
alter table payout add column terminal bigint not null default 0;
alter table payout add column due_at bigint;
create index payout_terminal on payout (merchant_id, created_at) where terminal <> 0;
create index payout_due on payout (due_at) where due_at is not null;

alter table deal add column payout_id text collate "C" not null default '';
create index deal_payout on deal (payout_id, merchant_id) where payout_id <> '';
-- A payout is sent by one trader at a time.
create unique index deal_payout_live on deal (payout_id, merchant_id)
    where payout_id <> '' and state in ('transfer_waiting', 'transfer_confirmed');
-- Deals of payouts have no requisite.
drop index deal_live;
create unique index deal_live on deal (requisite_id, amount, merchant_id)
    where state in ('transfer_waiting', 'transfer_confirmed') and payout_id = '';

-- +goose Down
drop index deal_live;
-- What the version before has no word for goes.
delete from deal where payout_id <> '';
create unique index deal_live on deal (requisite_id, amount, merchant_id)
    where state in ('transfer_waiting', 'transfer_confirmed');
drop index deal_payout_live;
drop index deal_payout;
alter table deal drop column payout_id;
drop index payout_due;
drop index payout_terminal;
alter table payout drop column due_at;
alter table payout drop column terminal;
update payout set state = 'canceled' where state = 'expired';
alter table payout drop constraint payout_state_check;
alter table payout add constraint payout_state_check check (state in
    ('requested', 'approved', 'processing', 'paid', 'rejected', 'canceled', 'failed'));
