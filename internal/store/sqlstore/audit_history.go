package sqlstore

import (
	"context"
	"errors"
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
	most     int       // so many subjects are remembered at once
	evidence *evidence // what else the look gathers; nil = it is for nobody
}

// chapter is the noun and a state of something.
type chapter struct{ noun, state string }

// lookBack is one look at the events of some subjects.
type lookBack struct {
	*evidence

	// shards is into how many parts the subjects are divided, one look for each.
	shards, shard uint64
	ordered       bool
	last          *remembered // the number of the last state of each subject
	numbers       map[chapter]uint16
	chapters      []chapter
	words         []byte
	moves         map[string]*move
	starts        map[chapter]bool
	allowed       map[[2]chapter]bool
	pairs         map[[2]uint16]bool // what was asked of allowed before
	sequences     map[string]*sequence
	present       map[string]int64 // how many subjects are known, by noun
	invoices      map[string]int64 // by merchant
	disorder      bool
	finding       *historyFindings
}

// move is what an event does, as the words of its noun and its states say.
type move struct {
	from, to   chapter
	after      uint16 // the number of the state after
	mayBegin   bool
	stateless  bool // it is about what may be older than its record, and has no states
	fromNumber uint16
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

// errDisorder says that rows do not lie in the order of their key.
var errDisorder = errors.New("the events lie in no order")

// errFull says that there are more subjects than may be remembered.
var errFull = errors.New("there are more subjects than may be remembered")

// countSubjects counts what there should be to remember, the receipts of payments too.
const countSubjects = `select (select coalesce(sum(invoices), 0) from tally) + (select 2 * count(*) from payment) +
	(select count(*) from refund) + (select count(*) from payout) + (select count(*) from customer) +
	(select count(*) from deal) + (select count(*) from transfer) + (select count(*) from exchange) +
	(select count(*) from market) + (select count(*) from trader) + (select count(*) from requisite)`

// proveAll looks at the events once for every part of the subjects. Where there are
// more of these than may be remembered, they are divided and it begins anew. Events
// lie in their order, nearly always: where they do not it asks for it.
func (h histories) proveAll(ctx context.Context, q snapshot) ([]store.Finding, error) {
	if h.evidence == nil {
		h.evidence = newEvidence(maphash.MakeSeed(), func(int) {})
	}
	var subjects int64
	err := each(ctx, q, countSubjects, func(r row) error { return r.Scan(&subjects) })
	most := min(h.most, int(subjects)+1)
	for shards, ordered := uint64(1), false; err == nil; {
		found := newHistoryFindings()
		for shard := range shards {
			l := h.look(shards, shard, ordered, most, found)
			if err = l.all(ctx, q); err != nil {
				break
			}
		}
		switch {
		case errors.Is(err, errDisorder):
			ordered, err = true, nil
		case errors.Is(err, errFull):
			if err = nil; most == h.most {
				shards *= 2
			}
			most = h.most
		case err == nil:
			return []store.Finding{found.gaps, found.present, found.allowed}, nil
		}
		h.evidence.forget()
	}
	return nil, err
}

// look prepares one.
func (h histories) look(shards, shard uint64, ordered bool, most int, found *historyFindings) *lookBack {
	return &lookBack{
		evidence: h.evidence, shards: shards, shard: shard, ordered: ordered, last: newRemembered(most),
		numbers: map[chapter]uint16{}, moves: map[string]*move{}, starts: starts(), allowed: moves(),
		pairs: map[[2]uint16]bool{}, sequences: map[string]*sequence{}, present: map[string]int64{},
		invoices: map[string]int64{}, finding: found,
	}
}

// all looks at the events, and at what they are about.
func (l *lookBack) all(ctx context.Context, q snapshot) error {
	of := eventScan
	of.ordered = l.ordered
	if err := l.each(ctx, q, of, l.event); err != nil {
		return err
	}
	if l.shard == 0 {
		if err := l.compareCounts(ctx, q); err != nil {
			return err
		}
	}
	return l.things(ctx, q)
}

// eventScan is what is asked of events.
var eventScan = scan{
	events, []string{"seq", "merchant_id", "noun", "subject", "from_state", "to_state"}, false,
}

// event takes the next event.
func (l *lookBack) event(t tuple) error {
	seq, merchant, noun, subject := t[0].number, t[1].text, t[2].text, t[3].text
	if l.shard == 0 {
		l.finding.gaps.Rows++
		if l.number(merchant, seq); l.disorder && !l.ordered {
			return errDisorder
		}
	}
	key, mine := l.key(noun, subject, merchant)
	if !mine {
		return nil
	}
	m := l.move(noun, t[4].text, t[5].text)
	if m.stateless {
		return nil
	}
	before, known := l.last.put(key, m.after)
	if !known && l.last.full() {
		return errFull
	}
	if !known {
		l.present[m.to.noun]++
	}
	l.finding.allowed.Rows++
	l.finding.present.Rows++
	if known && (before != m.fromNumber || !l.may(before, m.after)) || !known && !m.mayBegin {
		note(&l.finding.allowed, m.to.noun+" "+string(subject))
	}
	return nil
}

// key is a subject, and whether it is among those of this look.
func (l *lookBack) key(noun, subject, merchant []byte) (uint64, bool) {
	const middle = 32 // the lower bits are its place
	key := l.of('s', noun, subject, merchant)
	return key, key>>middle%l.shards == l.shard
}

// move finds what the words say; there are some dozens.
func (l *lookBack) move(noun, from, to []byte) *move {
	l.words = append(append(append(append(append(l.words[:0], noun...), 0), from...), 0), to...)
	m := l.moves[string(l.words)]
	if m == nil {
		m = &move{from: chapter{string(noun), string(from)}, to: chapter{string(noun), string(to)}}
		m.after, m.fromNumber = l.numberOf(m.to), l.numberOf(m.from)
		m.mayBegin = m.from.state == "" && l.starts[m.to]
		m.stateless = event.Noun(m.to.noun).Administered()
		l.moves[string(l.words)] = m
	}
	return m
}

// numberOf is that of a noun and a state.
func (l *lookBack) numberOf(c chapter) uint16 {
	n, ok := l.numbers[c]
	if !ok {
		n = uint16(len(l.chapters)) //nolint:gosec // there are some dozens
		l.numbers[c], l.chapters = n, append(l.chapters, c)
	}
	return n
}

// number takes the next number of a merchant.
func (l *lookBack) number(merchant []byte, seq int64) {
	s := l.sequences[string(merchant)]
	if s == nil {
		s = &sequence{next: 1}
		l.sequences[string(merchant)] = s
	}
	if seq != s.next && !s.broken {
		s.broken, l.disorder = true, true
		note(&l.finding.gaps, string(merchant))
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

// may says whether a state allows another; what was asked before is remembered.
func (l *lookBack) may(before, after uint16) bool {
	if before == after {
		return true
	}
	pair := [2]uint16{before, after}
	allowed, asked := l.pairs[pair]
	if !asked {
		allowed = l.allowed[[2]chapter{l.chapters[before], l.chapters[after]}]
		l.pairs[pair] = allowed
	}
	return allowed
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
