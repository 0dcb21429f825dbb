package api

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
)

// webhook is what an endpoint is sent: app makes it, and this describes it.
type webhook struct {
	Type      string      `json:"type"`
	Timestamp string      `json:"timestamp" format:"date-time"`
	Data      webhookData `json:"data"`
}

// webhookData is what moved.
type webhookData struct {
	ID            string `json:"id"`
	Object        string `json:"object"`
	State         string `json:"state"`
	PreviousState string `json:"previous_state,omitempty"`
}

var webhookWords = words{
	"webhook": {
		"type": {
			doc:     "What happened: " + strings.Join(app.EventTypes(), ", ") + ". There may be more at any time.",
			example: "payment.captured",
		},
		"timestamp": {doc: "When it happened.", example: "2026-12-01T12:00:00.000000Z"},
		"data":      {doc: "What it happened to. Ask for the thing itself: a message may be late, or come twice."},
	},
	"webhookData": {
		"id":             {doc: "The id of the thing.", example: examplePayment},
		"object":         {doc: "What it is.", example: string(event.Payment)},
		"state":          {doc: "The state after; the same when only its facts changed.", example: "captured"},
		"previous_state": {doc: "The state before; none when it is new.", example: "processing"},
	},
}

// addWebhooks says what endpoints are sent.
func (d *desk) addWebhooks(doc *huma.OpenAPI) {
	d.describe(reflect.TypeFor[webhook](), webhookWords, map[reflect.Type]bool{})
	s := d.registry.Schema(reflect.TypeFor[webhook](), true, "")
	text := func(name, about, example string) *huma.Param {
		return &huma.Param{
			Name: name, In: "header", Required: true, Description: about, Example: example,
			Schema: &huma.Schema{Type: huma.TypeString},
		}
	}
	doc.Webhooks = map[string]*huma.PathItem{"event": {Post: &huma.Operation{
		OperationID: "receiveEvent", Tags: []string{"endpoints"}, Summary: "Receive an event",
		Description: "Sent to every endpoint that wants the event, signed after Standard Webhooks, and again until it " +
			"is taken: ten times in three days.",
		Parameters: []*huma.Param{
			text(event.HeaderID, "Names the delivery: the same when it is sent again.", exampleDelivery),
			text(event.HeaderTimestamp, "When it was sent, in seconds since 1970.", "1764590400"),
			text(event.HeaderSignature, "v1, and the base64 of the HMAC-SHA256 of id.timestamp.body; one for each of the "+
				"endpoint's secrets, with spaces between.", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
		},
		RequestBody: &huma.RequestBody{
			Required: true,
			Content:  map[string]*huma.MediaType{"application/json": {Schema: s, Example: d.example(s)}},
		},
		Responses: map[string]*huma.Response{
			"2XX": {Description: "It is taken."},
			"4XX": {Description: "It is not taken, and sent again later, as after every other answer and after none."},
		},
	}}}
}

// kinds are the types of the events of one thing.
type kinds struct {
	Noun  string
	Types []string
}

// eventKinds are all types, for people.
func eventKinds() []kinds {
	var all []kinds
	for _, kind := range app.EventTypes() {
		noun, _, _ := strings.Cut(kind, ".")
		if n := len(all); n == 0 || all[n-1].Noun != noun {
			all = append(all, kinds{Noun: noun})
		}
		last := &all[len(all)-1]
		last.Types = append(last.Types, kind)
	}
	return all
}
