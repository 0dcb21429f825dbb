-- What every process keeps in memory is known to be good for as long as these numbers stay the same.

-- +goose Up
-- How often rows were changed that are read with every call and rarely change: settings are
-- merchants, keys, terminals and endpoints. The database itself counts, so that no process can
-- forget to, of whatever version it is. It is one row, so that nobody waits for two in different order.
create table revision (
    id integer not null primary key check (id = 1),
    settings bigint not null,
    customers bigint not null
);
insert into revision (id, settings, customers) values (1, 0, 0);

-- +goose StatementBegin
create function settings_revised() returns trigger language plpgsql as $$ begin
    update revision set settings = settings + 1;
    return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function customers_revised() returns trigger language plpgsql as $$ begin
    update revision set customers = customers + 1;
    return null;
end $$;
-- +goose StatementEnd
create trigger merchant_revised after update or delete on merchant for each statement execute function settings_revised();
create trigger key_revised after update or delete on api_key for each statement execute function settings_revised();
-- Of these two, lists are kept: a new one changes its list.
create trigger terminal_revised after insert or update or delete on terminal
    for each statement execute function settings_revised();
create trigger endpoint_revised after insert or update or delete on endpoint
    for each statement execute function settings_revised();
create trigger customer_revised after update or delete on customer for each statement execute function customers_revised();

-- +goose Down
drop trigger customer_revised on customer;
drop trigger endpoint_revised on endpoint;
drop trigger terminal_revised on terminal;
drop trigger key_revised on api_key;
drop trigger merchant_revised on merchant;
drop function customers_revised();
drop function settings_revised();
drop table revision;
