package zipay

import (
	"net/url"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
)

// The names of this API's notices among those that the core knows.
const (
	noticeForm = "zipay-form"
	noticeJSON = "zipay-json"
)

// JSONTerminal is the word in a terminal's settings that makes its notices
// JSON; with any other they are forms.
const JSONTerminal = "json"

// Forms are this API's notices, for the core's configuration.
func Forms() map[string]app.Form {
	return map[string]app.Form{noticeForm: NoticeForm, noticeJSON: NoticeJSON}
}

// noticeOf is the form in which a terminal is told.
func noticeOf(terminal string) string {
	if terminal == JSONTerminal {
		return noticeJSON
	}
	return noticeForm
}

// told says whether an invoice's address hears of an event: only that the
// payer has paid.
func told(e event.Event) bool {
	return e.Noun == event.Invoice && e.From != e.To && e.To == string(invoice.Paid)
}

// NoticeForm writes the notice of a paid invoice as a form.
func NoticeForm(e event.Event, i invoice.Invoice, _ []deal.Deal) (app.Notice, bool) {
	body, _ := dialect.BuildQuery(dialect.Fields{ // three short fields are never too long
		pair("trackid", i.ID), pair("invoice_number", i.Reference), pair("status", pending),
	})
	return app.Notice{MediaType: formType, Body: []byte(body)}, told(e)
}

// NoticeJSON writes the notice of a paid invoice as JSON.
func NoticeJSON(e event.Event, i invoice.Invoice, _ []deal.Deal) (app.Notice, bool) {
	body, err := dialect.JSON(struct {
		TrackID       string `json:"trackid"`
		InvoiceNumber string `json:"invoice_number"`
		Status        string `json:"status"`
	}{i.ID, i.Reference, pending})
	return app.Notice{MediaType: jsonType, Body: body}, err == nil && told(e)
}

// pair is a field whose value is a text.
func pair(name, value string) dialect.Field {
	return dialect.Field{Name: name, Value: dialect.Value{Kind: dialect.Text, Text: value}}
}

// returnAddress is where the payer's browser goes when an invoice is paid: the
// merchant's callback and which invoice it was. It proves nothing, so it says
// nothing else. A callback that is none gives no address.
func returnAddress(callback, trackID, number string) string {
	address, err := url.Parse(callback)
	if err != nil || callback == "" {
		return ""
	}
	which, _ := dialect.BuildQuery(dialect.Fields{pair("trackid", trackID), pair("invoice_number", number)})
	if query := strings.TrimRight(address.RawQuery, "&"); query != "" {
		which = query + "&" + which
	}
	address.RawQuery, address.ForceQuery = which, false
	return address.String()
}
