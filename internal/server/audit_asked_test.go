package server

import (
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
)

// TestAuditNamesWhatIsAsked: a transfer that a payer says is sent, a dispute and a payout wait
// for somebody, and no audit says otherwise.
func TestAuditNamesWhatIsAsked(t *testing.T) {
	t.Parallel()
	b := openBazaar(t)
	const (
		none     = "No dispute, no transfer that a payer says is sent and no payout waits for a decision."
		dispute  = "purser dispute list"
		sent     = "purser deal list --state transfer_confirmed"
		approves = "purser payout list --state requested"
		sends    = "purser payout list --state approved"
	)
	says := func(want ...string) {
		t.Helper()
		d := newDesk(b.config)
		if err := d.Audit(t.Context(), AuditWish{}); err != nil {
			t.Fatal(err)
		}
		for _, words := range []string{none, dispute, sent, approves, sends} {
			if got := strings.Contains(d.out.String(), words); got != slices.Contains(want, words) {
				t.Errorf("it says %q: %v, want only %q\n%s", words, got, want, d.out.String())
			}
		}
		var view auditView
		b.operate(t, &view, func(c Commands) error { return c.Audit(t.Context(), AuditWish{}) })
		if many := len(view.Asked); want[0] == none && many != 0 || want[0] != none && many != len(want) {
			t.Errorf("programs read %+v, want %q", view.Asked, want)
		}
	}
	says(none)
	b.deal(t, "one", "1000")
	b.deal(t, "two", "1100")
	says(none)
	b.with(t, func(a *app.App) error {
		_, err := a.ReportTransfer(t.Context(), b.merchant, "one", true)
		return err
	})
	says(sent)
	b.dispute(t, "two", "")
	says(dispute, sent)
	b.operate(t, new(any), func(c Commands) error {
		return c.ConfirmDeal(t.Context(), DealWord{Deal: "one", Operator: "Sam"})
	})
	says(dispute)
	b.operate(t, new(any), func(c Commands) error {
		return c.ResolveDispute(t.Context(), DealWord{Deal: "two", Operator: "Sam"}, false)
	})
	says(none)
	b.sending(t, "out", "500")
	says(approves)
	b.operate(t, new(any), func(c Commands) error {
		return c.ApprovePayout(t.Context(), PayoutWord{Payout: "out", Operator: "Sam"})
	})
	says(sends)
}
