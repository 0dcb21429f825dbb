package api

import (
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// endpointView is an endpoint as callers see it. Secret is there when it is new.
type endpointView struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"`
	URL       string   `json:"url"`
	Events    []string `json:"events" nullable:"false"`
	Reason    string   `json:"reason,omitempty"`
	Secret    string   `json:"secret,omitempty"`
	CreatedAt string   `json:"created_at" format:"date-time"`
	UpdatedAt string   `json:"updated_at" format:"date-time"`
}

// newEndpoint is the wish to be told of events.
type newEndpoint struct {
	URL    string   `json:"url" maxLength:"2000"`
	Events []string `json:"events,omitempty" nullable:"false" maxItems:"50"`
}

// endpointTerms are what can be changed of an endpoint.
type endpointTerms struct {
	URL    *string   `json:"url,omitempty" maxLength:"2000"`
	Events *[]string `json:"events,omitempty" maxItems:"50"`
}

// reasoned is why something is done.
type reasoned struct {
	Reason string `json:"reason,omitempty" maxLength:"200"`
}

// endpointList is what a list of endpoints can be narrowed down to.
type endpointList struct {
	paging

	Status string `query:"status"`
}

// The states of an endpoint.
const (
	enabled  = "enabled"
	disabled = "disabled"
)

const exampleEndpoint = "ep_01941f29-7c00-7000-8000-000000000001"

var (
	addressWord = word{
		doc: "Where events are sent, with POST; not into a private network.", example: "https://shop.example/hooks",
	}
	eventsWord = word{
		doc:     "What it is told of, such as payment.captured or payment.*; none is everything.",
		example: []string{"payment.captured", "refund.*"},
	}
	switchWord = word{doc: "Whether anything is sent.", example: enabled, choices: []string{disabled, enabled}}
)

var endpointWords = words{
	"endpointView": {
		"id": {doc: "Its id.", example: exampleEndpoint}, "status": switchWord, "url": addressWord, "events": eventsWord,
		"reason": {doc: "Why it is disabled.", example: "moving house"},
		"secret": {
			doc:     "What messages are signed with (Standard Webhooks). It is shown when it is made, and never again.",
			example: exampleSecret,
		},
	},
	"newEndpoint":   {"url": addressWord, "events": eventsWord},
	"endpointTerms": {"url": addressWord, "events": eventsWord},
	"reasoned":      {"reason": {doc: "Why, for whoever looks at it later.", example: "moving house"}},
	"endpointList":  {"status": {doc: "Only those in this state.", example: enabled, choices: switchWord.choices}},
}

func (d *desk) endpoints() resource {
	shown := story[endpointView]{now: d.endpointNow, of: func(change app.Change) (out endpointView, ok bool) {
		if len(change.Endpoints) != 1 {
			return out, false
		}
		return viewEndpoint(change.Endpoints[0]), true
	}}
	told := story[endpointView]{now: d.endpointToldNow, of: func(change app.Change) (out endpointView, ok bool) {
		if len(change.Endpoints) != 1 {
			return out, false
		}
		out, err := d.tellEndpoint(change.Endpoints[0])
		return out, err == nil
	}}
	missing := []fault.Code{fault.CodeEndpointNotFound}
	return resource{
		name: "endpoints", about: "An endpoint is an address of yours that is told what happens. Its messages are signed.",
		words: endpointWords, example: exampleEndpoint,
		operations: []operation{
			create(row{
				id: "createEndpoint", path: "/endpoints", scope: merchant.EndpointsWrite, summary: "Create an endpoint",
				about: "Has an address told of events, at most 20 of them. The secret that its messages are signed with is in " +
					"this answer and in no other. It is told what happens after the answer, which takes five seconds where servers " +
					"share a database.",
				faults: []fault.Code{fault.CodeLimitExceeded}, secret: true,
			}, "ep", d.createEndpoint, told),
			get(row{
				id: "getEndpoint", path: "/endpoints/{id}", scope: merchant.EndpointsRead, summary: "Get an endpoint",
				about: "Shows an endpoint without its secret.", faults: missing,
			}, plain(d.endpointNow)),
			list(row{
				id: "listEndpoints", path: "/endpoints", scope: merchant.EndpointsRead, summary: "List endpoints",
				about: "Lists all endpoints, disabled ones too.",
			}, d.listEndpoints),
			act(row{
				id: "changeEndpoint", path: "/endpoints/{id}", scope: merchant.EndpointsWrite, summary: "Change an endpoint",
				about:  "Changes what is named and leaves the rest. What is due already goes where it was to go.",
				faults: missing,
			}, d.changeEndpoint, shown),
			act(row{
				id: "disableEndpoint", path: "/endpoints/{id}/disable", scope: merchant.EndpointsWrite,
				summary: "Disable an endpoint", about: "Sends nothing more to it. What is due stays due.", faults: missing,
			}, d.disableEndpoint, shown),
			act(row{
				id: "enableEndpoint", path: "/endpoints/{id}/enable", scope: merchant.EndpointsWrite,
				summary: "Enable an endpoint",
				about: "Sends to it again, also what stayed due: the oldest thousand at once, and what is beyond them within " +
					"ten minutes.",
				faults: missing,
			}, d.enableEndpoint, shown),
			act(row{
				id: "rotateEndpointSecret", path: "/endpoints/{id}/rotate", scope: merchant.EndpointsWrite,
				summary: "Make a new secret",
				about: "Makes a new signing secret, which is in this answer and in no other. For 24 hours messages carry the " +
					"signatures of both, so that the receiver can change over.",
				faults: append(missing, fault.CodeLimitExceeded), secret: true,
			}, d.rotateEndpoint, told),
		},
	}
}

func (d *desk) createEndpoint(c *call, id string, in newEndpoint) (out endpointView, err error) {
	e, secret, err := d.App.CreateEndpoint(c.Context(), app.NewEndpoint{
		ID: id, Merchant: c.Merchant, URL: in.URL, Types: in.Events, Outside: true,
	})
	if err != nil {
		return out, eventsFault(err)
	}
	out = viewEndpoint(e)
	out.Secret = secret
	return out, nil
}

func (d *desk) endpointNow(c *call, id string) (endpointView, error) {
	return show(viewEndpoint)(d.App.Receiver(c.Context(), c.Merchant, id))
}

// endpointToldNow shows an endpoint with the secret that an earlier call made.
func (d *desk) endpointToldNow(c *call, id string) (out endpointView, err error) {
	e, err := d.App.Receiver(c.Context(), c.Merchant, id)
	if err != nil {
		return out, err
	}
	return d.tellEndpoint(e)
}

// tellEndpoint shows an endpoint with its newest secret.
func (d *desk) tellEndpoint(e event.Endpoint) (out endpointView, err error) {
	out = viewEndpoint(e)
	out.Secret, err = d.App.SigningSecret(e)
	return out, err
}

func (d *desk) listEndpoints(c *call, q endpointList) (out pageOf[endpointView], err error) {
	known, err := d.App.Endpoints(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	var found []event.Endpoint
	for _, e := range known {
		if e.URL != "" && (q.Status == "" || q.Status == endpointStatus(e)) { // those of terminals only sign
			found = append(found, e)
		}
	}
	return cut(q.paging, found, viewEndpoint, func(e event.Endpoint) (time.Time, string) { return e.CreatedAt, e.ID })
}

func (d *desk) changeEndpoint(c *call, id string, in endpointTerms) (endpointView, error) {
	e, err := d.App.ChangeReceiver(c.Context(), c.Merchant, id, app.EndpointTerms{
		URL: in.URL, Types: in.Events, Outside: true,
	})
	return show(viewEndpoint)(e, eventsFault(err))
}

func (d *desk) disableEndpoint(c *call, id string, in reasoned) (endpointView, error) {
	if in.Reason == "" {
		in.Reason = "disabled by the merchant"
	}
	return show(viewEndpoint)(d.App.ChangeReceiver(c.Context(), c.Merchant, id, app.EndpointTerms{Disabled: &in.Reason}))
}

func (d *desk) enableEndpoint(c *call, id string, _ none) (endpointView, error) {
	nothing := ""
	return show(viewEndpoint)(d.App.ChangeReceiver(c.Context(), c.Merchant, id, app.EndpointTerms{Disabled: &nothing}))
}

func (d *desk) rotateEndpoint(c *call, id string, _ none) (out endpointView, err error) {
	if _, err := d.App.Receiver(c.Context(), c.Merchant, id); err != nil { // those of terminals rotate with them
		return out, err
	}
	secret, err := d.App.RotateSecret(c.Context(), c.Merchant, id)
	if err != nil {
		return out, err
	}
	out, err = d.endpointNow(c, id)
	out.Secret = secret
	return out, err
}

// eventsFault names the parameter as this API calls it.
func eventsFault(err error) error {
	if f := fault.From(err); err != nil && f.Param == "types" {
		return fault.New(f.Code, "events", f.Words)
	}
	return err
}

func endpointStatus(e event.Endpoint) string {
	if e.Disabled != "" {
		return disabled
	}
	return enabled
}

// viewEndpoint shows an endpoint without its secret.
func viewEndpoint(e event.Endpoint) endpointView {
	return endpointView{
		ID: e.ID, Status: endpointStatus(e), URL: e.URL, Events: append([]string{}, e.Types...), Reason: e.Disabled,
		CreatedAt: moment(e.CreatedAt), UpdatedAt: moment(e.UpdatedAt),
	}
}
