package bkash

import (
	"net/http"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

func (r *rig) strike(t *testing.T, f sandbox.Fault) {
	t.Helper()
	if _, err := r.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// Each fault of an execute, and what the status says of it afterwards.
func TestFaultsOfExecute(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]struct{ code, status string }{
		FaultExecute2117:   {codeDoneBefore, "Completed"},
		FaultNotVerified:   {codeNotFinished, "Initiated"},
		FaultStatusLags:    {codeDone, "Initiated"},
		FaultTrxReused:     {codeDone, "Completed"},
		FaultWrongCurrency: {codeDone, "Completed"},
		"wrong-amount":     {codeDone, "Completed"},
		"wrong-order":      {codeDone, "Completed"},
	} {
		r := newRig(t, nil)
		_, used := r.executed(t, nil)
		id := r.open(t, members{"merchantInvoiceNumber": "INV-2"})
		r.approve(t, id)
		r.strike(t, sandbox.Fault{Name: fault})
		done := r.v1(t, "/execute", members{"paymentID": id})
		state := r.v1(t, "/payment/status", members{"paymentID": id})
		if code(done) != want.code || state.Text("transactionStatus") != want.status {
			t.Errorf("%s: got %s, then %s", fault, done, state)
		}
		for name, changed := range map[string]bool{
			"trxID":    fault == FaultTrxReused && done.Text("trxID") == used,
			"currency": fault == FaultWrongCurrency && done.Text("currency") == "USD",
			"amount":   fault == "wrong-amount" && done.Text("amount") == "15.00",
			"order":    fault == "wrong-order" && done.Text("merchantInvoiceNumber") == "another-order",
		} {
			about := map[string]string{
				FaultTrxReused: "trxID", FaultWrongCurrency: "currency", "wrong-amount": "amount", "wrong-order": "order",
			}[fault]
			if (about == name) != changed {
				t.Errorf("%s: got %s", fault, done)
			}
		}
	}
}

func TestShortFaults(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.strike(t, sandbox.Fault{Name: "execute-slow"})
	r.strike(t, sandbox.Fault{Name: "execute-lost-request"})
	r.strike(t, sandbox.Fault{Name: "refund-lost-answer", Times: 1})
	got := r.Faults()
	if got[0].Name != sandbox.FaultDelay || got[0].Wait != 35*time.Second || got[0].Call != "execute" ||
		got[1].Name != sandbox.FaultLostRequest || got[2].Name != sandbox.FaultLostAnswer || got[2].Call != "refund" {
		t.Errorf("got %+v", got)
	}
	r.ClearFaults()
	r.strike(t, sandbox.Fault{Name: FaultDuplicateInvoice})
	if got := code(r.v1(t, "/create", wish(nil))); got != codeDuplicate {
		t.Errorf("got %s, want %s", got, codeDuplicate)
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{
		"error-shape": "errorCode", "capture-path": "combined", "refund-v1-once": "off", "refund-window": "1h",
		"refund-v1-status-path": "separate", "strict-status-use": "on", "callback-extra": "signature",
		"refund-v2-error-status": "200",
	})
	if got := r.v1(t, "/execute", members{"paymentID": "TR"}).Text("errorCode"); got != codePaymentID {
		t.Errorf("got the failure %s", got)
	}
	held := r.open(t, members{"intent": "authorization", "merchantInvoiceNumber": "held"})
	if back := r.approve(t, held); len(back) < 40 || back[len(back)-22:] != "&apiVersion=1.2.0-beta" {
		t.Errorf("got the way back %s", back)
	}
	r.v1(t, "/execute", members{"paymentID": held})
	header := members{"Authorization": r.token, "X-App-Key": "ak_1"}
	if status, _ := r.send(t, rootV1+"/payment/confirm/capture", header, members{"paymentID": held}); status != 404 {
		t.Errorf("one of two paths: got %d", status)
	}
	taken := r.v1(t, "/payment/confirm", members{"paymentID": held, "action": "capture"})
	if taken.Text("transactionStatus") != "Completed" {
		t.Errorf("got %s", taken)
	}
	id, trx := r.executed(t, nil)
	for range 2 {
		give := members{"paymentID": id, "trxID": trx, "amount": 50, "sku": "s", "reason": "r"}
		if got := code(r.v1(t, "/payment/refund", give)); got != codeDone {
			t.Errorf("more than one refund: got %s", got)
		}
	}
	if got := r.v1(t, "/payment/refund/status", members{"paymentID": id, "trxID": trx}); !got.Has("refundTrxID") {
		t.Errorf("got %s", got)
	}
	r.v1(t, "/payment/status", members{"paymentID": id})
	if len(r.CallsOf(callStrayStatus)) != 1 {
		t.Error("the status after a good execute is not in the journal")
	}
	if err := r.Advance(30 * time.Minute); err != nil {
		t.Fatal(err)
	}
	later := members{"paymentId": id, "trxId": trx, "refundAmount": "1", "sku": "s", "reason": "r"}
	if got := code(r.call(t, rootV2+"/transaction", later)); got != "" {
		t.Errorf("within the time for refunds: got %s", got)
	}
	if err := r.SetSwitch("refund-window", "10m"); err != nil {
		t.Fatal(err)
	}
	if status, answer := r.send(t, rootV2+"/transaction", header, later); status != http.StatusOK ||
		code(answer) != codeTooLate {
		t.Errorf("after it: got %d %s", status, answer)
	}
}

// A payment that nobody executes in its time is over, whatever the buyer did.
func TestPaymentRunsOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id := r.open(t, nil)
	r.approve(t, id)
	if err := r.Advance(15 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := code(r.v1(t, "/execute", members{"paymentID": id})); got != codeWrongState {
		t.Errorf("got %s, want %s", got, codeWrongState)
	}
	if books := r.Books(); books.Charged != 0 || books.Returned != 0 {
		t.Errorf("got %+v, want no money moved", books)
	}
}

// Authorised money goes back when nobody captures it in time, and cannot be captured then.
func TestHoldRunsOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{"grant-limit": "off"})
	id, _ := r.executed(t, members{"intent": "authorization"})
	if err := r.Advance(366 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	r.token = r.grant(t)
	for _, call := range []string{"capture", "void"} {
		if got := code(r.v1(t, "/payment/confirm/"+call, members{"paymentID": id})); got != codeHeldBefore {
			t.Errorf("%s: got %s, want %s", call, got, codeHeldBefore)
		}
	}
	state := r.v1(t, "/payment/status", members{"paymentID": id})
	if books := r.Books(); state.Text("transactionStatus") != "Cancelled" || books.Captured != 0 ||
		books.Returned != books.Charged {
		t.Errorf("got %s and %+v, want the money back", state, books)
	}
}
