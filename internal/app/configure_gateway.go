package app

import (
	"context"
	"maps"
	"net/url"
	"regexp"
	"slices"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
)

// NewGateway is the wish to add a contract with a provider.
type NewGateway struct {
	Merchant  string
	Name      string // the merchant's name for it; empty = the connector's
	Connector string
	GatewayTerms
}

// GatewayTerms are what can be changed of a contract; nil leaves it.
type GatewayTerms struct {
	Order       *int
	Enabled     *bool
	Settings    *map[string]string // replaces all of them
	Credentials *map[string]string // replaces all of them; they are sealed and never shown
}

// gatewayForm is a name that an address can have in its path.
var gatewayForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

// AddGateway adds a contract. It is tried before it is stored; the provider is not
// called. Errors: merchant_not_found, parameter_invalid for a name that no address
// can have or a setting that leads into a private network, setting_invalid,
// duplicate.
func (a *App) AddGateway(ctx context.Context, n NewGateway) (Contract, error) {
	if n.Name == "" {
		n.Name = n.Connector
	}
	if !gatewayForm.MatchString(n.Name) {
		return Contract{}, fault.New(fault.CodeParameterInvalid, "name",
			"A name has at most 100 letters, digits, points, lines and underscores.")
	}
	if _, err := a.store.Merchant(ctx, n.Merchant); err != nil {
		return Contract{}, err
	}
	return a.configure(ctx, n.Merchant, n.Name, n.GatewayTerms, func(known merchant.Gateway, found bool,
	) (merchant.Gateway, error) {
		if found && known.Removed {
			return merchant.Gateway{}, nameGone()
		}
		if found {
			return merchant.Gateway{}, fault.New(fault.CodeDuplicate, "name", "")
		}
		return merchant.Gateway{
			Merchant: n.Merchant, Name: n.Name, Connector: n.Connector, Enabled: true, CreatedAt: a.now(),
		}, nil
	})
}

// ErrNoCredential is inside of the setting_invalid of terms that lack a credential.
var ErrNoCredential = gateway.ErrNoCredential

// ChangeGateway changes a contract, which is tried before it is stored. What was
// begun at its provider goes on under the new terms.
// Errors: gateway_not_found, parameter_invalid, setting_invalid, parameter_missing when
// an address changes and the credentials do not come with it.
func (a *App) ChangeGateway(ctx context.Context, merchantID, name string, t GatewayTerms) (Contract, error) {
	return a.configure(ctx, merchantID, name, t, func(known merchant.Gateway, found bool) (merchant.Gateway, error) {
		if !found || known.Removed {
			return known, fault.New(fault.CodeGatewayNotFound, "gateway", "")
		}
		return known, nil
	})
}

// configure stores a contract under new terms, once a connector was made of it.
func (a *App) configure(ctx context.Context, merchantID, name string, t GatewayTerms,
	begin func(known merchant.Gateway, found bool) (merchant.Gateway, error),
) (Contract, error) {
	if t.Settings != nil {
		for _, key := range slices.Sorted(maps.Keys(*t.Settings)) {
			if err := a.checkSetting(key, (*t.Settings)[key]); err != nil {
				return Contract{}, err
			}
		}
	}
	var g merchant.Gateway
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		known, err := r.Gateways(ctx, merchantID)
		if err != nil {
			return store.Change{}, err
		}
		at := slices.IndexFunc(known, func(k merchant.Gateway) bool { return k.Name == name })
		if at >= 0 {
			g = known[at]
		}
		if g, err = begin(g, at >= 0); err != nil {
			return store.Change{}, err
		}
		if g, err = a.withTerms(g, t); err != nil {
			return store.Change{}, err
		}
		return store.Change{Gateways: []merchant.Gateway{g}}, nil
	})
	if err != nil {
		return Contract{}, err
	}
	g.Version++
	return a.ContractOf(g), nil
}

// checkSetting refuses an address of a provider that cannot be one: what calls
// bring must not lead into the network of the server.
func (a *App) checkSetting(name, value string) error {
	if u, err := url.Parse(value); err == nil && u.Host != "" {
		return a.checkOutside("settings."+name, value)
	}
	return nil // no address; whether the connector takes it is for the connector to say
}

// leadsElsewhere says that an address among new settings is not one of the settings
// before. Credentials that nobody is shown must not be sent there.
func leadsElsewhere(before, after map[string]string) bool {
	for name, value := range after {
		if u, err := url.Parse(value); err == nil && u.Host != "" && before[name] != value {
			return true
		}
	}
	return false
}

// withTerms is a contract under new terms, if a connector can be made of it.
// Errors: setting_invalid, parameter_missing for the credentials.
func (a *App) withTerms(g merchant.Gateway, t GatewayTerms) (merchant.Gateway, error) {
	if t.Order != nil {
		g.Order = *t.Order
	}
	if t.Enabled != nil {
		g.Enabled = *t.Enabled
	}
	if t.Settings != nil {
		if t.Credentials == nil && len(g.Sealed) > 0 && leadsElsewhere(g.Settings, *t.Settings) {
			return g, fault.New(fault.CodeParameterMissing, "credentials", "Another address takes the credentials anew.")
		}
		g.Settings = maps.Clone(*t.Settings)
	}
	if t.Credentials != nil {
		secrets := make(map[string]gateway.Secret, len(*t.Credentials))
		for name, text := range *t.Credentials {
			secrets[name] = gateway.Secret(text)
		}
		var err error
		if g.Sealed, err = a.credentials(g.Merchant, g.Name, secrets); err != nil {
			return g, err
		}
	}
	g.UpdatedAt = a.now()
	if t.Settings == nil && t.Credentials == nil && g.Version > 0 {
		return g, nil // one that is broken can still be disabled
	}
	tried := g
	tried.Version = 0 // nothing is kept of what is only tried
	_, err := a.gateways.Open(tried)
	return g, err
}
