-- What came of the settlement files of gateways, row by row.

-- +goose Up
create table settlement (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    gateway text not null,
    ended_at integer,
    created_at integer not null,
    updated_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
create index settlement_list on settlement (merchant_id, created_at) where created_at >= 0;

create table settlement_row (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    settlement_id text not null,
    number integer not null,
    kind text not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
create index settlement_rows on settlement_row (settlement_id, merchant_id, number);

-- +goose Down
drop table settlement_row;
drop table settlement;
