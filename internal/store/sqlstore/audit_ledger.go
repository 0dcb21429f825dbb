package sqlstore

import (
	"context"
	"hash/maphash"

	"github.com/purserhq/purser/internal/store"
)

// ledgers makes the checks of entries and balances in one look at all postings in
// their order, without sorting them by their accounts. Where it sees anything that
// is not as it should be, the queries of the checks say what and how often.
type ledgers struct{ most int } // so many accounts are added up at once; where there are more, the queries do it

// accountsSummed bounds the memory of the look, at about 200 bytes each.
const accountsSummed = 1 << 20

// proofs are the checks that the look makes, the first of the ledger's.
func (ledgers) proofs() []check { return ledgerChecks()[:4] }

func (l ledgers) proveAll(ctx context.Context, q querier) ([]store.Finding, error) {
	look := newLedgerLook(l.most)
	good, err := look.all(ctx, q)
	if err != nil {
		return nil, err
	}
	var findings []store.Finding
	for _, c := range l.proofs() {
		f := store.Finding{ID: c.id, Checks: c.says, Rows: look.rows[c.rows]}
		if !good {
			if f, err = c.prove(ctx, q); err != nil {
				return nil, err
			}
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// ledgerLook is one look at the ledger.
type ledgerLook struct {
	most  int
	wrong bool
	rows  map[string]int64 // of each table
	sums  map[accountKey]*addedUp
	entry entrySum
	// heads are the entries that postings have, less those that there are: sums of
	// their hashes, under two seeds, so that neither has to be remembered.
	heads [2]uint64
	seeds [2]maphash.Seed
}

func newLedgerLook(most int) *ledgerLook {
	return &ledgerLook{
		most: most, rows: map[string]int64{}, sums: map[accountKey]*addedUp{},
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
}

// all looks at postings, entries and accounts, and says whether they agree.
func (l *ledgerLook) all(ctx context.Context, q querier) (good bool, err error) {
	for _, look := range []struct {
		query string
		row   func(row) error
	}{
		{"select entry_id, merchant_id, account, unit, amount from posting order by entry_id, merchant_id, line", l.posting},
		{"select id, merchant_id from entry", l.head},
		{"select key, merchant_id, unit, balance from account", l.account},
	} {
		if err := each(ctx, q, look.query, look.row); err != nil {
			return false, err
		}
		l.endEntry()
		if l.wrong {
			return false, nil
		}
	}
	for _, s := range l.sums {
		l.wrong = l.wrong || !s.seen
	}
	return !l.wrong && l.heads == [2]uint64{}, nil
}

// posting adds one posting to its entry and its account.
func (l *ledgerLook) posting(r row) error {
	var id, a accountKey
	var unit string
	var amount int64
	if err := r.Scan(&id.key, &id.merchant, &a.key, &unit, &amount); err != nil || l.wrong {
		return err
	}
	a.merchant = id.merchant
	if l.entry.id != id || l.entry.lines == 0 {
		l.endEntry()
		l.entry.id = id
		if l.entry.units == nil {
			l.entry.units = map[string]int64{}
		}
	}
	l.rows["posting"]++
	l.entry.lines++
	l.addTo(l.entry.units, unit, amount)
	s := l.sums[a]
	if s == nil {
		if len(l.sums) == l.most {
			l.wrong = true
			return nil
		}
		s = &addedUp{unit: unit}
		l.sums[a] = s
	}
	total, fits := plus(s.total, amount)
	s.total = total
	l.wrong = l.wrong || !fits || s.unit != unit
	return nil
}

// addTo adds within one entry.
func (l *ledgerLook) addTo(units map[string]int64, unit string, amount int64) {
	total, fits := plus(units[unit], amount)
	units[unit] = total
	l.wrong = l.wrong || !fits
}

// endEntry judges the entry whose postings were read.
func (l *ledgerLook) endEntry() {
	if l.entry.lines == 0 {
		return
	}
	l.wrong = l.wrong || l.entry.lines < 2
	for _, total := range l.entry.units {
		l.wrong = l.wrong || total != 0
	}
	l.hash(l.entry.id, func(sum, more uint64) uint64 { return sum + more })
	clear(l.entry.units)
	l.entry.lines = 0
}

// head takes an entry itself.
func (l *ledgerLook) head(r row) error {
	var id accountKey
	if err := r.Scan(&id.key, &id.merchant); err != nil {
		return err
	}
	l.rows["entry"]++
	l.hash(id, func(sum, less uint64) uint64 { return sum - less })
	return nil
}

func (l *ledgerLook) hash(id accountKey, with func(sum, of uint64) uint64) {
	for n, seed := range l.seeds {
		l.heads[n] = with(l.heads[n], maphash.Comparable(seed, id))
	}
}

// account compares a balance with its postings.
func (l *ledgerLook) account(r row) error {
	var a accountKey
	var unit string
	var balance int64
	if err := r.Scan(&a.key, &a.merchant, &unit, &balance); err != nil {
		return err
	}
	l.rows["account"]++
	s := l.sums[a]
	if s == nil {
		l.wrong = l.wrong || balance != 0
		return nil
	}
	s.seen = true
	l.wrong = l.wrong || s.total != balance || s.unit != unit
	return nil
}
