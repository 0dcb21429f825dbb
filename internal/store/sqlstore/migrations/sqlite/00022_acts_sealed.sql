-- Seals over the record of acts, beside those over the books.

-- +goose Up
create table act_seal (
    number integer not null check (number > 0),
    acts integer not null check (acts > 0),
    at integer not null,
    previous blob not null,
    hash blob not null,
    primary key (number)
) strict, without rowid;

create table sealed_act (
    merchant_id text not null,
    seq integer not null,
    hash blob not null,
    seal integer not null,
    primary key (merchant_id, seq)
) strict, without rowid;

-- +goose StatementBegin
create trigger act_seal_no_update before update on act_seal
begin
    select raise(abort, 'the books are final: act_seal may not be changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger act_seal_no_delete before delete on act_seal
begin
    select raise(abort, 'the books are final: act_seal may not be changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger sealed_act_no_update before update on sealed_act
begin
    select raise(abort, 'the books are final: sealed_act may not be changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger sealed_act_no_delete before delete on sealed_act
begin
    select raise(abort, 'the books are final: sealed_act may not be changed');
end;
-- +goose StatementEnd

-- +goose Down
drop table sealed_act;
drop table act_seal;
