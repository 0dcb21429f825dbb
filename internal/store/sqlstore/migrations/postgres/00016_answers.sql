-- SQLite lays answers down in the order in which they come from here on. This
-- database always did.

-- +goose Up
select 1;

-- +goose Down
select 1;
