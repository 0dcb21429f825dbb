// Package p2p speaks the API of a service whose payers send money straight to a
// person: the merchant asks for money at a store, a trader is found, the payer
// sends it, and the merchant is settled in coins less a fee.
package p2p

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

// Config is what the dialect is built from. App, PublicURLs, Now and Log are
// needed.
type Config struct {
	App *app.App
	// PublicURLs are the addresses under which callers may know this server, such
	// as https://pay.example: calls are signed over them. Payers are sent to the
	// first.
	PublicURLs []string
	Now        func() time.Time
	Log        *slog.Logger
	// Unlimited takes the limits of the public routes away: for demos and tests.
	Unlimited bool
	// The rest mints ids and has its usual value when nil.
	NewID        func() string // of invoices, deals and what belongs to them
	NewRequestID func() string
}

// The paths: calls of merchants below the one, of payers' pages below the other.
const (
	merchantPath = "/api/merchant/"
	publicPath   = "/api/public/"
)

// Limits of public routes.
const (
	addressPause, addressBurst = time.Second, 30
	invoicePause, invoiceBurst = 2 * time.Second, 20
	remembered                 = 20_000
)

// desk is the dialect's handlers.
type desk struct {
	Config

	addresses, invoices *dialect.Limiter
}

// New builds the dialect. Error: setting_invalid for an address that cannot be
// the beginning of a link.
func New(c Config) (*dialect.Dialect, error) {
	if c.NewID == nil {
		c.NewID = func() string { return dialect.NewUUID(c.Now()) }
	}
	if c.NewRequestID == nil {
		c.NewRequestID = dialect.NewRequestID
	}
	bases, err := addresses(c.PublicURLs)
	if err != nil {
		return nil, err
	}
	c.PublicURLs = bases
	desk := desk{
		Config:    c,
		addresses: dialect.NewLimiter(addressPause, addressBurst, remembered),
		invoices:  dialect.NewLimiter(invoicePause, invoiceBurst, remembered),
	}
	guard := guard{keys: c.App, bases: bases}
	d := &dialect.Dialect{
		Name:   "p2p",
		Title:  "p2p: invoices paid by sending money to a person",
		Claims: []string{merchantPath, publicPath},
		Routes: desk.routes(),
		Bodies: map[string]dialect.BodyReader{
			"": readBody, jsonType: readBody, multipartType: readParts,
		},
		Knows:        func(r *http.Request) bool { return r.Header.Get(keyHeader) != "" },
		Admit:        guard.admit,
		Log:          c.Log,
		NewRequestID: c.NewRequestID,
	}
	d.Enter = func(r *dialect.Request) error {
		if r.Route.Access == dialect.Anyone {
			return desk.enter(r)
		}
		return guard.enter(r)
	}
	d.Fault = func(r *dialect.Request, err error) dialect.Reply {
		reply := writeFault(r, err)
		if methods := d.Methods(strings.TrimSuffix(r.Pattern, "{$}")); reply.Status == http.StatusMethodNotAllowed &&
			len(methods) > 0 {
			reply.Header.Set("Allow", strings.Join(methods, ", "))
		}
		return reply
	}
	return d, nil
}

// addresses are the public addresses without a slash at their ends.
func addresses(texts []string) ([]string, error) {
	var bases []string
	for _, text := range texts {
		base := strings.TrimRight(text, "/")
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
			(u.Scheme != "https" && u.Scheme != "http") {
			return nil, fault.New(fault.CodeSettingInvalid, "public_url", "It must be an absolute address.").
				With(fmt.Errorf("parse %q: %w", text, err))
		}
		bases = append(bases, base)
	}
	if len(bases) == 0 {
		return nil, fault.New(fault.CodeSettingInvalid, "public_url", "An address is needed.")
	}
	return bases, nil
}
