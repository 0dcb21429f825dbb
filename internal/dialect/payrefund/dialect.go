// Package payrefund speaks the API of a shop that takes cards and MB WAY and
// gives money back: two small services, one for payments and one for refunds.
package payrefund

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Config is what the dialect is built from. App, Now and Log are needed.
type Config struct {
	App *app.App
	// Unit is what amounts are counted in, because the wire does not say;
	// empty = euro.
	Unit money.Unit
	// Zone adds a Z to the times that are written.
	Zone bool
	// OpenMerchant is the merchant of calls without a key: for a demo on a
	// loopback listener alone. Empty = keys are needed.
	OpenMerchant string
	// OpenTo says whose calls these may be; nil = nobody's.
	OpenTo func(*http.Request) bool
	Now    func() time.Time
	Log    *slog.Logger
	// The rest mints ids and has its usual value when nil.
	NewID        func() string // of payments and refunds: 200 letters and digits
	NewInvoiceID func() string // of the invoice behind a payment, which nobody sees
	NewRequestID func() string
}

// The paths of the API.
const (
	paymentsPath = "/api/payments"
	refundsPath  = "/api/refunds"
	onePath      = "/{id}"
)

// desk is the dialect's handlers.
type desk struct {
	Config

	places int // decimal places of an amount on the wire
}

// New builds the dialect. Error: setting_invalid for a unit that is not known.
func New(c Config) (*dialect.Dialect, error) {
	if c.Unit == "" {
		c.Unit = money.EUR
	}
	info, err := money.Lookup(c.Unit)
	if err != nil {
		return nil, fault.New(fault.CodeSettingInvalid, "payrefund_currency", "It must be a currency unit.").With(err)
	}
	if c.NewID == nil {
		c.NewID = func() string { return NewID(c.Now()) }
	}
	if c.NewInvoiceID == nil {
		c.NewInvoiceID = func() string { return newInvoiceID(c.Now()) }
	}
	if c.NewRequestID == nil {
		c.NewRequestID = dialect.NewRequestID
	}
	s := &desk{Config: c, places: min(info.Scale, mostPlaces)}
	d := &dialect.Dialect{
		Name:   "payrefund",
		Title:  "payrefund: card and MB WAY payments, and their refunds",
		Claims: []string{paymentsPath + "/", refundsPath + "/"},
		// No Bodies: the card must be taken out of them before they are read.
		Admit:        dialect.Keys{Keys: c.App, Open: c.OpenMerchant, OpenTo: c.OpenTo}.Admit,
		Log:          c.Log,
		NewRequestID: c.NewRequestID,
		Private:      true,
	}
	d.Routes = s.routes()
	d.Fault = func(r *dialect.Request, err error) dialect.Reply { return writeFault(d, r, err) }
	return d, nil
}

// RefundsPort is what stands on the port of the refunds service: there, a list
// of payments that asks for a refund_id is one of refunds.
func RefundsPort(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == paymentsPath && r.URL.Query().Has("refund_id") {
			there := r.Clone(r.Context())
			there.URL.Path, there.URL.RawPath = refundsPath, ""
			r = there
		}
		next.ServeHTTP(w, r)
	})
}
