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
	look func(*lookBack, tuple)
}

// Where the columns of all things are.
const (
	thingID = iota
	thingMerchant
	thingState
	thingMore
)

// stateful makes a thing.
func stateful(t *table, look func(*lookBack, tuple), more ...string) thing {
	return thing{scan{t, append([]string{"id", "merchant_id", "state"}, more...), false}, look}
}

// allThings are in an order in which what they belong to comes after them.
var allThings = []thing{
	stateful(payments, (*lookBack).payment, "invoice_id", "unit", "amount", "refunded", "in_return", "reserved",
		"released", "detail"),
	stateful(invoices, (*lookBack).invoice, "unit", "amount", "captured", "reserved", "number", "verify_by"),
	stateful(refunds, (*lookBack).refund, "payment_id", "source", "amount"),
	stateful(payouts, func(l *lookBack, _ tuple) { l.doubts |= doubtPayouts }),
	stateful(customers, func(*lookBack, tuple) {}),
	stateful(deals, func(l *lookBack, t tuple) { l.doubtIf(len(t[thingMore].text) > 0, doubtPayouts) }, "payout_id"),
}

// things compares the present state of everything that has one with its last event, and
// gathers what checks ask of it.
func (l *lookBack) things(ctx context.Context, q snapshot) error {
	for _, of := range allThings {
		known, noun := int64(0), []byte(of.table.name)
		err := l.each(ctx, q, of.scan, func(t tuple) error {
			if key, mine := l.key(noun, t[thingID].text, t[thingMerchant].text); mine {
				last, there := l.last.get(key)
				if there {
					known++
				}
				if !there || l.chapters[last].state != string(t[thingState].text) {
					note(&l.finding.present, string(t[thingID].text))
				}
			}
			of.look(l, t)
			return nil
		})
		if err != nil {
			return err
		}
		// Then whatever has events is there, and what belongs to it may be looked for there.
		l.doubtIf(known != l.present[of.table.name], doubtOrphans)
	}
	if l.shard != 0 {
		return nil
	}
	if err := l.countInvoices(ctx, q); err != nil {
		return err
	}
	if err := l.each(ctx, q, exchangeScan, func(tuple) error {
		l.doubts |= doubtExchanges
		return nil
	}); err != nil {
		return err
	}
	return l.each(ctx, q, transferScan, l.transfer)
}

var (
	exchangeScan = scan{exchanges, []string{"id"}, false}
	transferScan = scan{transfers, []string{"id", "merchant_id", "sender", "receiver", "unit", "amount"}, false}
)

// belongs says that something has what it belongs to.
func (l *lookBack) belongs(noun string, id, merchant []byte) {
	if key, mine := l.key([]byte(noun), id, merchant); mine {
		_, there := l.last.get(key)
		l.doubtIf(!there, doubtOrphans)
	}
}

// isCollected are the states in which a payment's money was taken.
var isCollected = map[string]bool{
	string(payment.Captured): true, string(payment.Settled): true, string(payment.Reversed): true,
	string(payment.Refunded): true,
}

// payment gathers what checks ask of a payment.
func (l *lookBack) payment(t tuple) {
	id, merchant, state := t[thingID].text, t[thingMerchant].text, string(t[thingState].text)
	invoiceID, unit, amount, refunded := t[thingMore].text, t[thingMore+1].text, t[thingMore+2], t[thingMore+3]
	returning, reserved, released, detail := t[thingMore+4], t[thingMore+5], t[thingMore+6], t[thingMore+7].text
	collected := isCollected[state]
	l.belongs(invoices.name, invoiceID, merchant)
	if collected {
		l.receipt(merchant, detail)
	}
	if l.shard != 0 {
		return
	}
	back, fits := plus(refunded.number, returning.number)
	l.doubtIf(!fits || (!amount.null && !refunded.null && !returning.null && back > amount.number), doubtReturned)
	self, of := l.of('p', id, merchant), l.of('i', invoiceID, merchant)
	l.sums[sumReturned].add(self, refunded.number)
	l.sums[sumReturning].add(self, returning.number)
	l.sums[sumReleased].add(self, released.number)
	if reserved.number != 0 {
		l.sums[sumReserved].add(of, -amount.number)
	}
	switch {
	case collected:
		l.sums[sumTaken].add(self, -1)
		if !amount.null && !refunded.null {
			l.sums[sumCaptured].add(of, refunded.number-amount.number)
		}
	case state == string(payment.Authorized):
		l.sums[sumHeld].add(l.of('u', merchant, unit), -amount.number)
	}
	l.doubtIf(state == string(payment.Settled), doubtSettled)
}

// receipt remembers that of a collected payment, which no other may have.
func (l *lookBack) receipt(merchant, detail []byte) {
	var a struct{ gateway, receipt []byte }
	plain := plainTexts(detail, "attempt", map[string]*[]byte{"gateway": &a.gateway, "receipt": &a.receipt})
	if l.doubtIf(!plain, doubtReceipts); !plain || a.receipt == nil {
		return
	}
	key := l.of('r', merchant, a.gateway, a.receipt)
	const middle = 32
	if key>>middle%l.shards != l.shard {
		return
	}
	_, twice := l.last.put(key, 0)
	l.doubtIf(twice || l.last.full(), doubtReceipts)
}

// invoice gathers what checks ask of an invoice.
func (l *lookBack) invoice(t tuple) {
	if l.shard != 0 {
		return
	}
	id, merchant, state := t[thingID].text, t[thingMerchant].text, invoice.State(t[thingState].text)
	unit, amount, captured, reserved := t[thingMore].text, t[thingMore+1], t[thingMore+2], t[thingMore+3]
	number, verifyBy := t[thingMore+4].number, t[thingMore+5]
	self := l.of('i', id, merchant)
	l.sums[sumCaptured].add(self, captured.number)
	l.sums[sumReserved].add(self, reserved.number)
	taken, fits := plus(captured.number, reserved.number)
	l.doubtIf(!fits || (amount.number > 0 && !captured.null && !reserved.null && taken > amount.number), doubtAsked)
	switch {
	case state == invoice.Paid:
		l.doubtIf(verifyBy.null, doubtVerify)
		if captured.number > 0 {
			l.sums[sumPending].add(l.of('u', merchant, unit), -captured.number)
		}
	case slices.Contains([]invoice.State{invoice.Open, invoice.Expired, invoice.Canceled}, state):
		l.doubtIf(captured.number > 0, doubtPart)
	}
	l.invoices[string(merchant)]++
	l.sums[sumNumbers].add(l.ofNumber('n', number, merchant), 1)
}

// countInvoices compares how many each merchant has with what is counted, and what
// numbers they have with those that they should have.
func (l *lookBack) countInvoices(ctx context.Context, q querier) error {
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
func (l *lookBack) refund(t tuple) {
	merchant, state := t[thingMerchant].text, refund.State(t[thingState].text)
	of, source, amount := t[thingMore].text, refund.Source(t[thingMore+1].text), t[thingMore+2].number
	l.belongs(payments.name, of, merchant)
	if l.shard != 0 {
		return
	}
	self := l.of('p', of, merchant)
	l.doubtIf(state == refund.Succeeded, doubtReturns)
	switch {
	case source == refund.FromHold:
		if state != refund.Failed {
			l.sums[sumReleased].add(self, -amount)
		}
	case source == refund.FromSuspense:
		l.doubtIf(state != refund.Failed, doubtSuspense)
	case !slices.Contains(merchantSources, source):
	case state == refund.Succeeded:
		l.sums[sumReturned].add(self, -amount)
	case state == refund.Requested || state == refund.Processing:
		l.sums[sumReturning].add(self, -amount)
	}
}

// transfer gathers what the books must have of a transfer.
func (l *lookBack) transfer(t tuple) error {
	id, merchant, unit, amount := t[0].text, t[1].text, t[4].text, t[5].number
	l.sums[sumTransfers].add(l.of('t', id, merchant), -1)
	for _, part := range []struct{ number, amount int64 }{{t[2].number, -amount}, {t[3].number, amount}} {
		l.words = appendAccount(l.words[:0], part.number, unit)
		l.sums[sumLegs].add(l.leg(id, merchant, l.words, part.amount), -1)
	}
	return nil
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
