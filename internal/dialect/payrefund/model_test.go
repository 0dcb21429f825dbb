package payrefund_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sale is what the contract says of a payment by card, in cents.
type sale struct {
	amount, before, settled, after int64 // settled is 0 until it is
}

// left is what may still be refunded.
func (s *sale) left() int64 {
	if s.settled == 0 {
		return s.amount - s.before
	}
	return min(s.amount-s.before-s.after, s.settled-s.after)
}

// refund says whether a refund is made.
func (s *sale) refund(cents int64) bool {
	if cents <= 0 || cents > s.left() {
		return false
	}
	if s.settled == 0 {
		s.before += cents
	} else {
		s.after += cents
	}
	return true
}

// resize says whether the amount becomes another one. What was let go as a whole is over.
func (s *sale) resize(cents int64) bool {
	if cents == s.amount {
		return true
	}
	if s.settled > 0 || s.before >= cents || s.left() == 0 {
		return false
	}
	s.amount = cents
	return true
}

// settle says whether a settlement is made, or is the one that was.
func (s *sale) settle(cents int64) bool {
	if s.settled > 0 {
		return cents == s.settled
	}
	if cents <= 0 || cents > s.left() {
		return false
	}
	s.settled = cents
	return true
}

func euros(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// Any order of amounts, refunds and settlements is granted and refused as the
// contract says, and what is shown is what became of it.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	rapid.Check(t, func(r *rapid.T) {
		some := rapid.Int64Range(1, 90)
		begin := 10 * some.Draw(r, "amount")
		want := sale{amount: max(begin, 50)}
		id, address := s.held(euros(want.amount))
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			cents := 10 * some.Draw(r, "cents")
			var granted bool
			var body string
			what := rapid.SampledFrom([]string{"refund", "resize", "settle", "look"}).Draw(r, "what")
			switch what {
			case "refund":
				granted = want.refund(cents)
				body = s.ask("POST", "/api/refunds", `{"payment_id":"`+id+`","amount":`+euros(cents)+`}`).Body
			case "resize":
				granted = want.resize(cents)
				body = s.ask("PUT", address, `{"amount":`+euros(cents)+`}`).Body
			case "settle":
				granted = want.settle(cents)
				body = s.ask("PUT", address, `{"settled_amount":`+euros(cents)+`}`).Body
			case "look":
				granted = true
				body = s.ask("PUT", address, s.ask("GET", address, "").Body).Body
			}
			if granted == strings.HasPrefix(body, `{"errors"`) {
				r.Fatalf("%s of %s with %+v: got %s", what, euros(cents), want, body)
			}
			want.shown(r, s.good("GET", address, ""))
		}
	})
}

// shown compares a payment as it is shown.
func (s *sale) shown(t *rapid.T, p map[string]any) {
	status, settled := "success", any(nil)
	if s.settled > 0 {
		status, settled = "settled", p["settled_amount"]
		if got := fmt.Sprintf("%.2f", settled); got != euros(s.settled) {
			t.Fatalf("got settled_amount %s, want %s", got, euros(s.settled))
		}
	}
	if got := fmt.Sprintf("%.2f", p["amount"]); got != euros(s.amount) || p["status"] != status ||
		p["settled_amount"] != settled {
		t.Fatalf("got %v, want %+v", p, *s)
	}
}
