package ipg

import (
	"net/http"

	"github.com/purserhq/purser/internal/dialect"
)

// Rules that several routes share, as the page in docs/dialects tells them.
const (
	ruleObjectID = "24 hex digits, or the id that `/v1` gave it"
	rulePhone    = "optional `+` or `00`, then 6 to 15 ASCII digits, single blanks or dashes between"
	ruleEmail    = "an e-mail address"
	ruleGateway  = "`zarinpal`, `shepa` or `zibal`; null or missing: picked by routing"
	ruleText     = "at most 500 characters"
)

// routes is the whole API.
func (s *shop) routes() []dialect.Route {
	var all []dialect.Route
	all = append(all, s.invoiceRoutes()...)
	all = append(all, s.paymentRoutes()...)
	all = append(all, s.linkRoutes()...)
	return append(all, s.adminRoutes()...)
}

// body and query make the rows of an input table.
func body(name string, kind dialect.Type, rule string, mark dialect.Mark) dialect.Param {
	return dialect.Param{Name: name, In: dialect.InBody, Type: kind, Rule: rule, Mark: mark}
}

func query(name, rule string, mark dialect.Mark) dialect.Param {
	return dialect.Param{Name: name, In: dialect.InQuery, Type: dialect.TextType, Rule: rule, Mark: mark}
}

func maybe(p dialect.Param) dialect.Param {
	p.Optional = true
	return p
}

func chosen(text string) dialect.Note   { return dialect.Note{Mark: dialect.Chosen, Text: text} }
func observed(text string) dialect.Note { return dialect.Note{Mark: dialect.Observed, Text: text} }

func documented(text string) dialect.Note { return dialect.Note{Mark: dialect.Documented, Text: text} }

func (s *shop) invoiceRoutes() []dialect.Route {
	return []dialect.Route{
		{
			Method: http.MethodPost, Path: "/invoice/create", Access: dialect.KeyOnly, Handle: s.createInvoice,
			Summary: "Creates an invoice in Rial.",
			Params: []dialect.Param{
				body("totalAmount", dialect.IntegerType, "1 to 9007199254740991", dialect.Chosen),
				body("title", dialect.TextType, "1 to 500 characters", dialect.Chosen),
				maybe(body("mobile", dialect.TextType, rulePhone, dialect.Chosen)),
				maybe(body("email", dialect.TextType, ruleEmail, dialect.Observed)),
			},
			Notes: []dialect.Note{
				documented("Answers 200."),
				observed("Answers the whole invoice; absent values are left out, `__v` is 0."),
				observed("mobile and email may be missing, although they are documented as needed."),
				chosen("An empty title or a total below 1 is 400."),
				chosen("`isDone` becomes true when the captured sum reaches the total, or the invoice is closed through `/v1`."),
			},
		},
		{
			Method: http.MethodGet, Path: "/invoice/getInfo", Access: dialect.KeyIfAny, Handle: s.invoiceInfo,
			Summary: "Reads an invoice with its payments.",
			Params:  []dialect.Param{query("invoiceId", ruleObjectID, dialect.Observed)},
			Notes: []dialect.Note{
				documented("A body on this GET means nothing."),
				observed("invoiceId is needed, although it is documented as optional."),
				chosen("Without a key: no mobile, email, userFullName, readyToPayToken and cardNumber, and nothing that was made " +
					"through `/v1`."),
				chosen("With another merchant's key: 404."),
			},
		},
		{
			Method: http.MethodPost, Path: "/invoice/getWaitingPayments", Access: dialect.KeyOnly,
			Handle:  s.waitingPayments,
			Summary: "Lists the payments of an invoice that wait to be started.",
			Params:  []dialect.Param{body("invoiceId", dialect.TextType, ruleObjectID, dialect.Observed)},
			Notes: []dialect.Note{
				observed("Answers a list, which may be empty."),
				chosen("Every row has its timestamps."),
			},
		},
	}
}

func (s *shop) paymentRoutes() []dialect.Route {
	reversal := []dialect.Param{
		body("authority", dialect.TextType, "not empty", dialect.Chosen),
		body("invoiceId", dialect.TextType, ruleObjectID, dialect.Observed),
	}
	reversed := []dialect.Note{
		documented("Always the full amount; authority and invoice must both match."),
		observed("Only a `success` payment; anything else is 404 `Payment not found`, a second call too."),
		observed("When the gateway refuses: 200 with `isOk` false and its reason; nothing changes."),
		chosen("While the outcome is not known: 200 with `isOk` false; the next call is 409 `Refund in progress`."),
		chosen("Reversed where the gateway can and its window is open, otherwise paid back where the contract allows."),
	}
	return []dialect.Route{
		s.requestRoute(),
		{
			Method: http.MethodGet, Path: "/payment/status", Access: dialect.KeyIfAny, Handle: s.paymentStatus,
			Summary: "Reads the status of a payment.",
			Params: []dialect.Param{
				query("paymentId", ruleObjectID, dialect.Observed),
				maybe(query("invoiceId", ruleObjectID+"; must be the payment's", dialect.Chosen)),
			},
			Notes: []dialect.Note{
				documented("A body on this GET means nothing."),
				observed("`pending`, `failed`, `success`, `canceled`, `reversed` or `waiting`."),
				chosen("paymentId alone is enough; a payment of `/v1` needs a key too."),
				chosen("Every outcome that is not known is `pending`."),
			},
		},
		{
			Method: http.MethodPost, Path: "/payment/refund", Access: dialect.KeyOnly, Handle: s.reversePayment,
			Summary: "Gives a paid payment back.", Params: reversal, Notes: reversed,
		},
		{
			Method: http.MethodPost, Path: "/payment/reverse", Access: dialect.KeyOnly, Handle: s.reversePayment,
			Summary: "The same as POST /payment/refund.", Params: reversal,
			Notes: append([]dialect.Note{observed("The reference implementation knows only this name.")}, reversed...),
		},
		{
			Method: http.MethodPost, Path: "/payment/startWaiting", Access: dialect.KeyOnly, Handle: s.startWaiting,
			Summary: "Opens the gateway page of a waiting payment.",
			Params: []dialect.Param{
				body("paymentId", dialect.TextType, ruleObjectID, dialect.Observed),
				maybe(body("gateway", dialect.TextType,
					"`zarinpal`, `shepa` or `zibal`; null or missing: the payment's own", dialect.Chosen)),
			},
			Notes: []dialect.Note{
				observed("404 `Payment not found` unless the payment is `waiting`."),
				observed("The answer has no `waitingPayments`."),
				chosen("paymentId is added to the answer."),
				chosen("400 when the amount no longer fits the remaining sum; 502 leaves the payment `waiting`."),
			},
		},
	}
}

func (s *shop) requestRoute() dialect.Route {
	return dialect.Route{
		Method: http.MethodPost, Path: "/payment/request", Access: dialect.KeyOnly, Handle: s.requestPayment,
		Summary: "Opens a gateway page for a part of an invoice.",
		Params: []dialect.Param{
			body("invoiceId", dialect.TextType, ruleObjectID, dialect.Observed),
			maybe(body("gateway", dialect.TextType, ruleGateway, dialect.Chosen)),
			body("amount", dialect.IntegerType, "1000 to 9007199254740991", dialect.Observed),
			body("description", dialect.TextType, "may be empty; "+ruleText, dialect.Chosen),
			maybe(body("mobile", dialect.TextType, rulePhone, dialect.Chosen)),
			maybe(body("email", dialect.TextType, ruleEmail, dialect.Observed)),
		},
		Notes: []dialect.Note{
			observed("`success` payments plus the amount must not exceed the total; others do not count."),
			observed("An amount above the merchant's limit is split; the rest is `waiting`."),
			chosen("Every piece of a split is at least 1000."),
			chosen("`waitingPayments` are those of this request alone; paymentId is added."),
			chosen("Unfinished payments of earlier requests are superseded once the gateway has agreed."),
			chosen("When no gateway agrees: 502, and nothing of the request can be seen."),
			chosen("A canceled, expired or refunded invoice is 409 `Invoice is closed`."),
			chosen("On an open-amount invoice every amount is too much: it is paid through its link."),
		},
	}
}

func (s *shop) linkRoutes() []dialect.Route {
	token := []dialect.Param{query("token", "not empty", dialect.Chosen)}
	page := chosen("A visitor who prefers HTML, or looks like a preview, gets a page that starts nothing.")
	return []dialect.Route{
		{
			Method: http.MethodGet, Path: fixedPath, Access: dialect.Anyone, Handle: s.readyToPay,
			Summary: "Pays what a link asks for.", Params: token,
			Notes: []dialect.Note{
				observed("Answers JSON, never a redirect."), page,
				chosen("A page at the gateway that is still open is given again."),
				observed("400 `One time payment link` when its amount was paid or no longer fits the total."),
				chosen("A reversal does not revive a link; while parts of a split are unpaid the next one is opened."),
				chosen("404 for the token of an open-amount invoice; 400 when the link's amount is below 1000."),
			},
		},
		{
			Method: http.MethodGet, Path: openAmountPath, Access: dialect.Anyone, Handle: s.openAmount,
			Summary: "The page of an open-amount link.", Params: token,
			Notes: []dialect.Note{
				observed("A form for amount, e-mail and message."), chosen("Any other token is 404 in JSON."),
			},
		},
		{
			Method: http.MethodPost, Path: openAmountPath + "/process", Access: dialect.Anyone,
			Handle: s.payOpenAmount, Summary: "Opens a gateway page for the sum that a payer chose.",
			Params: []dialect.Param{
				body("token", dialect.TextType, "of an open-amount link", dialect.Observed),
				body("amount", dialect.IntegerType, "1000 to 9007199254740991", dialect.Observed),
				maybe(body("email", dialect.TextType, ruleEmail, dialect.Observed)),
				maybe(body("description", dialect.TextType, ruleText, dialect.Chosen)),
			},
			Notes: []dialect.Note{
				observed("Any sum, any number of times; never split; isDone stays false."),
				chosen("The payer's description is kept with the payment."),
				chosen("One address may try 10 times at once and then every 3 seconds: 429 with Retry-After."),
			},
		},
		{
			Method: http.MethodGet, Path: extensionPath, Access: dialect.Anyone, Handle: s.extensionToPay,
			Summary: "Pays what an invoice was extended by.", Params: token,
			Notes: []dialect.Note{
				observed("As GET /payment/readyToPay, without splitting and without `waitingPayments`."), page,
			},
		},
		{
			Method: http.MethodGet, Path: "/cb", Access: dialect.Anyone, Handle: s.gatewayReturn,
			Summary: "Where gateways send payers back to.",
			Notes: []dialect.Note{
				observed("A page that tells the payer how it ended."),
				chosen("What the browser brings is a hint; the gateway is asked, and only its word counts."),
				chosen("An unknown authority gives the error page and changes nothing."),
			},
		},
	}
}

func (s *shop) adminRoutes() []dialect.Route {
	return []dialect.Route{
		{
			Method: http.MethodPost, Path: "/admin/payment/getReadyToPayLink", Access: dialect.AdminKey,
			Handle: s.createLink, Summary: "Makes a link that a payer can be given.",
			Params: []dialect.Param{
				maybe(body("amount", dialect.IntegerType, "1 to 9007199254740991", dialect.Chosen)),
				maybe(body("description", dialect.TextType, ruleText, dialect.Chosen)),
				body("userFullName", dialect.TextType, ruleText, dialect.Chosen),
				body("mobile", dialect.TextType, rulePhone, dialect.Chosen),
				maybe(body("readyToPayGateway", dialect.TextType, ruleGateway, dialect.Chosen)),
				maybe(body("invoiceId", dialect.TextType, ruleObjectID, dialect.Observed)),
			},
			Notes: []dialect.Note{
				documented("amount alone: a new invoice of that amount, with a link that pays it."),
				observed("Neither amount nor invoiceId: a new invoice of any amount."),
				observed("Both: the invoice grows by the amount, and its new link pays just that."),
				observed("invoiceId alone, or an open-amount invoice: 400 `Operation failed`."),
				chosen("An unknown invoice is 404, a closed one 409; a paid one opens again."),
			},
		},
		{
			Method: http.MethodGet, Path: "/admin/payment/allPaymentsStatus", Access: dialect.AdminKey,
			Handle: s.allInvoices, Summary: "Lists all invoices in full, newest first.",
			Params: []dialect.Param{
				maybe(query("limit", "1 to 1000", dialect.Chosen)),
				maybe(query("offset", "0 or more", dialect.Chosen)),
			},
			Notes: []dialect.Note{
				observed("Invoices with their payments, despite its name."),
				chosen("At most 1000; `X-Total-Count` says how many there are."),
			},
		},
	}
}
