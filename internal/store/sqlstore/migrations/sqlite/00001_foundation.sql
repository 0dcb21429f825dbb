-- The first shape. Times are microseconds since 1970 in UTC, amounts whole
-- smallest steps of their unit; an amount or time that is not known is null.
-- "detail" is JSON for what no statement asks about. Every key carries the
-- merchant after the time-ordered id.

-- +goose Up
create table merchant (
    merchant_id text not null,
    version integer not null check (version > 0),
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (merchant_id)
) strict, without rowid;

create table api_key (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    hash text not null,
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict, without rowid;
create unique index api_key_hash on api_key (hash, merchant_id);
create index api_key_merchant on api_key (merchant_id);

create table gateway (
    name text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    rank integer not null,
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (name, merchant_id)
) strict, without rowid;
create index gateway_merchant on gateway (merchant_id);

create table invoice (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    state text not null check (state in
        ('open', 'paid', 'completed', 'expired', 'canceled', 'rejected', 'refunded')),
    unit text not null,
    amount integer check (amount >= 0),
    captured integer check (captured >= 0),
    reserved integer check (reserved >= 0),
    due_at integer,
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
create index invoice_list on invoice (merchant_id, created_at);
create index invoice_due on invoice (due_at) where state = 'open' and due_at is not null;

create table payment (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    state text not null check (state in
        ('waiting', 'processing', 'authorized', 'captured', 'settled',
         'failed', 'canceled', 'expired', 'reversed', 'refunded')),
    invoice_id text not null,
    unit text not null,
    amount integer check (amount >= 0),
    refunded integer check (refunded >= 0),
    in_return integer check (in_return >= 0),
    reserved integer not null check (reserved in (0, 1)),
    check_at integer,
    attention text not null,
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
create index payment_invoice on payment (invoice_id, merchant_id);
create index payment_due on payment (check_at) where check_at is not null;
create index payment_attention on payment (merchant_id) where attention <> '';

create table refund (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    state text not null check (state in ('requested', 'processing', 'succeeded', 'failed')),
    payment_id text not null,
    source text not null,
    unit text not null,
    amount integer check (amount >= 0),
    check_at integer,
    attention text not null,
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
create index refund_payment on refund (payment_id, merchant_id);
create index refund_due on refund (check_at) where check_at is not null;
create index refund_attention on refund (merchant_id) where attention <> '';

-- A claim makes its key unique for the merchant and finds the subject.
create table claim (
    key text not null,
    kind text not null,
    merchant_id text not null,
    subject text not null,
    primary key (key, kind, merchant_id)
) strict, without rowid;

create table answer (
    key text not null,
    merchant_id text not null,
    fingerprint text not null,
    status integer not null,
    body blob,
    expires_at integer not null,
    primary key (key, merchant_id)
) strict, without rowid;
create index answer_expiry on answer (expires_at);

-- The tally is both the merchant's counters and the merchant's lock: whoever
-- commits for a merchant updates this row first.
create table tally (
    merchant_id text not null,
    events integer not null check (events >= 0),
    invoices integer not null check (invoices >= 0),
    primary key (merchant_id)
) strict, without rowid;

-- An event is also the history row of its subject.
create table event (
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
create index event_subject on event (subject, merchant_id);

create table account (
    key text not null,
    merchant_id text not null,
    role text not null,
    owner text not null,
    unit text not null,
    floor integer,
    balance integer not null,
    primary key (key, merchant_id)
) strict, without rowid;

-- A check on the table would refuse the row that an upsert proposes before it
-- becomes an update, so what counts is looked at afterwards.
-- +goose StatementBegin
create trigger account_floor_opened after insert on account when new.balance < new.floor
begin
    select raise(abort, 'an account would fall below its floor');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger account_floor_moved after update on account when new.balance < new.floor
begin
    select raise(abort, 'an account would fall below its floor');
end;
-- +goose StatementEnd

create table entry (
    id text not null,
    merchant_id text not null,
    rule text not null,
    subject text not null,
    at integer not null,
    primary key (id, merchant_id)
) strict, without rowid;
-- Two partial indexes, so that each entry stands in one: a payment is captured
-- once, whatever else is booked for it.
create unique index entry_captured on entry (subject, merchant_id) where rule = 'captured';
create index entry_subject on entry (subject, merchant_id) where rule <> 'captured';

create table posting (
    entry_id text not null,
    merchant_id text not null,
    line integer not null,
    account text not null,
    unit text not null,
    amount integer not null check (amount <> 0),
    primary key (entry_id, merchant_id, line),
    foreign key (entry_id, merchant_id) references entry (id, merchant_id) deferrable initially deferred
) strict, without rowid;

-- The postings of an entry come first and the entry seals them: from then on it
-- balances per unit and takes no more. A posting whose entry never comes fails
-- the commit.
-- +goose StatementBegin
create trigger posting_sealed before insert on posting
when exists (select 1 from entry where id = new.entry_id and merchant_id = new.merchant_id)
begin
    select raise(abort, 'the books are final: the entry is sealed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger entry_balanced before insert on entry
when exists (
    select 1 from posting where entry_id = new.id and merchant_id = new.merchant_id
    group by unit having sum(amount) <> 0)
begin
    select raise(abort, 'the entry does not balance');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger entry_no_update before update on entry
begin
    select raise(abort, 'the books are final: entry may not be changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger entry_no_delete before delete on entry
begin
    select raise(abort, 'the books are final: entry may not be changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger posting_no_update before update on posting
begin
    select raise(abort, 'the books are final: posting may not be changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger posting_no_delete before delete on posting
begin
    select raise(abort, 'the books are final: posting may not be changed');
end;
-- +goose StatementEnd

-- +goose Down
drop table posting;
drop table entry;
drop table account;
drop table event;
drop table tally;
drop table answer;
drop table claim;
drop table refund;
drop table payment;
drop table invoice;
drop table gateway;
drop table api_key;
drop table merchant;
