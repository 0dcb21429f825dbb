package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// deed is what is done to what is administered, and how it is recorded.
type deed struct {
	noun    event.Noun
	trigger string
	does    func(context.Context) error
}

// deeds are all of them, in an order in which they can be done.
func deeds(t *testing.T, s *shop) []deed {
	t.Helper()
	var key merchant.Key
	var receiver event.Endpoint
	hold, address := true, "https://shop.example/other"
	buy, err := money.ParseRate("5")
	if err != nil {
		t.Fatal(err)
	}
	sell, err := money.ParseRate("4")
	if err != nil {
		t.Fatal(err)
	}
	issuer := app.NewIssuer{Merchant: s.merchant, Name: "issuer"}
	return []deed{
		{event.MerchantItself, event.Change, func(ctx context.Context) error {
			return errOf(s.app.ChangeMerchant(ctx, s.merchant, app.MerchantTerms{HoldUnusual: &hold}))
		}},
		{event.Key, event.Create, func(ctx context.Context) (err error) {
			key, _, err = s.app.CreateKey(ctx, app.NewKey{Merchant: s.merchant, Label: "till"})
			return err
		}},
		{event.Key, event.Replace, func(ctx context.Context) error {
			return errOfTwo(s.app.ReplaceKey(ctx, s.merchant, app.Replacement{Key: key.ID}))
		}},
		{event.Key, event.Revoke, func(ctx context.Context) error {
			return s.app.RevokeKey(ctx, s.merchant, key.ID)
		}},
		{event.Key, event.Create, func(ctx context.Context) error {
			return errOfTwo(s.app.CreateSigningKey(ctx, app.NewSigningKey{Merchant: s.merchant}))
		}},
		{event.Key, event.Create, func(ctx context.Context) error { return errOf(s.app.AddIssuer(ctx, issuer)) }},
		{event.Key, event.Issue, func(ctx context.Context) error {
			known, err := s.app.Issuer(ctx, issuer.Name)
			if err != nil {
				return err
			}
			return s.app.RecordToken(ctx, known.Key, "for somebody")
		}},
		{event.Key, event.Revoke, func(ctx context.Context) error {
			return s.app.RevokeIssuer(ctx, s.merchant, issuer.Name)
		}},
		{event.Gateway, event.Create, func(ctx context.Context) error {
			return s.app.PutGateway(ctx, merchant.Gateway{Merchant: s.merchant, Name: "next", Connector: "shepa"})
		}},
		{event.Gateway, event.Change, func(ctx context.Context) error {
			return s.app.PutGateway(ctx, merchant.Gateway{Merchant: s.merchant, Name: "next", Connector: "shepa"})
		}},
		{event.Terminal, event.Create, func(ctx context.Context) error {
			return errOfTwo(s.app.CreateTerminal(ctx, s.merchant, app.TerminalTerms{Name: "Till"}))
		}},
		{event.Terminal, event.Disable, func(ctx context.Context) error {
			return errOf(s.app.ChangeTerminal(ctx, s.merchant, 1001, app.TerminalTerms{Name: "Till", Disabled: true}))
		}},
		{event.Terminal, event.Enable, func(ctx context.Context) error {
			return errOf(s.app.ChangeTerminal(ctx, s.merchant, 1001, app.TerminalTerms{Name: "Till"}))
		}},
		{event.Key, event.Create, func(ctx context.Context) error {
			return errOfTwo(s.app.CreateStoreKey(ctx, app.NewStoreKey{Merchant: s.merchant, Terminal: 1001}))
		}},
		{event.Key, event.Rotate, func(ctx context.Context) error {
			return errOf(s.app.RotateStoreSecret(ctx, s.merchant))
		}},
		{event.Receiver, event.Create, func(ctx context.Context) (err error) {
			receiver, _, err = s.app.CreateEndpoint(ctx, app.NewEndpoint{
				Merchant: s.merchant, URL: "https://shop.example/hooks",
			})
			return err
		}},
		{event.Receiver, event.Change, func(ctx context.Context) error {
			return errOf(s.app.ChangeReceiver(ctx, s.merchant, receiver.ID, app.EndpointTerms{URL: &address}))
		}},
		{event.Receiver, event.Rotate, func(ctx context.Context) error {
			return errOf(s.app.RotateSecret(ctx, s.merchant, receiver.ID))
		}},
		{event.Receiver, event.Disable, func(ctx context.Context) error {
			return s.app.DisableEndpoint(ctx, s.merchant, receiver.ID, "moving")
		}},
		{event.Receiver, event.Enable, func(ctx context.Context) error {
			return s.app.DisableEndpoint(ctx, s.merchant, receiver.ID, "")
		}},
		{event.Customer, "create", func(ctx context.Context) error {
			return errOf(s.app.CreateCustomer(ctx, app.NewCustomer{Merchant: s.merchant, FirstName: "Ada"}))
		}},
		{event.Invoice, "create", func(ctx context.Context) error {
			return errOf(s.app.Deposit(ctx, app.NewDeposit{
				ID: "deposit", Merchant: s.merchant, Account: wallet.House + 1, Token: "t", Title: "Deposit", Amount: rial(5_000),
			}))
		}},
		{event.Customer, "set_pin", func(ctx context.Context) error {
			return s.app.SetPIN(ctx, s.merchant, wallet.House+1, "8520")
		}},
		{event.Customer, "block", func(ctx context.Context) error {
			return s.app.BlockCustomer(ctx, s.merchant, wallet.House+1, wallet.Block, "Zoe", "lost")
		}},
		{event.Market, "create", func(ctx context.Context) error {
			return errOf(s.app.SetRate(ctx, app.NewRate{
				Merchant: s.merchant, Base: money.USDT, Quote: money.IRT, Buy: buy, Sell: sell, Source: "bank",
			}))
		}},
	}
}

func errOfTwo[T, U any](_ T, _ U, err error) error { return err }

// TestAdministrationIsOnRecord: whatever is done to what is administered is one event
// with who did it, and nobody is told.
func TestAdministrationIsOnRecord(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	seen := map[event.Noun]bool{event.MerchantItself: true}
	seq := int64(0)
	events := func() []event.Event {
		list, err := s.store.Events(t.Context(), s.merchant, seq, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(list); n > 0 {
			seq = list[n-1].Seq
		}
		return list
	}
	if first := events()[0]; first.Noun != event.MerchantItself || first.Trigger != event.Create {
		t.Errorf("the first event is %+v, want that of the merchant", first)
	}
	for _, d := range deeds(t, s) {
		if err := d.does(app.AsOperator(t.Context(), "Zoe")); err != nil {
			t.Fatalf("%s %s: %v", d.trigger, d.noun, err)
		}
		found := false
		for _, e := range events() {
			found = found || e.Noun == d.noun && e.Trigger == d.trigger
			seen[e.Noun] = true
			if e.Actor != "operator" || !strings.HasPrefix(e.Note, "Zoe") {
				t.Errorf("%s %s: got %+v, want an operator called Zoe", d.trigger, d.noun, e)
			}
			if e.Noun.Administered() && e.News() {
				t.Errorf("%s %s: endpoints are told of it", d.trigger, d.noun)
			}
		}
		if !found {
			t.Errorf("%s %s: there is no such event", d.trigger, d.noun)
		}
	}
	for _, noun := range event.Administered {
		if !seen[noun] {
			t.Errorf("nothing is recorded of a %s", noun)
		}
	}
}

// TestKeysAreActors: what a merchant's software does is recorded with its key.
func TestKeysAreActors(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"key_1": "key key_1", "": "without a key"} {
		s := open(t, 0)
		if err := errOf(s.app.ChangeMerchant(app.AsKey(t.Context(), id), s.merchant, app.MerchantTerms{})); err != nil {
			t.Fatal(err)
		}
		history, err := s.store.History(t.Context(), s.merchant, event.MerchantItself, s.merchant)
		if err != nil || len(history) != 2 {
			t.Fatalf("got %d events, %v", len(history), err)
		}
		if e := history[1]; e.Actor != "merchant" || e.Note != want || e.Type() != "merchant.changed" {
			t.Errorf("got %+v, want %s", e, want)
		}
	}
}

// TestKeysOfDecisions: what an operator decides over /v1 is recorded with the name
// that was sent and with the key; on the command line there is only the name.
func TestKeysOfDecisions(t *testing.T) {
	t.Parallel()
	for want, ctx := range map[string]context.Context{
		"Sam (key key_1)": app.AsKey(t.Context(), "key_1"), "Sam": app.AsOperator(t.Context(), "Zoe"),
	} {
		s := open(t, 0)
		made, err := s.app.AddTrader(ctx, app.NewTrader{Merchant: s.merchant, Name: "Boris", Operator: "Sam"})
		if err != nil {
			t.Fatal(err)
		}
		history, err := s.store.History(t.Context(), s.merchant, event.Trader, made.ID)
		if err != nil || len(history) != 1 {
			t.Fatalf("got %d events, %v", len(history), err)
		}
		if e := history[0]; e.Actor != "operator" || e.Note != want {
			t.Errorf("got %s: %s, want %s", e.Actor, e.Note, want)
		}
	}
}
