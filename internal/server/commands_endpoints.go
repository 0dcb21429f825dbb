package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// endpointView is an endpoint as programs see it. Secret is there once, when
// it is made.
type endpointView struct {
	ID        string   `json:"id"`
	Merchant  string   `json:"merchant"`
	URL       string   `json:"url"`
	Types     []string `json:"types"`
	Disabled  string   `json:"disabled,omitempty"`
	CreatedAt string   `json:"created_at"`
	Secret    string   `json:"secret,omitempty"`
}

func viewEndpoint(e event.Endpoint) endpointView {
	return endpointView{
		ID: e.ID, Merchant: e.Merchant, URL: e.URL, Types: append([]string{}, e.Types...), Disabled: e.Disabled,
		CreatedAt: moment(e.CreatedAt),
	}
}

func (v endpointView) row() []string {
	types := strings.Join(v.Types, ",")
	switch {
	case v.URL == "":
		types = "notices of a terminal"
	case types == "":
		types = "everything"
	}
	return []string{v.ID, dash(v.URL), types, v.CreatedAt, dash(v.Disabled)}
}

var endpointHead = []string{"ENDPOINT", "URL", "TYPES", "SINCE", "DISABLED"}

// NewEndpoint is the wish to be told of events; no types means all of them.
type NewEndpoint struct {
	Merchant string
	URL      string
	Types    []string
}

// AddEndpoint adds an address that is told of events and shows the secret that
// its messages are signed with, for the only time.
func (c Commands) AddEndpoint(ctx context.Context, n NewEndpoint) error {
	return c.with(ctx, forWriting, func(k *core) error {
		// Nothing is sent into a private network, whoever asked for it: better to say so now.
		e, secret, err := k.app.CreateEndpoint(ctx, app.NewEndpoint{
			Merchant: n.Merchant, URL: n.URL, Types: n.Types, Outside: true,
		})
		if err != nil {
			return err
		}
		view := viewEndpoint(e)
		view.Secret = secret
		if err := c.Terminal.show(view, endpointHead, [][]string{view.row()}); err != nil {
			return err
		}
		return c.tellSecret(secret)
	})
}

func (c Commands) tellSecret(secret string) error {
	return c.Terminal.tell("\nThe signing secret, shown this once:\n\n  %s\n", secret)
}

// Endpoints lists a merchant's endpoints.
func (c Commands) Endpoints(ctx context.Context, merchantID string) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, merchantID); err != nil {
			return err
		}
		endpoints, err := k.app.Endpoints(ctx, merchantID)
		if err != nil {
			return err
		}
		views, rows := []endpointView{}, [][]string{}
		for _, e := range endpoints {
			view := viewEndpoint(e)
			views, rows = append(views, view), append(rows, view.row())
		}
		return c.Terminal.show(views, endpointHead, rows)
	})
}

// RotateSecret gives an endpoint a new signing secret and shows it, for the
// only time.
func (c Commands) RotateSecret(ctx context.Context, merchantID, endpointID string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		secret, err := k.app.RotateSecret(ctx, merchantID, endpointID)
		if err != nil {
			return explainEndpoint(err, merchantID)
		}
		if err := c.Terminal.show(map[string]string{"id": endpointID, "secret": secret},
			[]string{"Endpoint " + endpointID + " has a new secret; the old one signs too for another day."}, nil); err != nil {
			return err
		}
		return c.tellSecret(secret)
	})
}

// DisableEndpoint stops sending to an endpoint, for a reason; an empty reason
// starts it again.
func (c Commands) DisableEndpoint(ctx context.Context, merchantID, endpointID, reason string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		if err := k.app.DisableEndpoint(ctx, merchantID, endpointID, reason); err != nil {
			return explainEndpoint(err, merchantID)
		}
		state := "enabled"
		if reason != "" {
			state = "disabled"
		}
		return c.Terminal.show(map[string]string{"id": endpointID, "status": state},
			[]string{"Endpoint " + endpointID + " is " + state + "."}, nil)
	})
}

func explainEndpoint(err error, merchantID string) error {
	if fault.Is(err, fault.CodeEndpointNotFound) {
		return errors.New("this merchant has no such endpoint: purser endpoint list --merchant " + merchantID + " shows them")
	}
	return err
}

// deliveryView is a delivery as programs see it; body and answer are shown of
// a single one only.
type deliveryView struct {
	ID        string `json:"id"`
	Endpoint  string `json:"endpoint"`
	URL       string `json:"url"`
	Type      string `json:"type"`
	Subject   string `json:"subject"`
	State     string `json:"state"`
	Tries     int    `json:"tries"`
	Status    int    `json:"status,omitempty"`
	Answer    string `json:"answer,omitempty"`
	NextAt    string `json:"next_at,omitempty"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
	Body      string `json:"body,omitempty"`
}

func viewDelivery(d event.Delivery) deliveryView {
	view := deliveryView{
		ID: d.ID, Endpoint: d.Endpoint, URL: d.URL, Type: d.Type, Subject: d.Subject, State: string(d.State),
		Tries: d.Tries, Status: d.Status, CreatedAt: moment(d.CreatedAt), UpdatedAt: moment(d.UpdatedAt),
	}
	if d.State == event.Due {
		view.NextAt = moment(d.RunAt)
	}
	return view
}

func (v deliveryView) row() []string {
	status := "-"
	if v.Status > 0 {
		status = strconv.Itoa(v.Status)
	}
	return []string{
		v.ID, v.Endpoint, v.Type, v.Subject, v.State, strconv.Itoa(v.Tries), status, v.CreatedAt, dash(v.NextAt),
	}
}

var deliveryHead = []string{"DELIVERY", "ENDPOINT", "TYPE", "SUBJECT", "STATE", "TRIES", "ANSWER", "SINCE", "NEXT"}

// WhichDeliveries selects deliveries; an empty field selects all.
type WhichDeliveries struct {
	Merchant string
	Endpoint string
	State    string
	Subject  string
	Type     string // such as "payment.captured"
	Limit    int    // the newest so many
}

// Deliveries lists a merchant's deliveries, newest first.
func (c Commands) Deliveries(ctx context.Context, w WhichDeliveries) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, w.Merchant); err != nil {
			return err
		}
		views, rows := []deliveryView{}, [][]string{}
		for len(views) < w.Limit {
			page := app.Page{Limit: min(pageSize, w.Limit-len(views)), Offset: len(views)}
			found, err := k.app.Deliveries(ctx, w.Merchant, store.DeliveryFilter{
				Endpoint: w.Endpoint, State: event.State(w.State), Subject: w.Subject, Type: w.Type,
			}, page)
			if err != nil {
				return err
			}
			for _, d := range found {
				view := viewDelivery(d)
				views, rows = append(views, view), append(rows, view.row())
			}
			if len(found) < page.Limit {
				break
			}
		}
		return c.Terminal.show(views, deliveryHead, rows)
	})
}

// ShowDelivery shows one delivery with its body and the last answer.
func (c Commands) ShowDelivery(ctx context.Context, merchantID, id string) error {
	return c.with(ctx, forReading, func(k *core) error {
		d, err := k.app.Delivery(ctx, merchantID, id)
		if err != nil {
			return explainDelivery(err, merchantID)
		}
		view := viewDelivery(d)
		view.Answer, view.Body = d.Answer, string(d.Body)
		if err := c.Terminal.show(view, deliveryHead, [][]string{view.row()}); err != nil || c.Terminal.JSON {
			return err
		}
		answer := dash(view.Answer)
		if view.Status > 0 {
			answer = fmt.Sprintf("%d %s", view.Status, view.Answer)
		}
		return c.Terminal.tell("\nTo:     %s\nBody:   %s\nAnswer: %s", view.URL, view.Body, answer)
	})
}

// Resend makes a delivery due again, under its own id.
func (c Commands) Resend(ctx context.Context, merchantID, id string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		if err := k.app.ResendDelivery(ctx, merchantID, id); err != nil {
			return explainDelivery(err, merchantID)
		}
		return c.Terminal.show(map[string]string{"id": id, "state": string(event.Due)},
			[]string{"Delivery " + id + " is due again."}, nil)
	})
}

func explainDelivery(err error, merchantID string) error {
	if fault.Is(err, fault.CodeNotFound) {
		return errors.New("this merchant has no such delivery: purser delivery list --merchant " + merchantID +
			" shows them")
	}
	return err
}
