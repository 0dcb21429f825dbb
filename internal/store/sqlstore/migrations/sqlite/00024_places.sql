-- No two requisites in use are the same account at the same bank. Those that were
-- made before have theirs too; where two have the same, both go on.

-- +goose Up
insert into claim (key, kind, merchant_id, subject)
select place || '/0', 'requisite', merchant_id, min(id) from (
    select id, merchant_id, unit || '/' || way || '/' || bank || '/' || case
        when number like 'https://%' then number
        else lower(replace(replace(replace(replace(replace(replace(number,
            ' ', ''), '-', ''), '(', ''), ')', ''), '.', ''), '+', ''))
        end as place
    from (select *, detail ->> '$.number' as number from requisite where enabled = 1)
    where number <> '' and (instr(way, 'QR') = 0 or number like 'https://%')
)
group by place, merchant_id;

-- +goose Down
delete from claim where kind = 'requisite';
