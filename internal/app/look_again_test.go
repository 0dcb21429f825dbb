package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// pusher is a bank that asks payers on their phones, and offers cards too.
type pusher struct {
	*bank
	said gateway.Report
	at   *int // how often it was asked
}

func (p pusher) Info() gateway.Info {
	i := p.bank.Info()
	i.Methods, i.VerifyCaptures, i.LostStartIsHarmless = []payment.Method{payment.MBWay, payment.Card}, false, false
	i.Lifetime, i.Poll = 4*time.Minute, 7*time.Second
	return i
}

func (p pusher) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	if a.Method == payment.MBWay && a.Payer.Mobile == "" {
		return gateway.Started{Outcome: gateway.Refused}
	}
	started := p.bank.Start(ctx, a)
	if a.Method == payment.MBWay {
		started.Link = ""
	}
	return started
}

func (p pusher) Resolve(_ context.Context, a gateway.Attempt, _ gateway.Question) gateway.Report {
	*p.at++
	r := p.said
	if r.Outcome == gateway.Captured {
		r.Receipt, r.Amount = "r-"+a.Session, a.Amount
	}
	return r
}

// pushed opens a shop with one more gateway, called phone.
func pushed(t *testing.T, splitLimit int64) (*shop, *pusher) {
	t.Helper()
	s := open(t, splitLimit)
	p := &pusher{bank: newBank("phone"), said: gateway.Report{Outcome: gateway.Pending}, at: new(int)}
	s.banks["phone"] = p
	g := merchant.Gateway{Merchant: s.merchant, Name: "phone", Connector: "phone", Order: 9, Enabled: true}
	if err := s.app.PutGateway(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	return s, p
}

const mobile = "+351912345678"

// push is the wish to pay on a phone.
func (s *shop) push(token, number string, change func(*app.OpenLink)) (app.Requested, error) {
	s.Helper()
	o := app.OpenLink{
		Token: token, Gateway: "phone", Method: payment.MBWay, Payer: payment.Payer{Mobile: number}, Split: true,
		NewID: s.newID,
	}
	if change != nil {
		change(&o)
	}
	return s.app.OpenLink(s.Context(), o)
}

func TestWaysOfALink(t *testing.T) {
	t.Parallel()
	s, _ := pushed(t, 0)
	token := s.link(invoice.Fixed, 5_000).Link.Token
	one, err := s.push(token, mobile, nil)
	if err != nil || one.Payment.Attempt.Method != payment.MBWay || one.Payment.Payer.Mobile != mobile {
		t.Fatalf("got %+v, %v, want a push to the phone", one.Payment, err)
	}
	if again, err := s.push(token, mobile, nil); err != nil || again.Payment.ID != one.Payment.ID {
		t.Errorf("the same wish: got %s, %v, want %s", again.Payment.ID, err, one.Payment.ID)
	}
	corrected, err := s.push(token, "+351912345679", nil)
	if err != nil || corrected.Payment.ID == one.Payment.ID || corrected.Payment.Payer.Mobile != "+351912345679" {
		t.Errorf("another phone: got %+v, %v, want a push of its own", corrected.Payment, err)
	}
	card, err := s.push(token, "", func(o *app.OpenLink) { o.Method = payment.Card })
	if err != nil || card.Payment.Attempt.Method != payment.Card || card.Payment.Attempt.Link == "" {
		t.Errorf("another method: got %+v, %v, want the page for cards", card.Payment.Attempt, err)
	}
	if _, err := s.push(token, "", nil); !fault.Is(err, fault.CodeGatewayRefused) {
		t.Errorf("no phone: got %v, want gateway_refused", err)
	}
	_, err = s.push(token, mobile, func(o *app.OpenLink) { o.Gateway = "second" })
	if !fault.Is(err, fault.CodeNoGateway) {
		t.Errorf("a method that the gateway does not offer: got %v, want no_gateway", err)
	}
	got, err := s.push(token, "", func(o *app.OpenLink) { o.Gateway, o.Method = "cash", payment.Cash })
	if err != nil || got.Payment.Attempt.Gateway != "cash" || got.Payment.Attempt.Method != payment.Cash {
		t.Errorf("cash: got %+v, %v", got.Payment.Attempt, err)
	}
}

// Each part of a split is paid in the way that its payer chooses then.
func TestNextPartTakesAnotherWay(t *testing.T) {
	t.Parallel()
	s, _ := pushed(t, 4_000)
	token := s.link(invoice.Fixed, 10_000).Link.Token
	r, err := s.openLink(token, money.Amount{})
	if err != nil {
		t.Fatal(err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	s.returns(r.Payment, "ok")
	if _, err := s.push(token, "", nil); !fault.Is(err, fault.CodeGatewayRefused) {
		t.Fatalf("no phone: got %v, want gateway_refused", err)
	}
	// The method of the choice that failed does not stick to the part.
	second, err := s.push(token, "", func(o *app.OpenLink) { o.Gateway, o.Method = "second", "" })
	if err != nil || second.Payment.Attempt.Gateway != "second" || second.Payment.Attempt.Method != "" {
		t.Fatalf("got %+v, %v, want the part at the second gateway", second.Payment.Attempt, err)
	}
	s.second.pay(second.Payment.Attempt.Session, "paid")
	if _, err := s.app.ResolvePayment(t.Context(), s.merchant, second.Payment.ID); err != nil {
		t.Fatal(err)
	}
	third, err := s.push(token, mobile, nil)
	if err != nil || third.Payment.Attempt.Method != payment.MBWay || third.Payment.Payer.Mobile != mobile ||
		third.Payment.Amount != rial(2_000) {
		t.Errorf("got %+v, %v, want the last part pushed", third.Payment, err)
	}
}

func TestLookAgain(t *testing.T) {
	t.Parallel()
	s, p := pushed(t, 0)
	r, err := s.push(s.link(invoice.Fixed, 5_000).Link.Token, mobile, nil)
	if err != nil {
		t.Fatal(err)
	}
	look := func(asked int, state payment.State) {
		t.Helper()
		got, err := s.app.LookAgain(t.Context(), app.ReturnToken(r.Payment))
		if err != nil || got.State != state {
			t.Errorf("got %s, %v, want %s", got.State, err, state)
		}
		if *p.at != asked {
			t.Errorf("the gateway was asked %d times, want %d", *p.at, asked)
		}
	}
	look(0, payment.Processing) // the push was sent in this moment
	s.wait(3 * time.Second)
	look(1, payment.Processing)
	look(1, payment.Processing)
	s.wait(2 * time.Second)
	look(1, payment.Processing)
	p.said.Outcome = gateway.Captured
	s.wait(time.Second)
	look(2, payment.Captured)
	s.wait(time.Hour)
	look(2, payment.Captured)
	for _, token := range []string{"", r.Payment.ID, r.Payment.ID + ".wrong"} {
		if _, err := s.app.LookAgain(t.Context(), token); !fault.Is(err, fault.CodePaymentNotFound) {
			t.Errorf("%q: got %v, want payment_not_found", token, err)
		}
	}
}

// Who is sent elsewhere comes back from there: until then nobody need ask.
func TestLookAgainOnlyReadsWhatIsPaidElsewhere(t *testing.T) {
	t.Parallel()
	s, p := pushed(t, 0)
	card, err := s.push(s.link(invoice.Fixed, 5_000).Link.Token, "", func(o *app.OpenLink) { o.Method = payment.Card })
	if err != nil {
		t.Fatal(err)
	}
	s.wait(time.Minute)
	if _, err := s.app.LookAgain(t.Context(), app.ReturnToken(card.Payment)); err != nil || *p.at != 0 {
		t.Errorf("got %v after %d questions, want none", err, *p.at)
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	s, _ := pushed(t, 0)
	at := func(name string, method payment.Method) payment.Payment {
		return payment.Payment{Merchant: s.merchant, Attempt: payment.Attempt{Gateway: name, Method: method}}
	}
	for _, test := range []struct {
		payment payment.Payment
		want    payment.Flow
	}{
		{at("phone", payment.MBWay), payment.Push},
		{at("phone", payment.Card), payment.Redirect},
		{at("phone", ""), ""}, // it has both
		{at("first", ""), payment.Redirect},
		{at("cash", ""), payment.Requisites},
		{at("removed", payment.BankTransfer), payment.Requisites},
		{at("removed", ""), ""},
		{at("", ""), ""},
	} {
		if got := s.app.Flow(t.Context(), test.payment); got != test.want {
			t.Errorf("%s %q: got %q, want %q", test.payment.Attempt.Gateway, test.payment.Attempt.Method, got, test.want)
		}
	}
}

// telling is a gateway by hand that says where to pay.
type telling struct{ cash }

func (c telling) Info() gateway.Info {
	i := c.cash.Info()
	i.Instructions = "Example Bank"
	return i
}

// TestInstructions: what payers are told is their gateway's present word, and nothing where
// there is none to ask.
func TestInstructions(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.banks["teller"] = telling{}
	g := merchant.Gateway{Merchant: s.merchant, Name: "teller", Connector: "teller", Enabled: true}
	if err := s.app.PutGateway(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	at := func(merchantID, name string) payment.Payment {
		return payment.Payment{Merchant: merchantID, Attempt: payment.Attempt{Gateway: name}}
	}
	for _, test := range []struct {
		payment payment.Payment
		want    string
	}{
		{at(s.merchant, "teller"), "Example Bank"},
		{at(s.merchant, "cash"), ""},
		{at(s.merchant, "removed"), ""},
		{at("another", "teller"), ""},
	} {
		if got := s.app.Instructions(t.Context(), test.payment); got != test.want {
			t.Errorf("%s of %s: got %q, want %q", test.payment.Attempt.Gateway, test.payment.Merchant, got, test.want)
		}
	}
	off := false
	if _, err := s.app.ChangeGateway(t.Context(), s.merchant, "teller", app.GatewayTerms{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	if got := s.app.Instructions(t.Context(), at(s.merchant, "teller")); got != "Example Bank" {
		t.Errorf("of one that takes no more: got %q", got)
	}
	delete(s.banks, "teller")
	if got := s.app.Instructions(t.Context(), at(s.merchant, "teller")); got != "" {
		t.Errorf("of one that is broken: got %q, want none", got)
	}
}
