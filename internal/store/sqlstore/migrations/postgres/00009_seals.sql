-- Seals over the books. A seal says what the entries that it names were when it
-- was made, and what the seal before it was.

-- +goose Up
create table seal (
    number bigint not null check (number > 0),
    entries bigint not null check (entries > 0),
    postings bigint not null check (postings > 0),
    last_entry text collate "C" not null,
    at bigint not null,
    previous bytea not null,
    hash bytea not null,
    primary key (number)
);

create table sealed (
    entry_id text collate "C" not null,
    merchant_id text collate "C" not null,
    seal bigint not null,
    primary key (entry_id, merchant_id)
);

create trigger seal_final before update or delete or truncate on seal
    for each statement execute function books_are_final();
create trigger sealed_final before update or delete or truncate on sealed
    for each statement execute function books_are_final();

-- +goose Down
drop table sealed, seal;
