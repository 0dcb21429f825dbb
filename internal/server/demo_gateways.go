package server

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/sandbox"
	ifthenpaybox "github.com/purserhq/purser/internal/sandbox/ifthenpay"
	nagadbox "github.com/purserhq/purser/internal/sandbox/nagad"
	sslcommerzbox "github.com/purserhq/purser/internal/sandbox/sslcommerz"
	stripebox "github.com/purserhq/purser/internal/sandbox/stripe"
)

// demoGateway is one contract of the demo's merchant: with a make-believe
// provider, or without any.
type demoGateway struct {
	name      string
	connector string // empty = the name
	settings  map[string]string
	secrets   map[string]Secret
}

// byHand are the gateways for what an operator receives in other units than
// Rial and Toman, which have the usual one.
//
//exhaustive:ignore
var byHand = map[money.Unit]string{
	money.USD: "manual-usd", money.USDT: "manual-usdt", money.BDT: "manual-bdt", money.EUR: "manual-eur",
}

// demoInstructions are where payers would send money of a unit. No account can have such a
// number, and they say that none is to be sent.
func demoInstructions(unit money.Unit) string {
	const none = "This is a demo: do not send any money."
	switch unit { //nolint:exhaustive // the demo takes no others by hand
	case money.IRR:
		return "این یک نمونهٔ نمایشی است: پولی نفرستید.\n" + none +
			"\nبانک نمونه، فروشگاه نمایشی\nشبا: IR00 0000 0000 0000 0000 0000 00\nکارت: 0000 0000 0000 0000"
	case money.BDT:
		return "এটি একটি ডেমো: কোনো টাকা পাঠাবেন না।\n" + none + "\nExample Bank, Demo Shop\nAccount 000 000 000 0000"
	case money.USDT:
		return none + "\nTRC20 address: T000000000000000000000000000000000"
	case money.EUR:
		return none + "\nExample Bank, Demo Shop\nIBAN: PT50 0000 0000 0000 0000 0000 0"
	}
	return none + "\nExample Bank, Demo Shop\nRouting number: 000 000 000\nAccount: 0000 0000 0000"
}

// What the providers' servers sign with when they tell the demo of payments.
const (
	demoAntiPhishing Secret = "purser-demo-anti-phishing"
	demoEventSecret  Secret = "whsec_purserdemopurserdemopurserdemo" //nolint:gosec // the demo's own
)

// demoGateways point at the sandbox, wherever each provider is this time. The
// credentials are those that the providers publish for tests; others are no word of the
// sandbox's address, because a secret is masked wherever it stands, in an address too.
func demoGateways(at func(provider string) string, nagad nagadKeys) []demoGateway {
	test := func(more ...string) map[string]string {
		settings := map[string]string{"mode": "test"}
		for pair := range slices.Chunk(more, 2) {
			settings[pair[0]] = pair[1]
		}
		return settings
	}
	atHand := func(unit money.Unit) demoGateway {
		return demoGateway{
			byHand[unit], "manual", test("unit", string(unit), "instructions", demoInstructions(unit)), map[string]Secret{},
		}
	}
	return []demoGateway{
		{
			"zarinpal", "", test("base_url", at("zarinpal"), "graphql_url", at("zarinpal")+"/api/v4/graphql"),
			map[string]Secret{"merchant_id": "00000000-0000-4000-8000-000000000001", "access_token": "panel-token"},
		},
		{
			"shepa", "",
			test("base_url", at("shepa")),
			map[string]Secret{"api_key": "sandbox"},
		},
		{
			"zibal", "",
			test("base_url", at("zibal"), "platform_url", at("zibal"), "account_id", "sandbox"),
			map[string]Secret{"merchant": "zibal", "access_token": "panel-token"},
		},
		{
			"bkash", "", test("base_url", at("bkash")),
			map[string]Secret{
				"username": "shop-user", "password": "shop-password", "app_key": "shop-key", "app_secret": "shop-secret",
			},
		},
		{
			"nagad", "", test("base_url", at("nagad")+"/api/dfs"),
			map[string]Secret{
				"merchant_id": nagadbox.TestMerchant, "merchant_private_key": Secret(nagad.MerchantKey()),
				"pg_public_key": Secret(nagad.PublicKey()),
			},
		},
		{
			"sslcommerz", "", test("base_url", at("sslcommerz"), "store_id", sslcommerzbox.TestStore),
			map[string]Secret{"store_passwd": sslcommerzbox.TestPassword},
		},
		{
			"stripe", "", test("base_url", at("stripe"), "currency", "EUR"),
			map[string]Secret{"secret_key": "sk_test_sandbox", "webhook_secret": demoEventSecret},
		},
		{
			"ifthenpay", "", test("base_url", at("ifthenpay"), "refund_url", at("ifthenpay")+"/api"),
			map[string]Secret{
				"mbway_key": ifthenpaybox.TestKey, "backoffice_key": "1111-2222-3333-4444",
				"anti_phishing_key": demoAntiPhishing,
			},
		},
		{"manual", "", test("instructions", demoInstructions(money.IRR)), map[string]Secret{}},
		atHand(money.USD), atHand(money.USDT), atHand(money.BDT), atHand(money.EUR),
	}
}

// below has all providers at one address.
func below(sandbox string) func(provider string) string {
	return func(provider string) string { return sandbox + "/" + provider }
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
	nagad, err := findNagadKeys(s.emulators)
	if err != nil {
		return err
	}
	var errs []error
	for i, g := range demoGateways(below(s.info.SandboxURL), nagad) {
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

// nagadKeys are what a contract with the make-believe Nagad needs: its keys are
// made when it is first started.
type nagadKeys interface {
	MerchantKey() string
	PublicKey() string
}

func findNagadKeys(among []emulator) (nagadKeys, error) {
	for _, e := range among {
		if keys, ok := e.(nagadKeys); ok {
			return keys, nil
		}
	}
	return nil, errors.New("no emulator has the keys of Nagad")
}

// connectNotices tells the make-believe providers where this merchant wants to
// hear of payments, as an operator does in their offices.
func (s *seeding) connectNotices(ctx context.Context) error {
	for _, n := range []struct {
		gateway, id string
		key         Secret
	}{
		{"stripe", stripebox.Account, demoEventSecret},
		{"ifthenpay", ifthenpaybox.TestKey, demoAntiPhishing},
	} {
		address, err := s.app.NoticeAddress(ctx, s.merchant, n.gateway)
		if err != nil {
			return err
		}
		for _, e := range s.emulators {
			office, ok := e.(interface {
				SetMerchant(m sandbox.Merchant) error
			})
			if !ok || e.Name() != n.gateway {
				continue
			}
			if err := office.SetMerchant(sandbox.Merchant{
				ID: n.id, NoticeURL: address, NoticeKey: n.key.Reveal(),
			}); err != nil {
				return err
			}
		}
	}
	return nil
}
