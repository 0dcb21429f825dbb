-- Who changed what is administered is on record too.

-- +goose Up
alter table event drop constraint event_noun_check;
alter table event add constraint event_noun_check check (noun in
    ('invoice', 'payment', 'refund', 'payout', 'deal', 'customer', 'transfer', 'exchange', 'market', 'trader',
        'requisite', 'merchant', 'key', 'gateway', 'terminal', 'endpoint'));

-- +goose Down
-- What the version before has no word for goes, and leaves gaps in the feed.
delete from event where noun in ('merchant', 'key', 'gateway', 'terminal', 'endpoint');
alter table event drop constraint event_noun_check;
alter table event add constraint event_noun_check check (noun in
    ('invoice', 'payment', 'refund', 'payout', 'deal', 'customer', 'transfer', 'exchange', 'market', 'trader',
        'requisite'));
