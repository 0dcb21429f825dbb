-- Seals over the record of acts, beside those over the books.

-- +goose Up
create table act_seal (
    number bigint not null check (number > 0),
    acts bigint not null check (acts > 0),
    at bigint not null,
    previous bytea not null,
    hash bytea not null,
    primary key (number)
);

create table sealed_act (
    merchant_id text collate "C" not null,
    seq bigint not null,
    hash bytea not null,
    seal bigint not null,
    primary key (merchant_id, seq)
);

create trigger act_seal_final before update or delete or truncate on act_seal
    for each statement execute function books_are_final();
create trigger sealed_act_final before update or delete or truncate on sealed_act
    for each statement execute function books_are_final();

-- +goose Down
drop table sealed_act;
drop table act_seal;
