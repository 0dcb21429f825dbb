package api

import (
	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/merchant"
)

// eventView is an event as callers see it.
type eventView struct {
	Sequence int64  `json:"sequence"`
	Type     string `json:"type"`
	Object   string `json:"object"`
	Subject  string `json:"subject"`
	Trigger  string `json:"trigger"`
	From     string `json:"from,omitempty"`
	To       string `json:"to"`
	Actor    string `json:"actor"`
	At       string `json:"at" format:"date-time"`
}

// feed is a part of the events.
type feed struct {
	Data  []eventView `json:"data" nullable:"false"`
	After int64       `json:"after"`

	more bool // something may follow already
}

// feedFrom says where a part of the events begins.
type feedFrom struct {
	formatted

	After   int64  `query:"after" minimum:"0" default:"0"`
	Limit   int64  `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Type    string `query:"type" maxLength:"100"`
	Subject string `query:"subject" maxLength:"200"`
}

var eventWords = words{
	"eventView": {
		"sequence": {doc: "Its number: 1, 2, 3 and so on, without a gap.", example: 17},
		"type": {
			doc: "What happened, as webhooks say it. The types of what is administered end in created, changed, replaced, " +
				"rotated, revoked, disabled, enabled, removed, resealed, issued or resent.",
			example: "payment.captured",
		},
		"object":  {doc: "What it happened to.", example: string(event.Payment), choices: nouns()},
		"subject": {doc: "The id of the thing.", example: examplePayment},
		"trigger": {doc: "What moved it; create when it is new.", example: "capture"},
		"from":    {doc: "The state before; none when it is new.", example: "processing"},
		"to":      {doc: "The state after; the same when only its facts changed.", example: "captured"},
		"actor":   {doc: "Who did it: merchant, payer, gateway, worker or operator.", example: "gateway"},
		"at":      {doc: "When it happened.", example: "2026-12-01T12:00:00Z"},
	},
	"feed": {
		"data": {doc: "The events, the oldest first."},
		"after": {
			doc: "Send it as after for what follows; it does not change while nothing happens. With type it changes where " +
				"nothing is found too, as long as there is more to look through.",
			example: 17,
		},
	},
	"feedFrom": {
		"after":   {doc: "The number of the last event that you have; 0 = none.", example: 16},
		"type":    {doc: "Only those of this type, or of one thing: payment.*", example: "payment.captured"},
		"subject": {doc: "Only those of the thing with this id.", example: examplePayment},
	},
}

// nouns are what events are about.
func nouns() []string {
	list := make([]string, len(event.Nouns))
	for n, noun := range event.Nouns {
		list[n] = string(noun)
	}
	return list
}

func (d *desk) events() resource {
	return resource{
		name: "events", about: "Everything that happened, in order and without a gap. Webhooks tell the same, but for what " +
			"is administered: merchant, keys, gateways, terminals and endpoints.",
		words: eventWords, example: 17,
		operations: []operation{
			list(row{
				id: "listEvents", path: "/events", scope: merchant.EventsRead, summary: "Read events",
				about: "Reads what happened after an event, the oldest first. Who sends each answer's after again has read every " +
					"event once.",
			}, d.listEvents),
		},
	}
}

func (d *desk) listEvents(c *call, q feedFrom) (out feed, err error) {
	found, err := d.App.Feed(c.Context(), c.Merchant, app.EventFilter{Type: q.Type, Subject: q.Subject}, q.After,
		paging{Limit: q.Limit}.size(), d.Looks)
	out = feed{Data: []eventView{}, After: found.After, more: found.More}
	for _, e := range found.Events {
		out.Data = append(out.Data, viewEvent(e))
	}
	return out, err
}

// viewEvent shows an event. Its note is for operators.
func viewEvent(e event.Event) eventView {
	return eventView{
		Sequence: e.Seq, Type: e.Type(), Object: string(e.Noun), Subject: e.Subject, Trigger: e.Trigger, From: e.From,
		To: e.To, Actor: e.Actor, At: moment(e.At),
	}
}
