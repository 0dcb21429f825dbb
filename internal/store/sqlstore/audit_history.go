package sqlstore

import (
	"context"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fsm"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// histories proves the feed and the history of states, in one look at all events in
// their order. There are more of them than of anything else: a query that sorts
// them by what they are about takes most of an audit.
type histories struct {
	shards uint64 // into how many parts the subjects are divided, one look for each
	most   int    // so many subjects are remembered at once
}

// subjectsAtOnce bounds the memory of a look, at about 40 bytes each.
const subjectsAtOnce = 4 << 20

// chapter is the noun and a state of something.
type chapter struct{ noun, state string }

// lookBack is one look at the events of some subjects.
type lookBack struct {
	seed      maphash.Seed
	shards    uint64
	shard     uint64
	last      map[uint64]uint16 // the number of the last state of each subject, by a hash of the subject
	numbers   map[chapter]uint16
	chapters  []chapter
	starts    map[chapter]bool
	moves     map[[2]uint16]bool
	allowed   map[[2]chapter]bool
	sequences map[string]*sequence // by merchant
	finding   *historyFindings
}

// sequence is how far the events of a merchant are numbered without a gap.
type sequence struct {
	next, counted int64
	broken        bool
}

// historyFindings are what is found, check by check.
type historyFindings struct{ gaps, present, allowed store.Finding }

func newHistoryFindings() *historyFindings {
	return &historyFindings{
		gaps:    store.Finding{ID: "I9", Checks: "the events of every merchant are numbered without a gap"},
		present: store.Finding{ID: "I9", Checks: "the last event of everything has its present state"},
		allowed: store.Finding{ID: "I11", Checks: "every change of a state is one that the state allows"},
	}
}

// note counts a row that breaks a check.
func note(f *store.Finding, example string) {
	if f.Wrong++; f.Wrong == 1 || example < f.Example {
		f.Example = example
	}
}

// proveAll looks at the events once for every part of the subjects. Where there are
// more of these than may be remembered, they are divided and it begins anew.
func (h histories) proveAll(ctx context.Context, q querier) ([]store.Finding, error) {
	for shards := max(h.shards, 1); ; shards *= 2 {
		found := newHistoryFindings()
		full := false
		for shard := uint64(0); shard < shards && !full; shard++ {
			l := newLookBack(shards, shard, found)
			if err := l.events(ctx, q, h.most); err != nil {
				return nil, err
			}
			if full = len(l.last) > h.most; full {
				continue
			}
			if err := l.compare(ctx, q); err != nil {
				return nil, err
			}
		}
		if !full {
			return []store.Finding{found.gaps, found.present, found.allowed}, nil
		}
	}
}

// newLookBack prepares a look. The hash is another one each time, so that nobody can
// choose names which it takes for one another.
func newLookBack(shards, shard uint64, found *historyFindings) *lookBack {
	l := &lookBack{
		seed: maphash.MakeSeed(), shards: shards, shard: shard, last: map[uint64]uint16{},
		numbers: map[chapter]uint16{}, starts: starts(), moves: map[[2]uint16]bool{}, allowed: moves(),
		sequences: map[string]*sequence{}, finding: found,
	}
	if shards > 1 { // the parts must be the same in every look
		l.seed = seed
	}
	return l
}

// number is that of a noun and a state.
func (l *lookBack) number(c chapter) uint16 {
	n, ok := l.numbers[c]
	if !ok {
		n = uint16(len(l.chapters)) //nolint:gosec // there are some dozens
		l.numbers[c], l.chapters = n, append(l.chapters, c)
	}
	return n
}

// key is a subject, and whether it is among those of this look.
func (l *lookBack) key(noun, subject, merchant string) (uint64, bool) {
	key := maphash.Comparable(l.seed, [3]string{noun, subject, merchant})
	return key, key%l.shards == l.shard
}

// events goes through all of them.
func (l *lookBack) events(ctx context.Context, q querier, most int) error {
	const all = "select seq, merchant_id, noun, subject, from_state, to_state from event order by seq, merchant_id"
	err := each(ctx, q, all, func(r row) error {
		var seq int64
		var merchant, noun, subject, from, to string
		if err := r.Scan(&seq, &merchant, &noun, &subject, &from, &to); err != nil {
			return err
		}
		if l.shard == 0 {
			l.finding.gaps.Rows++
			l.count(merchant, seq)
		}
		if event.Noun(noun).Administered() {
			return nil // it may be older than its record, and has no states
		}
		if key, mine := l.key(noun, subject, merchant); mine && len(l.last) <= most {
			l.step(key, chapter{noun, from}, chapter{noun, to}, subject)
		}
		return nil
	})
	if err != nil || l.shard != 0 {
		return err
	}
	return l.compareCounts(ctx, q)
}

// count takes the next event of a merchant.
func (l *lookBack) count(merchant string, seq int64) {
	s := l.sequences[merchant]
	if s == nil {
		s = &sequence{next: 1}
		l.sequences[merchant] = s
	}
	if seq != s.next && !s.broken {
		s.broken = true
		note(&l.finding.gaps, merchant)
	}
	s.next = seq + 1
	s.counted++
}

// compareCounts compares what is counted of every merchant with the events.
func (l *lookBack) compareCounts(ctx context.Context, q querier) error {
	return each(ctx, q, "select merchant_id, events from tally", func(r row) error {
		var merchant string
		var events, counted int64
		if err := r.Scan(&merchant, &events); err != nil {
			return err
		}
		if s := l.sequences[merchant]; s != nil {
			counted = s.counted
		}
		if counted != events {
			note(&l.finding.gaps, merchant)
		}
		return nil
	})
}

// step takes the next event of a subject.
func (l *lookBack) step(key uint64, from, to chapter, subject string) {
	l.finding.allowed.Rows++
	l.finding.present.Rows++
	before, known := l.last[key]
	after := l.number(to)
	l.last[key] = after
	if !known {
		if from.state != "" || !l.starts[to] {
			note(&l.finding.allowed, to.noun+" "+subject)
		}
		return
	}
	if l.chapters[before] != from || (before != after && !l.may(before, after)) {
		note(&l.finding.allowed, to.noun+" "+subject)
	}
}

// may says whether a state allows another; what was asked before is remembered.
func (l *lookBack) may(before, after uint16) bool {
	pair := [2]uint16{before, after}
	allowed, asked := l.moves[pair]
	if !asked {
		allowed = l.allowed[[2]chapter{l.chapters[before], l.chapters[after]}]
		l.moves[pair] = allowed
	}
	return allowed
}

// compare compares the present state of everything that has one with its last event.
func (l *lookBack) compare(ctx context.Context, q querier) error {
	for _, t := range []*table{invoices, payments, refunds, payouts, customers, deals} {
		err := each(ctx, q, "select id, merchant_id, state from "+t.name, func(r row) error {
			var id, merchant, state string
			if err := r.Scan(&id, &merchant, &state); err != nil {
				return err
			}
			key, mine := l.key(t.name, id, merchant)
			if !mine {
				return nil
			}
			if last, known := l.last[key]; !known || l.chapters[last].state != state {
				note(&l.finding.present, id)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// starts are the states in which things begin. A payment or refund may be on its way
// already when it is first written down.
func starts() map[chapter]bool {
	all := map[chapter]bool{}
	for _, c := range []chapter{
		{string(event.Invoice), string(invoice.Open)},
		{string(event.Payment), string(payment.Waiting)},
		{string(event.Payment), string(payment.Processing)},
		{string(event.Refund), string(refund.Requested)},
		{string(event.Refund), string(refund.Processing)},
		{string(event.Payout), string(payout.Requested)},
		{string(event.Deal), string(deal.TransferWaiting)},
		{string(event.Customer), string(wallet.Active)},
		{string(event.Transfer), string(wallet.Completed)},
		{string(event.Exchange), string(wallet.Completed)},
		{string(event.Market), string(wallet.Priced)},
		{string(event.Trader), string(deal.Active)},
		{string(event.Requisite), string(deal.Active)},
		{string(event.Requisite), string(deal.Disabled)},
	} {
		all[c] = true
	}
	return all
}

// moves are every move that the tables of states allow.
func moves() map[[2]chapter]bool {
	all := map[[2]chapter]bool{}
	edges(all, event.Invoice, invoice.States)
	edges(all, event.Payment, payment.States)
	edges(all, event.Refund, refund.States)
	edges(all, event.Payout, payout.States)
	edges(all, event.Deal, deal.States)
	edges(all, event.Customer, wallet.States)
	for _, noun := range []event.Noun{event.Trader, event.Requisite} { // only switched off and on
		on, off := chapter{string(noun), string(deal.Active)}, chapter{string(noun), string(deal.Disabled)}
		all[[2]chapter{on, off}], all[[2]chapter{off, on}] = true, true
	}
	return all
}

// edges adds the moves of one table.
func edges[S, T ~string](all map[[2]chapter]bool, noun event.Noun, states fsm.Table[S, T]) {
	for _, from := range states.States() {
		for _, to := range slices.Sorted(maps.Values(states[from])) {
			all[[2]chapter{{string(noun), string(from)}, {string(noun), string(to)}}] = true
		}
	}
}
