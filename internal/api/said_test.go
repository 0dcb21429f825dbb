package api_test

import "github.com/purserhq/purser/internal/dialect/dialecttest"

// attesting makes payment 25 of invoice 24, which is received at the till, invoice 26
// of the same, and payment 29 of invoice 27, which waits for its first part;
// invoice 30, for which customer 10001 has the money; and customer 10002, who is blocked.
var attesting = posted("/invoices", `{"amount":"500","unit":"BDT"}`) +
	posted("/payments", `{"invoice":"`+id("inv", 24)+`"}`) + posted("/invoices", `{"amount":"500","unit":"BDT"}`) +
	"! parts of 2000 IRR\n" + posted("/invoices", `{"amount":"4000","unit":"IRR"}`) +
	posted("/payments", `{"invoice":"`+id("inv", 27)+`","split":true}`) +
	posted("/invoices", `{"amount":"1","unit":"USD"}`) + administered("/customers", `{"first_name":"Grace"}`) +
	administered("/customers/10002/block", "") + "! a link for any amount\n"

var said = []dialecttest.Sample{
	{
		Route: "POST /v1/payments/{id}/start", Path: "/v1/payments/" + id("pay", 29) + "/start", Key: "key", Owned: true,
		Body: `{"gateway":"shepa"}`,
	},
	{
		Route: "POST /v1/payments/{id}/cancel", Path: "/v1/payments/" + id("pay", 25) + "/cancel", Key: "key", Owned: true,
		Body: `{"note":"n"}`,
	},
	{
		Route: "POST /v1/payments/{id}/record", Path: "/v1/payments/" + id("pay", 3) + "/record", Key: "key", Owned: true,
		Body: `{"amount":"1000","at":"2025-01-01T00:00:00Z"}`,
	},
	{
		Route: "POST /v1/payments/attest", Key: "operator", Owned: true, Rival: "otheroperator",
		Body: `{"invoice":"` + id("inv", 26) + `","status":"captured","amount":"200","method":"cash","receipt":"r",` +
			`"operator":"Sam","note":"n","metadata":{"a":"b"}}`,
	},
	{
		Route: "POST /v1/payments/wallet", Key: "key", Owned: true,
		Body: `{"invoice":"` + id("inv", 30) + `","login":"10001","pin":"471100","payer_address":"192.0.2.1"}`,
	},
	{
		Route: "POST /v1/customers/{id}/pin", Path: "/v1/customers/10001/pin", Key: "admin", Owned: true,
		Body: `{"pin":"4711"}`,
	},
	{
		Route: "POST /v1/customers/{id}/block", Path: "/v1/customers/10001/block", Key: "admin", Owned: true,
		Body: `{"note":"n"}`,
	},
	decision("/v1/customers/{id}/unblock", "10002", `{"operator":"Sam","note":"n"}`),
	decision("/v1/payments/{id}/confirm", id("pay", 25), `{"operator":"Sam","receipt":"r","note":"n"}`),
	decision("/v1/payments/{id}/reject", id("pay", 25), `{"operator":"Sam","note":"n"}`),
	decision("/v1/refunds/{id}/confirm", "unsure", `{"operator":"Sam","receipt":"r","note":"n"}`),
	decision("/v1/refunds/{id}/reject", "unsure", `{"operator":"Sam","note":"n"}`),
	{
		Route: "POST /v1/refunds/{id}/refresh", Path: "/v1/refunds/" + id("rfd", 4) + "/refresh", Key: "key", Owned: true,
	},
}
