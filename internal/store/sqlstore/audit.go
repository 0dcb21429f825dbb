package sqlstore

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/store"
)

// prover makes one check at one moment of the books.
type prover interface {
	prove(ctx context.Context, q querier) (store.Finding, error)
	// proven is what was found, where a look has proved the check already.
	proven(e *evidence) (store.Finding, bool)
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
func (d *DB) Audit(ctx context.Context, progress func(percent int)) (found []store.Finding, err error) {
	var mu sync.Mutex
	last := 0
	tell := func(percent int) {
		mu.Lock()
		defer mu.Unlock()
		if percent > last && progress != nil {
			last = percent
			progress(percent)
		}
	}
	err = d.engine.snapshots(ctx, auditors, func(all []snapshot) error {
		e, history, err := bothLooks(ctx, all, tell)
		if err != nil {
			return err
		}
		rest, err := remaining(ctx, all, d.checks(), e)
		found = slices.Concat(rest[:len(rest)-behindHistory], history, rest[len(rest)-behindHistory:])
		return err
	})
	if err != nil {
		return nil, d.readFault(ctx, err)
	}
	tell(100)
	return found, nil
}

// remaining makes the checks that no look has proved, several at the same time.
func remaining(ctx context.Context, from []snapshot, all []prover, e *evidence) ([]store.Finding, error) {
	found := make([]store.Finding, len(all))
	next := make(chan int, len(all))
	for n, p := range all {
		var ok bool
		if found[n], ok = p.proven(e); !ok {
			next <- n
		}
	}
	close(next)
	group, ctx := errgroup.WithContext(ctx)
	for _, q := range from[:min(len(from), runtime.GOMAXPROCS(0))] {
		group.Go(func() error {
			for n := range next {
				var err error
				if found[n], err = all[n].prove(ctx, q); err != nil {
					return fmt.Errorf("check: %w", err)
				}
			}
			return nil
		})
	}
	return found, group.Wait()
}

// auditors is how many connections an audit reads with at most.
const auditors = 4

// behindHistory is how many findings come behind those about events.
const behindHistory = 3

// prove counts the rows that break it.
func (c check) prove(ctx context.Context, q querier) (store.Finding, error) {
	f := store.Finding{ID: c.id, Checks: c.says}
	err := each(ctx, q, "select (select count(*) from "+c.rows+"), count(*), coalesce(min(example), '')"+
		" from ("+c.wrong+") wrong", func(r row) error { return r.Scan(&f.Rows, &f.Wrong, &f.Example) })
	if err != nil {
		err = fmt.Errorf("%s (%s): %w", c.id, c.says, err)
	}
	return f, err
}

func (c check) proven(e *evidence) (store.Finding, bool) { return e.finding(c.id, c.says, c.rows) }

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

// proven is never so.
func (judgement) proven(*evidence) (f store.Finding, ok bool) { return f, false }

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

// checks lists everything that a database can prove by itself, but for the events.
func (d *DB) checks() (all []prover) {
	for _, c := range slices.Concat(ledgerChecks(), moneyChecks(), d.captureChecks(), d.settlementChecks(),
		d.holdChecks(), d.returnChecks(), d.payoutChecks(), d.dealChecks(), d.tradeChecks(), countChecks(),
		deliveryChecks()) {
		all = append(all, c)
	}
	return append(all, rates(), sealedActs{}, sealedBooks{})
}

// everyEntryBalances is what the first of all checks proves, of every entry there is.
const everyEntryBalances = "the postings of every entry sum to zero in each unit"

// ledgerChecks prove the entries, the balances and the floors.
func ledgerChecks() []check {
	return []check{
		{
			"I1", everyEntryBalances, "entry",
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

// countChecks prove that invoices are counted.
func countChecks() []check {
	return []check{
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
	}
}
