-- PINs are stored sealed as soon as no program starts on the database that cannot open them,
-- which those of before cannot. None of them runs on a new database; of any other an operator
-- knows when they are gone, and sealing anew raises the number then.

-- +goose Up
update schema_needs set program = 25 where program < 25 and not exists (select 1 from tally);

-- +goose Down
update schema_needs set program = 22;
