-- Invoices at terminals, and the customers of a merchant with what they do
-- with their money.

-- +goose Up
alter table invoice
    add column number bigint not null default 0,
    add column terminal bigint not null default 0,
    add column verify_by bigint,
    add column account bigint not null default 0;
update invoice set number = n.number from (
    select id, merchant_id, row_number() over (partition by merchant_id order by created_at, id) as number
    from invoice
) n where invoice.id = n.id and invoice.merchant_id = n.merchant_id;
create index invoice_overdue on invoice (verify_by) where state = 'paid' and verify_by is not null;
create index invoice_terminal on invoice (merchant_id, created_at) where terminal <> 0;

create table terminal (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index terminal_merchant on terminal (merchant_id);

create table customer (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    state text not null check (state in ('active', 'blocked')),
    number bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index customer_number on customer (merchant_id, number);

create table market (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    created_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index market_merchant on market (merchant_id);

create table transfer (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    sender bigint not null,
    receiver bigint not null,
    unit text not null,
    amount bigint check (amount >= 0),
    created_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index transfer_sender on transfer (sender, merchant_id, created_at);
create index transfer_receiver on transfer (receiver, merchant_id, created_at);

create table exchange (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    account bigint not null,
    created_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index exchange_account on exchange (account, merchant_id, created_at);

create table payout (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    state text not null check (state in
        ('requested', 'approved', 'processing', 'paid', 'rejected', 'canceled', 'failed')),
    account bigint not null,
    unit text not null,
    amount bigint check (amount >= 0),
    fee bigint check (fee >= 0),
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
) with (fillfactor = 80);
create index payout_list on payout (merchant_id, state, created_at);

create table tries (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    count bigint not null check (count >= 0),
    expires_at bigint not null,
    primary key (id, merchant_id)
) with (fillfactor = 50);
create index tries_expiry on tries (expires_at);

alter table event drop constraint event_noun_check;
alter table event add constraint event_noun_check check (noun in
    ('invoice', 'payment', 'refund', 'payout', 'deal', 'customer', 'transfer', 'exchange', 'market'));

-- A payment's money is taken once, in whatever way.
drop index entry_captured;
drop index entry_subject;
create unique index entry_captured on entry (subject, merchant_id)
    where rule in ('captured', 'held', 'deposited', 'wallet_paid', 'wallet_held');
create index entry_subject on entry (subject, merchant_id)
    where rule not in ('captured', 'held', 'deposited', 'wallet_paid', 'wallet_held');

-- +goose Down
drop index entry_captured;
drop index entry_subject;
create unique index entry_captured on entry (subject, merchant_id) where rule = 'captured';
create index entry_subject on entry (subject, merchant_id) where rule <> 'captured';
-- What the version before has no word for goes, and leaves gaps in the feed.
delete from event where noun in ('customer', 'transfer', 'exchange', 'market');
alter table event drop constraint event_noun_check;
alter table event add constraint event_noun_check check (noun in ('invoice', 'payment', 'refund', 'payout', 'deal'));
drop table tries, payout, exchange, transfer, market, customer, terminal;
drop index invoice_overdue;
drop index invoice_terminal;
alter table invoice drop column number, drop column terminal, drop column verify_by, drop column account;
