-- What was said with gateways about payments and refunds, masked, for some time.

-- +goose Up
create table contact (
    id text collate "C" not null,
    merchant_id text collate "C" not null,
    version bigint not null check (version > 0),
    subject text collate "C" not null,
    created_at bigint not null,
    detail text not null,
    primary key (id, merchant_id)
);
create index contact_subject on contact (subject, merchant_id, id);

-- +goose Down
drop table contact;
