-- Traders, the accounts that payers send money to, and the deals on them.

-- +goose Up
create table trader (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index trader_merchant on trader (merchant_id);

create table requisite (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    trader_id text collate "C" not null,
    way text not null,
    bank text not null,
    unit text not null,
    least bigint check (least > 0),
    most bigint check (most >= least),
    enabled bigint not null check (enabled in (0, 1)),
    used_at bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
-- Who has waited longest comes first.
create index requisite_free on requisite (merchant_id, unit, used_at) where enabled = 1;
create index requisite_trader on requisite (trader_id, merchant_id);

create table deal (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    state text not null check (state in
        ('transfer_waiting', 'transfer_confirmed', 'dispute', 'completed', 'canceled')),
    invoice_id text collate "C" not null,
    trader_id text collate "C" not null,
    requisite_id text collate "C" not null,
    unit text not null,
    amount bigint check (amount >= 0),
    deadline bigint,
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index deal_invoice on deal (invoice_id, merchant_id);
create index deal_list on deal (merchant_id, state, created_at);
create index deal_due on deal (deadline) where deadline is not null;
-- Money that comes to a requisite names its deal.
create unique index deal_live on deal (requisite_id, amount, merchant_id)
    where state in ('transfer_waiting', 'transfer_confirmed');

alter table event drop constraint event_noun_check;
alter table event add constraint event_noun_check check (noun in
    ('invoice', 'payment', 'refund', 'payout', 'deal', 'customer', 'transfer', 'exchange', 'market', 'trader',
        'requisite'));

-- A payment's money is taken once, in whatever way: by a trader too.
drop index entry_captured;
drop index entry_subject;
create unique index entry_captured on entry (subject, merchant_id)
    where rule in ('captured', 'held', 'deposited', 'wallet_paid', 'wallet_held', 'dealt');
create index entry_subject on entry (subject, merchant_id)
    where rule not in ('captured', 'held', 'deposited', 'wallet_paid', 'wallet_held', 'dealt');

-- +goose Down
drop index entry_captured;
drop index entry_subject;
create unique index entry_captured on entry (subject, merchant_id)
    where rule in ('captured', 'held', 'deposited', 'wallet_paid', 'wallet_held');
create index entry_subject on entry (subject, merchant_id)
    where rule not in ('captured', 'held', 'deposited', 'wallet_paid', 'wallet_held');
-- What the version before has no word for goes, and leaves gaps in the feed.
delete from event where noun in ('trader', 'requisite');
alter table event drop constraint event_noun_check;
alter table event add constraint event_noun_check check (noun in
    ('invoice', 'payment', 'refund', 'payout', 'deal', 'customer', 'transfer', 'exchange', 'market'));
drop table deal, requisite, trader;
