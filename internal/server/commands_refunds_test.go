package server

import (
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// TestOperatorSaysRefund ends a refund that its gateway cannot make.
func TestOperatorSaysRefund(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	paid := waitingForPerson(t, folder)
	d := newDesk(Config{Data: folder})
	if err := d.Say(t.Context(), Word{Payment: paid, Paid: true, Receipt: "77", Operator: "Sam"}); err != nil {
		t.Fatal(err)
	}
	var id string
	if err := d.with(t.Context(), forWriting, func(k *core) error {
		owner, err := k.app.PaymentOwner(t.Context(), paid)
		if err != nil {
			return err
		}
		p, err := k.app.Payment(t.Context(), owner, paid)
		if err != nil {
			return err
		}
		if _, err := k.app.RefundInvoice(t.Context(), owner, p.Invoice); err != nil {
			return err
		}
		if _, err := k.app.ResolveDue(t.Context(), 10); err != nil {
			return err
		}
		waiting, err := k.app.Attention(t.Context())
		if len(waiting) == 1 {
			id = waiting[0].Subject
		}
		return err
	}); err != nil || id == "" {
		t.Fatalf("got %v and the refund %q, want one that waits for a person", err, id)
	}
	word := RefundWord{Refund: "nothing", Back: true, Receipt: "9", Operator: "Sam"}
	if err := d.SayRefund(t.Context(), word); err == nil || !strings.Contains(err.Error(), "no refund nothing") {
		t.Errorf("got %v, want an error that names the refund", err)
	}
	word.Refund, word.Receipt = id, ""
	if err := d.SayRefund(t.Context(), word); err == nil || !strings.Contains(err.Error(), "receipt") {
		t.Errorf("got %v, want an error that asks for the receipt", err)
	}
	word.Receipt = "bank 9"
	d.out.Reset()
	if err := d.SayRefund(t.Context(), word); err != nil {
		t.Fatal(err)
	}
	if got := d.out.String(); !strings.Contains(got, "succeeded") || !strings.Contains(got, "5000 IRR") {
		t.Errorf("got %s, want the refund that was made", got)
	}
	if err := d.SayRefund(t.Context(), word); err == nil || !strings.Contains(err.Error(), "purser audit") {
		t.Errorf("a second time: got %v, want to be told where those that wait are listed", err)
	}
	if err := d.Audit(t.Context(), AuditWish{}); err != nil {
		t.Errorf("audit: %v: %s", err, d.out.String())
	}
}
