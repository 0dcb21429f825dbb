package p2p

import (
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

// noticeForm is the name of this API's notices among those that the core knows.
const noticeForm = "p2p"

// firstPauses lie between the first three tries.
const firstPauses = time.Minute

// tokenHeader carries the merchant's own token, by which it knows that a notice
// is meant for it.
const tokenHeader = "X-Notification-Token"

// Forms are this API's notices, for the core's configuration.
func Forms() map[string]app.Form { return map[string]app.Form{noticeForm: Notice} }

// noticeBody is the invoice of a notice, with the one deal that it is about.
type noticeBody struct {
	ID         string     `json:"id"`
	InternalID *string    `json:"internalId"`
	Type       string     `json:"type"`
	Status     string     `json:"status"`
	Sum        *moneyBody `json:"sum"`
	StoreID    int64      `json:"storeId"`
	StoreName  string     `json:"storeName"`
	sums
	Rate      *string   `json:"rate"`
	CreatedAt moment    `json:"createdAt"`
	ExpireAt  moment    `json:"expireAt"`
	UpdatedAt moment    `json:"updatedAt"`
	Deal      *dealBody `json:"deal"`
}

// Notice writes what an invoice's address is told of an event: that the invoice
// was paid, in another sum than was said, canceled or expired, or that a deal of it is
// disputed or no longer is.
func Notice(e event.Event, i invoice.Invoice, deals []deal.Deal) (app.Notice, bool) {
	if !told(e) {
		return app.Notice{}, false
	}
	body := noticeBody{
		ID: i.ID, InternalID: orNull(i.Bag[bagInternalID]), Type: typeIn, Status: statusOf(i, deals),
		Sum: encodeMoney(i.Amount), StoreID: i.Terminal, StoreName: i.Bag[bagStore], sums: encodeSums(i, deals),
		CreatedAt: moment(i.CreatedAt), ExpireAt: moment(i.Due), UpdatedAt: moment(e.At),
	}
	return noticeOf(body, deals)
}

// noticeOf is a notice with the deal that it is about.
func noticeOf(body noticeBody, deals []deal.Deal) (app.Notice, bool) {
	if d, ok := spokenOf(deals); ok {
		one := encodeDeal(d)
		body.Deal, body.Rate = &one, orNull(one.Rate)
	}
	raw, err := dialect.JSON(struct {
		Type    string     `json:"notificationType"`
		Invoice noticeBody `json:"invoice"`
	}{"invoice", body})
	return app.Notice{
		MediaType: jsonType, Body: raw, Header: tokenHeader, Good: []int{http.StatusOK},
		Pauses: []time.Duration{firstPauses, firstPauses},
	}, err == nil
}

// told says whether an invoice's address hears of an event. One that is paid
// passes through two states at once, and is told of once.
func told(e event.Event) bool {
	if e.Noun != event.Invoice {
		return false
	}
	if e.From == e.To { // a dispute was opened, or is over, or another sum had come
		return e.Trigger == string(deal.OpenDispute) || e.Trigger == string(deal.Cancel) ||
			e.Trigger == string(invoice.Correct)
	}
	switch invoice.State(e.To) {
	case invoice.Paid, invoice.Canceled, invoice.Expired:
		return true
	case invoice.Open, invoice.Completed, invoice.Rejected, invoice.Refunded:
	}
	return false
}

// spokenOf is the deal that a notice is about: one that is disputed, or else one that
// brought money, or else any; of several the one that changed last. The rate of the
// notice is that of this deal.
func spokenOf(deals []deal.Deal) (found deal.Deal, ok bool) {
	for _, d := range deals {
		if !ok || weight(d) > weight(found) ||
			weight(d) == weight(found) && !d.UpdatedAt.Before(found.UpdatedAt) {
			found, ok = d, true
		}
	}
	return found, ok
}

// weight says how much a notice is about a deal.
func weight(d deal.Deal) int {
	switch d.State {
	case deal.Disputed:
		return 2
	case deal.Completed:
		return 1
	case deal.TransferWaiting, deal.TransferConfirmed, deal.Canceled:
	}
	return 0
}

// unitOf is the currency of an invoice.
func unitOf(i invoice.Invoice) money.Unit { return i.Amount.Unit() }
