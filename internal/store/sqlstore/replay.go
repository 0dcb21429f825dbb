package sqlstore

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// want is what a batch asks the database before it decides: keys to claim,
// numbers to count on, and versions and balances to read.
type want struct {
	tallies  []record // by merchant: how many events and invoices the batch adds if nothing is rejected
	claims   []record // the first claim of each key
	answers  []record // the first answer under each key
	versions map[*table][]nounKey
	floors   []accountKey // accounts that some change takes from what must be there
}

// wish collects what a batch asks. A new noun is not looked up: that its key is
// free is checked by the key itself, and only where that failed, carefully,
// beforehand.
func wish(orders []*order, carefully bool) want {
	w := want{versions: make(map[*table][]nounKey)}
	tally := make(map[string]record)
	seen := wanted{
		claims: make(map[claimKey]bool, len(orders)), nouns: make(map[nounKey]bool, len(orders)),
		accounts: make(map[accountKey]bool, len(orders)),
	}
	for _, o := range orders {
		t, ok := tally[o.merchant]
		if !ok {
			t = record{o.merchant, int64(0), int64(0)}
			tally[o.merchant] = t
		}
		t[1], t[2] = t[1].(int64)+int64(len(o.events)), t[2].(int64)+o.invoices
		w.ask(o, carefully, seen)
	}
	// Every node takes the merchants in the same order, and so none waits for
	// another that waits for it.
	for _, merchant := range slices.Sorted(maps.Keys(tally)) {
		w.tallies = append(w.tallies, tally[merchant])
	}
	return w
}

// wanted is what a batch asks for already.
type wanted struct {
	claims   map[claimKey]bool
	nouns    map[nounKey]bool
	accounts map[accountKey]bool
}

// unseen says that nobody saw the key before.
func unseen[K comparable](seen map[K]bool, key K) bool {
	again := seen[key]
	seen[key] = true
	return !again
}

// ask adds what one order asks for the first time.
func (w *want) ask(o *order, carefully bool, seen wanted) {
	for _, c := range o.claims {
		if unseen(seen.claims, keyOf(c)) {
			w.claims = append(w.claims, claimRecord(c))
		}
	}
	if o.answer != nil && unseen(seen.claims, o.answerKey()) {
		w.answers = append(w.answers, o.answer)
	}
	for _, n := range o.nouns {
		if (n.read > 0 || carefully) && unseen(seen.nouns, n.nounKey) {
			w.versions[n.table] = append(w.versions[n.table], n.nounKey)
		}
	}
	for _, m := range o.movements {
		if m.covered && m.steps < 0 && unseen(seen.accounts, m.accountKey) {
			w.floors = append(w.floors, m.accountKey)
		}
	}
}

// keyOf is what a claim makes unique.
func keyOf(c store.Claim) claimKey { return claimKey{c.Key, string(c.Kind), c.Merchant} }

// claimRecord writes a claim.
func claimRecord(c store.Claim) record { return record{c.Key, string(c.Kind), c.Merchant, c.Subject} }

// answerKey is what the answer's key makes unique.
func (o *order) answerKey() claimKey {
	if o.answer == nil {
		return claimKey{}
	}
	return claimKey{o.answer[0].(string), answerKind, o.merchant}
}

// count is how many events and invoices a merchant has.
type count struct {
	events, invoices int64
}

// known is what the database said.
type known struct {
	counts   map[string]count // by merchant, before this batch
	fresh    map[claimKey]bool
	versions map[nounKey]int64
	balances map[accountKey]int64
}

// newKnown makes an empty answer.
func newKnown(w want) known {
	versions := 0
	for _, wanted := range w.versions {
		versions += len(wanted)
	}
	return known{
		counts: make(map[string]count, len(w.tallies)), fresh: make(map[claimKey]bool, len(w.claims)+len(w.answers)),
		versions: make(map[nounKey]int64, versions), balances: make(map[accountKey]int64, len(w.floors)),
	}
}

// plan is what remains to be written after the replay, table by table.
type plan struct {
	accepted int
	results  []error // one per order

	dropClaims, addClaims   []record // where the first to claim a key was rejected
	dropAnswers, addAnswers []record
	lower                   []record // tallies that counted on rejected changes: by how much
	inserts, updates        map[*table][]record
	postings, entries       []record
	events                  []record
	accounts                []record              // with what is added to each balance
	moved                   map[accountKey]*moved // what is done to each account, summed up
}

// replay decides the changes of one batch in their order.
type replay struct {
	known
	plan
	holders map[claimKey]*holder
	rows    map[nounKey]planned
	lost    map[string]record
	orders  []*order
}

// holder is whose a key is.
type holder struct {
	first int // the order for which it was claimed in the database
	owner int // the accepted order that holds it; -1 = none
}

// planned is where an accepted noun stands among inserts or updates.
type planned struct {
	at    int
	isNew bool
}

// moved is what all accepted changes of a batch do to an account.
type moved struct {
	movement
	needs int64 // the least balance before them with which all that takes can be made true
}

// decide replays a batch against what the database said and plans the writes.
// A rejected change leaves nothing behind.
func decide(orders []*order, k known) plan {
	r := &replay{
		known: k, orders: orders,
		plan: plan{
			results: make([]error, len(orders)),
			inserts: make(map[*table][]record), updates: make(map[*table][]record),
			moved: make(map[accountKey]*moved, len(orders)),
		},
		holders: make(map[claimKey]*holder, len(orders)), rows: make(map[nounKey]planned, len(orders)),
		lost: make(map[string]record),
	}
	for i, o := range orders {
		r.note(i, o)
		if err := r.check(o); err != nil {
			r.results[i] = err
			r.reject(o)
			continue
		}
		r.accept(i, o)
	}
	r.finish()
	return r.plan
}

// note remembers for which order each key was claimed in the database.
func (r *replay) note(i int, o *order) {
	for _, c := range o.claims {
		r.noteKey(i, keyOf(c))
	}
	if o.answer != nil {
		r.noteKey(i, o.answerKey())
	}
}

func (r *replay) noteKey(i int, key claimKey) {
	if r.holders[key] == nil {
		r.holders[key] = &holder{first: i, owner: -1}
	}
}

// checkVersions compares the versions of the nouns that were read, or of those
// that are new.
func (r *replay) checkVersions(o *order, ofNew bool) error {
	for _, n := range o.nouns {
		if (n.read == 0) == ofNew && r.versions[n.nounKey] != n.read {
			return fault.New(fault.CodeVersionConflict, n.table.name, "")
		}
	}
	return nil
}

// check says why a change cannot be made true, or nil. Something that was
// changed since it was read comes first: whoever reads again also sees what
// took the key. Something new that is not new comes after the keys, because
// it is looked up only in a batch that failed.
func (r *replay) check(o *order) error {
	if err := r.checkVersions(o, false); err != nil {
		return err
	}
	for i, c := range o.claims {
		if r.claimed(keyOf(c)) || slices.ContainsFunc(o.claims[:i], func(b store.Claim) bool {
			return keyOf(b) == keyOf(c)
		}) {
			return fault.New(fault.CodeDuplicate, string(c.Kind), "")
		}
	}
	if o.answer != nil && r.claimed(o.answerKey()) {
		return fault.New(fault.CodeDuplicate, answerKind, "")
	}
	if err := r.checkVersions(o, true); err != nil {
		return err
	}
	for _, m := range o.movements {
		var before int64
		if all := r.moved[m.accountKey]; all != nil {
			before = all.steps
		}
		sum, ok := plus(before, m.steps)
		if !ok {
			return fault.New(fault.CodeAmountOverflow, "amount", "")
		}
		// What is not known of the balance is not needed: nothing is taken.
		if m.covered && m.steps < 0 && r.balances[m.accountKey] < -sum {
			return fault.New(fault.CodeInsufficientFunds, string(m.account.Role), "")
		}
	}
	return nil
}

// claimed says that a key is taken, in the database or by an earlier change.
func (r *replay) claimed(key claimKey) bool {
	return r.holders[key].owner >= 0 || !r.fresh[key]
}

// plus adds, unless the sum does not fit.
func plus(a, b int64) (int64, bool) {
	if (b > 0 && a > math.MaxInt64-b) || (b < 0 && a < math.MinInt64-b) {
		return 0, false
	}
	return a + b, true
}

// reject takes back what the tally counted on.
func (r *replay) reject(o *order) {
	t, ok := r.lost[o.merchant]
	if !ok {
		t = record{o.merchant, int64(0), int64(0)}
		r.lost[o.merchant] = t
	}
	t[1], t[2] = t[1].(int64)+int64(len(o.events)), t[2].(int64)+o.invoices
}

// accept plans all that a change writes.
func (r *replay) accept(i int, o *order) {
	r.accepted++
	for _, c := range o.claims {
		r.holders[keyOf(c)].owner = i
	}
	if o.answer != nil {
		r.holders[o.answerKey()].owner = i
	}
	counted := r.counts[o.merchant]
	for _, n := range o.nouns {
		if n.row == nil {
			continue
		}
		r.versions[n.nounKey] = n.read + 1
		if n.table == invoices && n.read == 0 {
			counted.invoices++
			n.row[numberColumn] = counted.invoices
		}
		r.put(n)
	}
	for _, m := range o.movements {
		r.move(m)
	}
	for _, e := range o.events {
		counted.events++
		e[0] = counted.events
	}
	r.counts[o.merchant] = counted
	r.events = append(r.events, o.events...)
	r.entries = append(r.entries, o.entries...)
	r.postings = append(r.postings, o.postings...)
}

// move adds up what is done to an account.
func (r *replay) move(m movement) {
	all := r.moved[m.accountKey]
	if all == nil {
		all = &moved{movement: m}
		r.moved[m.accountKey] = all
	} else {
		all.steps += m.steps
	}
	if m.covered && m.steps < 0 {
		all.needs = max(all.needs, -all.steps)
	}
}

// put plans one noun. A second write of the same noun in one batch takes the
// place of the first.
func (r *replay) put(n nounRow) {
	p, again := r.rows[n.nounKey]
	if !again {
		p.isNew = n.read == 0
	}
	rows := r.updates
	if p.isNew {
		rows = r.inserts
	}
	if again {
		n.table.keep(rows[n.table][p.at], n.row)
		rows[n.table][p.at] = n.row
		return
	}
	p.at = len(rows[n.table])
	r.rows[n.nounKey] = p
	rows[n.table] = append(rows[n.table], n.row)
}

// finish plans what depends on the whole batch.
func (r *replay) finish() {
	for key, h := range r.holders {
		if r.fresh[key] && h.owner != h.first {
			r.correct(key, *h)
		}
	}
	for _, merchant := range slices.Sorted(maps.Keys(r.lost)) {
		r.lower = append(r.lower, r.lost[merchant])
	}
	for _, m := range slices.SortedFunc(maps.Values(r.moved), func(a, b *moved) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.merchant, b.merchant))
	}) {
		var floor any
		if m.account.Floored() {
			floor = int64(0)
		}
		r.accounts = append(r.accounts, record{
			m.key, m.merchant, string(m.account.Role), m.account.Owner, string(m.account.Unit), floor, m.steps,
		})
	}
}

// correct gives a key, which was claimed for an order that was then rejected,
// to the order that holds it instead, or to nobody.
func (r *replay) correct(key claimKey, h holder) {
	if key.kind == answerKind {
		r.dropAnswers = append(r.dropAnswers, r.orders[h.first].answer[:answers.key])
		if h.owner >= 0 {
			r.addAnswers = append(r.addAnswers, r.orders[h.owner].answer)
		}
		return
	}
	r.dropClaims = append(r.dropClaims, record{key.key, key.kind, key.merchant})
	if h.owner < 0 {
		return
	}
	for _, c := range r.orders[h.owner].claims {
		if keyOf(c) == key {
			r.addClaims = append(r.addClaims, claimRecord(c))
		}
	}
}
