package sqlstore

import (
	"context"
	"slices"
	"strconv"

	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/wallet"
)

// thing is a table of things that have a present state, and what else is gathered from
// its rows. The first columns are the same of all.
type thing struct {
	scan
	look func(*witness, tuple)
}

// Where the columns of all things are.
const (
	thingID = iota
	thingMerchant
	thingState
	thingMore
)

// stateful makes a thing.
func stateful(t *table, look func(*witness, tuple), more ...string) thing {
	return thing{scan{t, append([]string{"id", "merchant_id", "state"}, more...), false}, look}
}

// allThings are in an order in which what they belong to comes after them.
var allThings = []thing{
	stateful(payments, (*witness).payment, "invoice_id", "unit", "amount", "refunded", "in_return", "reserved",
		"released", "detail"),
	stateful(invoices, (*witness).invoice, "unit", "amount", "captured", "reserved", "number", "verify_by"),
	stateful(refunds, (*witness).refund, "payment_id", "source", "amount"),
	stateful(payouts, func(w *witness, _ tuple) { w.doubts |= doubtPayouts }),
	stateful(customers, func(*witness, tuple) {}),
	stateful(deals, func(w *witness, t tuple) { w.doubtIf(len(t[thingMore].text) > 0, doubtPayouts) }, "payout_id"),
}

// things compares the present state of everything that has one with its last event, and
// gathers what checks ask of it.
func (l *lookBack) things(ctx context.Context, q source, readers []*witness) error {
	states := l.moves.states()
	for _, of := range allThings {
		if err := l.thing(ctx, q, readers, of, states); err != nil {
			return err
		}
	}
	for _, w := range readers {
		if w.absent.Wrong > 0 {
			note(&l.finding.present, w.absent.Example)
			l.finding.present.Wrong += w.absent.Wrong - 1
		}
	}
	if l.shard != 0 {
		return nil
	}
	if err := l.countInvoices(ctx, q, readers); err != nil {
		return err
	}
	return l.others(ctx, q, readers)
}

// thing looks at the rows of one table.
func (l *lookBack) thing(ctx context.Context, q source, readers []*witness, of thing, states []chapter) error {
	noun := []byte(of.table.name)
	err := inParts(ctx, q, []scan{of.scan}, func(_ context.Context, reader int, part []stream) ([]uint64, error) {
		w := readers[reader]
		w.receipts = nil
		err := w.each(part[0], of.scan, func(t tuple) error {
			w.thing(noun, t)
			of.look(w, t)
			return nil
		})
		w.lookUp(states)
		return w.receipts, err
	}, l.takeReceipts)
	known := int64(0)
	for _, w := range readers {
		known += w.known
		w.known = 0
	}
	// Then whatever has events is there, and what belongs to it may be looked for there.
	l.doubtIf(known != l.present[of.table.name], doubtOrphans)
	return err
}

// others looks at what has no states.
func (l *lookBack) others(ctx context.Context, q source, readers []*witness) error {
	for _, of := range []struct {
		scan
		look func(*witness, tuple)
	}{
		{exchangeScan, func(w *witness, _ tuple) { w.doubts |= doubtExchanges }}, {transferScan, (*witness).transfer},
	} {
		if err := inParts(ctx, q, []scan{of.scan}, func(_ context.Context, reader int, part []stream) (struct{}, error) {
			w := readers[reader]
			return struct{}{}, w.each(part[0], of.scan, func(t tuple) error {
				of.look(w, t)
				return nil
			})
		}, func(struct{}) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// thing notes one, to be looked up.
func (w *witness) thing(noun []byte, t tuple) {
	key, mine := w.key(noun, t[thingID].text, t[thingMerchant].text)
	if !mine {
		return
	}
	w.texts = append(w.texts, t[thingID].text...)
	id := len(w.texts)
	w.texts = append(w.texts, t[thingState].text...)
	w.present = append(w.present, presence{key, id, len(w.texts)})
}

// lookUp compares the states of things with their last events, and finds what they belong
// to.
func (w *witness) lookUp(states []chapter) {
	begins := 0
	for _, p := range w.present {
		last, there := w.look.last.get(p.subject)
		if there {
			w.known++
		}
		if !there || states[last].state != string(w.texts[p.id:p.state]) {
			note(&w.absent, string(w.texts[begins:p.id]))
		}
		begins = p.state
	}
	for _, owner := range w.owners {
		_, there := w.look.last.get(owner)
		w.doubtIf(!there, doubtOrphans)
	}
	w.present, w.texts, w.owners = w.present[:0], w.texts[:0], w.owners[:0]
}

var (
	exchangeScan = scan{exchanges, []string{"id"}, false}
	transferScan = scan{transfers, []string{"id", "merchant_id", "sender", "receiver", "unit", "amount"}, false}
)

// belongs says that something has what it belongs to.
func (w *witness) belongs(noun string, id, merchant []byte) {
	if key, mine := w.key([]byte(noun), id, merchant); mine {
		w.owners = append(w.owners, key)
	}
}

// isCollected are the states in which a payment's money was taken.
var isCollected = map[string]bool{
	string(payment.Captured): true, string(payment.Settled): true, string(payment.Reversed): true,
	string(payment.Refunded): true,
}

// payment gathers what checks ask of a payment.
func (w *witness) payment(t tuple) {
	id, merchant, state := t[thingID].text, t[thingMerchant].text, string(t[thingState].text)
	invoiceID, unit, amount, refunded := t[thingMore].text, t[thingMore+1].text, t[thingMore+2], t[thingMore+3]
	returning, reserved, released, detail := t[thingMore+4], t[thingMore+5], t[thingMore+6], t[thingMore+7].text
	collected := isCollected[state]
	w.belongs(invoices.name, invoiceID, merchant)
	if collected {
		w.receipt(merchant, detail)
	}
	if w.look.shard != 0 {
		return
	}
	back, fits := plus(refunded.number, returning.number)
	w.doubtIf(!fits || (!amount.null && !refunded.null && !returning.null && back > amount.number), doubtReturned)
	self, of := w.of('p', id, merchant), w.of('i', invoiceID, merchant)
	w.sums[sumReturned].add(self, refunded.number)
	w.sums[sumReturning].add(self, returning.number)
	w.sums[sumReleased].add(self, released.number)
	if reserved.number != 0 {
		w.sums[sumReserved].add(of, -amount.number)
	}
	switch {
	case collected:
		w.sums[sumTaken].add(self, -1)
		if !amount.null && !refunded.null {
			w.sums[sumCaptured].add(of, refunded.number-amount.number)
		}
	case state == string(payment.Authorized):
		w.sums[sumHeld].add(w.of('u', merchant, unit), -amount.number)
	}
	w.doubtIf(state == string(payment.Settled), doubtSettled)
}

// receiptNames are the texts of an attempt that make a receipt.
var receiptNames = []string{"gateway", "receipt"}

// receipt notes that of a collected payment, which no other may have.
func (w *witness) receipt(merchant, detail []byte) {
	gateway, receipt, plain := usualReceipt(detail)
	if !plain {
		plain = plainTexts(detail, "attempt", receiptNames, w.attempt[:])
		gateway, receipt = w.attempt[0], w.attempt[1]
	}
	if w.doubtIf(!plain, doubtReceipts); !plain || receipt == nil {
		return
	}
	if key := w.of('r', merchant, gateway, receipt); w.look.has(key) {
		w.receipts = append(w.receipts, key)
	}
}

// takeReceipts remembers the receipts of a part.
func (l *lookBack) takeReceipts(part []uint64) error {
	for _, key := range part {
		_, twice := l.receipts.put(key, 0)
		if l.doubtIf(twice, doubtReceipts); !twice && l.receipts.full() {
			return errFull
		}
	}
	return nil
}

// invoice gathers what checks ask of an invoice.
func (w *witness) invoice(t tuple) {
	if w.look.shard != 0 {
		return
	}
	id, merchant, state := t[thingID].text, t[thingMerchant].text, invoice.State(t[thingState].text)
	unit, amount, captured, reserved := t[thingMore].text, t[thingMore+1], t[thingMore+2], t[thingMore+3]
	number, verifyBy := t[thingMore+4].number, t[thingMore+5]
	self := w.of('i', id, merchant)
	w.sums[sumCaptured].add(self, captured.number)
	w.sums[sumReserved].add(self, reserved.number)
	taken, fits := plus(captured.number, reserved.number)
	w.doubtIf(!fits || (amount.number > 0 && !captured.null && !reserved.null && taken > amount.number), doubtAsked)
	switch {
	case state == invoice.Paid:
		w.doubtIf(verifyBy.null, doubtVerify)
		if captured.number > 0 {
			w.sums[sumPending].add(w.of('u', merchant, unit), -captured.number)
		}
	case slices.Contains([]invoice.State{invoice.Open, invoice.Expired, invoice.Canceled}, state):
		w.doubtIf(captured.number > 0, doubtPart)
	}
	w.invoices[string(merchant)]++
	w.sums[sumNumbers].add(w.ofNumber('n', number, merchant), 1)
}

// countInvoices compares how many each merchant has with what is counted, and what
// numbers they have with those that they should have.
func (l *lookBack) countInvoices(ctx context.Context, q querier, readers []*witness) error {
	for _, w := range readers {
		for merchant, n := range w.invoices {
			l.invoices[merchant] += n
		}
	}
	for merchant, n := range l.invoices {
		for number := range n {
			l.sums[sumNumbers].add(l.ofNumber('n', number+1, []byte(merchant)), -1)
		}
	}
	return each(ctx, q, "select merchant_id, invoices from tally", func(r row) error {
		var merchant string
		var n int64
		err := r.Scan(&merchant, &n)
		l.doubtIf(n != l.invoices[merchant], doubtCounted)
		return err
	})
}

// refund gathers what checks ask of a refund.
func (w *witness) refund(t tuple) {
	merchant, state := t[thingMerchant].text, refund.State(t[thingState].text)
	of, source, amount := t[thingMore].text, refund.Source(t[thingMore+1].text), t[thingMore+2].number
	w.belongs(payments.name, of, merchant)
	if w.look.shard != 0 {
		return
	}
	self := w.of('p', of, merchant)
	w.doubtIf(state == refund.Succeeded, doubtReturns)
	w.doubtIf(source == refund.FromSuspense || source == refund.FromOwed && state == refund.Failed, doubtLies)
	w.doubtIf(state == refund.Requested || state == refund.Processing, doubtTransit)
	switch {
	case source == refund.FromHold:
		if state != refund.Failed {
			w.sums[sumReleased].add(self, -amount)
		}
	case source == refund.FromSuspense:
		w.doubtIf(state != refund.Failed, doubtSuspense)
	case !slices.Contains(merchantSources, source):
	case state == refund.Succeeded:
		w.sums[sumReturned].add(self, -amount)
	case state == refund.Requested || state == refund.Processing:
		w.sums[sumReturning].add(self, -amount)
	}
}

// transfer gathers what the books must have of a transfer.
func (w *witness) transfer(t tuple) {
	id, merchant, unit, amount := t[0].text, t[1].text, t[4].text, t[5].number
	w.sums[sumTransfers].add(w.of('t', id, merchant), -1)
	for _, part := range []struct{ number, amount int64 }{{t[2].number, -amount}, {t[3].number, amount}} {
		w.words = appendAccount(w.words[:0], part.number, unit)
		w.sums[sumLegs].add(w.leg(id, merchant, w.words, part.amount), -1)
	}
}

// appendAccount writes the key of the account, in a unit, that a number belongs to, as
// accountOf does.
func appendAccount(key []byte, number int64, unit []byte) []byte {
	if number == wallet.House {
		key = append(append(key, ledger.MerchantAvailable...), "//"...)
	} else {
		key = append(append(key, ledger.CustomerWallet...), '/')
		key = append(strconv.AppendInt(key, number, 10), '/')
	}
	return append(key, unit...)
}
