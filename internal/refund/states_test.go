package refund_test

import (
	"testing"

	"github.com/purserhq/purser/internal/refund"
)

func TestStatesAreWhole(t *testing.T) {
	t.Parallel()
	if err := refund.States.Check(refund.Requested, refund.Waits); err != nil {
		t.Error(err)
	}
}

// A refund fails before its gateway is told and after that; it succeeds only where that was
// told, and what is decided stays.
func TestRefundsAreToldBeforeTheySucceed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from refund.State
		by   refund.Trigger
		want refund.State // empty = it is refused
	}{
		{refund.Requested, refund.Submit, refund.Processing},
		{refund.Requested, refund.Succeed, ""},
		{refund.Requested, refund.Fail, refund.Failed},
		{refund.Processing, refund.Submit, ""},
		{refund.Processing, refund.Succeed, refund.Succeeded},
		{refund.Processing, refund.Fail, refund.Failed},
	} {
		if got, err := refund.States.Next(c.from, c.by); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s of one that is %s: got %q, %v, want %q", c.by, c.from, got, err, c.want)
		}
	}
	if !refund.States.Final(refund.Succeeded) || !refund.States.Final(refund.Failed) {
		t.Error("what is decided may become something else")
	}
}
