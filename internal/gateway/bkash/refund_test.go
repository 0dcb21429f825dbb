package bkash

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
)

func TestRefundTable(t *testing.T) {
	t.Parallel()
	refused := func(code string, status int) (string, int) {
		return fmt.Sprintf(`{"internalCode":"x","externalCode":%q,"errorMessageEn":"no","errorMessageBn":"না"}`, code), status
	}
	for code, known := range codes {
		want := gateway.ReturnUnsure
		if known.class == returns {
			want = gateway.Denied
		}
		for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
			step := refundStep("")
			step.Answer, step.Status = refused(code, status)
			got := open(t, listStep(noRefunds), step).Refund(t.Context(), back(250_000))
			alarm := known.class == setUp || ourRefunds[code]
			if got.Outcome != want || (got.Alarm != "") != alarm {
				t.Errorf("%s under %d: got %+v, want %s", code, status, got, want)
			}
		}
	}
	for name, answer := range map[string]string{
		"another amount":   change(refunded, `"refundAmount":"2500.00"`, `"refundAmount":"25.00"`),
		"another currency": change(refunded, "BDT", "USD"),
		"another payment":  change(refunded, trx, "ZZ12CD34EF"),
		"no id":            change(refunded, refund, ""),
	} {
		got := open(t, listStep(noRefunds), refundStep(answer)).Refund(t.Context(), back(250_000))
		if got.Outcome != gateway.ReturnUnsure || got.Alarm == "" {
			t.Errorf("%s: got %+v, want unknown with an alarm", name, got)
		}
	}
	got := open(t, listStep(noRefunds), refundStep(change(refunded, "Completed", "Pending"))).
		Refund(t.Context(), back(250_000))
	if got.Outcome != gateway.ReturnUnsure || got.Receipt != refund {
		t.Errorf("pending: got %+v, want unknown with the receipt", got)
	}
}

// When the refunds of a payment cannot be read, none is sent.
func TestNoRefundWithoutTheList(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"refused":         `{"internalCode":"x","externalCode":"2127","errorMessageEn":"no"}`,
		"another payment": change(noRefunds, trx, "ZZ12CD34EF"),
		"no list":         `{"originalTrxId":"` + trx + `"}`,
		"a list of none":  change(noRefunds, "[]", "[{}]"),
	} {
		if got := open(t, listStep(answer)).Refund(t.Context(), back(250_000)); got.Outcome != gateway.Denied {
			t.Errorf("%s: got %+v, want denied", name, got)
		}
	}
	strange := back(250_000)
	strange.Receipt = "../x"
	if got := open(t).Refund(t.Context(), strange); got.Outcome != gateway.Denied {
		t.Errorf("a strange receipt: got %+v, want denied", got)
	}
}

func TestTextsOfRefunds(t *testing.T) {
	t.Parallel()
	r := back(1)
	r.Reason = "<b>not & wanted</b>\n"
	if got := reasonOf(r); got != "bnot  wanted/b" {
		t.Errorf("got %q", got)
	}
	r.Reason = "&"
	if got := reasonOf(r); got != "refund" {
		t.Errorf("got %q", got)
	}
}
