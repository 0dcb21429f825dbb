package api

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
)

// momentView is one thing that is on record of a payment.
type momentView struct {
	At           string        `json:"at" format:"date-time"`
	Kind         string        `json:"kind"`
	What         string        `json:"what"`
	Subject      string        `json:"subject"`
	From         string        `json:"from,omitempty"`
	To           string        `json:"to,omitempty"`
	Actor        string        `json:"actor,omitempty"`
	Postings     []postingView `json:"postings,omitempty" nullable:"false"`
	Delivery     string        `json:"delivery,omitempty"`
	Host         string        `json:"host,omitempty"`
	Tries        int64         `json:"tries,omitempty"`
	AnswerStatus int64         `json:"answer_status,omitempty"`
	Gateway      string        `json:"gateway,omitempty"`
	Method       string        `json:"method,omitempty"`
	Address      string        `json:"address,omitempty"`
	Sent         string        `json:"sent,omitempty"`
	Answer       string        `json:"answer,omitempty"`
	Lost         string        `json:"lost,omitempty"`
	Milliseconds int64         `json:"milliseconds,omitempty"`
}

// The kinds of what is on record.
const (
	eventKind    = "event"
	entryKind    = "entry"
	deliveryKind = "delivery"
	callKind     = string(event.Call)
	callbackKind = string(event.Callback)
)

var momentWords = words{
	"momentView": {
		"at": {doc: "When it happened; of a delivery: when it was last tried.", example: "2026-12-01T12:00:00Z"},
		"kind": {
			doc: "event: the payment, its deal or a refund of it moved, and who moved it. entry: it was booked. " +
				"delivery: an address of yours was told. call: we asked a gateway. callback: the payer's browser " +
				"or the gateway's server came back.",
			example: eventKind, choices: []string{callKind, callbackKind, deliveryKind, entryKind, eventKind},
		},
		"what": {
			doc: "What moved it, such as open, when a gateway took it on; the rule of an entry; what a delivery tells; of a " +
				"call why it was made: start, charge, look, take, capture, void, adjust, reverse or refund; of a callback how " +
				"it came: return, with the payer's browser, or notice, from the gateway's server.",
			example: "capture",
		},
		"subject":       {doc: "The id of the payment, of its deal or of the refund.", example: examplePayment},
		"from":          {doc: "The state before; none when it is new.", example: "processing"},
		"to":            {doc: "The state after; of a delivery its own.", example: "captured"},
		"actor":         {doc: "Who did it: merchant, payer, gateway, worker or operator.", example: "gateway"},
		"postings":      {doc: "What was booked."},
		"delivery":      {doc: "The id of the delivery.", example: exampleDelivery},
		"host":          {doc: "Whom it tells.", example: "shop.example"},
		"tries":         {doc: "How often it was sent.", example: 1},
		"answer_status": {doc: "The HTTP status of the last answer.", example: 200},
		"gateway":       {doc: "The gateway that was asked or came back, by your name for it.", example: "zarinpal"},
		"method":        {doc: "The HTTP method of a call.", example: "POST"},
		"address": {
			doc: "The address of a call, its query masked.", example: "https://payment.zarinpal.com/pg/v4/payment/verify.json",
		},
		"sent": {
			doc: "What was sent or brought: without headers, secrets, whole card numbers and data of people, and cut after " +
				"2,000 characters. What carries a card is not kept.",
			example: `{"amount":150000}`,
		},
		"answer": {doc: "What was answered, masked and cut likewise.", example: `{"data":{"code":100}}`},
		"lost": {
			doc: "Why there is no answer to a call. What became of it was asked later.", example: "no answer in time",
		},
		"milliseconds": {doc: "How long a call took.", example: 180},
	},
}

// timeline is the operation that shows what is on record of a payment.
func (d *desk) timeline() operation {
	return get(row{
		id: "getPaymentTimeline", path: "/payments/{id}/timeline", scope: merchant.PaymentsRead,
		summary: "Get the timeline of a payment",
		about: "Shows everything that is on record of a payment, of the deal that brought it and of its refunds, " +
			"the oldest first: what asked for it, each request to a gateway with its answer and each callback, " +
			"both masked, what moved it, what was booked, and whom we told. Of your own addresses only the host " +
			"is shown. What was said with gateways is kept for 90 days, unless the operator chose another time, " +
			"and at most 500 times for one payment, beyond that only what changed its state.",
		faults: []fault.Code{fault.CodePaymentNotFound},
	}, d.getTimeline)
}

func (d *desk) getTimeline(c *call, id string, _ formatted) (out wholeOf[momentView], err error) {
	t, err := d.App.PaymentTimeline(c.Context(), c.Merchant, id)
	return wholeOf[momentView]{Data: viewTimeline(t)}, err
}

// timed is one thing of a timeline with its place among those of the same moment.
type timed struct {
	at    time.Time
	kind  int
	place int64
	view  momentView
}

// viewTimeline shows what is on record in order of time; in one moment events come
// first, as they happened, then what was booked, then who was told. What a gateway
// answered moves things after it was asked, so that calls and callbacks come before.
func viewTimeline(t app.Timeline) []momentView {
	var all []timed
	numbers := map[string]int64{} // of events, by what deliveries say of them
	for _, e := range t.Events {
		numbers[e.Type()+e.Subject] = e.Seq
		all = append(all, timed{e.At, 0, e.Seq, momentView{
			Kind: eventKind, What: e.Trigger, Subject: e.Subject, From: e.From, To: e.To, Actor: e.Actor,
		}})
	}
	for _, e := range t.Entries {
		all = append(all, timed{e.At(), 1, int64(slices.Index(ledger.Rules, e.Rule())), momentView{
			Kind: entryKind, What: string(e.Rule()), Subject: e.Subject(), Postings: viewEntry(e).Postings,
		}})
	}
	for n, c := range t.Contacts {
		all = append(all, timed{c.At, -1, int64(n), viewContact(c)})
	}
	for _, m := range t.Deliveries {
		all = append(all, timed{m.UpdatedAt, 2, numbers[m.Type+m.Subject], viewTold(m)})
	}
	slices.SortStableFunc(all, func(a, b timed) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.kind, b.kind), cmp.Compare(a.place, b.place))
	})
	views := make([]momentView, len(all))
	for n, one := range all {
		views[n] = one.view
		views[n].At = moment(one.at)
	}
	return views
}

// viewContact shows a contact with a gateway.
func viewContact(c event.Contact) momentView {
	return momentView{
		Kind: string(c.Kind), What: c.What, Subject: c.Subject, AnswerStatus: int64(c.Status), Gateway: c.Gateway,
		Method: c.Method, Address: c.Address, Sent: c.Sent, Answer: c.Answer, Lost: c.Lost,
		Milliseconds: c.Took.Milliseconds(),
	}
}

// viewTold shows a delivery. Its address may carry a secret of the receiver's.
func viewTold(m event.Delivery) momentView {
	view := momentView{
		Kind: deliveryKind, What: m.Type, Subject: m.Subject, To: string(m.State), Delivery: m.ID, Tries: int64(m.Tries),
		AnswerStatus: int64(m.Status),
	}
	if u, err := url.Parse(m.URL); err == nil {
		view.Host = u.Hostname()
	}
	return view
}
