-- Who wants to know what happens, and what is on its way to them.

-- +goose Up
create table endpoint (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index endpoint_merchant on endpoint (merchant_id);

create table delivery (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    state text not null check (state in ('due', 'delivered', 'dead')),
    queue text collate "C" not null,
    run_at bigint,
    endpoint_id text collate "C" not null,
    subject text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    body bytea,
    primary key (id, merchant_id)
);
-- The first finds the head of every queue without a look at what waits behind
-- it. The second lists each state by itself, so that a few dead deliveries are
-- found among millions that arrived.
create index delivery_due on delivery (queue, run_at) where state = 'due';
create index delivery_list on delivery (merchant_id, state, created_at);
create index delivery_subject on delivery (subject, merchant_id);

-- +goose Down
drop table delivery, endpoint;
