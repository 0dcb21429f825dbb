-- That the books were found wrong outlives the server that found it.

-- +goose Up
-- One row at most: what the audit beside the work proved, until a whole pass has
-- found nothing wrong.
create table alarm (
    id integer not null primary key check (id = 1),
    check_id text not null,
    must_hold text not null,
    example text not null,
    at integer not null
) strict;

-- +goose Down
drop table alarm;
