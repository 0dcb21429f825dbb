-- Invoices at terminals, and the customers of a merchant with what they do
-- with their money.

-- +goose Up
alter table invoice add column number integer not null default 0;
alter table invoice add column terminal integer not null default 0;
alter table invoice add column verify_by integer;
alter table invoice add column account integer not null default 0;
update invoice set number = n.number from (
    select id, merchant_id, row_number() over (partition by merchant_id order by created_at, id) as number
    from invoice
) n where invoice.id = n.id and invoice.merchant_id = n.merchant_id;
create index invoice_overdue on invoice (verify_by) where state = 'paid' and verify_by is not null;
create index invoice_terminal on invoice (merchant_id, created_at) where terminal <> 0;

create table terminal (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict, without rowid;
create index terminal_merchant on terminal (merchant_id);

create table customer (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    state text not null check (state in ('active', 'blocked')),
    number integer not null,
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict, without rowid;
create index customer_number on customer (merchant_id, number);

create table market (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    created_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict, without rowid;
create index market_merchant on market (merchant_id);

create table transfer (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    sender integer not null,
    receiver integer not null,
    unit text not null,
    amount integer check (amount >= 0),
    created_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
create index transfer_sender on transfer (sender, merchant_id, created_at);
create index transfer_receiver on transfer (receiver, merchant_id, created_at);

create table exchange (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    account integer not null,
    created_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
create index exchange_account on exchange (account, merchant_id, created_at);

create table payout (
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
create index payout_list on payout (merchant_id, state, created_at);

create table tries (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    count integer not null check (count >= 0),
    expires_at integer not null,
    primary key (id, merchant_id)
) strict, without rowid;
create index tries_expiry on tries (expires_at);

-- SQLite changes a check by making the table anew.
create table event_new (
    seq integer not null check (seq > 0),
    merchant_id text not null,
    noun text not null check (noun in
        ('invoice', 'payment', 'refund', 'payout', 'deal', 'customer', 'transfer', 'exchange', 'market')),
    subject text not null,
    trigger text not null,
    from_state text not null,
    to_state text not null,
    actor text not null,
    note text not null,
    at integer not null,
    primary key (seq, merchant_id)
) strict, without rowid;
insert into event_new (seq, merchant_id, noun, subject, trigger, from_state, to_state, actor, note, at)
select seq, merchant_id, noun, subject, trigger, from_state, to_state, actor, note, at from event;
drop table event;
alter table event_new rename to event;
create index event_subject on event (subject, merchant_id);

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
create table event_old (
    seq integer not null check (seq > 0),
    merchant_id text not null,
    noun text not null check (noun in ('invoice', 'payment', 'refund', 'payout', 'deal')),
    subject text not null,
    trigger text not null,
    from_state text not null,
    to_state text not null,
    actor text not null,
    note text not null,
    at integer not null,
    primary key (seq, merchant_id)
) strict, without rowid;
insert into event_old (seq, merchant_id, noun, subject, trigger, from_state, to_state, actor, note, at)
select seq, merchant_id, noun, subject, trigger, from_state, to_state, actor, note, at from event
where noun in ('invoice', 'payment', 'refund', 'payout', 'deal');
drop table event;
alter table event_old rename to event;
create index event_subject on event (subject, merchant_id);
drop table tries;
drop table payout;
drop table exchange;
drop table transfer;
drop table market;
drop table customer;
drop table terminal;
drop index invoice_overdue;
drop index invoice_terminal;
alter table invoice drop column number;
alter table invoice drop column terminal;
alter table invoice drop column verify_by;
alter table invoice drop column account;
