-- What people did is found among all that happened.

-- +goose Up
-- It holds little: most events are of payments, and nobody decided about these.
create index event_act on event (merchant_id, seq) where actor = 'operator' or noun in
    ('merchant', 'key', 'gateway', 'terminal', 'endpoint');

-- +goose Down
drop index event_act;
