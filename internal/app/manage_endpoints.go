package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
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
	ID       string // empty = a new one
	Merchant string
	URL      string
	Types    []string // empty = everything
	// Outside says that a call brings the address: it must not lead into a private network.
	Outside bool
}

// signingSecret is one secret of an endpoint. While secrets change, the old
// one signs too, until its time is over.
type signingSecret struct {
	Secret string     `json:"secret"`
	Until  *time.Time `json:"until,omitempty"`
}

// overlap is how long a replaced secret goes on signing.
const overlap = 24 * time.Hour

// maxSecrets bounds how many secrets of an endpoint sign at once.
const maxSecrets = 5

// maxEndpoints bounds what one event can cause.
const maxEndpoints = 20

// CreateEndpoint adds an address that is told of events, and returns the
// secret that its messages are signed with; it cannot be shown again. When it returns, every
// node knows of it. The merchant is written with it: of two who add a last one at once, the
// second finds that there is no room. Errors: merchant_not_found, parameter_invalid, limit_exceeded.
func (a *App) CreateEndpoint(ctx context.Context, n NewEndpoint) (event.Endpoint, string, error) {
	if err := a.checkReceiver(n.URL, n.Outside); err != nil {
		return event.Endpoint{}, "", err
	}
	if err := checkTypes(n.Types); err != nil {
		return event.Endpoint{}, "", err
	}
	var e event.Endpoint
	secret := a.newSigningSecret()
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		m, err := r.Merchant(ctx, n.Merchant)
		if err != nil {
			return store.Change{}, err
		}
		known, err := r.Endpoints(ctx, n.Merchant)
		if err != nil {
			return store.Change{}, err
		}
		if len(receivers(known)) >= maxEndpoints {
			return store.Change{}, fault.New(fault.CodeLimitExceeded, "endpoint", "A merchant has at most 20 endpoints.")
		}
		now := a.now()
		e = event.Endpoint{
			ID: cmp.Or(n.ID, "ep_"+a.newID(now)), Merchant: n.Merchant, URL: n.URL, Types: slices.Clone(n.Types),
			CreatedAt: now, UpdatedAt: now,
		}
		if e.Sealed, err = a.sealSecrets(e, []signingSecret{{Secret: secret}}); err != nil {
			return store.Change{}, err
		}
		return store.Change{Merchants: []merchant.Merchant{m}, Endpoints: []event.Endpoint{e}}, nil
	})
	a.merchants.forget()
	a.endpoints.forget()
	if err != nil {
		return event.Endpoint{}, "", err
	}
	a.awaitNodes()
	e.Version++
	return e, secret, nil
}

// receivers are the endpoints that are told of events. Those of terminals have
// no address and only sign.
func receivers(known []event.Endpoint) []event.Endpoint {
	return slices.DeleteFunc(slices.Clone(known), func(e event.Endpoint) bool { return e.URL == "" })
}

// checkReceiver refuses an address that an endpoint cannot have.
func (a *App) checkReceiver(address string, outside bool) error {
	if !outside {
		return checkAddress(address)
	}
	return a.checkStanding("url", address)
}

// checkStanding is checkOutside for an address that is called again and again: a port that
// is never dialed is refused at once.
func (a *App) checkStanding(param, address string) error {
	if err := a.checkOutside(param, address); err != nil || a.private {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	return event.CheckPort(param, u.Port())
}

// Endpoints lists a merchant's endpoints.
func (a *App) Endpoints(ctx context.Context, merchantID string) ([]event.Endpoint, error) {
	return a.store.Endpoints(ctx, merchantID)
}

// Receiver finds an endpoint that is told of events. Error: endpoint_not_found.
func (a *App) Receiver(ctx context.Context, merchantID, id string) (event.Endpoint, error) {
	e, err := endpointOf(ctx, a.store, merchantID, id)
	if err == nil && e.URL == "" {
		err = fault.New(fault.CodeEndpointNotFound, "endpoint", "")
	}
	return e, err
}

// EndpointTerms are what can be changed of an endpoint; nil leaves it.
type EndpointTerms struct {
	URL      *string
	Types    *[]string // empty = everything
	Disabled *string   // why nothing is sent; empty = it is sent to
	Outside  bool      // as of NewEndpoint
}

// ChangeReceiver changes an endpoint that is told of events. What is due already
// goes where it was to go. When it returns, every node knows of it, unless it was disabled.
// Errors: endpoint_not_found, parameter_invalid.
func (a *App) ChangeReceiver(ctx context.Context, merchantID, id string, t EndpointTerms) (event.Endpoint, error) {
	if t.URL != nil {
		if err := a.checkReceiver(*t.URL, t.Outside); err != nil {
			return event.Endpoint{}, err
		}
	}
	if t.Types != nil {
		if err := checkTypes(*t.Types); err != nil {
			return event.Endpoint{}, err
		}
	}
	var changed event.Endpoint
	err := a.changeEndpoint(ctx, merchantID, id, event.Change, func(e *event.Endpoint) error {
		if e.URL == "" {
			return fault.New(fault.CodeEndpointNotFound, "endpoint", "")
		}
		if t.URL != nil {
			e.URL = *t.URL
		}
		if t.Types != nil {
			e.Types = slices.Clone(*t.Types)
		}
		if t.Disabled != nil {
			e.Disabled = *t.Disabled
		}
		changed = *e
		return nil
	})
	return changed, err
}

// SigningSecret is the newest secret that signs for an endpoint: for who has just
// made it, and for nobody later.
func (a *App) SigningSecret(e event.Endpoint) (string, error) {
	secrets, err := a.secretsOf(e)
	if err != nil || len(secrets) == 0 {
		return "", err
	}
	return secrets[len(secrets)-1].Secret, nil
}

// RotateSecret gives an endpoint a new signing secret. Messages carry the
// signatures of both for a day, so that the receiver can change over.
// Errors: endpoint_not_found, limit_exceeded when too many secrets sign already.
func (a *App) RotateSecret(ctx context.Context, merchantID, endpointID string) (string, error) {
	secret := a.newSigningSecret()
	err := a.changeEndpoint(ctx, merchantID, endpointID, event.Rotate, func(e *event.Endpoint) error {
		secrets, err := a.secretsOf(*e)
		if err != nil {
			return err
		}
		if len(secrets) >= maxSecrets {
			return fault.New(fault.CodeLimitExceeded, "endpoint", "At most five secrets sign at once: try again tomorrow.")
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
// starts it again, with the deliveries that stayed due. Error: endpoint_not_found.
func (a *App) DisableEndpoint(ctx context.Context, merchantID, endpointID, reason string) error {
	return a.changeEndpoint(ctx, merchantID, endpointID, event.Change, func(e *event.Endpoint) error {
		e.Disabled = reason
		return nil
	})
}

func (a *App) changeEndpoint(ctx context.Context, merchantID, id, trigger string,
	change func(*event.Endpoint) error,
) error {
	defer a.endpoints.forget()
	did := trigger
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		e, err := endpointOf(ctx, r, merchantID, id)
		if err != nil {
			return store.Change{}, err
		}
		was := e.Disabled != ""
		e.UpdatedAt = a.now()
		if err := change(&e); err != nil {
			return store.Change{}, err
		}
		if trigger == event.Change {
			did = switched(was, e.Disabled != "")
		}
		return store.Change{
			Endpoints: []event.Endpoint{e}, Events: []event.Event{acted(event.Receiver, merchantID, id, did, e.UpdatedAt)},
		}, nil
	})
	if err != nil || trigger == event.Rotate || did == event.Disable {
		return err
	}
	defer a.awaitNodes()
	if did != event.Enable {
		return nil
	}
	if err := a.awakenAll(ctx, merchantID, id); err != nil { // it is enabled, and they have their rest
		a.log.WarnContext(ctx, "deliveries could not be made due", slog.String("merchant", merchantID),
			slog.String("endpoint", id), slog.String("error", fault.Detail(err)))
	}
	return nil
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
