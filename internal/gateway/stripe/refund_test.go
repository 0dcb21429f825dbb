package stripe

import (
	"errors"
	"net/http"
	"testing"

	stripego "github.com/stripe/stripe-go/v86"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
)

// asked is a contract, a return of 2500.00 EUR, and the refund that was made for it.
func asked(t *testing.T) (*Gateway, gateway.Return, stripego.Refund) {
	t.Helper()
	_, g := stage(t)
	return g, gateway.Return{Refund: "rf-5", Receipt: "pi_1", Amount: money.New(250000, money.EUR)}, stripego.Refund{
		ID: "re_1", Object: "refund", Amount: 250000, Currency: "eur", Status: stripego.RefundStatusSucceeded,
		PaymentIntent: &stripego.PaymentIntent{ID: "pi_1"}, Metadata: map[string]string{metaRefund: "rf-5"},
	}
}

func TestRefundsOfEveryState(t *testing.T) {
	t.Parallel()
	g, r, made := asked(t)
	for status, want := range map[stripego.RefundStatus]gateway.ReturnOutcome{
		stripego.RefundStatusSucceeded: gateway.Done, stripego.RefundStatusPending: gateway.Underway,
		stripego.RefundStatusRequiresAction: gateway.Underway, stripego.RefundStatusFailed: gateway.Denied,
		stripego.RefundStatusCanceled: gateway.Denied, "new": gateway.ReturnUnsure,
	} {
		f := made
		f.Status = status
		if got := g.refundReport(&f, r, 250000); got.Outcome != want || got.Receipt != "re_1" {
			t.Errorf("%s: got %+v, want %s", status, got, want)
		}
	}
}

// TestRefundsOfOthers: whatever it says, a refund that is not exactly ours is no answer.
func TestRefundsOfOthers(t *testing.T) {
	t.Parallel()
	g, r, made := asked(t)
	for name, spoil := range map[string]func(f *stripego.Refund){
		"less":           func(f *stripego.Refund) { f.Amount-- },
		"more":           func(f *stripego.Refund) { f.Amount++ },
		"currency":       func(f *stripego.Refund) { f.Currency = "usd" },
		"no intent":      func(f *stripego.Refund) { f.PaymentIntent = nil },
		"another intent": func(f *stripego.Refund) { f.PaymentIntent = &stripego.PaymentIntent{ID: "pi_2"} },
		"another refund": func(f *stripego.Refund) { f.Metadata = map[string]string{metaRefund: "rf-6"} },
		"nobody's":       func(f *stripego.Refund) { f.Metadata = nil },
	} {
		f := made
		spoil(&f)
		if got := g.refundReport(&f, r, 250000); got.Outcome != gateway.ReturnUnsure || got.Alarm == "" || got.Receipt != "" {
			t.Errorf("%s: got %+v, want an alarm and no verdict", name, got)
		}
	}
}

// TestRefundsThatPerhapsWereMade: only a plain no is one.
func TestRefundsThatPerhapsWereMade(t *testing.T) {
	t.Parallel()
	_, g := stage(t)
	say := func(status int, sort stripego.ErrorType) error {
		return &stripego.Error{HTTPStatusCode: status, Type: sort, Msg: "no"}
	}
	for name, test := range map[string]struct {
		err   error
		want  gateway.ReturnOutcome
		alarm bool
	}{
		"too much":       {say(http.StatusBadRequest, stripego.ErrorTypeInvalidRequest), gateway.Denied, false},
		"a key's rights": {say(http.StatusForbidden, stripego.ErrorTypeInvalidRequest), gateway.Denied, true},
		"no money":       {say(http.StatusPaymentRequired, stripego.ErrorTypeCard), gateway.Denied, false},
		"another call":   {say(http.StatusBadRequest, stripego.ErrorTypeIdempotency), gateway.ReturnUnsure, true},
		"at work":        {say(http.StatusConflict, stripego.ErrorTypeInvalidRequest), gateway.ReturnUnsure, false},
		"too often":      {say(http.StatusTooManyRequests, stripego.ErrorTypeInvalidRequest), gateway.ReturnUnsure, false},
		"ill":            {say(http.StatusInternalServerError, stripego.ErrorTypeAPI), gateway.ReturnUnsure, false},
		"unreadable":     {errors.New("no answer"), gateway.ReturnUnsure, false},
	} {
		if got := g.notRefunded(test.err); got.Outcome != test.want || (got.Alarm != "") != test.alarm {
			t.Errorf("%s: got %+v, want %s and an alarm: %v", name, got, test.want, test.alarm)
		}
	}
}

// TestMoneyThatIsNotExact: neither more nor less than was asked for counts, nor another currency.
func TestMoneyThatIsNotExact(t *testing.T) {
	t.Parallel()
	_, g := stage(t)
	for got, want := range map[int64]gateway.Outcome{
		249999: gateway.Unknown, 250000: gateway.Captured, 250001: gateway.Unknown,
	} {
		report := g.counted(gateway.Report{Outcome: gateway.Unknown}, &stripego.PaymentIntent{ID: "pi_1"}, got, 250000,
			gateway.Captured)
		if report.Outcome != want || (report.Alarm == "") != (want == gateway.Captured) {
			t.Errorf("%d: got %+v, want %s", got, report, want)
		}
	}
	a := gateway.Attempt{Session: sessionID, Reference: "77-1"}
	for currency, want := range map[stripego.Currency]gateway.Outcome{"eur": gateway.Pending, "usd": gateway.Unknown} {
		report, _ := g.sessionReport(&stripego.CheckoutSession{
			ID: sessionID, Object: "checkout.session", ClientReferenceID: "77-1", AmountTotal: 250000, Currency: currency,
			Status: stripego.CheckoutSessionStatusOpen,
		}, a, 250000)
		if report.Outcome != want {
			t.Errorf("%s: got %+v, want %s", currency, report, want)
		}
	}
}

// TestNothingIsDoneToOthersSessions: a session of another order is neither closed nor called closed.
func TestNothingIsDoneToOthersSessions(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"open", "expired"} {
		a := opened()
		a.Reference = "78-1"
		h := gateway.Held{Attempt: a, Amount: a.Amount, Step: "st-1"}
		got := open(t, sessionStep(session("null", "unpaid", status))).Void(t.Context(), h)
		if got.Outcome != gateway.Unknown || got.Alarm != "the session is of another order" {
			t.Errorf("%s: got %+v, want an alarm", status, got)
		}
	}
}

// TestNoMoreAndNoLessIsHeld: what is beyond what is held is not asked for, and less is not held.
func TestNoMoreAndNoLessIsHeld(t *testing.T) {
	t.Parallel()
	held := with(intent(0, "requires_capture"), `"amount_capturable":0`, `"amount_capturable":240000`)
	held = with(held, `"card":{`, `"card":{"incremental_authorization":{"status":"available"},`)
	a := opened()
	a.Session = intentID
	h := gateway.Held{Attempt: a, Amount: a.Amount, Step: "st-1"}
	if got := open(t, intentStep(held)).Capture(t.Context(), h); got.Outcome != gateway.Declined || got.Doubt {
		t.Errorf("a capture of more: got %+v, want declined", got)
	}
	h.Amount = money.New(230000, money.EUR)
	if got := open(t, intentStep(held)).Adjust(t.Context(), h); got.Outcome != gateway.Declined || got.Doubt {
		t.Errorf("an adjustment to less: got %+v, want declined", got)
	}
}
