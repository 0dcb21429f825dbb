-- The lowest version of the schema that a program has to know to run on this one. A migration
-- that takes away what programs of before use raises it.

-- +goose Up
create table schema_needs (
    program integer not null
) strict;
insert into schema_needs (program) values (22);

-- +goose Down
drop table schema_needs;
