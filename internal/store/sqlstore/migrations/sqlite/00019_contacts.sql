-- What was said with gateways about payments and refunds, masked, for some time.

-- +goose Up
create table contact (
    id text not null,
    merchant_id text not null,
    version integer not null check (version > 0),
    subject text not null,
    created_at integer not null,
    detail text not null,
    primary key (id, merchant_id)
) strict;
create index contact_subject on contact (subject, merchant_id, id);

-- +goose Down
drop table contact;
