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
)

// check is one thing that must hold in the books: how many rows it is about
// and a query for those that break it, one text per row.
type check struct {
	id, says    string
	rows, wrong string
}

// Audit proves the books at one moment. The numbers of the checks are those of
// the list of invariants in docs; one number may have several checks.
func (d *DB) Audit(ctx context.Context, progress func(percent int)) ([]store.Finding, error) {
	all := d.checks()
	findings := make([]store.Finding, 0, len(all))
	err := d.engine.snapshot(ctx, func(q querier) error {
		for i, c := range all {
			f, err := c.run(ctx, q)
			if err != nil {
				return fmt.Errorf("check %s (%s): %w", c.id, c.says, err)
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

// run makes one check.
func (c check) run(ctx context.Context, q querier) (store.Finding, error) {
	f := store.Finding{ID: c.id, Checks: c.says}
	result, err := q.query(ctx, "select (select count(*) from "+c.rows+"), count(*), coalesce(min(example), '')"+
		" from ("+c.wrong+") wrong")
	if err != nil {
		return f, err
	}
	if result.Next() {
		err = result.Scan(&f.Rows, &f.Wrong, &f.Example)
	}
	if wrong := result.Err(); err == nil {
		err = wrong
	}
	if wrong := result.Close(); err == nil {
		err = wrong
	}
	return f, err
}

// checks lists everything that SQL can prove.
func (d *DB) checks() []check {
	return slices.Concat(ledgerChecks(), moneyChecks(), d.captureChecks(), eventChecks(), deliveryChecks())
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
	var roles []string
	for _, r := range ledger.Roles {
		if r.Floored {
			roles = append(roles, "'"+string(r.Role)+"'")
		}
	}
	return strings.Join(roles, ", ")
}

// moneyChecks prove that invoices, payments and refunds agree with each other.
func moneyChecks() []check {
	return []check{
		{
			"I4", "no payment gives back more than it took, pending refunds counted", "payment",
			`select id as example from payment where refunded + in_return > amount`,
		},
		{
			"I4", "every payment agrees with its refunds", "payment",
			`select p.id as example from payment p left join (
				select payment_id, merchant_id,
					sum(case when state = 'succeeded' then amount else 0 end) as done,
					sum(case when state in ('requested', 'processing') then amount else 0 end) as pending
				from refund where source = 'merchant' group by payment_id, merchant_id
			) r on r.payment_id = p.id and r.merchant_id = p.merchant_id
			where coalesce(p.refunded, 0) <> coalesce(r.done, 0) or coalesce(p.in_return, 0) <> coalesce(r.pending, 0)`,
		},
		{
			"I4", "no more goes back from suspense than came in for the payment", "refund",
			`select r.payment_id as example from (
				select payment_id, merchant_id, sum(amount) as back from refund
				where source = 'suspense' and state <> 'failed' group by payment_id, merchant_id
			) r left join (
				select e.subject, e.merchant_id, sum(p.amount) as late from entry e
				join posting p on p.entry_id = e.id and p.merchant_id = e.merchant_id and p.amount > 0
				where e.rule = 'late_payment' group by e.subject, e.merchant_id
			) l on l.subject = r.payment_id and l.merchant_id = r.merchant_id
			where r.back > coalesce(l.late, 0)`,
		},
		{
			"I4", "every invoice agrees with its payments", "invoice",
			`select i.id as example from invoice i left join (
				select invoice_id, merchant_id,
					sum(case when state in (` + collected + `) then amount - refunded else 0 end) as captured,
					sum(reserved * amount) as reserved
				from payment group by invoice_id, merchant_id
			) p on p.invoice_id = i.id and p.merchant_id = i.merchant_id
			where coalesce(i.captured, 0) <> coalesce(p.captured, 0)
				or coalesce(i.reserved, 0) <> coalesce(p.reserved, 0)`,
		},
		{
			"I4", "no invoice has taken more than was asked for", "invoice",
			`select id as example from invoice where amount > 0 and captured + reserved > amount`,
		},
		{
			"I4", "every payment has its invoice and every refund its payment", "payment",
			`select p.id as example from payment p
				left join invoice i on i.id = p.invoice_id and i.merchant_id = p.merchant_id where i.id is null
			union all
			select r.id from refund r
				left join payment p on p.id = r.payment_id and p.merchant_id = r.merchant_id where p.id is null`,
		},
	}
}

// collected are the states of payments whose money was taken for the merchant.
const collected = "'captured', 'settled', 'reversed', 'refunded'"

// captureChecks prove that money was taken once.
func (d *DB) captureChecks() []check {
	receipt, gateway := d.engine.detailText("attempt", "receipt"), d.engine.detailText("attempt", "gateway")
	return []check{
		{
			"I5", "every collected payment was captured once in the books, and no other was", "payment",
			`select p.id as example from payment p
				left join entry e on e.subject = p.id and e.merchant_id = p.merchant_id and e.rule = 'captured'
				where p.state in (` + collected + `) group by p.id, p.merchant_id having count(e.id) <> 1
			union all
			select e.subject from entry e
				left join payment p on p.id = e.subject and p.merchant_id = e.merchant_id
					and p.state in (` + collected + `)
				where e.rule = 'captured' and p.id is null`,
		},
		{
			"I5", "no gateway's receipt belongs to two payments", "payment",
			`select min(id) as example from (
				select id, merchant_id, ` + gateway + ` as gateway, ` + receipt + ` as receipt
				from payment where state in (` + collected + `)
			) p where receipt is not null group by merchant_id, gateway, receipt having count(*) > 1`,
		},
	}
}

// eventChecks prove the feed and the history of states.
func eventChecks() []check {
	last := make([]string, 0, 3)
	for _, noun := range []*table{invoices, payments, refunds} {
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

// deliveryChecks prove that nothing that was promised to anybody lies where no
// worker finds it.
func deliveryChecks() []check {
	return []check{
		{
			"P6", "every delivery is for an endpoint that exists or has a queue of its own", "delivery",
			`select d.id as example from delivery d
				left join endpoint e on e.id = d.endpoint_id and e.merchant_id = d.merchant_id
				where (d.endpoint_id <> '' and e.id is null) or d.queue = ''`,
		},
		{
			"P6", "every delivery that is due has a time", "delivery",
			`select id as example from delivery where state = 'due' and run_at is null`,
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
	}, ", ")
}

// moves lists every move that the tables of states allow.
func moves() string {
	return "values " + strings.Join(slices.Concat(
		edges(event.Invoice, invoice.States), edges(event.Payment, payment.States),
		edges(event.Refund, refund.States), edges(event.Payout, payout.States), edges(event.Deal, deal.States),
	), ", ")
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
