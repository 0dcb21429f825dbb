package app

import (
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/payment"
)

// What a gateway says in its own words is told in everybody's, and only of what failed.
func TestExplain(t *testing.T) {
	t.Parallel()
	plain, knows := gateway.Report{Word: "05"}, gateway.Report{Word: "51", Reason: payment.NoFunds}
	for _, c := range []struct {
		state payment.State
		said  gateway.Report
		want  payment.Reason
	}{
		{payment.Failed, plain, payment.Refused},
		{payment.Failed, knows, payment.NoFunds},
		{payment.Canceled, knows, ""}, // it was withdrawn before
		{payment.Expired, knows, ""},
	} {
		p := payment.Payment{State: c.state, Note: "of the try before", Reason: payment.TryLater}
		declined(c.said).explain(&p)
		if p.Reason != c.want || p.Note != c.said.Word {
			t.Errorf("%s after %+v: %q, %q, want %q", c.state, c.said, p.Reason, p.Note, c.want)
		}
	}
}
