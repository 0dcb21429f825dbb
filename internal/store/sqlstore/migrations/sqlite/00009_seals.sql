-- Seals over the books. A seal says what the entries that it names were when it
-- was made, and what the seal before it was.

-- +goose Up
create table seal (
    number integer not null check (number > 0),
    entries integer not null check (entries > 0),
    postings integer not null check (postings > 0),
    last_entry text not null,
    at integer not null,
    previous blob not null,
    hash blob not null,
    primary key (number)
) strict, without rowid;

create table sealed (
    entry_id text not null,
    merchant_id text not null,
    seal integer not null,
    primary key (entry_id, merchant_id)
) strict, without rowid;

-- +goose StatementBegin
create trigger seal_no_update before update on seal
begin
    select raise(abort, 'the books are final: seal may not be changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger seal_no_delete before delete on seal
begin
    select raise(abort, 'the books are final: seal may not be changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger sealed_no_update before update on sealed
begin
    select raise(abort, 'the books are final: sealed may not be changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger sealed_no_delete before delete on sealed
begin
    select raise(abort, 'the books are final: sealed may not be changed');
end;
-- +goose StatementEnd

-- +goose Down
drop table sealed;
drop table seal;
