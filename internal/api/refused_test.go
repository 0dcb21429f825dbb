package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// TestPaymentsThatAreThere wants a payment with which something cannot be done to be told
// from one that there is not.
func TestPaymentsThatAreThere(t *testing.T) {
	t.Parallel()
	of := func(path, body string, status int, code string) refusal {
		return refusal{http.MethodPost, path, body, status, code, "payment"}
	}
	const again = `{"method":"card","card":{"number":"4242424242424242","month":12,"year":2030}}`
	whole, declined := id("pay", 3), id("pay", 22)
	refusalsAfter(t, posted("/refunds", `{"payment":"`+whole+`"}`),
		of("/refunds", `{"payment":"`+whole+`"}`, http.StatusConflict, "wrong_state"),
		of("/refunds", `{"payment":"`+whole+`","amount":"1"}`, http.StatusConflict, "wrong_state"),
		of("/refunds", `{"payment":"`+declined+`"}`, http.StatusConflict, "wrong_state"),
		of("/refunds", `{"payment":"none"}`, http.StatusNotFound, "payment_not_found"),
		of("/payments/"+whole+"/charge", again, http.StatusConflict, "wrong_state"),
		of("/payments/none/charge", again, http.StatusNotFound, "payment_not_found"),
	)
}

// TestEmptyAmounts wants none of them to mean all that there is, as one that is left out
// does: who sends one has forgotten to fill it in.
func TestEmptyAmounts(t *testing.T) {
	t.Parallel()
	of := func(path, body, param string) refusal {
		return refusal{http.MethodPost, path, body, http.StatusBadRequest, "amount_invalid", param}
	}
	open, paid, declined, deal := id("inv", 5), id("pay", 3), id("pay", 22), id("deal", 15)
	refusals(t,
		of("/refunds", `{"payment":"`+paid+`","amount":""}`, "amount"),
		of("/payments", `{"invoice":"`+open+`","amount":""}`, "amount"),
		of("/payments/attest", `{"invoice":"`+open+`","amount":"","status":"captured","operator":"Sam"}`, "amount"),
		of("/payments/held/capture", `{"amount":""}`, "amount"),
		of("/payments/"+paid+"/record", `{"amount":""}`, "amount"),
		of("/payments/"+declined+"/charge",
			`{"amount":"","method":"card","card":{"number":"4242424242424242","month":12,"year":2030}}`, "amount"),
		of("/links", `{"unit":"IRR","amount":""}`, "amount"),
		of("/deals/"+deal+"/dispute", `{"reason":"sent 1900","amount":""}`, "amount"),
		of("/deals/"+deal+"/resolve", `{"operator":"Sam","outcome":"won","paid":""}`, "paid"),
	)
}

// TestPaidInvoices wants who names no amount to be told that all is paid, and not that
// there is something wrong with an amount.
func TestPaidInvoices(t *testing.T) {
	t.Parallel()
	of := func(path, body string) refusal {
		return refusal{http.MethodPost, path, body, http.StatusConflict, "invoice_paid", "invoice"}
	}
	for _, invoice := range []string{id("inv", 1), id("inv", 2)} { // completed, and paid
		refusals(t,
			of("/payments", `{"invoice":"`+invoice+`"}`),
			of("/payments/attest", `{"invoice":"`+invoice+`","status":"captured","operator":"Sam"}`),
			of("/payments/wallet", `{"invoice":"`+invoice+`","login":"10001","pin":"471100"}`),
		)
	}
}

// TestRefusalsNameWhatWasSent wants no refusal to name a field that the call does not have.
func TestRefusalsNameWhatWasSent(t *testing.T) {
	t.Parallel()
	of := func(path, body string, status int, code, param string) refusal {
		return refusal{http.MethodPost, path, body, status, code, param}
	}
	const broke, shut, unfit = http.StatusPaymentRequired, http.StatusConflict, http.StatusBadRequest
	bought := id("inv", 36)
	refusalsAfter(t, posted("/invoices", `{"amount":"20","unit":"EUR"}`)+"! 10001 gets 20 EUR\n"+
		administered("/payments/wallet", `{"invoice":"`+bought+`","login":"10001","pin":"471100"}`)+
		administered("/transfers", `{"source":10000,"destination":10001,"amount":"410","unit":"EUR"}`)+
		"! 10001 is blocked\n",
		of("/invoices/"+bought+"/refund", "", broke, "insufficient_funds", "invoice"),
		of("/exchanges", `{"account":10000,"amount":"100000","unit":"EUR","to":"USD"}`, broke, "insufficient_funds",
			"account"),
		of("/transfers", `{"source":10001,"destination":10000,"amount":"1","unit":"USD"}`, shut, "account_closed", "source"),
		of("/exchanges", `{"account":10001,"amount":"1","unit":"USD","to":"EUR"}`, shut, "account_closed", "account"),
		of("/rates", `{"base":"EUR","quote":"EUR","buy":"1","sell":"1","source":"ECB"}`, unfit,
			"unit_mismatch", "quote"),
		of("/rates", `{"base":"USD","quote":"EUR","buy":"1","sell":"1","source":"ECB"}`, unfit, "parameter_invalid", "quote"),
	)
}

// TestNumbersThatDoNotFit wants them to be named, and their limits to be written as a
// number is sent.
func TestNumbersThatDoNotFit(t *testing.T) {
	t.Parallel()
	const vast = "1000000000000000000000000000000"
	of := func(path, body, param string) refusal {
		return refusal{http.MethodPost, path, body, http.StatusBadRequest, "parameter_invalid", param}
	}
	refusals(t,
		of("/invoices", `{"amount":"5000","unit":"IRR","terminal":`+vast+`}`, "terminal"),
		of("/transfers", `{"source":10000,"destination":`+vast+`,"amount":"1","unit":"USD"}`, "destination"),
		of("/exchanges", `{"account":`+vast+`,"amount":"1","unit":"EUR","to":"USD"}`, "account"),
	)
	w := dialecttest.NewWorld(t, banks)
	a := w.Ask(w.Handler(open(t, w)), http.MethodPost, "/v1/keys", named("late"),
		`{"scopes":["invoices:read"],"expires_in":`+vast+`}`)
	if want := `"detail":"Expected number <= 315360000."`; !strings.Contains(a.Body, want) {
		t.Errorf("got %s, want %s", a.Body, want)
	}
	for number, want := range map[string]string{
		"1.0": "must be written as a whole number", "1e0": "must be written as a whole number",
		"1E2": "must be written as a whole number", vast: "beyond what can be counted",
	} {
		a := w.Ask(w.Handler(open(t, w)), http.MethodPost, "/v1/invoices", named("written "+number),
			`{"amount":"5000","unit":"IRR","terminal":`+number+`}`)
		if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, want) {
			t.Errorf("terminal %s: got %d %s, want a refusal that says %s", number, a.Status, a.Body, want)
		}
	}
}

// TestNothingSetUp wants who asks for what nobody set up to be told so for good, with the
// field that is in the way.
func TestNothingSetUp(t *testing.T) {
	t.Parallel()
	of := func(path, body, code, param string) refusal {
		return refusal{http.MethodPost, path, body, http.StatusUnprocessableEntity, code, param}
	}
	open := id("inv", 5)
	refusals(t,
		of("/payments", `{"invoice":"`+open+`","method":"mb_way"}`, "no_gateway", "method"),
		of("/payments", `{"invoice":"`+open+`","gateway":"shepa","method":"mb_way"}`, "no_gateway", "gateway"),
		of("/payments", `{"invoice":"`+open+`","amount":"1"}`, "no_gateway", "amount"),
		of("/charges", `{"amount":"1","unit":"KZT","method":"mb_way","payer":{"mobile":"351#912345678"}}`, "no_gateway",
			"unit"),
		of("/exchanges", `{"account":10001,"amount":"1","unit":"KZT","to":"EUR"}`, "rate_missing", "to"),
	)
}

// TestPayersAddresses wants a payer's e-mail address to be one, wherever it is sent.
func TestPayersAddresses(t *testing.T) {
	t.Parallel()
	of := func(path, body string) refusal {
		return refusal{http.MethodPost, path, body, http.StatusBadRequest, "parameter_invalid", "payer.email"}
	}
	const payer = `,"payer":{"mobile":"+351912345678","email":"ada"}}`
	refusals(t,
		of("/invoices", `{"amount":"1","unit":"EUR"`+payer),
		of("/links", `{"amount":"1","unit":"EUR"`+payer),
		of("/payments", `{"invoice":"`+id("inv", 5)+`"`+payer),
		of("/charges", `{"amount":"1","unit":"EUR","method":"mb_way"`+payer),
		of("/payments/"+id("pay", 22)+"/charge", `{"method":"mb_way"`+payer),
	)
}
