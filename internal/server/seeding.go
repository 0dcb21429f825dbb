package server

import (
	"cmp"
	"context"
	"errors"
	"maps"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

// The demo's merchant.
const (
	demoMerchant = "Purser demo"
	demoLimit    = 100_000 // Rial; requests above it are split
)

// seeding gives a demo its merchant, keys, gateways, customers and money, once.
type seeding struct {
	*core

	info     *DemoInfo
	merchant string
}

// run goes on with what an earlier run left in the file and in the database.
func (s *seeding) run(ctx context.Context, file string) error {
	before, err := readDemo(file)
	if err != nil {
		return err
	}
	if err := s.findMerchant(ctx, before.IPG); err != nil {
		return err
	}
	s.info.IPG = before.IPG
	for _, k := range []struct {
		secret *string
		label  string
		scope  merchant.Scope
	}{
		{&s.info.IPG.APIKey, "demo", merchant.Payments},
		{&s.info.IPG.AdminKey, "demo admin", merchant.Admin},
	} {
		if err := s.keepKey(ctx, k.secret, app.NewKey{
			Merchant: s.merchant, Label: k.label, Scopes: []merchant.Scope{k.scope},
		}); err != nil {
			return err
		}
	}
	if err := s.putGateways(ctx); err != nil {
		return err
	}
	return s.openWallets(ctx, before.Zipay)
}

// findMerchant takes the owner of the known key, else the merchant of an
// earlier demo whose file is gone, else a new one.
func (s *seeding) findMerchant(ctx context.Context, known IPGKeys) error {
	if key, err := s.app.Authenticate(ctx, known.APIKey); err == nil {
		s.merchant = key.Merchant
		return nil
	}
	for offset := 0; ; offset += pageSize {
		merchants, err := s.app.Merchants(ctx, app.Page{Limit: pageSize, Offset: offset})
		if err != nil {
			return err
		}
		for _, m := range merchants {
			if m.Name == demoMerchant {
				s.merchant = m.ID
				return nil
			}
		}
		if len(merchants) < pageSize {
			break
		}
	}
	m, err := s.app.CreateMerchant(ctx, app.NewMerchant{
		Name: demoMerchant, SplitLimit: money.New(demoLimit, money.IRR),
	})
	s.merchant = m.ID
	return err
}

// keepKey leaves a key that works and belongs to the merchant, and makes a
// new one otherwise.
func (s *seeding) keepKey(ctx context.Context, secret *string, n app.NewKey) error {
	key, err := s.app.Authenticate(ctx, *secret)
	if err == nil && key.Merchant == n.Merchant {
		return nil
	}
	if err != nil && !fault.Is(err, fault.CodeKeyInvalid) && !fault.Is(err, fault.CodeKeyMissing) {
		return err
	}
	_, *secret, err = s.app.CreateKey(ctx, n)
	return err
}

// demoGateway is one contract of the demo's merchant: with a make-believe
// provider, or without any.
type demoGateway struct {
	name      string
	connector string // empty = the name
	settings  map[string]string
	secrets   map[string]Secret
}

// byHand are the gateways for dollars and coins that an operator receives. Rial
// and Toman have the usual one.
//
//exhaustive:ignore
var byHand = map[money.Unit]string{money.USD: "manual-usd", money.USDT: "manual-usdt"}

// demoGateways point at the sandbox, wherever it is this time. The
// credentials are those that the providers publish for tests.
func demoGateways(sandbox string) []demoGateway {
	return []demoGateway{
		{
			"zarinpal", "",
			map[string]string{
				"mode": "test", "base_url": sandbox + "/zarinpal", "graphql_url": sandbox + "/zarinpal/api/v4/graphql",
			},
			map[string]Secret{"merchant_id": "00000000-0000-4000-8000-000000000001", "access_token": "sandbox"},
		},
		{
			"shepa", "",
			map[string]string{"mode": "test", "base_url": sandbox + "/shepa"},
			map[string]Secret{"api_key": "sandbox"},
		},
		{
			"zibal", "",
			map[string]string{
				"mode": "test", "base_url": sandbox + "/zibal", "platform_url": sandbox + "/zibal", "account_id": "sandbox",
			},
			map[string]Secret{"merchant": "zibal", "access_token": "sandbox"},
		},
		{"manual", "", map[string]string{"mode": "test"}, map[string]Secret{}},
		{byHand[money.USD], "manual", map[string]string{"mode": "test", "unit": "USD"}, map[string]Secret{}},
		{byHand[money.USDT], "manual", map[string]string{"mode": "test", "unit": "USDT"}, map[string]Secret{}},
	}
}

// putGateways writes those that are new or have moved with the address.
func (s *seeding) putGateways(ctx context.Context) error {
	stored, err := s.app.Gateways(ctx, s.merchant)
	if err != nil {
		return err
	}
	known := make(map[string]merchant.Gateway, len(stored))
	for _, g := range stored {
		known[g.Name] = g
	}
	var errs []error
	for i, g := range demoGateways(s.info.SandboxURL) {
		before, ok := known[g.name]
		if ok && s.same(before, g) {
			continue
		}
		sealed, err := s.ring.sealCredentials(s.merchant, g.name, g.secrets)
		if err == nil {
			err = s.app.PutGateway(ctx, merchant.Gateway{
				Merchant: s.merchant, Name: g.name, Connector: cmp.Or(g.connector, g.name), Order: i + 1, Enabled: true,
				Settings: g.settings, Sealed: sealed,
			})
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// same says that a stored contract needs no change. One whose credentials do
// not open any more does.
func (s *seeding) same(stored merchant.Gateway, wanted demoGateway) bool {
	secrets, err := s.ring.openCredentials(stored)
	return err == nil && stored.Enabled && maps.Equal(stored.Settings, wanted.settings) &&
		maps.Equal(secrets, wanted.secrets)
}
