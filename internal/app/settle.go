package app

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/settlement"
	"github.com/purserhq/purser/internal/store"
)

// Settlement is the wish to settle what a gateway's file says it has paid out.
type Settlement struct {
	Merchant string
	Gateway  string // the merchant's name for it
	Source   io.Reader
	Name     string // of the file, for the record
	Columns  SettlementColumns
	From     time.Time // what was taken since then must be in the file; zero = since the first payment that is in it
	Until    time.Time // and until then, inclusive; zero = until the last payment that is in it
	Check    bool      // only look: book nothing
	Operator string    // who says that the file is right
	ID       string    // of the record of it; empty = one is minted
}

// Settled is what came of it. The amounts are in the gateway's unit.
type Settled struct {
	ID             string // of the record; empty = there is none of a check
	Rows           int
	Payments       int          // settled now, or ready to be where nothing is booked
	Refunds        int          // the same
	PaymentsBefore int          // settled already
	RefundsBefore  int          // the same
	Taken          money.Amount // of the payments that were settled now: what payers paid
	Fees           money.Amount // what the gateway kept of it
	Returned       money.Amount // of the refunds that were settled now
	From, Until    time.Time    // when what is missing was taken; zero = nobody said and the file names no payment
	Differences    []Difference // in order of lines; what is missing comes last
}

// DifferenceKind says in what a file and the books differ.
type DifferenceKind = settlement.Kind

// The kinds of differences.
const (
	Extra         = settlement.Extra
	Missing       = settlement.Missing
	OtherAmount   = settlement.OtherAmount
	OtherFee      = settlement.OtherFee
	OtherCurrency = settlement.OtherCurrency
	OtherState    = settlement.OtherState
	Repeated      = settlement.Repeated
	Unreadable    = settlement.Unreadable
)

// DifferenceKinds are all of them, in the order in which they are counted.
var DifferenceKinds = settlement.Differences

// Difference is one thing in which a file and the books differ. Nothing is
// booked for it.
type Difference struct {
	Kind    DifferenceKind
	Line    int // of the file; 0 = it is missing there
	Receipt string
	Payment string // ours; empty = none is known
	Ours    string // what the books say
	Theirs  string // what the file says
}

// settledAtOnce bounds how many payments are decided about at the same time:
// the store writes together what waits together.
const settledAtOnce = 32

// settling is one import on its way.
type settling struct {
	Settlement

	app     *App
	gateway candidate

	payers   map[string]bool                 // receipts of payments that the file has named
	payees   map[string]bool                 // ids of refunds that the file has named
	returned map[string][]refund.Refund      // by the gateway's id; nil = not read yet
	mu       sync.Mutex                      // guards what follows
	named    map[string]bool                 // ids of payments that the file has named
	span     struct{ first, last time.Time } // when they were taken
	done     Settled
}

// Settle reads a gateway's settlement file. It moves every payment that the
// file and the books agree on to settled, one by one, books its fee where the
// file is the first to say it, and marks refunds as settled. It lists whatever
// differs and books nothing for it. The same file again changes nothing. What
// came of every row is kept, unless it is a check.
// Errors: parameter_missing without an operator, parameter_invalid when the
// file cannot be read, gateway_not_found, setting_invalid. What was settled
// before an error stays settled.
func (a *App) Settle(ctx context.Context, w Settlement) (Settled, error) {
	w.Name, w.Operator = kept(w.Name), kept(strings.TrimSpace(w.Operator))
	if w.Operator == "" {
		return Settled{}, fault.New(fault.CodeParameterMissing, "operator", "")
	}
	if _, err := a.Merchant(ctx, w.Merchant); err != nil {
		return Settled{}, err
	}
	c, err := a.gatewayOf(ctx, w.Merchant, w.Gateway)
	if err != nil {
		return Settled{}, err
	}
	rows, err := readSettlement(w.Source, w.Columns, c.info.Unit)
	if err != nil {
		return Settled{}, err
	}
	zero := money.Zero(c.info.Unit)
	s := &settling{
		Settlement: w, app: a, gateway: c,
		payers: map[string]bool{}, payees: map[string]bool{}, named: map[string]bool{},
		done: Settled{Taken: zero, Fees: zero, Returned: zero},
	}
	if err := s.begin(ctx); err != nil {
		return Settled{}, err
	}
	err = s.readAll(ctx, rows)
	slices.SortStableFunc(s.done.Differences, func(a, b Difference) int { return cmp.Compare(a.Line, b.Line) })
	if err == nil {
		err = s.findMissing(ctx)
	}
	if err == nil {
		err = s.end(ctx, rows.line)
	}
	return s.done, err
}

// readAll goes through the rows: payments are decided about at the same time,
// refunds one after the other.
func (s *settling) readAll(ctx context.Context, rows *settlementReader) error {
	group, inside := errgroup.WithContext(ctx)
	group.SetLimit(s.app.atOnce(settledAtOnce))
	var err error
	for err == nil && inside.Err() == nil {
		var row settlementRow
		if row, err = rows.next(); err == nil {
			err = s.one(inside, row, group.Go)
		}
	}
	// The first error of the group is the reason of what came after it.
	if wrong := group.Wait(); wrong != nil {
		return wrong
	}
	if err == nil || errors.Is(err, io.EOF) {
		return ctx.Err()
	}
	return err
}

// one decides about a row, or hands it to somebody who does.
func (s *settling) one(ctx context.Context, row settlementRow, hand func(func() error)) error {
	s.done.Rows++
	switch {
	case row.receipt == "":
		s.differs(row, Difference{Kind: row.wrong, Theirs: row.theirs})
	case row.refund:
		return s.refund(ctx, row)
	case row.wrong == "" && s.payers[row.receipt]:
		s.differs(row, Difference{Kind: Repeated, Theirs: "the file names it before"})
	default:
		// What is wrong with a row says nothing against a good one of the same receipt.
		s.payers[row.receipt] = s.payers[row.receipt] || row.wrong == ""
		hand(func() error { return s.payment(ctx, row) })
	}
	return nil
}

// differs lists a difference of a row.
func (s *settling) differs(row settlementRow, d Difference) {
	d.Line, d.Receipt, d.Ours, d.Theirs = row.line, kept(row.receipt), kept(d.Ours), kept(d.Theirs)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done.Differences = append(s.done.Differences, d)
}

// decide makes one decision, and only looks what it would be in a check.
func (s *settling) decide(ctx context.Context, decide func(store.Reader) (store.Change, error)) error {
	if s.Check {
		_, err := decide(s.app.store)
		return err
	}
	return s.app.update(ctx, decide)
}

// note is what an event says of the file.
func (s *settling) note() string { return s.Operator + ": " + s.Name }

// count adds to the totals.
func (s *settling) count(add func(*Settled) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return add(&s.done)
}

// names remembers that the file names a payment, and when it was taken.
func (s *settling) names(p payment.Payment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named[p.ID] = true
	at := p.FinalizedAt
	if p.Attempt.Gateway != s.Gateway || !settleable(p) {
		return
	}
	if s.span.first.IsZero() || at.Before(s.span.first) {
		s.span.first = at
	}
	if at.After(s.span.last) {
		s.span.last = at
	}
}

// partSize is how many payments are read at once.
const partSize = 1000

// findMissing lists the payments that the gateway took in the time of the file
// and that are neither settled nor in the file.
func (s *settling) findMissing(ctx context.Context) error {
	from, until := s.From, s.Until
	if from.IsZero() {
		from = s.span.first
	}
	if until.IsZero() {
		until = s.span.last
	}
	if from.IsZero() || until.IsZero() {
		return nil
	}
	s.done.From, s.done.Until = from, until
	var missing []payment.Payment
	page := store.After{Limit: partSize}
	for {
		part, err := s.app.store.Unsettled(ctx, s.Merchant,
			store.Span{Gateway: s.Gateway, From: from, Until: until}, page)
		if err != nil {
			return err
		}
		for _, p := range part {
			if !s.named[p.ID] {
				missing = append(missing, p)
			}
		}
		if len(part) < partSize {
			break
		}
		page.ID = part[len(part)-1].ID
	}
	slices.SortStableFunc(missing, func(a, b payment.Payment) int { return a.FinalizedAt.Compare(b.FinalizedAt) })
	for _, p := range missing {
		s.done.Differences = append(s.done.Differences, Difference{
			Kind: Missing, Receipt: p.Attempt.Receipt, Payment: p.ID,
			Ours: p.Amount.String() + ", taken " + p.FinalizedAt.Format(time.RFC3339),
		})
	}
	return nil
}
