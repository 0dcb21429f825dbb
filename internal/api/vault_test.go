package api_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/manual"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// vault is a provider in memory that holds the money of cards until it is told
// to take it or to let it go.
type vault struct {
	mu   sync.Mutex
	held map[string]gateway.Report // by our reference
	mood string                    // "refuses" its steps, or "loses" their answers
}

// vaults are a vault, and the till at which people pay Taka by hand.
func vaults() map[string]gateway.Gateway {
	till, err := manual.New(gateway.Config{
		Settings: map[string]string{"mode": "test", "unit": "BDT", "instructions": "Example Bank\nAccount 000 000"},
		Now:      func() time.Time { return dialecttest.Start },
	}, nil)
	if err != nil {
		panic(err)
	}
	return map[string]gateway.Gateway{"vault": &vault{held: map[string]gateway.Report{}}, "till": till}
}

// Info declares a provider of cards in euro.
func (v *vault) Info() gateway.Info {
	return gateway.Info{
		Connector: "vault", Title: "Vault", Unit: money.EUR, Min: money.New(1, money.EUR),
		Methods: []payment.Method{payment.Card}, Lifetime: time.Hour, CanLook: true, LostStartIsHarmless: true,
	}
}

// Start opens nothing: there are no pages.
func (v *vault) Start(context.Context, gateway.Attempt) gateway.Started {
	return gateway.Started{Outcome: gateway.Refused, Word: "no pages here"}
}

// declined is the card that no bank takes.
const declined = "4000000000000002"

// Charge holds what is asked for.
func (v *vault) Charge(_ context.Context, a gateway.Attempt, c gateway.Card, _ bool) gateway.Charged {
	v.mu.Lock()
	defer v.mu.Unlock()
	report := gateway.Report{Outcome: gateway.Authorized, Receipt: "V1", Amount: a.Amount}
	if c.Number() == declined {
		report = gateway.Report{Outcome: gateway.Declined, Word: "do not honour"}
	}
	v.held[a.Reference] = report
	return gateway.Charged{Started: gateway.Started{Outcome: gateway.Opened, Session: "v-" + a.Reference}, Report: report}
}

// Resolve says what became of it.
func (v *vault) Resolve(_ context.Context, a gateway.Attempt, _ gateway.Question) gateway.Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.held[a.Reference]
}

// Capture takes it.
func (v *vault) Capture(_ context.Context, h gateway.Held) gateway.Report {
	return v.step(h, gateway.Report{Outcome: gateway.Captured, Receipt: "V1", Amount: h.Amount})
}

// Void lets it go.
func (v *vault) Void(_ context.Context, h gateway.Held) gateway.Report {
	return v.step(h, gateway.Report{Outcome: gateway.Canceled})
}

func (v *vault) step(h gateway.Held, report gateway.Report) gateway.Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.mood == "refuses" {
		return gateway.Report{Outcome: gateway.Declined, Word: "not now"}
	}
	v.held[h.Attempt.Reference] = report
	if v.mood == "loses" {
		return gateway.Report{Outcome: gateway.Unknown, Doubt: true}
	}
	return report
}

// happen does what a story says of the vault: "vault holds PAYMENT", "vault
// refuses", "vault loses", "vault answers"; and "market opens" and
// "picture of DEAL", see openMarket and picture; "nobody answers for REFUND"; and "parts of 2000 IRR", the limit above
// which payments are split.
func happen(ctx context.Context, w *dialecttest.World, what string) (known bool, err error) {
	if what == "market opens" {
		return true, openMarket(ctx, w)
	}
	if of, ok := strings.CutPrefix(what, "picture of "); ok {
		return true, picture(ctx, w, of)
	}
	if what == "a link for any amount" {
		_, err := w.App.CreateInvoice(ctx, w.Shop, app.NewInvoice{
			ID: "linked", Amount: money.Zero(money.IRR), Open: true,
			Link: invoice.Link{Token: "until-further-notice", Kind: invoice.OpenAmount, Amount: money.Zero(money.IRR)},
		})
		return true, err
	}
	if what == "a link that has taken money" {
		return true, gathered(ctx, w)
	}
	if id, ok := strings.CutPrefix(what, "nobody answers for "); ok {
		return true, unanswered(ctx, w, id)
	}
	if what == "parts of 2000 IRR" {
		m, err := w.Store.Merchant(ctx, w.Shop)
		if err != nil {
			return true, err
		}
		m.SplitLimit = money.New(2000, money.IRR)
		if err := w.Store.Commit(ctx, store.Change{Merchants: []merchant.Merchant{m}}); err != nil {
			return true, err
		}
		_, err = w.App.ChangeMerchant(ctx, w.Shop, app.MerchantTerms{}) // so that nobody remembers the one before
		return true, err
	}
	how, ok := strings.CutPrefix(what, "vault ")
	if !ok {
		return false, nil
	}
	if held, ok := strings.CutPrefix(how, "holds "); ok {
		_, err := w.App.Charge(ctx, w.Shop, app.NewCharge{
			ID: held, Invoice: "of-" + held, Amount: money.New(1000, money.EUR),
			Instrument: app.Instrument{
				Method: payment.Card, Card: app.NewCard("4242424242424242", "123", "Ada", 1, 2030),
			},
		})
		return true, err
	}
	v := w.Gateways["vault"].(*vault) //nolint:forcetypeassert // It is the one that vaults made.
	v.mu.Lock()
	defer v.mu.Unlock()
	v.mood = how
	return true, nil
}

// unanswered makes a refund of which the gateway does not say what became of it, so that a
// person was called, of a payment of its own.
func unanswered(ctx context.Context, w *dialecttest.World, id string) error {
	if _, err := w.App.CreateInvoice(ctx, w.Shop, app.NewInvoice{
		ID: "of-" + id, Amount: money.New(5000, money.IRR),
	}); err != nil {
		return err
	}
	made, err := w.App.RequestPayment(ctx, w.Shop, app.NewPayment{
		Invoice: "of-" + id, Amount: money.New(5000, money.IRR), Gateway: "zarinpal",
		NewID: func() string { return "paid-" + id },
	})
	if err != nil {
		return err
	}
	bank := w.Banks["zarinpal"]
	bank.Pay(made.Payment.Attempt.Session)
	if _, err := w.App.ReturnPayer(ctx, map[string][]string{
		"Authority": {made.Payment.Attempt.Session}, "Status": {"OK"},
	}); err != nil {
		return err
	}
	bank.Behave("loses returns")
	back, err := w.App.RefundPayment(ctx, w.Shop, app.NewRefund{ID: id, Payment: made.Payment.ID})
	bank.Behave("gives back")
	if err != nil {
		return err
	}
	if back, err = w.App.Refund(ctx, w.Shop, back.ID); err != nil {
		return err
	}
	back.Attention = "the gateway does not say whether the money went back"
	return w.Store.Commit(ctx, store.Change{Refunds: []refund.Refund{back}})
}

// gathered makes the open-amount link "anything" of the invoice "gathering", through
// which a payer has paid.
func gathered(ctx context.Context, w *dialecttest.World) error {
	if _, err := w.App.CreateInvoice(ctx, w.Shop, app.NewInvoice{
		ID: "gathering", Amount: money.Zero(money.IRR), Open: true,
		Link: invoice.Link{Token: "anything", Kind: invoice.OpenAmount, Amount: money.Zero(money.IRR)},
	}); err != nil {
		return err
	}
	opened, err := w.App.OpenLink(ctx, app.OpenLink{
		Token: "anything", Gateway: "zarinpal", Amount: money.New(5000, money.IRR),
		NewID: func() string { return "gift" },
	})
	if err != nil {
		return err
	}
	session := opened.Payment.Attempt.Session
	w.Banks["zarinpal"].Pay(session)
	_, err = w.App.ReturnPayer(ctx, map[string][]string{"Authority": {session}, "Status": {"OK"}})
	return err
}
