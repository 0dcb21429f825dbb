package sqlstore

import (
	"context"
	"errors"
	"hash/maphash"
	"maps"
	"slices"
	"sync"

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
	receipts      *remembered // those of collected payments
	moves         moveList
	spare         chan *deeds
	allowed       map[[2]chapter]bool
	pairs         map[[2]uint16]bool // what was asked of allowed before
	sequences     map[string]*sequence
	present       map[string]int64 // how many subjects are known, by noun
	invoices      map[string]int64 // by merchant
	finding       *historyFindings
}

// witness is one of the readers of a look.
type witness struct {
	*evidence

	look     *lookBack
	words    []byte
	moves    map[string]*move
	recent   [32]*move // by the lengths of their words
	invoices map[string]int64
	absent   store.Finding // what is not in its present state

	// Of a part of the things of a table. What is looked up is looked up together: then
	// a processor waits for many places of the memory at once.
	known    int64 // how many have events, in all parts
	present  []presence
	texts    []byte   // their ids and states
	owners   []uint64 // what they belong to
	attempt  [2][]byte
	receipts []uint64
}

// presence is a thing, whose id and state end there in the texts.
type presence struct {
	subject   uint64
	id, state int
}

// move is what an event does, as the words of its noun and its states say.
type move struct {
	from, to   chapter
	number     uint32
	after      uint16 // the number of the state after
	mayBegin   bool
	stateless  bool // it is about what may be older than its record, and has no states
	fromNumber uint16
}

// moveList numbers moves, of which there are some dozens, and the states.
type moveList struct {
	starts   map[chapter]bool
	mu       sync.Mutex
	all      []*move
	known    map[string]*move
	numbers  map[chapter]uint16
	chapters []chapter
}

// deed is what an event did: to a subject, whose name ends there in the texts.
type deed struct {
	subject    uint64
	move, ends uint32
}

// deeds are those of a part, in their order.
type deeds struct {
	all       []deed
	texts     []byte
	sequences map[string]*sequence
	rows      int64
}

// sequence is how far the events of a merchant are numbered without a gap.
type sequence struct {
	first, next, counted int64
	broken               bool
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

// room is how much may be remembered.
type room struct{ subjects, receipts int }

// roomFor is for as much as there can be, and no more than may be: everything has an event, and
// an invoice and its payment have one each. Counting would read what lies all over the disk.
func (h histories) roomFor(ctx context.Context, q querier) (room, error) {
	var events, invoices int64
	err := each(ctx, q, "select coalesce(sum(events), 0), coalesce(sum(invoices), 0) from tally",
		func(r row) error { return r.Scan(&events, &invoices) })
	atMost := func(n int64) int { return int(max(0, min(int64(h.most-1), n))) + 1 }
	return room{subjects: atMost(events), receipts: atMost(events - invoices)}, err
}

// proveAll looks at the events once for every part of the subjects. Where there are
// more of these than may be remembered, they are divided and it begins anew. Events
// lie in their order, nearly always: where they do not it asks for it.
func (h histories) proveAll(ctx context.Context, q source) ([]store.Finding, error) {
	if h.evidence == nil {
		h.evidence = newEvidence(maphash.MakeSeed(), func(int) {})
	}
	r, err := h.roomFor(ctx, q)
	for shards, ordered := uint64(1), false; err == nil; {
		found := newHistoryFindings()
		for shard := range shards {
			l := h.look(shards, shard, ordered, r, found)
			if err = l.all(ctx, q); err != nil {
				break
			}
		}
		most := room{h.most, h.most}
		switch {
		case errors.Is(err, errDisorder):
			ordered, err = true, nil
		case errors.Is(err, errFull):
			if err = nil; r == most {
				shards *= 2
			}
			r = most
		case err == nil:
			return []store.Finding{found.gaps, found.present, found.allowed}, nil
		}
		h.evidence.forget()
	}
	return nil, err
}

// look prepares one.
func (h histories) look(shards, shard uint64, ordered bool, r room, found *historyFindings) *lookBack {
	return &lookBack{
		evidence: h.evidence, shards: shards, shard: shard, ordered: ordered, last: newRemembered(r.subjects),
		receipts: newRemembered(r.receipts), allowed: moves(),
		moves: moveList{starts: starts(), known: map[string]*move{}, numbers: map[chapter]uint16{}},
		pairs: map[[2]uint16]bool{}, sequences: map[string]*sequence{}, present: map[string]int64{},
		invoices: map[string]int64{}, finding: found, spare: make(chan *deeds, 1<<8),
	}
}

// all looks at the events, and at what they are about.
func (l *lookBack) all(ctx context.Context, q source) error {
	readers := make([]*witness, q.readers())
	for n, e := range l.forReaders(q) {
		readers[n] = &witness{evidence: e, look: l, moves: map[string]*move{}, invoices: map[string]int64{}}
	}
	of := eventScan
	of.ordered = l.ordered
	if err := inParts(ctx, q, []scan{of}, func(_ context.Context, reader int, part []stream) (*deeds, error) {
		return readers[reader].events(part[0])
	}, l.take); err != nil {
		return err
	}
	if l.shard == 0 {
		if err := l.compareCounts(ctx, q); err != nil {
			return err
		}
	}
	err := l.things(ctx, q, readers)
	for _, w := range readers {
		if l.shard > 0 {
			clear(w.rows) // they were counted before
		}
		l.plus(w.evidence)
	}
	return err
}

// eventScan is what is asked of events.
var eventScan = scan{
	events, []string{"seq", "merchant_id", "noun", "subject", "from_state", "to_state"}, false,
}

// events reads those of a part.
func (w *witness) events(part stream) (*deeds, error) {
	d := w.look.nothing()
	return d, w.each(part, eventScan, func(t tuple) error {
		seq, merchant, noun, subject := t[0].number, t[1].text, t[2].text, t[3].text
		if w.look.shard == 0 {
			d.rows++
			d.number(merchant, seq)
		}
		key, mine := w.key(noun, subject, merchant)
		if !mine {
			return nil
		}
		if m := w.move(noun, t[4].text, t[5].text); !m.stateless {
			d.texts = append(d.texts, subject...)
			d.all = append(d.all, deed{key, m.number, uint32(len(d.texts))}) //nolint:gosec // a part is small
		}
		return nil
	})
}

// nothing is no deeds yet, in buffers that were used before.
func (l *lookBack) nothing() *deeds {
	select {
	case d := <-l.spare:
		clear(d.sequences)
		d.all, d.texts, d.rows = d.all[:0], d.texts[:0], 0
		return d
	default:
		return &deeds{sequences: map[string]*sequence{}}
	}
}

// take goes through the next events.
func (l *lookBack) take(d *deeds) error {
	if l.finding.gaps.Rows += d.rows; l.join(d.sequences) && !l.ordered {
		return errDisorder
	}
	moves := l.moves.list()
	begins := uint32(0)
	const together = 64
	for n, of := range d.all {
		if n%together == 0 {
			for _, next := range d.all[n:min(n+together, len(d.all))] {
				l.last.soon(next.subject)
			}
		}
		m := moves[of.move]
		before, known := l.last.put(of.subject, m.after)
		if !known {
			if l.last.full() {
				return errFull
			}
			l.present[m.to.noun]++
		}
		if known && (before != m.fromNumber || !l.may(before, m.after)) || !known && !m.mayBegin {
			note(&l.finding.allowed, m.to.noun+" "+string(d.texts[begins:of.ends]))
		}
		begins = of.ends
	}
	l.finding.allowed.Rows += int64(len(d.all))
	l.finding.present.Rows += int64(len(d.all))
	select {
	case l.spare <- d:
	default:
	}
	return nil
}

// key is a subject, and whether it is among those of this look.
func (w *witness) key(noun, subject, merchant []byte) (uint64, bool) {
	key := w.of('s', noun, subject, merchant)
	return key, w.look.has(key)
}

// has says that something is among what this look is about.
func (l *lookBack) has(key uint64) bool {
	const middle = 32 // the lower bits are its place
	return key>>middle%l.shards == l.shard
}

// move finds what the words say.
func (w *witness) move(noun, from, to []byte) *move {
	recent := &w.recent[(len(noun)+3*len(from)+7*len(to))%len(w.recent)]
	if m := *recent; m != nil && m.is(noun, from, to) {
		return m
	}
	w.words = append(append(append(append(append(w.words[:0], noun...), 0), from...), 0), to...)
	m := w.moves[string(w.words)]
	if m == nil {
		m = w.look.moves.move(string(w.words), chapter{string(noun), string(from)}, chapter{string(noun), string(to)})
		w.moves[string(w.words)] = m
	}
	*recent = m
	return m
}

// is says that it is what the words say.
func (m *move) is(noun, from, to []byte) bool {
	return string(noun) == m.to.noun && string(from) == m.from.state && string(to) == m.to.state
}

// move finds it or makes it.
func (l *moveList) move(words string, from, to chapter) *move {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.known[words]
	if m == nil {
		m = &move{from: from, to: to, number: uint32(len(l.all))} //nolint:gosec // there are some dozens
		m.after, m.fromNumber = l.numberOf(to), l.numberOf(from)
		m.mayBegin = from.state == "" && l.starts[to]
		m.stateless = event.Noun(to.noun).Administered()
		l.known[words], l.all = m, append(l.all, m)
	}
	return m
}

// list is all moves that were found so far, which stay as they are.
func (l *moveList) list() []*move {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

// states are all that were found so far, by their numbers.
func (l *moveList) states() []chapter {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.chapters
}

// numberOf is that of a noun and a state.
func (l *moveList) numberOf(c chapter) uint16 {
	n, ok := l.numbers[c]
	if !ok {
		n = uint16(len(l.chapters)) //nolint:gosec // there are some dozens
		l.numbers[c], l.chapters = n, append(l.chapters, c)
	}
	return n
}

// number takes the next number of a merchant.
func (d *deeds) number(merchant []byte, seq int64) {
	s := d.sequences[string(merchant)]
	if s == nil {
		s = &sequence{first: seq, next: seq}
		d.sequences[string(merchant)] = s
	}
	s.broken = s.broken || seq != s.next
	s.next = seq + 1
	s.counted++
}

// join adds the numbers of a part, and says whether they are out of order.
func (l *lookBack) join(part map[string]*sequence) (disorder bool) {
	for merchant, next := range part {
		s := l.sequences[merchant]
		if s == nil {
			s = &sequence{next: 1}
			l.sequences[merchant] = s
		}
		if (next.broken || next.first != s.next) && !s.broken {
			s.broken, disorder = true, true
			note(&l.finding.gaps, merchant)
		}
		s.next = next.next
		s.counted += next.counted
	}
	return disorder
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
		chapters := l.moves.states()
		allowed = l.allowed[[2]chapter{chapters[before], chapters[after]}]
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
