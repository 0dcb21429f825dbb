package payment_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
)

// collected is a payment of 100 of which so much went back or is on its way.
func collected(refunded, returning int64) payment.Payment {
	return payment.Payment{
		State: payment.Captured, Amount: rial(100), Refunded: rial(refunded), Returning: rial(returning),
	}
}

// code is that of an error, or nothing.
func code(err error) fault.Code {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

// What is the payer's goes back whatever its merchant recorded, up to what is owed and to what
// is still here.
func TestReturnOwed(t *testing.T) {
	t.Parallel()
	recorded := collected(20, 0)
	recorded.Record = payment.Record{At: time.Unix(1, 0), Amount: rial(1), Before: rial(20)}
	failed := collected(0, 0)
	failed.State = payment.Failed
	for name, c := range map[string]struct {
		p            payment.Payment
		amount, owed int64
		want         fault.Code
	}{
		"all of it":                   {collected(0, 0), 100, 100, ""},
		"what is owed":                {collected(20, 0), 50, 50, ""},
		"more than that":              {collected(20, 0), 51, 50, fault.CodeRefundTooLarge},
		"what is here":                {collected(20, 0), 80, 90, ""},
		"more than that too":          {collected(20, 0), 81, 90, fault.CodeRefundTooLarge},
		"beside what is on its way":   {collected(20, 10), 70, 70, ""},
		"what is on its way as well":  {collected(20, 10), 71, 80, fault.CodeRefundInProgress},
		"more than was recorded":      {recorded, 80, 80, ""},
		"of what was never collected": {failed, 1, 100, fault.CodePaymentNotFound},
	} {
		got, err := c.p.ReturnOwed(rial(c.amount), rial(c.owed))
		if code(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if err == nil && got.Returning.Steps() != c.p.Returning.Steps()+c.amount {
			t.Errorf("%s: %v is on its way", name, got.Returning)
		}
	}
}

// What a merchant recorded bounds what goes back of it, less what has gone back since.
func TestRefundableOfARecord(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p                payment.Payment
		recorded, before int64 // negative = nothing was recorded
		want             int64
		curbed           bool
	}{
		"nothing was recorded":          {collected(20, 10), -1, 0, 70, false},
		"all of it was":                 {collected(0, 0), 100, 0, 100, false},
		"a part":                        {collected(0, 0), 60, 0, 60, true},
		"a part, and some went back":    {collected(20, 10), 60, 0, 30, true},
		"a part, of what was left":      {collected(20, 0), 60, 20, 60, true},
		"all that was left":             {collected(20, 0), 80, 20, 80, false},
		"all of it went back":           {collected(60, 0), 60, 0, 0, true},
		"more went back":                {collected(60, 10), 60, 0, 0, true},
		"more is recorded than is here": {collected(0, 0), 120, 0, 100, false},
	} {
		if c.recorded >= 0 {
			c.p.Record = payment.Record{At: time.Unix(1, 0), Amount: rial(c.recorded), Before: rial(c.before)}
		}
		if got := c.p.Refundable(); got != rial(c.want) {
			t.Errorf("%s: %v may go back, want %d", name, got, c.want)
		}
		if got := c.p.Curbed(); got != c.curbed {
			t.Errorf("%s: curbed: %t, want %t", name, got, c.curbed)
		}
		if _, err := c.p.Return(rial(c.want + 1)); err == nil {
			t.Errorf("%s: more than %d goes back", name, c.want)
		}
	}
	for _, state := range payment.States.States() {
		p := collected(0, 0)
		p.State, p.Record = state, payment.Record{At: time.Unix(1, 0), Amount: rial(60), Before: rial(0)}
		if _, err := p.Return(rial(60)); (err == nil) != p.Collected() || p.Curbed() != p.Collected() {
			t.Errorf("of one that is %s: got %v, curbed: %t", state, err, p.Curbed())
		}
	}
}

// Held money is given up up to what is held, while nothing else is done to it.
func TestRelease(t *testing.T) {
	t.Parallel()
	held := payment.Payment{State: payment.Authorized, Amount: rial(100)}
	begun, taken := held, held
	begun.Step.Kind, taken.State = payment.ToCapture, payment.Captured
	for name, c := range map[string]struct {
		p      payment.Payment
		amount int64
		want   fault.Code
	}{
		"a part": {held, 40, ""}, "all": {held, 100, ""}, "more": {held, 101, fault.CodeRefundTooLarge},
		"while it is taken": {begun, 40, fault.CodeWrongState}, "of what is taken": {taken, 40, fault.CodePaymentNotFound},
	} {
		got, err := c.p.Release(rial(c.amount))
		if code(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if err == nil && (got.Amount != rial(100-c.amount) || got.LetGo() != rial(c.amount) || got.Agreed() != rial(100)) {
			t.Errorf("%s: got %v of %v, %v let go", name, got.Amount, got.Agreed(), got.LetGo())
		}
	}
	part, err := held.Release(rial(40))
	if err != nil {
		t.Fatal(err)
	}
	if part, err = part.Release(rial(10)); err != nil || part.LetGo() != rial(50) || part.Agreed() != rial(100) {
		t.Errorf("twice: got %v of %v let go, %v", part.LetGo(), part.Agreed(), err)
	}
}

// A payment that was canceled stands well where all of it was given up before, and else not.
func TestStandingOfACanceledPayment(t *testing.T) {
	t.Parallel()
	for letGo, want := range map[int64]payment.Standing{0: payment.Bad, 40: payment.Bad, 100: payment.Good} {
		p, err := payment.Payment{State: payment.Authorized, Amount: rial(100)}.Release(rial(letGo))
		if err != nil {
			t.Fatal(err)
		}
		p.State = payment.Canceled
		if got := p.Standing(); got != want {
			t.Errorf("of 100, %d were let go: it stands as %s, want %s", letGo, got, want)
		}
	}
}

// A payer is sent to a page until its deadline, and to none that a newer request took over.
func TestLive(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	open := payment.Payment{State: payment.Processing, Attempt: payment.Attempt{Session: "s", Deadline: now.Add(1)}}
	superseded, over, opening, done := open, open, open, open
	superseded.Superseded, over.Attempt.Deadline, opening.Attempt.Session, done.State = true, now, "", payment.Captured
	for name, c := range map[string]struct {
		p    payment.Payment
		live bool
	}{
		"open": {open, true}, "superseded": {superseded, false}, "over": {over, false}, "opening": {opening, false},
		"done": {done, false},
	} {
		if got := c.p.Live(now); got != c.live {
			t.Errorf("%s: live: %t, want %t", name, got, c.live)
		}
	}
}

// Lists show what was asked for by itself, and nothing that never began or was withdrawn.
func TestListed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p      payment.Payment
		listed bool
	}{
		"by itself":         {payment.Payment{Direct: true}, true},
		"somebody's":        {payment.Payment{Owner: "o"}, true},
		"of an invoice":     {payment.Payment{}, false},
		"that never began":  {payment.Payment{Direct: true, Owner: "o", Hidden: true}, false},
		"that is withdrawn": {payment.Payment{Direct: true, Owner: "o", Withdrawn: true}, false},
	} {
		if got := c.p.Listed(); got != c.listed {
			t.Errorf("one %s: listed: %t, want %t", name, got, c.listed)
		}
	}
}
