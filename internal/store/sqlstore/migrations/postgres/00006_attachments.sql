-- Files about deals, and how undecided deals of a sum are found.

-- +goose Up
create table attachment (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    deal_id text collate "C" not null,
    created_at bigint not null,
    detail text not null,
    data bytea not null,
    primary key (id, merchant_id)
);
create index attachment_deal on attachment (deal_id, merchant_id);

create index deal_open on deal (requisite_id, amount, merchant_id)
    where state in ('transfer_waiting', 'transfer_confirmed', 'dispute');

-- +goose Down
drop index deal_open;
drop table attachment;
