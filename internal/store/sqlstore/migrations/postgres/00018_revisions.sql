-- What every process keeps in memory is known to be good for as long as these numbers stay the same.

-- +goose Up
-- How often rows were changed that are read with every call and rarely change: settings are
-- merchants, keys, terminals and endpoints. The database itself counts, so that no process can
-- forget to, of whatever version it is.
create table revision (
    name text not null primary key check (name in ('settings', 'customers')),
    number bigint not null
);
insert into revision (name, number) values ('settings', 0), ('customers', 0);

-- +goose StatementBegin
create function revise() returns trigger language plpgsql as $$ begin
    update revision set number = number + 1 where name = tg_argv[0];
    return null;
end $$;
-- +goose StatementEnd
create trigger merchant_revised after update or delete on merchant for each statement execute function revise('settings');
create trigger key_revised after update or delete on api_key for each statement execute function revise('settings');
-- Of these two, lists are kept: a new one changes its list.
create trigger terminal_revised after insert or update or delete on terminal
    for each statement execute function revise('settings');
create trigger endpoint_revised after insert or update or delete on endpoint
    for each statement execute function revise('settings');
create trigger customer_revised after update or delete on customer for each statement execute function revise('customers');

-- +goose Down
drop trigger customer_revised on customer;
drop trigger endpoint_revised on endpoint;
drop trigger terminal_revised on terminal;
drop trigger key_revised on api_key;
drop trigger merchant_revised on merchant;
drop function revise();
drop table revision;
