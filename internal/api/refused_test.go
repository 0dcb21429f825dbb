package api_test

import (
	"net/http"
	"testing"
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
