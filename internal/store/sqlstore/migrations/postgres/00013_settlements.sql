-- What came of the settlement files of gateways, row by row.

-- +goose Up
create table settlement (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    gateway text collate "C" not null,
    ended_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index settlement_list on settlement (merchant_id, created_at) where created_at >= 0;

create table settlement_row (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    settlement_id text collate "C" not null,
    number bigint not null,
    kind text collate "C" not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index settlement_rows on settlement_row (settlement_id, merchant_id, number);

-- +goose Down
drop table settlement_row;
drop table settlement;
