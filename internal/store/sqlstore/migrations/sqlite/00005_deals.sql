-- Traders, the accounts that payers send money to, and the deals on them.

-- +goose Up
create table trader (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict, without rowid;
create index trader_merchant on trader (merchant_id);

create table requisite (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    trader_id text not null,
    way text not null,
    bank text not null,
    unit text not null,
    least integer check (least > 0),
    most integer check (most >= least),
    enabled integer not null check (enabled in (0, 1)),
    used_at integer not null,
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
-- Who has waited longest comes first.
create index requisite_free on requisite (merchant_id, unit, used_at) where enabled = 1;
create index requisite_trader on requisite (trader_id, merchant_id);

create table deal (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    state text not null check (state in
        ('transfer_waiting', 'transfer_confirmed', 'dispute', 'completed', 'canceled')),
    invoice_id text not null,
    trader_id text not null,
    requisite_id text not null,
    unit text not null,
    amount integer check (amount >= 0),
    deadline integer,
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
create index deal_invoice on deal (invoice_id, merchant_id);
create index deal_list on deal (merchant_id, state, created_at);
create index deal_due on deal (deadline) where deadline is not null;
-- Money that comes to a requisite names its deal.
create unique index deal_live on deal (requisite_id, amount, merchant_id)
    where state in ('transfer_waiting', 'transfer_confirmed');

-- SQLite changes a check by making the table anew.
create table event_new (
    seq integer not null check (seq > 0),
    merchant_id text not null,
    noun text not null check (noun in
        ('invoice', 'payment', 'refund', 'payout', 'deal', 'customer', 'transfer', 'exchange', 'market', 'trader',
        'requisite')),
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
drop table deal;
drop table requisite;
drop table trader;
