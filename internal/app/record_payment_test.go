package app_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/wallet"
)

// A record bounds what goes back. It may not be of money that goes back as a whole
// when the merchant does not verify it: the payer would lose the rest.
func TestWhatIsVerifiedCannotBeRecorded(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i, p := s.paidAtBank(toman(500))
	record := func() {
		t.Helper()
		if _, err := s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, toman(1)); !fault.Is(err,
			fault.CodeWrongState) {
			t.Errorf("got %v, want it refused", err)
		}
	}
	record()
	s.wait(window)
	if n, err := s.app.RejectOverdue(t.Context(), 10); n != 1 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	record()
	s.stands(i.ID, invoice.Rejected)
	if got := s.balance(ledger.RefundsInTransit, ""); got != toman(500).Steps() {
		t.Errorf("%d goes back to the payer, want all of 500 Toman", got)
	}
	if got := s.balance(ledger.MerchantPending, ""); got != 0 {
		t.Errorf("%d still waits to be verified", got)
	}
	s.has(wallet.House, toman(0))
}
