-- Files about deals, and how undecided deals of a sum are found.

-- +goose Up
create table attachment (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    deal_id text not null,
    created_at integer not null,
    detail text not null,
    data blob not null,
    primary key (id, merchant_id)
) strict;
create index attachment_deal on attachment (deal_id, merchant_id);

create index deal_open on deal (requisite_id, amount, merchant_id)
    where state in ('transfer_waiting', 'transfer_confirmed', 'dispute');

-- +goose Down
drop index deal_open;
drop table attachment;
