-- Payouts that traders send: where they were asked for, when they end, and the
-- deals that carry them out.

-- +goose Up
-- SQLite changes a check by making the table anew.
create table payout_new (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    state text not null check (state in
        ('requested', 'approved', 'processing', 'paid', 'rejected', 'canceled', 'expired', 'failed')),
    account integer not null,
    unit text not null,
    amount integer check (amount >= 0),
    fee integer check (fee >= 0),
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    terminal integer not null default 0,
    due_at integer,
    primary key (id, merchant_id)
) strict;
insert into payout_new (id, merchant_id, version, state, account, unit, amount, fee, created_at, updated_at, detail)
select id, merchant_id, version, state, account, unit, amount, fee, created_at, updated_at, detail from payout;
drop table payout;
alter table payout_new rename to payout;
create index payout_list on payout (merchant_id, state, created_at);
create index payout_terminal on payout (merchant_id, created_at) where terminal <> 0;
create index payout_due on payout (due_at) where due_at is not null;

alter table deal add column payout_id text not null default '';
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
create table payout_old (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    state text not null check (state in
        ('requested', 'approved', 'processing', 'paid', 'rejected', 'canceled', 'failed')),
    account integer not null,
    unit text not null,
    amount integer check (amount >= 0),
    fee integer check (fee >= 0),
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
insert into payout_old (id, merchant_id, version, state, account, unit, amount, fee, created_at, updated_at, detail)
select id, merchant_id, version, case state when 'expired' then 'canceled' else state end, account, unit, amount, fee,
    created_at, updated_at, detail
from payout;
drop table payout;
alter table payout_old rename to payout;
create index payout_list on payout (merchant_id, state, created_at);
