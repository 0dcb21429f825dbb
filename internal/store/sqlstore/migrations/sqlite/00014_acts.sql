-- Who changed what is administered is on record too.

-- +goose Up
-- SQLite changes a check by making the table anew.
create table event_new (
    seq integer not null check (seq > 0),
    merchant_id text not null,
    noun text not null check (noun in
        ('invoice', 'payment', 'refund', 'payout', 'deal', 'customer', 'transfer', 'exchange', 'market', 'trader',
        'requisite', 'merchant', 'key', 'gateway', 'terminal', 'endpoint')),
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

-- +goose Down
-- What the version before has no word for goes, and leaves gaps in the feed.
delete from event where noun in ('merchant', 'key', 'gateway', 'terminal', 'endpoint');
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
