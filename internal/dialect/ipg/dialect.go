// Package ipg speaks the API of a shop that bills in Rial: invoices, payment
// attempts at redirect gateways, split sums, ready-to-pay links, reversals.
package ipg

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

// Pages is what the dialect needs of the hosted pages: everything that a
// person sees in a browser.
type Pages interface {
	// Link shows what a fixed or extension link asks for and starts nothing.
	Link(w http.ResponseWriter, r *http.Request, token string)
	// OpenAmount asks the payer for an amount.
	OpenAmount(w http.ResponseWriter, r *http.Request, token string)
	// Return takes the payer who comes back from a gateway.
	Return(w http.ResponseWriter, r *http.Request)
}

// LinkBases are the addresses that links begin with; an empty one is the
// public base URL and the route's own path.
type LinkBases struct {
	Fixed      string // pays a whole invoice
	OpenAmount string // the payer chooses the amount
	Extension  string // pays what an invoice was extended by
}

// Config is what the dialect is built from. App, Pages, PublicURL, Now and Log
// are needed.
type Config struct {
	App       *app.App
	Pages     Pages
	PublicURL string // where payers reach this server, such as https://pay.example
	Links     LinkBases
	// OpenMerchant is the merchant of calls without a key: for a demo on a
	// loopback listener alone. Empty = keys are needed.
	OpenMerchant string
	// OpenTo says whose calls these may be; nil = nobody's.
	OpenTo func(*http.Request) bool
	Now    func() time.Time
	Log    *slog.Logger
	// The rest mints ids and has its usual value when nil.
	NewID        func() string // of invoices and payments
	NewToken     func() string // of links
	NewRequestID func() string
}

// The paths of the pages that links lead to.
const (
	fixedPath      = "/payment/readyToPay"
	openAmountPath = "/payment/readyToPayDynamic"
	extensionPath  = "/invoice/amountExtensionReadyToPay"
)

// The budget of a payer's browser at an open-amount link.
const (
	payPause     = 3 * time.Second
	payBurst     = 10
	payersKept   = 10_000
	leastPayable = 1_000 // Rial: the smallest sum that the gateways take
)

// shop is the dialect's handlers.
type shop struct {
	Config
	payers *dialect.Limiter
}

// New builds the dialect. Error: setting_invalid for an address that cannot be
// the beginning of a link.
func New(c Config) (*dialect.Dialect, error) {
	if c.NewID == nil {
		c.NewID = func() string { return NewID(c.Now()) }
	}
	if c.NewToken == nil {
		c.NewToken = newToken
	}
	if c.NewRequestID == nil {
		c.NewRequestID = dialect.NewRequestID
	}
	for _, base := range []struct {
		name, path string
		value      *string
	}{
		{"links.fixed", fixedPath, &c.Links.Fixed},
		{"links.open_amount", openAmountPath, &c.Links.OpenAmount},
		{"links.extension", extensionPath, &c.Links.Extension},
	} {
		if *base.value == "" {
			*base.value = strings.TrimRight(c.PublicURL, "/") + base.path
		}
		if u, err := url.Parse(*base.value); err != nil || u.Host == "" || u.Fragment != "" {
			return nil, fault.New(fault.CodeSettingInvalid, base.name, "It must be an absolute address.").
				With(fmt.Errorf("parse %q: %w", *base.value, err))
		}
	}
	s := &shop{Config: c, payers: dialect.NewLimiter(payPause, payBurst, payersKept)}
	return &dialect.Dialect{
		Name:   "ipg",
		Title:  "ipg: invoices paid at Iranian payment gateways",
		Claims: []string{"/invoice/", "/payment/", "/admin/payment/"},
		Routes: s.routes(),
		Bodies: map[string]dialect.BodyReader{
			"":                                  dialect.ReadJSON,
			"application/json":                  dialect.ReadJSON,
			"application/x-www-form-urlencoded": dialect.ReadForm,
		},
		Admit:        dialect.Keys{Keys: c.App, Open: c.OpenMerchant, OpenTo: c.OpenTo}.Admit,
		Fault:        writeFault,
		Log:          c.Log,
		NewRequestID: c.NewRequestID,
	}, nil
}
