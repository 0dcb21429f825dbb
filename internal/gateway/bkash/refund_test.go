package bkash

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
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

// Of several refunds of one amount none is taken for ours, unless it is known which.
func TestFoundRefunds(t *testing.T) {
	t.Parallel()
	const whole, part = 250_000, 50_000
	made := func(id string, amount int64) repaid {
		return repaid{id: id, amount: money.New(amount, money.BDT), done: true}
	}
	open, alone, nobody := repaid{id: "R1", amount: money.New(part, money.BDT)}, recalled{all: true}, recalled{}
	known := recalled{others: []string{"R1"}, all: true}
	done, unsure := gateway.Done, gateway.ReturnUnsure
	for name, test := range map[string]struct {
		amount  int64
		receipt string
		known   recalled
		list    []repaid
		outcome gateway.ReturnOutcome
		found   string
		alarm   bool
	}{
		"none":           {part, "", alone, nil, unsure, "", false},
		"ours":           {part, "", alone, []repaid{made("R1", part)}, done, "R1", false},
		"not completed":  {part, "", alone, []repaid{open}, unsure, "R1", false},
		"other amount":   {part, "", alone, []repaid{made("R1", part+1)}, unsure, "", false},
		"two at once":    {part, "", alone, []repaid{made("R1", part), made("R2", part)}, unsure, "", true},
		"two wholes":     {whole, "", nobody, []repaid{made("R1", whole), made("R2", whole)}, unsure, "", true},
		"a whole":        {whole, "", nobody, []repaid{made("R1", whole)}, done, "R1", false},
		"a part":         {part, "", nobody, []repaid{made("R1", part)}, unsure, "", false},
		"another's":      {part, "", known, []repaid{made("R1", part)}, unsure, "", false},
		"beside it":      {part, "", known, []repaid{made("R1", part), made("R2", part)}, done, "R2", false},
		"by its id":      {part, "R2", nobody, []repaid{made("R1", part), made("R2", part)}, done, "R2", false},
		"by a known id":  {part, "", recalled{id: "R2"}, []repaid{made("R1", part), made("R2", part)}, done, "R2", false},
		"id, other sum":  {part, "R1", nobody, []repaid{made("R1", part+1)}, unsure, "R1", false},
		"id of no other": {part, "R2", alone, []repaid{made("R1", part)}, unsure, "R2", false},
	} {
		got := found(back(test.amount), test.receipt, test.list, test.known)
		if got.Outcome != test.outcome || got.Receipt != test.found || (got.Alarm != "") != test.alarm {
			t.Errorf("%s: got %+v, want %+v", name, got, test)
		}
	}
}

// Version 1 has one refund for a payment: where there is one, another of the same amount is not sent, since its
// answer would be that of the first.
func TestSecondRefundOfVersion1(t *testing.T) {
	t.Parallel()
	asked := gatewaytest.Step{
		Path: pathRefundV1, Body: `{"paymentID":"` + session + `","trxID":"` + trx + `"}`,
		Answer: `{"statusCode":"0000","originalTrxID":"` + trx + `","refundTrxID":"` + refund + `",` +
			`"transactionStatus":"Completed","amount":"500.00","currency":"BDT"}`,
	}
	g := openWith(t, func(c *gateway.Config) { c.Settings["refund_version"] = "v1" }, asked)
	if got := g.Refund(t.Context(), back(50_000)); got.Outcome != gateway.Denied {
		t.Errorf("got %+v, want denied", got)
	}
}

// What was refused is no longer waited for: a later part may be told by its being new. A refund of another payment is
// no owner either.
func TestRefusedRefundIsForgotten(t *testing.T) {
	t.Parallel()
	s, r := newSent(0), back(50_000)
	lost := back(50_000)
	lost.Refund = "rf-6"
	s.remember(lost, nil)
	s.remember(r, nil)
	if s.recall(r).all {
		t.Error("another one's refund without an id counts for this one")
	}
	s.answered(lost.Refund, gateway.ReturnReport{Outcome: gateway.Denied})
	lost.Attempt.Session += "4"
	s.remember(lost, nil)
	if got := s.recall(r); !got.all || len(got.others) != 0 {
		t.Errorf("got %+v, want nobody else", got)
	}
	s.answered(lost.Refund, gateway.ReturnReport{Outcome: gateway.Denied})
	s.answered(lost.Refund, gateway.ReturnReport{Outcome: gateway.Done, Receipt: refund})
	if got := s.recall(lost); got.all || got.id != "" {
		t.Errorf("got %+v, want nothing of what was refused", got)
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
