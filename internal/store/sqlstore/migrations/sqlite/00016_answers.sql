-- Answers lie in the order in which they came. Their keys are hashes: in the order
-- of these, every answer changed a page of few rows of its own, which soon had to be
-- parted. Only the index of the keys is in that order now.

-- +goose Up
create table answer_now (
    key text not null,
    merchant_id text not null,
    fingerprint text not null,
    status integer not null,
    body blob,
    expires_at integer not null,
    primary key (key, merchant_id)
) strict;
insert into answer_now (key, merchant_id, fingerprint, status, body, expires_at)
select key, merchant_id, fingerprint, status, body, expires_at from answer order by key, merchant_id;
drop table answer;
alter table answer_now rename to answer;
create index answer_expiry on answer (expires_at);

-- +goose Down
create table answer_before (
    key text not null,
    merchant_id text not null,
    fingerprint text not null,
    status integer not null,
    body blob,
    expires_at integer not null,
    primary key (key, merchant_id)
) strict, without rowid;
insert into answer_before (key, merchant_id, fingerprint, status, body, expires_at)
select key, merchant_id, fingerprint, status, body, expires_at from answer order by key, merchant_id;
drop table answer;
alter table answer_before rename to answer;
create index answer_expiry on answer (expires_at);
