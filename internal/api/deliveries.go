package api

import (
	"cmp"
	"time"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// deliveryView is a delivery as callers see it.
type deliveryView struct {
	ID           string        `json:"id"`
	Status       string        `json:"status"`
	Endpoint     string        `json:"endpoint,omitempty"`
	Event        string        `json:"event"`
	Subject      string        `json:"subject"`
	URL          string        `json:"url"`
	Tries        int64         `json:"tries"`
	NextTryAt    string        `json:"next_try_at,omitempty" format:"date-time"`
	AnswerStatus int64         `json:"answer_status,omitempty"`
	Answer       string        `json:"answer,omitempty"`
	Body         string        `json:"body,omitempty"`
	Expanded     *deliveryMore `json:"expanded,omitempty" table:"-"`
	CreatedAt    string        `json:"created_at" format:"date-time"`
	UpdatedAt    string        `json:"updated_at" format:"date-time"`
}

// deliveryMore is what a delivery is shown with.
type deliveryMore struct {
	Event *eventView `json:"event,omitempty"`
}

// deliveryExpand is what one delivery can be shown with.
type deliveryExpand struct {
	Expand []string `query:"expand"`
}

// deliveryList is what a list of deliveries can be narrowed down to.
type deliveryList struct {
	dated

	Endpoint string   `query:"endpoint" maxLength:"200"`
	Status   string   `query:"status"`
	Subject  string   `query:"subject" maxLength:"200"`
	Event    string   `query:"event" maxLength:"100"`
	Expand   []string `query:"expand"`
}

// resending selects the deliveries that are sent again.
type resending struct {
	Endpoint string `json:"endpoint,omitempty" maxLength:"200"`
	Subject  string `json:"subject,omitempty" maxLength:"200"`
	Event    string `json:"event,omitempty" maxLength:"100"`
	Status   string `json:"status,omitempty" default:"dead"`
	From     string `json:"created_from,omitempty" format:"date-time"`
	Until    string `json:"created_until,omitempty" format:"date-time"`
	Cursor   string `json:"cursor,omitempty" maxLength:"400"`
	Limit    int64  `json:"limit,omitempty" minimum:"1" maximum:"100" default:"100"`
}

// resent is what is sent again.
type resent struct {
	Data       []deliveryView `json:"data" nullable:"false"`
	NextCursor *string        `json:"next_cursor"`
}

const exampleDelivery = "msg_01941f297c0070008000000000000001"

var (
	ofEndpoint = word{doc: "Only those to this endpoint.", example: exampleEndpoint}
	ofSubject  = word{doc: "Only those about this thing, such as a payment.", example: examplePayment}
	ofEvent    = word{doc: "Only those that tell of such an event.", example: "payment.captured"}
)

var deliveryWords = words{
	"deliveryView": {
		"id": {doc: "Its id, which is also the message's webhook-id.", example: exampleDelivery},
		"status": {
			doc:     "due: it is sent, or sent again, at next_try_at. delivered: it was taken. dead: the last try failed.",
			example: "dead", choices: choices(event.States),
		},
		"endpoint": {doc: "Whose secret signs it.", example: exampleEndpoint},
		"event":    {doc: "What it tells.", example: "payment.captured"},
		"subject":  {doc: "The id of the thing that it tells of.", example: examplePayment},
		"url":      {doc: "Where it goes.", example: "https://shop.example/hooks"},
		"tries":    {doc: "How often it was sent since it was asked for.", example: 10},
		"next_try_at": {
			doc: "When it is sent next; a little later while it is being sent.", example: "2026-12-01T12:00:00Z",
		},
		"answer_status": {doc: "The HTTP status of the last answer; none where none came.", example: 503},
		"answer":        {doc: "The beginning of the last answer, or why none came.", example: "service unavailable"},
		"expanded":      moreWord,
		"body":          {doc: "What is sent; lists leave it out.", example: `{"type":"payment.captured"}`},
	},
	"deliveryMore":   {"event": {doc: "The event that it tells of, with expand=event."}},
	"deliveryExpand": {"expand": together("event")},
	"deliveryList": {
		"endpoint": ofEndpoint, "subject": ofSubject, "event": ofEvent, "expand": together("event"),
		"status": {doc: "Only those in this state.", example: "dead", choices: choices(event.States)},
	},
	"resending": {
		"endpoint": ofEndpoint, "subject": ofSubject, "event": ofEvent,
		"status": {
			doc: "Only those in this state. What is due is sent anyway.", example: string(event.Dead),
			choices: []string{string(event.Dead), string(event.Delivered)},
		},
		"created_from": {doc: "Only what was made at this time or later.", example: "2026-12-01T00:00:00Z"},
		"cursor": {
			doc:     "The next_cursor of the call before, to go on behind what it took; leave it out at first.",
			example: cursorBehind("resendDeliveries", time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), exampleDelivery),
		},
		"limit": {doc: "How many at most; call again for more.", example: mostLimit},
	},
	"resent": {
		"data": {doc: "What is sent again, the newest first; none when nothing is left."},
		"next_cursor": {
			doc: "Send it as cursor to go on behind these; null where nothing is left.", example: exampleCursor,
		},
	},
}

func (d *desk) deliveries() resource {
	missing := []fault.Code{fault.CodeNotFound}
	return resource{
		name: "deliveries", about: "A delivery is one event on its way to an endpoint, or to the address of one invoice. " +
			"It is tried ten times in three days.",
		words: deliveryWords, example: exampleDelivery,
		operations: []operation{
			get(row{
				id: "getDelivery", path: "/deliveries/{id}", scope: merchant.EndpointsRead, summary: "Get a delivery",
				about: "Shows a delivery with what is sent and what was answered last.", faults: missing,
			}, d.getDelivery),
			list(row{
				id: "listDeliveries", path: "/deliveries", scope: merchant.EndpointsRead, summary: "List deliveries",
				about: "Lists all deliveries without their bodies.",
			}, d.listDeliveries),
			act(row{
				id: "resendDelivery", path: "/deliveries/{id}/resend", scope: merchant.EndpointsWrite,
				summary: "Send a delivery again",
				about:   "Sends it again at once, under its own id. One that is due is tried at once.", faults: missing,
			}, d.resendDelivery, story[deliveryView]{now: d.deliveryNow, of: func(change app.Change) (deliveryView, bool) {
				if len(change.Deliveries) != 1 {
					return deliveryView{}, false
				}
				return viewWholeDelivery(change.Deliveries[0]), true
			}}),
			create(row{
				id: "resendDeliveries", path: "/deliveries/resend", scope: merchant.EndpointsWrite,
				summary: "Send selected deliveries again",
				about: "Sends the newest deliveries again that are selected, at most 100 with one call: those that are dead, " +
					"or with status=delivered those that were taken. data has what was taken by this call; next_cursor leads on, " +
					"and is null where nothing is left.",
				faults: []fault.Code{fault.CodeEndpointNotFound},
			}, "rsd", d.resendDeliveries, story[resent]{
				now:  func(*call, string) (resent, error) { return resent{Data: []deliveryView{}}, nil },
				with: func(c *call, change app.Change) (resent, bool) { return c.resent(change.Deliveries), true },
			}),
		},
	}
}

func (d *desk) deliveryNow(c *call, id string) (deliveryView, error) {
	return show(viewWholeDelivery)(d.App.Delivery(c.Context(), c.Merchant, id))
}

func (d *desk) getDelivery(c *call, id string, q deliveryExpand) (deliveryView, error) {
	view, err := d.deliveryNow(c, id)
	return d.deliveryExpansions().one(c, q.Expand, view, err)
}

// deliveryExpansions are what a delivery can be shown with.
func (d *desk) deliveryExpansions() expansions[deliveryView] {
	return expansions[deliveryView]{"event": {merchant.EventsRead, func(c *call, v *deliveryView) error {
		told, err := show(viewEvent)(d.App.Told(c.Context(), c.Merchant, v.ID))
		if err == nil {
			more(&v.Expanded).Event = &told
		}
		return err
	}}}
}

func (d *desk) listDeliveries(c *call, q deliveryList) (out pageOf[deliveryView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	f := app.DeliveryFilter{Endpoint: q.Endpoint, Subject: q.Subject, Type: q.Event, State: event.State(q.Status)}
	depth, err := d.App.DeliveryDepth(c.Context(), c.Merchant, f, part, d.Looks)
	if err != nil {
		return out, err
	}
	out, err = bounded(q.paging, part, depth, func(part app.Older) ([]event.Delivery, error) {
		return d.App.ListDeliveries(c.Context(), c.Merchant, f, part)
	}, viewDelivery, ageOfDelivery)
	return d.deliveryExpansions().page(c, q.Expand, out, err)
}

func ageOfDelivery(m event.Delivery) (time.Time, string) { return m.CreatedAt, m.ID }

func (d *desk) resendDelivery(c *call, id string, _ none) (out deliveryView, err error) {
	if err := d.App.ResendDelivery(c.Context(), c.Merchant, id); err != nil {
		return out, err
	}
	return d.deliveryNow(c, id)
}

func (d *desk) resendDeliveries(c *call, _ string, in resending) (resent, error) {
	p := paging{Cursor: in.Cursor, Limit: cmp.Or(in.Limit, mostLimit), list: "resendDeliveries"}
	part, err := dated{paging: p, From: in.From, Until: in.Until}.after()
	if err != nil {
		return resent{}, err
	}
	f := app.DeliveryFilter{
		Endpoint: in.Endpoint, Subject: in.Subject, Type: in.Event, State: event.State(cmp.Or(in.Status, string(event.Dead))),
	}
	depth, err := d.App.DeliveryDepth(c.Context(), c.Merchant, f, part, d.Looks)
	if err != nil {
		return resent{}, err
	}
	if depth.After(part.From) {
		part.From = depth
	}
	part.Limit = p.size()
	c.resent = func(list []event.Delivery) resent { return viewResent(p, list, depth) }
	return show(c.resent)(d.App.ResendDeliveries(c.Context(), c.Merchant, f, part))
}

// viewResent shows what was taken and where the rest begins. Where as many were taken
// as were wanted there may be no more: that is learned by asking.
func viewResent(p paging, list []event.Delivery, depth time.Time) resent {
	out := paged(p, list, viewDelivery, ageOfDelivery)
	if len(list) == p.size() {
		last := list[len(list)-1]
		out.goOn(p.list, last.CreatedAt, last.ID)
	} else if !depth.IsZero() {
		out.goOn(p.list, depth, firstOf)
	}
	return resent(out)
}

// viewWholeDelivery shows a delivery with its body, where that is text.
func viewWholeDelivery(m event.Delivery) deliveryView {
	view := viewDelivery(m)
	if utf8.Valid(m.Body) {
		view.Body = string(m.Body)
	}
	return view
}

// viewDelivery shows a delivery. What only its receiver is told in a header stays
// sealed.
func viewDelivery(m event.Delivery) deliveryView {
	return deliveryView{
		ID: m.ID, Status: string(m.State), Endpoint: m.Endpoint, Event: m.Type, Subject: m.Subject, URL: m.URL,
		Tries: int64(m.Tries), NextTryAt: moment(m.RunAt), AnswerStatus: int64(m.Status), Answer: m.Answer,
		CreatedAt: moment(m.CreatedAt), UpdatedAt: moment(m.UpdatedAt),
	}
}
