package sqlstore

import (
	"context"
	"fmt"
)

// walkCheck is one thing that a walk proves, in the words of the audit.
type walkCheck struct{ id, says string }

// The checks of a walk.
var (
	entriesBalance = walkCheck{"I1", "the postings of every entry sum to zero in each unit"}
	entriesWhole   = walkCheck{"I1", "every entry has at least two postings and every posting an entry"}
	balancesAgree  = walkCheck{"I2", "every balance is the sum of its postings"}
	unitsAgree     = walkCheck{"I2", "every posting has the unit of its account"}
	floorsHold     = walkCheck{"P4", "no account with a floor is below it"}
	refundsFit     = walkCheck{"I4", "no payment gives back more than it took, pending refunds counted"}
	refundsAgree   = walkCheck{"I4", "every payment agrees with its refunds"}
	capturedOnce   = walkCheck{"I5", "every collected payment was captured once in the books, and no other was"}
	paymentsAgree  = walkCheck{"I4", "every invoice agrees with its payments"}
	paymentsFit    = walkCheck{"I4", "no invoice has taken more than was asked for"}

	walkChecks = []walkCheck{
		entriesBalance, entriesWhole, balancesAgree, unitsAgree, floorsHold, refundsFit, refundsAgree, paymentsAgree,
		paymentsFit, capturedOnce,
	}
)

// postingsBehind is the condition of postings behind a cursor.
const postingsBehind = `(entry_id, merchant_id, line) > ($1, $2, $3)`

// addUp reads postings and adds them to their accounts.
func (w *Walk) addUp(ctx context.Context) (done bool, err error) {
	until := fmt.Sprintf("%012x", max(w.db.options.Now().Add(-walkLag).UnixMilli(), 0))
	from, read := w.read, 0
	err = each(ctx, w.db.engine, `select entry_id, merchant_id, line, account, unit, amount from posting
		where `+postingsBehind+` and entry_id < $4 order by entry_id, merchant_id, line limit $5`,
		func(r row) error {
			var at cursor
			var account, unit string
			var amount int64
			if err := r.Scan(&at.id, &at.merchant, &at.line, &account, &unit, &amount); err != nil {
				return err
			}
			w.read = at
			read++
			w.add(accountKey{account, w.read.merchant}, unit, amount)
			return nil
		}, from.id, from.merchant, from.line, until, postingsAtOnce)
	if err != nil {
		return false, err
	}
	if len(w.sums) > walkSums {
		w.shards, w.shard = 2*w.shards, 0
		w.restart()
		return false, nil
	}
	if read == postingsAtOnce {
		return false, nil
	}
	w.endEntry()
	return true, nil
}

// add adds one posting to its entry and to its account.
func (w *Walk) add(a accountKey, unit string, amount int64) {
	if id := (accountKey{w.read.id, w.read.merchant}); w.entry.id != id {
		w.endEntry()
		w.entry = entrySum{id: id, units: map[string]int64{}}
	}
	w.entry.lines++
	w.entry.units[unit] += amount
	if !w.mine(a) {
		return
	}
	w.look(unitsAgree, 1)
	s := w.sums[a]
	if s == nil {
		s = &addedUp{unit: unit}
		w.sums[a] = s
	}
	s.total += amount
	s.mixed = s.mixed || s.unit != unit
}

// endEntry judges the entry that was read.
func (w *Walk) endEntry() {
	if w.entry.lines == 0 {
		return
	}
	w.look(entriesBalance, 1)
	if w.entry.lines < 2 {
		w.breaks(entriesWhole, w.entry.id.key)
	}
	for _, total := range w.entry.units {
		if total != 0 {
			w.breaks(entriesBalance, w.entry.id.key)
			break
		}
	}
	w.entry = entrySum{}
}

// compared is an account beside a sum of its postings.
type compared struct {
	accountKey

	unit    string
	balance int64
	low     bool  // it is below its floor, or has none where one is needed
	total   int64 // of the postings that the query looked at
	foreign int64 // how many of them are in another unit
}

// scanCompared reads what the queries about accounts have in common.
func scanCompared(r row) (c compared, err error) {
	err = r.Scan(&c.key, &c.merchant, &c.unit, &c.balance, &c.low, &c.total, &c.foreign)
	return c, err
}

// accountColumns begin the queries about accounts.
var accountColumns = `select a.key, a.merchant_id, a.unit, a.balance,
	(a.balance < a.floor or (a.floor is null and a.role in (` + floored() + `))) is true, `

// walkAccounts reads some accounts with their postings that were not added up,
// all at one moment.
var walkAccounts = accountColumns + `coalesce(p.total, 0),
	case when p.least <> a.unit or p.most <> a.unit then 1 else 0 end from (
		select * from account where (key, merchant_id) > ($4, $5) order by key, merchant_id limit $6
	) a left join (
		select account, merchant_id, cast(sum(amount) as bigint) as total, min(unit) as least, max(unit) as most
		from posting where ` + postingsBehind + `
		group by account, merchant_id
	) p on p.account = a.key and p.merchant_id = a.merchant_id order by a.key, a.merchant_id`

// compareAccounts compares some accounts with their sums. What was booked
// meanwhile is added up first, so that there is never much besides.
func (w *Walk) compareAccounts(ctx context.Context) (done bool, err error) {
	if done, err := w.addUp(ctx); !done || err != nil {
		return false, err
	}
	read := 0
	err = each(ctx, w.db.engine, walkAccounts, func(r row) error {
		c, err := scanCompared(r)
		if err != nil {
			return err
		}
		read++
		w.at = cursor{id: c.key, merchant: c.merchant}
		if w.mine(c.accountKey) {
			w.compare(c)
		}
		return nil
	}, w.read.id, w.read.merchant, w.read.line, w.at.id, w.at.merchant, accountsAtOnce)
	if err != nil || read == accountsAtOnce {
		return false, err
	}
	for a, s := range w.sums {
		if !s.seen {
			w.suspect(a)
		}
	}
	return true, nil
}

// compare suspects an account that is not its sum: an entry that was committed
// late may have come in behind the cursor.
func (w *Walk) compare(c compared) {
	w.look(balancesAgree, 1)
	w.look(floorsHold, 1)
	total := c.total
	s := w.sums[c.accountKey]
	if s != nil {
		s.seen = true
		total += s.total
	}
	if c.low || c.foreign > 0 || total != c.balance || (s != nil && (s.mixed || s.unit != c.unit)) {
		w.suspect(c.accountKey)
	}
}

// suspect keeps an account to be proven; a pass looks into a few of them.
func (w *Walk) suspect(a accountKey) {
	if len(w.suspects) < proofsAtOnce {
		w.suspects = append(w.suspects, a)
	}
}

// proveAccount adds all postings of one account up at one moment. It reads all
// postings there are, because no index has the accounts of them.
var proveAccount = accountColumns + `coalesce((
		select cast(sum(p.amount) as bigint) from posting p where p.account = a.key and p.merchant_id = a.merchant_id), 0),
	(select count(*) from posting p where p.account = a.key and p.merchant_id = a.merchant_id and p.unit <> a.unit)
	from account a where a.key = $1 and a.merchant_id = $2`

// proveSuspects says of one suspected account what is wrong with it, if anything is.
func (w *Walk) proveSuspects(ctx context.Context) (done bool, err error) {
	if len(w.suspects) == 0 {
		return true, nil
	}
	a := w.suspects[0]
	found, err := many(ctx, w.db, scanCompared, proveAccount, a.key, a.merchant)
	if err != nil {
		return false, err
	}
	w.suspects = w.suspects[1:]
	example := a.merchant + " " + a.key
	if len(found) == 0 {
		w.breaks(balancesAgree, example) // postings without an account: none is ever deleted
	}
	for _, c := range found {
		if c.total != c.balance {
			w.breaks(balancesAgree, example)
		}
		if c.foreign > 0 {
			w.breaks(unitsAgree, example)
		}
		if c.low {
			w.breaks(floorsHold, example)
		}
	}
	return len(w.suspects) == 0, nil
}

// things are the rows of a table, each compared with what it is made of.
type things struct {
	query  string
	checks []walkCheck // one column of the query says of each whether it is broken
}

// thingsBehind ends the queries of things.
const thingsBehind = ` where (t.id, t.merchant_id) > ($1, $2) order by t.id, t.merchant_id limit $3`

// returned is what refunds of a payment in some states come to.
func returned(states string) string {
	return `(select coalesce(sum(r.amount), 0) from refund r where r.payment_id = t.id
		and r.merchant_id = t.merchant_id and r.source in (` + ofMerchant + `) and r.state in (` + states + `))`
}

var (
	paymentThings = things{
		`select t.id, t.merchant_id, (t.refunded + t.in_return > t.amount) is true,
			coalesce(t.refunded, 0) <> ` + returned("'succeeded'") + `
				or coalesce(t.in_return, 0) <> ` + returned("'requested', 'processing'") + `,
			case when t.state in (` + collected + `) then 1 else 0 end <> (select count(*) from entry e
				where e.subject = t.id and e.merchant_id = t.merchant_id and e.rule in (` + takings + `))
		from payment t` + thingsBehind,
		[]walkCheck{refundsFit, refundsAgree, capturedOnce},
	}
	invoiceThings = things{
		`select t.id, t.merchant_id, coalesce(t.captured, 0) <> (
				select coalesce(sum(case when p.state in (` + collected + `) then p.amount - p.refunded else 0 end), 0)
				from payment p where p.invoice_id = t.id and p.merchant_id = t.merchant_id
			) or coalesce(t.reserved, 0) <> (
				select coalesce(sum(p.reserved * p.amount), 0) from payment p
				where p.invoice_id = t.id and p.merchant_id = t.merchant_id),
			(t.amount > 0 and t.captured + t.reserved > t.amount) is true
		from invoice t` + thingsBehind,
		[]walkCheck{paymentsAgree, paymentsFit},
	}
)

// compareThings compares some rows with what they are made of.
func (w *Walk) compareThings(ctx context.Context, t things) (done bool, err error) {
	read := 0
	broken := make([]bool, len(t.checks))
	into := []any{&w.at.id, &w.at.merchant}
	for i := range broken {
		into = append(into, &broken[i])
	}
	err = each(ctx, w.db.engine, t.query, func(r row) error {
		if err := r.Scan(into...); err != nil {
			return err
		}
		read++
		for i, c := range t.checks {
			w.look(c, 1)
			if broken[i] {
				w.breaks(c, w.at.id)
			}
		}
		return nil
	}, w.at.id, w.at.merchant, thingsAtOnce)
	return err == nil && read < thingsAtOnce, err
}
