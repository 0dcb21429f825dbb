// Package orderpay speaks the payment part of a shop's own API: users who come
// with tokens record payments of orders and read them back. An order is an
// invoice, and what a caller says of a payment's status is a claim.
package orderpay

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
)

// Config is what the dialect is built from. App, Now and Log are needed.
type Config struct {
	App *app.App
	// Fetch asks issuers for their public keys. It must not be led into private
	// networks. Nil = only tokens that are signed with a secret are believed.
	Fetch *http.Client
	Now   func() time.Time
	Log   *slog.Logger
	// The rest mints ids and has its usual value when nil.
	NewID        func() string // of orders and payments: UUIDs
	NewRequestID func() string
}

// The paths of the API.
const (
	paymentPath = "/payment"
	orderPath   = "/order"
)

const jsonType = "application/json"

// desk is the dialect's handlers.
type desk struct{ Config }

// New builds the dialect.
func New(c Config) *dialect.Dialect {
	if c.NewID == nil {
		c.NewID = func() string { return dialect.NewUUID(c.Now()) }
	}
	if c.NewRequestID == nil {
		c.NewRequestID = dialect.NewRequestID
	}
	d := &dialect.Dialect{
		Name:         "orderpay",
		Title:        "orderpay: payments of a shop's orders, with tokens of its users",
		Claims:       []string{paymentPath + "/", orderPath + "/"},
		Routes:       desk{c}.routes(),
		Knows:        func(r *http.Request) bool { return looksLikeToken(r.Header) },
		Bodies:       map[string]dialect.BodyReader{"": dialect.ReadJSON, jsonType: dialect.ReadJSON},
		Admit:        newGuard(c).admit,
		Log:          c.Log,
		NewRequestID: c.NewRequestID,
	}
	d.Fault = func(r *dialect.Request, err error) dialect.Reply {
		reply := writeFault(err)
		if reply.Status == http.StatusMethodNotAllowed {
			reply.Header.Set("Allow", strings.Join(d.Methods(r.Pattern), ", "))
		}
		return reply
	}
	return d
}
