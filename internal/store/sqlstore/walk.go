package sqlstore

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/store"
)

// The sizes of a walk.
const (
	postingsAtOnce = 2000
	accountsAtOnce = 2000
	thingsAtOnce   = 500
	// walkLag is how old entries are before they are added up: their ids are in
	// order of time, and one that is being committed must not come in behind.
	walkLag = 30 * time.Second
	// walkSums bounds how many accounts are added up at once, so that a walk takes
	// little memory. Where there are more, a pass is about a part of them.
	walkSums = 200_000
	// proofsAtOnce is how many suspicions of one pass are looked into.
	proofsAtOnce = 20
	// partLimit ends a part whose queries hang.
	partLimit = 5 * time.Minute
)

// Walk proves the books again and again in small parts, beside everything else.
// It adds up all postings by account, oldest first, and then compares every
// account with its sum and what came since; payments and invoices are compared
// with what they are made of. What disagrees is proven by a query of its own
// before it is said to be wrong. It holds no snapshot between parts.
type Walk struct {
	db    *DB
	stage int    // of walkStages
	at    cursor // of the stage
	read  cursor // up to which postings are added up
	sums  map[accountKey]*addedUp
	entry entrySum
	// shards is into how many parts the accounts are divided, and shard the one
	// that this pass adds up.
	shards, shard uint64
	suspects      []accountKey
	found         map[string]*store.Finding // by what they check

	mu    sync.Mutex
	proof store.Proof
}

// cursor is where a stage has come to: the key of the last row.
type cursor struct {
	id, merchant string
	line         int64
}

// addedUp is what the postings of one account come to, as far as they are read.
type addedUp struct {
	unit  string
	total int64
	mixed bool // it has postings in another unit
	seen  bool // the account was compared
}

// entrySum is the entry whose postings are being read.
type entrySum struct {
	id    accountKey
	lines int
	units map[string]int64
}

// walkStages are the stages of a pass in their order. Each goes on from its
// cursor and says whether it is at its end.
var walkStages = []func(*Walk, context.Context) (done bool, err error){
	(*Walk).addUp, (*Walk).compareAccounts, (*Walk).proveSuspects,
	func(w *Walk, ctx context.Context) (bool, error) { return w.compareThings(ctx, paymentThings) },
	func(w *Walk, ctx context.Context) (bool, error) { return w.compareThings(ctx, invoiceThings) },
}

// Walk begins a walk through the books. One caller at a time takes its parts;
// anybody may ask how far it has come.
func (d *DB) Walk() *Walk {
	w := &Walk{db: d, shards: 1}
	w.restart()
	return w
}

// Proof is how far the walk has come.
func (w *Walk) Proof() store.Proof {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.proof
}

// Part goes on for about as long as the budget, or to the end of the pass, and
// says whether that was reached.
func (w *Walk) Part(ctx context.Context, budget time.Duration) (passed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, partLimit)
	defer cancel()
	end := w.db.options.Now().Add(budget)
	for {
		done, err := walkStages[w.stage](w, ctx)
		if err != nil {
			return false, fmt.Errorf("walk through the books: %w", w.db.readFault(ctx, err))
		}
		if done {
			w.stage, w.at = w.stage+1, cursor{}
		}
		if w.stage == len(walkStages) {
			w.pass()
			return true, nil
		}
		if !w.db.options.Now().Before(end) {
			w.publish()
			return false, nil
		}
	}
}

// publish shows what this part found. What an earlier pass found stands until
// a whole pass has not found it.
func (w *Walk) publish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.proof.PartAt = w.db.options.Now()
	if wrong := w.wrong(); len(wrong) > 0 {
		w.proof.Wrong = wrong
	}
	w.proof.Rows += w.rows()
}

// pass ends a pass and begins the next.
func (w *Walk) pass() {
	w.publish()
	w.mu.Lock()
	defer w.mu.Unlock()
	// Where the accounts are divided, what another part of them was found to be stands.
	w.proof.Passes++
	last := w.shard == w.shards-1
	if last {
		w.proof.Rounds++
	}
	if last || len(w.wrong()) > 0 {
		w.proof.Wrong = w.wrong()
	}
	w.proof.PassedAt = w.proof.PartAt
	w.shard = (w.shard + 1) % w.shards
	w.restart()
}

// restart begins a pass.
func (w *Walk) restart() {
	w.stage, w.at, w.read, w.entry = 0, cursor{}, cursor{}, entrySum{}
	w.sums, w.suspects = map[accountKey]*addedUp{}, nil
	w.found = map[string]*store.Finding{}
}

// wrong lists what this pass found wrong, in the order of the checks.
func (w *Walk) wrong() []store.Finding {
	var wrong []store.Finding
	for _, c := range walkChecks {
		if f := w.found[c.says]; f != nil && f.Wrong > 0 {
			wrong = append(wrong, *f)
		}
	}
	return wrong
}

// rows counts what was looked at since it was last asked.
func (w *Walk) rows() int64 {
	var n int64
	for _, f := range w.found {
		n += f.Rows
		f.Rows = 0
	}
	return n
}

// look counts rows that a check looked at.
func (w *Walk) look(c walkCheck, n int64) *store.Finding {
	f := w.found[c.says]
	if f == nil {
		f = &store.Finding{ID: c.id, Checks: c.says}
		w.found[c.says] = f
	}
	f.Rows += n
	return f
}

// breaks counts a row that breaks a check.
func (w *Walk) breaks(c walkCheck, example string) {
	f := w.look(c, 0)
	if f.Wrong++; f.Wrong == 1 {
		f.Example = example
	}
}

// mine says that an account is one of those that this pass adds up.
func (w *Walk) mine(a accountKey) bool {
	return w.shards == 1 || maphash.Comparable(seed, a)%w.shards == w.shard
}
