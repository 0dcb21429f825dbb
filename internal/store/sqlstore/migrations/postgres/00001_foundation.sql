-- The first shape. Times are microseconds since 1970 in UTC, amounts whole
-- smallest steps of their unit; an amount or time that is not known is null.
-- "detail" is JSON for what no statement asks about. Every key carries the
-- merchant after the time-ordered id. Keys compare bytes, not language.

-- +goose Up
create table merchant (
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (merchant_id)
);

create table api_key (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    hash text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create unique index api_key_hash on api_key (hash, merchant_id);
create index api_key_merchant on api_key (merchant_id);

create table gateway (
    name text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    rank bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (name, merchant_id)
);
create index gateway_merchant on gateway (merchant_id);

create table invoice (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    state text not null check (state in
        ('open', 'paid', 'completed', 'expired', 'canceled', 'rejected', 'refunded')),
    unit text not null,
    amount bigint check (amount >= 0),
    captured bigint check (captured >= 0),
    reserved bigint check (reserved >= 0),
    due_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
) with (fillfactor = 80);
create index invoice_list on invoice (merchant_id, created_at);
create index invoice_due on invoice (due_at) where state = 'open' and due_at is not null;

create table payment (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    state text not null check (state in
        ('waiting', 'processing', 'authorized', 'captured', 'settled',
         'failed', 'canceled', 'expired', 'reversed', 'refunded')),
    invoice_id text collate "C" not null,
    unit text not null,
    amount bigint check (amount >= 0),
    refunded bigint check (refunded >= 0),
    in_return bigint check (in_return >= 0),
    reserved bigint not null check (reserved in (0, 1)),
    check_at bigint,
    attention text not null,
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
) with (fillfactor = 80);
create index payment_invoice on payment (invoice_id, merchant_id);
create index payment_due on payment (check_at) where check_at is not null;
create index payment_attention on payment (merchant_id) where attention <> '';

create table refund (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    state text not null check (state in ('requested', 'processing', 'succeeded', 'failed')),
    payment_id text collate "C" not null,
    source text not null,
    unit text not null,
    amount bigint check (amount >= 0),
    check_at bigint,
    attention text not null,
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
) with (fillfactor = 80);
create index refund_payment on refund (payment_id, merchant_id);
create index refund_due on refund (check_at) where check_at is not null;
create index refund_attention on refund (merchant_id) where attention <> '';

-- A claim makes its key unique for the merchant and finds the subject.
create table claim (
    key text collate "C" not null,
    kind text collate "C" not null,
    merchant_id text collate "C" not null,
    subject text collate "C" not null,
    primary key (key, kind, merchant_id)
);

create table answer (
    key text collate "C" not null,
    merchant_id text collate "C" not null,
    fingerprint text not null,
    status bigint not null,
    body bytea,
    expires_at bigint not null,
    primary key (key, merchant_id)
);
create index answer_expiry on answer (expires_at);

-- The tally is both the merchant's counters and the merchant's lock: whoever
-- commits for a merchant updates this row first.
create table tally (
    merchant_id text collate "C" not null,
    events bigint not null check (events >= 0),
    invoices bigint not null check (invoices >= 0),
    primary key (merchant_id)
) with (fillfactor = 50);

-- An event is also the history row of its subject.
create table event (
    seq bigint not null check (seq > 0),
    merchant_id text collate "C" not null,
    noun text not null check (noun in ('invoice', 'payment', 'refund', 'payout', 'deal')),
    subject text collate "C" not null,
    trigger text not null,
    from_state text not null,
    to_state text not null,
    actor text not null,
    note text not null,
    at bigint not null,
    primary key (seq, merchant_id)
);
create index event_subject on event (subject, merchant_id);

create table account (
    key text collate "C" not null,
    merchant_id text collate "C" not null,
    role text not null,
    owner text not null,
    unit text not null,
    floor bigint,
    balance bigint not null,
    primary key (key, merchant_id)
) with (fillfactor = 50);

-- A check on the table would refuse the row that an upsert proposes before it
-- becomes an update, so what counts is looked at afterwards.
-- +goose StatementBegin
create function account_below_floor() returns trigger language plpgsql as $$
begin
    raise exception 'account % would fall below its floor', new.key using errcode = 'check_violation';
end $$;
-- +goose StatementEnd
create trigger account_floor after insert or update on account
    for each row when (new.balance < new.floor) execute function account_below_floor();

create table entry (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    rule text not null,
    subject text collate "C" not null,
    at bigint not null,
    primary key (id, merchant_id)
);
-- Two partial indexes, so that each entry stands in one: a payment is captured
-- once, whatever else is booked for it.
create unique index entry_captured on entry (subject, merchant_id) where rule = 'captured';
create index entry_subject on entry (subject, merchant_id) where rule <> 'captured';

create table posting (
    entry_id text collate "C" not null,
    merchant_id text collate "C" not null,
    line bigint not null,
    account text collate "C" not null,
    unit text not null,
    amount bigint not null check (amount <> 0),
    primary key (entry_id, merchant_id, line)
);

-- +goose StatementBegin
create function books_are_final() returns trigger language plpgsql as $$
begin
    raise exception 'the books are final: % may not be changed', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
-- +goose StatementEnd
create trigger entry_final before update or delete or truncate on entry
    for each statement execute function books_are_final();
create trigger posting_final before update or delete or truncate on posting
    for each statement execute function books_are_final();

-- All postings of an entry come in one statement and sum to zero per unit.
-- +goose StatementBegin
create function posting_balances() returns trigger language plpgsql as $$
declare
    found_entry text;
begin
    select entry_id into found_entry from added
    group by entry_id, merchant_id, unit having sum(amount) <> 0 limit 1;
    if found then
        raise exception 'entry % does not balance', found_entry using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
-- +goose StatementEnd
create trigger posting_balanced after insert on posting
    referencing new table as added
    for each statement execute function posting_balances();

-- +goose Down
drop table posting, entry, account, event, tally, answer, claim, refund, payment, invoice, gateway, api_key, merchant;
drop function posting_balances();
drop function account_below_floor();
drop function books_are_final();
