package app_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// calls compares what a person hears of a payment.
func (s *shop) calls(p payment.Payment, want string) {
	s.Helper()
	waiting, err := s.app.Attention(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	if got := s.fresh(p).Attention; got != want || len(waiting) != min(len(want), 1) {
		s.Errorf("a person hears %q (%d wait), want %q", got, len(waiting), want)
	}
}

// dealtWith says that a person has looked at a payment, and that no money came.
func (s *shop) dealtWith(p payment.Payment) {
	s.Helper()
	say := app.Confirmation{Payment: p.ID, Operator: "Sam"}
	if err := last(s.app.ConfirmPayment(s.Context(), s.merchant, say)); err != nil {
		s.Fatal(err)
	}
}

const earlierTry = "the gateway took money for an earlier try of this payment"

// takenTwice is a charge whose first try was refused and taken later, while a second one began.
func takenTwice(t *testing.T, card string) (*shop, *acquirer, payment.Payment) {
	t.Helper()
	s, b, first := gotOnLater(t, card, func(i *intent) { i.state, i.taken = "taken", 60 })
	return s, b, s.fresh(first)
}

// gotOnLater is a charge whose first try was refused, and got on at the gateway later,
// which is heard of while a second try begins. It is given as of the first try.
func gotOnLater(t *testing.T, card string, got func(*intent)) (*shop, *acquirer, payment.Payment) {
	t.Helper()
	s, b := withCards(t)
	bank := &slow{acquirer: b}
	s.banks["acquirer"] = bank
	p := s.charge(badCard, 60)
	b.set(func(b *acquirer) { got(b.intents[p.Reference()]) })
	bank.meanwhile = func() {
		if err := last(s.app.ChargeAgain(t.Context(), s.merchant, p.ID, money.Amount{}, cardOf(card))); err != nil {
			t.Error(err)
		}
	}
	query := map[string][]string{"t": {p.ID + "." + p.Attempt.Token}}
	if err := last(s.app.ReturnPayer(t.Context(), query)); err != nil {
		t.Fatal(err)
	}
	return s, b, p
}

// What becomes of the present try does not end the call about the money of an earlier one.
func TestCallAboutAnEarlierTryLasts(t *testing.T) {
	t.Parallel()
	s, b, p := takenTwice(t, questionCard)
	s.calls(p, earlierTry)
	b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.held = "held", 60 })
	p = s.asked(p, time.Hour)
	s.want(p, payment.Authorized, payment.Good, held(60))
	s.calls(p, earlierTry)
	s.asked(p, 7*time.Hour)
	s.calls(p, earlierTry)
	b.set(func(b *acquirer) { b.intents[p.Reference()].held = 50 })
	s.asked(p, 7*time.Hour)
	s.calls(p, earlierTry+"; another amount")
	b.set(func(b *acquirer) { b.intents[p.Reference()].held = 60 })
	s.asked(p, 7*time.Hour)
	s.calls(p, earlierTry)
	if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{})); err != nil {
		t.Fatal(err)
	}
	s.calls(p, earlierTry)
	if err := last(s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID})); err != nil {
		t.Fatal(err)
	}
	s.calls(p, earlierTry)
	p = s.fresh(p)
	say := app.Confirmation{Payment: p.ID, Paid: true, Receipt: "another", Operator: "Sam"}
	if err := last(s.app.ConfirmPayment(t.Context(), s.merchant, say)); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("other money: got %v, want wrong_state", err)
	}
	say.Receipt = p.Attempt.Receipt
	if got, err := s.app.ConfirmPayment(t.Context(), s.merchant, say); err != nil || got.State != payment.Refunded {
		t.Errorf("looked at: got %s, %v", got.State, err)
	}
	s.calls(p, "")
}

// flags are the calls for a person that a payment's history tells of, and who called.
func (s *shop) flags(p payment.Payment) (list []string) {
	s.Helper()
	history, err := s.store.History(s.Context(), s.merchant, event.Payment, p.ID)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range history {
		if e.Trigger == string(payment.Flag) {
			list = append(list, e.Actor+": "+e.Note)
		}
	}
	return list
}

// A payment's history tells of each call for a person once, by its own reason and by who called,
// however often the gateway says the same.
func TestCallsAreWrittenDownOnce(t *testing.T) {
	t.Parallel()
	s, b, p := takenTwice(t, questionCard)
	b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.held = "held", 50 })
	for range 4 {
		s.asked(p, 7*time.Hour)
	}
	const other = "the gateway says paid, but 50 IRR instead of 60 IRR"
	s.calls(p, earlierTry+"; "+other)
	want := []string{"worker: " + earlierTry, "worker: " + other}
	if got := s.flags(p); !slices.Equal(got, want) {
		t.Errorf("its history tells of %q, want %q", got, want)
	}
}

// What was said of money that was taken otherwise is not forgotten when the rest is answered.
func TestCallAboutOtherMoneyLasts(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	bank := &teller{acquirer: b}
	s.banks["acquirer"] = bank
	p := s.charge(goodCard, 60)
	bank.says(gateway.Report{Outcome: gateway.Captured, Receipt: "r", Amount: rial(50)})
	if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{})); err != nil {
		t.Fatal(err)
	}
	const call = "the gateway says paid, but 50 IRR instead of 60 IRR"
	s.calls(p, call)
	bank.says(gateway.Report{Outcome: gateway.Captured, Receipt: "r", Amount: rial(60)})
	s.asked(p, 7*time.Hour)
	s.want(s.fresh(p), payment.Captured, payment.Recorded, taken(60))
	s.calls(p, call)
}

// That a person has looked is said of given back money in either way.
func TestLookedAtWhatWasGivenBack(t *testing.T) {
	t.Parallel()
	s, _, p := takenTwice(t, goodCard)
	if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{})); err != nil {
		t.Fatal(err)
	}
	if err := last(s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID})); err != nil {
		t.Fatal(err)
	}
	s.calls(p, earlierTry)
	say := app.Confirmation{Payment: p.ID, Operator: "Sam"}
	if got, err := s.app.ConfirmPayment(t.Context(), s.merchant, say); err != nil || got.State != payment.Refunded {
		t.Errorf("got %s, %v", got.State, err)
	}
	s.calls(p, "")
}

// Nobody tries a charge again while a person is to look at its first try, about which nobody
// would ask any more.
func TestNoOtherTryWhileAPersonIsCalled(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(badCard, 60)
	b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.held, b.refuseSteps = "held", 60, true })
	query := map[string][]string{"t": {p.ID + "." + p.Attempt.Token}}
	if err := last(s.app.ReturnPayer(t.Context(), query)); err != nil {
		t.Fatal(err)
	}
	const why = "the payer's bank holds money for this payment, which has ended"
	s.calls(p, why)
	err := last(s.app.ChargeAgain(t.Context(), s.merchant, p.ID, money.Amount{}, cardOf(goodCard)))
	if !fault.Is(err, fault.CodeWrongState) || !strings.Contains(fault.From(err).Words, "person") {
		t.Errorf("got %v, want wrong_state", err)
	}
	s.calls(p, why)
	s.dealtWith(p)
	if err := last(s.app.ChargeAgain(t.Context(), s.merchant, p.ID, money.Amount{}, cardOf(goodCard))); err != nil {
		t.Error(err)
	}
}

// An alarm about a payment that has failed reaches a person too.
func TestAlarmAboutAFailedPayment(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(badCard, 60)
	b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.taken = "taken", 30 })
	query := map[string][]string{"t": {p.ID + "." + p.Attempt.Token}}
	if err := last(s.app.ReturnPayer(t.Context(), query)); err != nil {
		t.Fatal(err)
	}
	s.calls(p, "another amount")
	s.want(s.fresh(p), payment.Failed, payment.Bad, nil)
}

// Whoever was called because a gateway was silent is not called any more once it has answered.
func TestAnswerEndsTheCall(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	p := s.request(s.invoice(10_000), 10_000)
	s.first.pay(p.Attempt.Session, "dead")
	s.first.set(func(b *bank) { b.canLook, b.loseTake = false, 100 })
	for range 8 {
		s.asked(p, time.Hour)
	}
	s.calls(p, "the gateway has not said whether this payment was made")
	s.first.set(func(b *bank) { b.canLook, b.loseTake = true, 0 })
	if p = s.asked(p, 7*time.Hour); p.State != payment.Failed {
		t.Fatalf("it is %s", p.State)
	}
	s.calls(p, "")
}

// mute is an acquirer that says of nothing whether it was done.
type mute struct{ *acquirer }

func (mute) unsure() gateway.Report { return gateway.Report{Outcome: gateway.Unknown, Doubt: true} }

func (b mute) Capture(context.Context, gateway.Held) gateway.Report { return b.unsure() }
func (b mute) Adjust(context.Context, gateway.Held) gateway.Report  { return b.unsure() }
func (b mute) Void(context.Context, gateway.Held) gateway.Report    { return b.unsure() }

// A person is called for what was asked of held money and is never answered, and whose word
// lets the merchant ask for something else.
func TestStepThatIsNeverAnswered(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*shop, payment.Payment) error{
		"capture": func(s *shop, p payment.Payment) error {
			return last(s.app.CapturePayment(s.Context(), s.merchant, p.ID, app.Capture{}))
		},
		"adjust": func(s *shop, p payment.Payment) error {
			return last(s.app.AdjustPayment(s.Context(), s.merchant, p.ID, rial(80)))
		},
		"void": func(s *shop, p payment.Payment) error {
			return last(s.app.VoidPayment(s.Context(), s.merchant, p.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			p := s.charge(goodCard, 60)
			s.banks["acquirer"] = mute{b}
			if err := ask(s, p); !fault.Is(err, fault.CodeGatewayUnavailable) {
				t.Errorf("got %v", err)
			}
			s.calls(p, "")
			for range 6 {
				s.asked(p, 7*time.Hour)
			}
			s.calls(p, "the gateway has not said whether it did what was asked for: "+name)
			s.dealtWith(p)
			s.calls(p, "")
			s.banks["acquirer"] = b
			if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(40)})); err != nil {
				t.Error(err)
			}
			s.want(s.fresh(p), payment.Captured, payment.Recorded, taken(40))
			s.audit()
		})
	}
}

// A capture that is answered at last ends the call about it, and leaves what is known of the card.
func TestStepThatIsAnsweredLate(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{"": "************4242", "************0005": "************0005"} {
		s, b := withCards(t)
		bank := &teller{acquirer: b}
		p := s.charge(goodCard, 60)
		s.banks["acquirer"] = mute{b}
		if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{})); !fault.Is(err,
			fault.CodeGatewayUnavailable) {
			t.Errorf("got %v", err)
		}
		for range 6 {
			s.asked(p, 7*time.Hour)
		}
		s.calls(p, "the gateway has not said whether it did what was asked for: capture")
		s.banks["acquirer"] = bank
		bank.says(gateway.Report{Outcome: gateway.Captured, Receipt: "r", Amount: rial(60), Card: said})
		p = s.asked(p, 7*time.Hour)
		s.want(p, payment.Captured, payment.Recorded, taken(60))
		s.calls(p, "")
		if p.Card != want {
			t.Errorf("the card is %q, want %q", p.Card, want)
		}
	}
}

// foreign is an acquirer whose contract is in another currency now.
type foreign struct{ *acquirer }

func (b foreign) Info() gateway.Info {
	i := b.acquirer.Info()
	i.Unit, i.Min = money.USD, money.New(1, money.USD)
	return i
}

// What was let go stays asked for where its gateway cannot be asked in its unit any more.
func TestLetGoInAnotherUnit(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 60)
	s.banks["acquirer"] = foreign{b}
	if _, err := s.refund(p, money.Amount{}); err != nil {
		t.Fatal(err)
	}
	s.asked(p, time.Hour)
	if got := s.fresh(p).Attention; !strings.HasPrefix(got, "its gateway cannot be asked to let go of the money") {
		t.Errorf("a person hears %q", got)
	}
	s.dealtWith(p)
	s.banks["acquirer"] = b
	if p = s.asked(p, 7*time.Hour); p.State != payment.Canceled || b.of(p).state != "void" {
		t.Errorf("it is %s, and the acquirer's %s", p.State, b.of(p).state)
	}
	s.audit()
}

// What is let go or adjusted while a look finds the money taken is not the merchant's.
func TestTakenWhileLessIsWanted(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*shop, payment.Payment) error{
		"let go": func(s *shop, p payment.Payment) error {
			return last(s.refund(p, rial(20)))
		},
		"adjusted": func(s *shop, p payment.Payment) error {
			return last(s.app.AdjustPayment(s.Context(), s.merchant, p.ID, rial(40)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			bank := &slow{acquirer: b}
			s.banks["acquirer"] = bank
			p := s.charge(goodCard, 60)
			b.takenThere(p)
			bank.meanwhile = func() {
				if err := do(s, p); err != nil {
					t.Error(err)
				}
			}
			s.asked(p, 7*time.Hour)
			if p = s.asked(p, 7*time.Hour); p.State != payment.Captured || p.Amount != rial(40) {
				t.Errorf("it is %s of %v", p.State, p.Amount)
			}
			s.asked(p, time.Hour)
			if got := s.gaveBack(p); got != 20 {
				t.Errorf("%d went back of what was not wanted", got)
			}
			s.calls(p, "")
			s.audit()
		})
	}
}

// Of two words about one payment that come at once one is true, and the other is told so.
func TestTwoWordsAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	for n := range 20 {
		wish := s.wish(s.invoice(10_000), 10_000)
		wish.Gateway = "cash"
		r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
		if err != nil {
			t.Fatal(err)
		}
		p := r.Payment
		var both sync.WaitGroup
		var words [3]error
		var got [3]payment.Payment
		for n, say := range []func() (payment.Payment, error){
			func() (payment.Payment, error) {
				return s.app.ConfirmPayment(t.Context(), s.merchant, app.Confirmation{
					Payment: p.ID, Paid: true, Receipt: p.ID + "-a", Operator: "Sam",
				})
			},
			func() (payment.Payment, error) {
				return s.app.ConfirmPayment(t.Context(), s.merchant, app.Confirmation{
					Payment: p.ID, Paid: true, Receipt: p.ID + "-b", Operator: "Kim",
				})
			},
			func() (payment.Payment, error) { return s.app.CancelPayment(t.Context(), s.merchant, p.ID, "Sam", "") },
		} {
			both.Go(func() { got[n], words[n] = say() })
		}
		both.Wait()
		for w, err := range words {
			if err != nil && !fault.Is(err, fault.CodeWrongState) {
				t.Errorf("%d: word %d: %v", n, w, err)
			}
		}
		for w, receipt := range []string{p.ID + "-a", p.ID + "-b"} {
			if words[w] == nil && got[w].Attempt.Receipt != receipt {
				t.Errorf("%d: the word with %s was taken for %s", n, receipt, got[w].Attempt.Receipt)
			}
		}
		if words[2] == nil && got[2].State != payment.Canceled {
			t.Errorf("%d: canceled, and it is %s", n, got[2].State)
		}
	}
}
