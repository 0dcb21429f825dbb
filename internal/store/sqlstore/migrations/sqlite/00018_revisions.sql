-- What every process keeps in memory is known to be good for as long as these numbers stay the same.

-- +goose Up
-- How often rows were changed that are read with every call and rarely change: settings are
-- merchants, keys, terminals and endpoints. The database itself counts, so that no process can
-- forget to, of whatever version it is. It is one row, so that nobody waits for two in different order.
create table revision (
    id integer not null primary key check (id = 1),
    settings integer not null,
    customers integer not null
) strict;
insert into revision (id, settings, customers) values (1, 0, 0);
-- +goose StatementBegin
create trigger merchant_update_revised after update on merchant
begin
    update revision set settings = settings + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger merchant_delete_revised after delete on merchant
begin
    update revision set settings = settings + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger key_update_revised after update on api_key
begin
    update revision set settings = settings + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger key_delete_revised after delete on api_key
begin
    update revision set settings = settings + 1;
end;
-- +goose StatementEnd
-- Of terminals and endpoints lists are kept: a new one changes its list.
-- +goose StatementBegin
create trigger terminal_insert_revised after insert on terminal
begin
    update revision set settings = settings + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger terminal_update_revised after update on terminal
begin
    update revision set settings = settings + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger terminal_delete_revised after delete on terminal
begin
    update revision set settings = settings + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger endpoint_insert_revised after insert on endpoint
begin
    update revision set settings = settings + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger endpoint_update_revised after update on endpoint
begin
    update revision set settings = settings + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger endpoint_delete_revised after delete on endpoint
begin
    update revision set settings = settings + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger customer_update_revised after update on customer
begin
    update revision set customers = customers + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger customer_delete_revised after delete on customer
begin
    update revision set customers = customers + 1;
end;
-- +goose StatementEnd

-- +goose Down
drop trigger customer_delete_revised;
drop trigger customer_update_revised;
drop trigger endpoint_delete_revised;
drop trigger endpoint_update_revised;
drop trigger endpoint_insert_revised;
drop trigger terminal_delete_revised;
drop trigger terminal_update_revised;
drop trigger terminal_insert_revised;
drop trigger key_delete_revised;
drop trigger key_update_revised;
drop trigger merchant_delete_revised;
drop trigger merchant_update_revised;
drop table revision;
