package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// Sealer keeps secrets unreadable in the database. What was sealed under one
// name does not open under another.
type Sealer interface {
	Seal(merchantID, name string, text []byte) ([]byte, error)
	Open(merchantID, name string, sealed []byte) ([]byte, error)
}

// NewEndpoint is the wish to be told of events.
type NewEndpoint struct {
	Merchant string
	URL      string
	Types    []string // empty = everything
}

// signingSecret is one secret of an endpoint. While secrets change, the old
// one signs too, until its time is over.
type signingSecret struct {
	Secret string     `json:"secret"`
	Until  *time.Time `json:"until,omitempty"`
}

// overlap is how long a replaced secret goes on signing.
const overlap = 24 * time.Hour

// maxEndpoints bounds what one event can cause.
const maxEndpoints = 20

// CreateEndpoint adds an address that is told of events, and returns the
// secret that its messages are signed with; it cannot be shown again.
// Errors: merchant_not_found, parameter_invalid, limit_exceeded.
func (a *App) CreateEndpoint(ctx context.Context, n NewEndpoint) (event.Endpoint, string, error) {
	if _, err := a.store.Merchant(ctx, n.Merchant); err != nil {
		return event.Endpoint{}, "", err
	}
	if err := checkAddress(n.URL); err != nil {
		return event.Endpoint{}, "", err
	}
	if err := event.CheckTypes(n.Types); err != nil {
		return event.Endpoint{}, "", err
	}
	known, err := a.store.Endpoints(ctx, n.Merchant)
	if err != nil {
		return event.Endpoint{}, "", err
	}
	// Those of terminals have no address and are told of no event.
	known = slices.DeleteFunc(known, func(e event.Endpoint) bool { return e.URL == "" })
	if len(known) >= maxEndpoints {
		return event.Endpoint{}, "", fault.New(fault.CodeLimitExceeded, "endpoint",
			"A merchant has at most 20 endpoints.")
	}
	now := a.now()
	e := event.Endpoint{
		ID: "ep_" + newID(now), Merchant: n.Merchant, URL: n.URL, Types: slices.Clone(n.Types),
		CreatedAt: now, UpdatedAt: now,
	}
	secret := event.NewSecret()
	if e.Sealed, err = a.sealSecrets(e, []signingSecret{{Secret: secret}}); err != nil {
		return event.Endpoint{}, "", err
	}
	err = a.store.Commit(ctx, store.Change{Endpoints: []event.Endpoint{e}})
	a.endpoints.forget()
	e.Version++
	return e, secret, err
}

// checkAddress refuses what can never be sent to. Where a name leads is
// checked when it is dialed, each time.
func checkAddress(address string) error {
	invalid := fault.New(fault.CodeParameterInvalid, "url", "It must be an absolute http or https address.")
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return invalid
	}
	if len(address) > maxAddress {
		return invalid.Because("The address is too long.")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.IsUnspecified() {
		return invalid
	}
	return nil
}

const maxAddress = 2000

// checkOutside is checkAddress for an address that a call brings: one that
// leads into a private network by its very text is refused too.
func (a *App) checkOutside(param, address string) error {
	if err := checkAddress(address); err != nil {
		f := *fault.From(err)
		f.Param = param
		return &f
	}
	u, err := url.Parse(address)
	if err != nil || a.private {
		return err
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	ip, err := netip.ParseAddr(host)
	inside := err == nil && (!ip.IsGlobalUnicast() || ip.Unmap().IsPrivate() || ip.Unmap().IsLoopback())
	if inside || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return fault.New(fault.CodeParameterInvalid, param, "It leads into a private network.")
	}
	return nil
}

// Endpoints lists a merchant's endpoints.
func (a *App) Endpoints(ctx context.Context, merchantID string) ([]event.Endpoint, error) {
	return a.store.Endpoints(ctx, merchantID)
}

// RotateSecret gives an endpoint a new signing secret. Messages carry the
// signatures of both for a day, so that the receiver can change over.
// Error: endpoint_not_found.
func (a *App) RotateSecret(ctx context.Context, merchantID, endpointID string) (string, error) {
	secret := event.NewSecret()
	err := a.changeEndpoint(ctx, merchantID, endpointID, func(e *event.Endpoint) error {
		secrets, err := a.secretsOf(*e)
		if err != nil {
			return err
		}
		until := a.now().Add(overlap)
		for n := range secrets {
			if secrets[n].Until == nil {
				secrets[n].Until = &until
			}
		}
		e.Sealed, err = a.sealSecrets(*e, append(secrets, signingSecret{Secret: secret}))
		return err
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// DisableEndpoint stops sending to an endpoint, for a reason; an empty reason
// starts it again. Deliveries that are due stay due. Error: endpoint_not_found.
func (a *App) DisableEndpoint(ctx context.Context, merchantID, endpointID, reason string) error {
	return a.changeEndpoint(ctx, merchantID, endpointID, func(e *event.Endpoint) error {
		e.Disabled = reason
		return nil
	})
}

func (a *App) changeEndpoint(ctx context.Context, merchantID, id string, change func(*event.Endpoint) error) error {
	defer a.endpoints.forget()
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		e, err := endpointOf(ctx, r, merchantID, id)
		if err != nil {
			return store.Change{}, err
		}
		if err := change(&e); err != nil {
			return store.Change{}, err
		}
		e.UpdatedAt = a.now()
		return store.Change{Endpoints: []event.Endpoint{e}}, nil
	})
}

func endpointOf(ctx context.Context, r store.Reader, merchantID, id string) (event.Endpoint, error) {
	known, err := r.Endpoints(ctx, merchantID)
	if err != nil {
		return event.Endpoint{}, err
	}
	n := slices.IndexFunc(known, func(e event.Endpoint) bool { return e.ID == id })
	if n < 0 {
		return event.Endpoint{}, fault.New(fault.CodeEndpointNotFound, "endpoint", "")
	}
	return known[n], nil
}

func (a *App) sealSecrets(e event.Endpoint, secrets []signingSecret) ([]byte, error) {
	text, err := json.Marshal(secrets) //nolint:gosec // it is sealed before it goes anywhere
	if err != nil {
		return nil, fmt.Errorf("write signing secrets: %w", err)
	}
	return a.sealer.Seal(e.Merchant, e.ID, text)
}

// secretsOf are the secrets that sign for an endpoint now.
func (a *App) secretsOf(e event.Endpoint) ([]signingSecret, error) {
	text, err := a.sealer.Open(e.Merchant, e.ID, e.Sealed)
	if err != nil {
		return nil, err
	}
	var secrets []signingSecret
	if err := json.Unmarshal(text, &secrets); err != nil {
		return nil, fmt.Errorf("read signing secrets: %w", err)
	}
	now := a.now()
	return slices.DeleteFunc(secrets, func(s signingSecret) bool { return s.Until != nil && !now.Before(*s.Until) }), nil
}
