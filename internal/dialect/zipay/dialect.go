// Package zipay speaks the API of a wallet service with invoices: a payer pays
// one from a wallet or through a gateway, the merchant verifies it in time, and
// accounts exchange, transfer and withdraw what they have.
package zipay

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// Pages is what the dialect needs of the hosted pages.
type Pages interface {
	// Invoice shows an invoice and lets the payer choose how to pay. It starts
	// nothing by itself.
	Invoice(w http.ResponseWriter, r *http.Request, trackID string)
}

// Config is what the dialect is built from. App, Pages, PublicURL, Now and Log
// are needed.
type Config struct {
	App       *app.App
	Pages     Pages
	PublicURL string // where payers reach this server, such as https://pay.example
	Now       func() time.Time
	Log       *slog.Logger
	// The rest mints ids and has its usual value when nil.
	NewID        func() string // of invoices, exchanges and transfers
	NewPayoutID  func() string // of withdrawals
	NewRequestID func() string
}

// The paths: calls below the one, pages below the other.
const (
	callPath = "/api/"
	pagePath = "/invoice_v1/"
)

// The media types of bodies.
const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// desk is the dialect's handlers.
type desk struct{ Config }

// New builds the dialect. Error: setting_invalid for an address that cannot be
// the beginning of a link.
func New(c Config) (*dialect.Dialect, error) {
	if c.NewID == nil {
		c.NewID = func() string { return NewID(c.Now()) }
	}
	if c.NewPayoutID == nil {
		c.NewPayoutID = func() string { return NewPayoutID(c.Now()) }
	}
	if c.NewRequestID == nil {
		c.NewRequestID = dialect.NewRequestID
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.CodeSettingInvalid, "public_url", "It must be an absolute address.").
			With(fmt.Errorf("parse %q: %w", c.PublicURL, err))
	}
	d := &dialect.Dialect{
		Name:   "zipay",
		Title:  "zipay: wallet accounts and invoices in USD, USDT and Toman",
		Claims: []string{callPath, pagePath},
		Routes: desk{c}.routes(),
		Bodies: map[string]dialect.BodyReader{
			"":            dialect.ReadForm,
			formType:      dialect.ReadForm,
			jsonType:      dialect.ReadJSON,
			multipartType: dialect.ReadMultipart,
		},
		Log:          c.Log,
		NewRequestID: c.NewRequestID,
	}
	d.Fault = func(r *dialect.Request, err error) dialect.Reply {
		reply := writeFault(r, err)
		if methods := d.Methods(strings.TrimSuffix(r.Pattern, "{$}")); reply.Status == http.StatusMethodNotAllowed &&
			len(methods) > 0 {
			reply.Header.Set("Allow", strings.Join(methods, ", "))
		}
		return reply
	}
	d.Admit = guard{keys: c.App, read: d.ReadFields}.admit
	return d, nil
}

// methodOf is how a route is called in the settings of keys.
func methodOf(r dialect.Route) string { return strings.TrimPrefix(r.Path, callPath) }
