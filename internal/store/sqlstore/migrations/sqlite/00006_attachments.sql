-- Files about deals.

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

-- +goose Down
drop table attachment;
