package app_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
)

// TestTimeForRefunds: a merchant may refund until a terminal's time is over, and not at its end.
func TestTimeForRefunds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		later time.Duration
		want  fault.Code // empty = it is refunded
	}{
		"just in time":   {time.Hour - time.Microsecond, ""},
		"at the end":     {time.Hour, fault.CodeWrongState},
		"twice the time": {2 * time.Hour, fault.CodeWrongState},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			s.first.set(func(b *bank) { b.canRefund = true })
			till, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "Till", RefundIn: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			i, err := s.app.CreateInvoice(t.Context(), s.merchant, app.NewInvoice{
				ID: s.newID(), Amount: rial(5_000), Terminal: till.Number,
			})
			if err != nil {
				t.Fatal(err)
			}
			s.wait(48 * time.Hour) // the time runs from the payment on
			p := s.request(i, 5_000)
			s.first.pay(p.Attempt.Session, "paid")
			s.returns(p, "ok")
			s.wait(c.later)
			_, err = s.app.RefundInvoice(t.Context(), s.merchant, i.ID)
			if c.want == "" && err != nil || c.want != "" && !fault.Is(err, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
