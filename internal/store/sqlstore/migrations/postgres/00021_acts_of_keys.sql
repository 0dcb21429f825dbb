-- Keys set rates and block customers: these are acts too.

-- +goose Up
drop index event_act;
-- A new customer is none: a busy wallet has one with every sign-up.
create index event_act on event (merchant_id, seq) where actor = 'operator' or noun in
    ('merchant', 'key', 'gateway', 'terminal', 'endpoint', 'market')
    or noun = 'customer' and trigger <> 'create';

-- +goose Down
drop index event_act;
create index event_act on event (merchant_id, seq) where actor = 'operator' or noun in
    ('merchant', 'key', 'gateway', 'terminal', 'endpoint');
