package main

import (
	"context"
	"slices"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// transferRow is one transfer with all that is booked for it.
type transferRow struct {
	id, entry        string
	detail           string
	from, to         ledger.Account
	sender, receiver int64
	amount           money.Amount
	at               int64
}

// movements adds up what a group moves, account by account.
func movements(rows []transferRow) map[ledger.Account]int64 {
	sums := make(map[ledger.Account]int64, 2*len(rows))
	for _, r := range rows {
		sums[r.from] -= r.amount.Steps()
		sums[r.to] += r.amount.Steps()
	}
	return sums
}

func (t *sqliteTables) addTransfers(ctx context.Context, rows []transferRow) error {
	return t.together(ctx, func() error {
		for _, r := range rows {
			if err := t.addTransfer(ctx, r); err != nil {
				return err
			}
		}
		for a, sum := range movements(rows) {
			if _, err := t.account.ExecContext(ctx, a.Key(), a.Merchant, string(a.Role), a.Owner, string(a.Unit),
				sum); err != nil {
				return err
			}
		}
		return nil
	})
}

// addTransfer writes a transfer, its postings and then the entry, which seals
// them.
func (t *sqliteTables) addTransfer(ctx context.Context, r transferRow) error {
	merchant, unit := r.from.Merchant, string(r.amount.Unit())
	if _, err := t.transfer.ExecContext(ctx, r.id, merchant, r.sender, r.receiver, unit, r.amount.Steps(), r.at,
		r.detail); err != nil {
		return err
	}
	if _, err := t.posting.ExecContext(ctx, r.entry, merchant, 0, r.from.Key(), unit, -r.amount.Steps()); err != nil {
		return err
	}
	if _, err := t.posting.ExecContext(ctx, r.entry, merchant, 1, r.to.Key(), unit, r.amount.Steps()); err != nil {
		return err
	}
	if _, err := t.entry.ExecContext(ctx, r.entry, merchant, string(ledger.RuleTransferred), r.id, r.at); err != nil {
		return err
	}
	return t.tell(ctx, merchant, "transfer", r.id, wallet.Completed, r.at)
}

// transferText is the one statement of a group, around what tells of it. The
// first twelve arrays are columns of transfers, the other six of accounts.
func transferText(told string) string {
	return "with n as materialized (select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]," +
		" $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])" +
		" as n (id, entry, shop, detail, giver, taker, unit, sender, receiver, amount, at, seq))" + told + "," +
		" made as (insert into " + transferColumns +
		" select id, shop, 1, sender, receiver, unit, amount, at, detail from n)," +
		" posted as (insert into " + postingColumns + " select entry, shop, 0, giver, unit, -amount from n" +
		" union all select entry, shop, 1, taker, unit, amount from n)," +
		" booked as (insert into " + entryColumns + " select entry, shop, '" + string(ledger.RuleTransferred) +
		"', id, at from n)" +
		" insert into " + accountColumns + " select key, shop, role, owner, unit, null, amount from" +
		" unnest($13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::bigint[])" +
		" as a (key, shop, role, owner, unit, amount)" + addBalance
}

func (t postgresTables) addTransfers(ctx context.Context, rows []transferRow) error {
	sums := movements(rows)
	texts, numbers := columns[string](7, len(rows)), columns[int64](5, len(rows))
	for i, r := range rows {
		fill(texts, i, r.id, r.entry, r.from.Merchant, r.detail, r.from.Key(), r.to.Key(), string(r.amount.Unit()))
		fill(numbers, i, r.sender, r.receiver, r.amount.Steps(), r.at, t.feed.next(r.from.Merchant))
	}
	names, balances := columns[string](5, len(sums)), columns[int64](1, len(sums))
	i := 0
	for a, sum := range sums {
		fill(names, i, a.Key(), a.Merchant, string(a.Role), a.Owner, string(a.Unit))
		fill(balances, i, sum)
		i++
	}
	arguments := slices.Concat(anyOf(texts), anyOf(numbers), anyOf(names), anyOf(balances))
	_, err := t.conn.Exec(ctx, transferText(t.tell("transfer", wallet.Completed)), arguments...)
	return err
}

// columns are so many columns of so many rows.
func columns[T any](n, rows int) [][]T {
	all := make([][]T, n)
	for i := range all {
		all[i] = make([]T, rows)
	}
	return all
}

// fill writes one row.
func fill[T any](columns [][]T, row int, values ...T) {
	for i, v := range values {
		columns[i][row] = v
	}
}

// anyOf makes arguments of columns.
func anyOf[T any](columns [][]T) []any {
	list := make([]any, len(columns))
	for i, c := range columns {
		list[i] = c
	}
	return list
}
