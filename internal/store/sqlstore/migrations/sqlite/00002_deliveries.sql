-- Who wants to know what happens, and what is on its way to them.

-- +goose Up
create table endpoint (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict, without rowid;
create index endpoint_merchant on endpoint (merchant_id);

create table delivery (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    state text not null check (state in ('due', 'delivered', 'dead')),
    queue text not null,
    run_at integer,
    endpoint_id text not null,
    subject text not null,
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    body blob,
    primary key (id, merchant_id)
) strict;
-- The first finds the head of every queue without a look at what waits behind
-- it. The second lists each state by itself, so that a few dead deliveries are
-- found among millions that arrived.
create index delivery_due on delivery (queue, run_at) where state = 'due';
create index delivery_list on delivery (merchant_id, state, created_at);
create index delivery_subject on delivery (subject, merchant_id);

-- +goose Down
drop table delivery;
drop table endpoint;
