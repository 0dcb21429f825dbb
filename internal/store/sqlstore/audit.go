package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fsm"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// prover makes one check at one moment of the books.
type prover interface {
	prove(ctx context.Context, q querier) (store.Finding, error)
}

// check is one thing that must hold in the books: how many rows it is about
// and a query for those that break it, one text per row.
type check struct {
	id, says    string
	rows, wrong string
}

// judgement is one thing that SQL cannot prove: a query for the rows, and what
// says of each whether it is right.
type judgement struct {
	id, says string
	rows     string
	right    func(row) (right bool, example string, err error)
}

// Audit proves the books at one moment. The numbers of the checks are those of
// the list of invariants in docs; one number may have several checks.
func (d *DB) Audit(ctx context.Context, progress func(percent int)) ([]store.Finding, error) {
	all := d.checks()
	findings := make([]store.Finding, 0, len(all))
	err := d.engine.snapshot(ctx, func(q querier) error {
		for i, c := range all {
			f, err := c.prove(ctx, q)
			if err != nil {
				return fmt.Errorf("check %s (%s): %w", f.ID, f.Checks, err)
			}
			findings = append(findings, f)
			if progress != nil {
				progress((i + 1) * 100 / len(all))
			}
		}
		return nil
	})
	if err != nil {
		return nil, d.readFault(ctx, err)
	}
	return findings, nil
}

// prove counts the rows that break it.
func (c check) prove(ctx context.Context, q querier) (store.Finding, error) {
	f := store.Finding{ID: c.id, Checks: c.says}
	err := each(ctx, q, "select (select count(*) from "+c.rows+"), count(*), coalesce(min(example), '')"+
		" from ("+c.wrong+") wrong", func(r row) error { return r.Scan(&f.Rows, &f.Wrong, &f.Example) })
	return f, err
}

// prove judges one row after another; none is kept.
func (j judgement) prove(ctx context.Context, q querier) (store.Finding, error) {
	f := store.Finding{ID: j.id, Checks: j.says}
	err := each(ctx, q, j.rows, func(r row) error {
		right, example, err := j.right(r)
		if err != nil {
			return err
		}
		if !right && f.Wrong == 0 {
			f.Example = example
		}
		if !right {
			f.Wrong++
		}
		f.Rows++
		return nil
	})
	return f, err
}

// each looks at every row of a query.
func each(ctx context.Context, q querier, query string, look func(row) error, args ...any) (err error) {
	result, err := q.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() {
		if wrong := result.Close(); err == nil {
			err = wrong
		}
	}()
	for result.Next() {
		if err := look(result); err != nil {
			return err
		}
	}
	return result.Err()
}

// checks lists everything that a database can prove by itself.
func (d *DB) checks() []prover {
	var all []prover
	for _, c := range slices.Concat(ledgerChecks(), moneyChecks(), d.captureChecks(), d.settlementChecks(),
		d.holdChecks(), d.payoutChecks(), d.tradeChecks(), eventChecks(), deliveryChecks()) {
		all = append(all, c)
	}
	return append(all, rates(), sealedBooks{})
}

// ledgerChecks prove the entries, the balances and the floors.
func ledgerChecks() []check {
	return []check{
		{
			"I1", "the postings of every entry sum to zero in each unit", "entry",
			`select entry_id as example from posting group by entry_id, merchant_id, unit having sum(amount) <> 0`,
		},
		{
			"I1", "every entry has at least two postings and every posting an entry", "posting",
			`select e.id as example from entry e
				left join posting p on p.entry_id = e.id and p.merchant_id = e.merchant_id
				group by e.id, e.merchant_id having count(p.entry_id) < 2
			union all
			select p.entry_id from posting p
				left join entry e on e.id = p.entry_id and e.merchant_id = p.merchant_id where e.id is null`,
		},
		{
			"I2", "every balance is the sum of its postings", "account",
			`select a.merchant_id || ' ' || a.key as example from account a
				left join (select account, merchant_id, sum(amount) as total from posting group by account, merchant_id) p
				on p.account = a.key and p.merchant_id = a.merchant_id where a.balance <> coalesce(p.total, 0)
			union all
			select p.merchant_id || ' ' || p.account from posting p
				left join account a on a.key = p.account and a.merchant_id = p.merchant_id where a.key is null`,
		},
		{
			"I2", "every posting has the unit of its account", "posting",
			`select p.entry_id as example from posting p
				join account a on a.key = p.account and a.merchant_id = p.merchant_id where a.unit <> p.unit`,
		},
		{
			"I3", "all balances together are zero in each unit", "account",
			`select unit as example from account group by unit having sum(balance) <> 0`,
		},
		{
			"P4", "no account with a floor is below it", "account",
			`select merchant_id || ' ' || key as example from account
				where balance < floor or (floor is null and role in (` + floored() + `))`,
		},
	}
}

// floored lists the roles that have a floor, for a condition.
func floored() string {
	var roles []ledger.Role
	for _, r := range ledger.Roles {
		if r.Floored {
			roles = append(roles, r.Role)
		}
	}
	return quoted(roles)
}

// eventChecks prove the feed and the history of states.
func eventChecks() []check {
	var last []string
	for _, noun := range []*table{invoices, payments, refunds, payouts, customers, deals} {
		last = append(last, `select n.id as example from `+noun.name+` n
			left join last_event l on l.subject = n.id and l.merchant_id = n.merchant_id and l.noun = '`+noun.name+`'
			where l.to_state is null or l.to_state <> n.state`)
	}
	return []check{
		{
			"I9", "the events of every merchant are numbered without a gap", "event",
			`select merchant_id as example from event group by merchant_id
				having min(seq) <> 1 or max(seq) <> count(*)
			union all
			select t.merchant_id from tally t
				left join (select merchant_id, count(*) as n from event group by merchant_id) e
				on e.merchant_id = t.merchant_id where t.events <> coalesce(e.n, 0)`,
		},
		{
			"I9", "the invoices of every merchant are counted right", "invoice",
			`select t.merchant_id as example from tally t
				left join (select merchant_id, count(*) as n from invoice group by merchant_id) i
				on i.merchant_id = t.merchant_id where t.invoices <> coalesce(i.n, 0)`,
		},
		{
			"I9", "the invoices of every merchant are numbered without a gap", "invoice",
			`select merchant_id as example from invoice group by merchant_id
				having min(number) <> 1 or max(number) <> count(*) or count(distinct number) <> count(*)`,
		},
		{
			"I9", "the last event of everything has its present state", "event",
			`with last_event as (
				select e.noun, e.subject, e.merchant_id, e.to_state from event e join (
					select noun, subject, merchant_id, max(seq) as seq from event group by noun, subject, merchant_id
				) m on m.seq = e.seq and m.merchant_id = e.merchant_id
			) ` + strings.Join(last, " union all "),
		},
		{
			"I11", "every change of a state is one that the state allows", "event",
			`select noun || ' ' || subject as example from (
				select noun, subject, from_state, to_state, lag(to_state) over (
					partition by subject, merchant_id, noun order by seq) as before
				from event
			) h where (before is null and (from_state <> '' or (noun, to_state) not in (` + starts() + `)))
				or (before is not null and from_state <> before)
				or (before is not null and from_state <> to_state
					and (noun, from_state, to_state) not in (` + moves() + `))`,
		},
	}
}

// starts lists the states in which things begin. A payment or refund may be on
// its way already when it is first written down.
func starts() string {
	return "values " + strings.Join([]string{
		tuple(event.Invoice, invoice.Open),
		tuple(event.Payment, payment.Waiting), tuple(event.Payment, payment.Processing),
		tuple(event.Refund, refund.Requested), tuple(event.Refund, refund.Processing),
		tuple(event.Payout, payout.Requested),
		tuple(event.Deal, deal.TransferWaiting),
		tuple(event.Customer, wallet.Active),
		tuple(event.Transfer, wallet.Completed), tuple(event.Exchange, wallet.Completed),
		tuple(event.Market, wallet.Priced),
		tuple(event.Trader, deal.Active), tuple(event.Requisite, deal.Active), tuple(event.Requisite, deal.Disabled),
	}, ", ")
}

// moves lists every move that the tables of states allow.
func moves() string {
	return "values " + strings.Join(slices.Concat(
		edges(event.Invoice, invoice.States), edges(event.Payment, payment.States),
		edges(event.Refund, refund.States), edges(event.Payout, payout.States), edges(event.Deal, deal.States),
		edges(event.Customer, wallet.States), switches(event.Trader), switches(event.Requisite),
	), ", ")
}

// switches lists the moves of what is only switched off and on.
func switches(noun event.Noun) []string {
	return []string{tuple(noun, deal.Active, deal.Disabled), tuple(noun, deal.Disabled, deal.Active)}
}

// edges lists the moves of one table.
func edges[S, T ~string](noun event.Noun, states fsm.Table[S, T]) []string {
	var all []string
	for _, from := range states.States() {
		for _, to := range slices.Sorted(maps.Values(states[from])) {
			all = append(all, tuple(noun, from, to))
		}
	}
	return slices.Compact(all)
}

// tuple writes words of the program, never of a caller, as a row.
func tuple[S ~string](noun event.Noun, states ...S) string {
	words := []string{"'" + string(noun) + "'"}
	for _, s := range states {
		words = append(words, "'"+string(s)+"'")
	}
	return "(" + strings.Join(words, ", ") + ")"
}
