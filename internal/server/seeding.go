package server

import (
	"context"

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

// seeding gives a demo its merchant, keys, gateways, customers, traders and
// money, once.
type seeding struct {
	*core

	info      *DemoInfo
	emulators []emulator
	merchant  string
}

// run goes on with what an earlier run left in the file and in the database.
func (s *seeding) run(ctx context.Context, file string) error {
	ctx = app.AsOperator(ctx, "demo")
	before, err := readDemo(file)
	if err != nil {
		return err
	}
	if err := s.findMerchant(ctx, before.IPG); err != nil {
		return err
	}
	s.info.V1, s.info.IPG, s.info.Payrefund = before.V1, before.IPG, before.Payrefund
	for _, k := range []struct {
		secret *string
		label  string
		scope  merchant.Scope
	}{
		{&s.info.V1.SecretKey, "demo v1", merchant.Admin},
		{&s.info.IPG.APIKey, "demo", merchant.Payments},
		{&s.info.IPG.AdminKey, "demo admin", merchant.Admin},
		{&s.info.Payrefund.APIKey, "demo payrefund", merchant.Payments},
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
	if err := s.connectNotices(ctx); err != nil {
		return err
	}
	if err := s.keepIssuer(ctx, before.Orderpay); err != nil {
		return err
	}
	if err := s.openWallets(ctx, before.Zipay); err != nil {
		return err
	}
	return s.openDeals(ctx, before.P2P)
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
