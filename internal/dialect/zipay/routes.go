package zipay

import (
	"net/http"

	"github.com/purserhq/purser/internal/dialect"
)

// Rules that several routes share, as the page in docs/dialects tells them.
const (
	ruleText     = "1 to 200 characters"
	ruleCurrency = "`USD`, `USDT` or `IRT`"
	ruleAmount   = "above 0, no exponent, at most 8 decimal places in USD and USDT, 4 in IRT"
	ruleWhole    = "1 to 2000000000"
	ruleTerminal = "1 to 2000000000; unknown: 404"
	ruleTrackID  = "of an invoice; unknown: 404"
	ruleAddress  = "http or https, at most 2000 characters"
)

// routes is the whole API.
func (d desk) routes() []dialect.Route {
	all := []dialect.Route{
		{
			Method: http.MethodGet, Path: callPath, Access: dialect.Anyone, Handle: d.callerIP,
			Summary: "Tells the caller's own address.",
			Notes:   []dialect.Note{chosen("Answers `{\"ip\":\"203.0.113.7\"}`.")},
		},
	}
	all = append(all, d.invoiceRoutes()...)
	all = append(all, d.tradeRoutes()...)
	all = append(all, d.transferRoutes()...)
	all = append(all, d.cryptoRoutes()...)
	return append(all, dialect.Route{
		Method: http.MethodGet, Path: pagePath + "{trackid}", Access: dialect.Anyone, Handle: d.invoicePage,
		Summary: "The page on which a payer pays an invoice.",
		Params: []dialect.Param{
			{Name: "trackid", In: dialect.InPath, Type: dialect.TextType, Rule: ruleTrackID},
		},
		Notes: []dialect.Note{
			chosen("Offers the payer's wallet and every gateway that takes the currency; with a national_id only a wallet."),
			chosen("Starts nothing before a click. A paid invoice shows its result and a link to callback."),
		},
	})
}

// call makes the row of one method.
func call(method string, handle dialect.Handler, summary string, params []dialect.Param, notes ...dialect.Note,
) dialect.Route {
	return dialect.Route{
		Method: http.MethodPost, Path: callPath + method, Access: dialect.Signed, Handle: handle,
		Summary: summary, Params: params, Notes: notes,
	}
}

// body makes the row of an input.
func body(name string, kind dialect.Type, rule string, mark dialect.Mark) dialect.Param {
	return dialect.Param{Name: name, In: dialect.InBody, Type: kind, Rule: rule, Mark: mark}
}

func maybe(p dialect.Param) dialect.Param {
	p.Optional = true
	return p
}

// parts are the inputs of every list.
func parts(before ...dialect.Param) []dialect.Param {
	return append(before,
		maybe(body("limit", dialect.CountType, "default 10; more than 100 is cut to 100", dialect.Chosen)),
		maybe(body("page", dialect.WholeType, "default 1", dialect.Documented)),
		maybe(body("sort", dialect.TextType, "`desc` (default) or `asc`, by creation", dialect.Documented)))
}

func chosen(text string) dialect.Note { return dialect.Note{Mark: dialect.Chosen, Text: text} }

func documented(text string) dialect.Note { return dialect.Note{Mark: dialect.Documented, Text: text} }

func (d desk) invoiceRoutes() []dialect.Route {
	trackID := []dialect.Param{body("trackid", dialect.TextType, ruleTrackID, dialect.Documented)}
	return []dialect.Route{
		call(
			"create-invoice", d.createInvoice, "Creates an invoice and tells where it is paid.",
			[]dialect.Param{
				body("terminal_number", dialect.WholeType, ruleTerminal, dialect.Documented),
				body("amount", dialect.DecimalType, ruleAmount, dialect.Chosen),
				body("currency", dialect.TextType, ruleCurrency, dialect.Documented),
				body("invoice_number", dialect.TextType, ruleText+"; unique per terminal, else 409", dialect.Documented),
				maybe(body("national_id", dialect.TextType, "only a user with it may pay; "+ruleText, dialect.Documented)),
				body("callback", dialect.TextType, ruleAddress+"; on the terminal's list, if it has one", dialect.Chosen),
				maybe(body("webhook", dialect.TextType, ruleAddress+"; no private addresses", dialect.Chosen)),
			},
			documented("`message` is always there and null."),
			chosen("`redirect` begins with the configured public address."),
			chosen("A terminal that is switched off: 403."),
			chosen("The webhook hears of a payment once, with `trackid`, `invoice_number` and `status` = `pending`."),
		),
		call(
			"invoice-status", d.invoiceStatus, "Reads an invoice.", trackID,
			chosen("Payer and pay fields are null before payment; a payer at a gateway has no name and no account."),
			chosen("`waiting` while a payment waits for the payer or for a gateway; a page visit starts none."),
			chosen("What expires or is canceled is `rejected`."),
		),
		call(
			"invoice-verify", d.invoiceVerify, "Completes a paid invoice and credits its amount.", trackID,
			documented("Only a `pending` invoice; after 30 minutes without it the money goes back."),
			chosen("A `completed` one is answered again, without a second credit; any other status: 409."),
		),
		call(
			"invoice-refund", d.invoiceRefund, "Gives the whole of a completed invoice back.", trackID,
			documented("There is no amount: always the whole."),
			chosen("Any other status: 409; a balance that does not cover it: 402."),
			chosen("A payment through a gateway is refunded at the gateway; until it agrees the sum is owed to the payer."),
		),
		call(
			"invoice-list", d.invoiceList, "Lists invoices.",
			parts(
				maybe(body("terminal_number", dialect.WholeType, ruleWhole, dialect.Documented)),
				maybe(body("invoice_number", dialect.TextType, ruleText, dialect.Documented)),
				maybe(body("status", dialect.TextType,
					"`generated`, `waiting`, `pending`, `completed`, `rejected` or `refunded`", dialect.Documented)),
			),
			documented("`total` counts all matches; there is no `result`."),
			chosen("For the key of a customer's account the list is empty, and every trackid and terminal is unknown."),
		),
	}
}

func (d desk) tradeRoutes() []dialect.Route {
	return []dialect.Route{
		call("balance", d.balance, "Tells what the account has.", nil,
			chosen("USD, USDT and IRT, and no others: what other APIs brought, such as IRR, is not turned into them."),
			chosen("Money that is not verified or on its way out is not counted.")),
		call(
			"rate", d.rate, "Tells the rates of the markets.",
			[]dialect.Param{maybe(body("market", dialect.TextType, "such as `USDIRT`; unknown: no items", dialect.Chosen))},
			chosen("`sell` is used when the first currency is spent, `buy` when it is bought."),
		),
		call(
			"exchange", d.exchange, "Turns money of the account into another currency.",
			[]dialect.Param{
				body("amount", dialect.DecimalType, "what is spent; "+ruleAmount, dialect.Chosen),
				body("from_currency", dialect.TextType, ruleCurrency, dialect.Documented),
				body("to_currency", dialect.TextType, ruleCurrency+"; another one", dialect.Chosen),
			},
			documented("Both balances move at once; there is no fee."),
			chosen("What is got is cut toward zero at 8 decimal places, 4 in IRT."),
			chosen("Too little money: 402; no market for the two, or nothing comes out: 422."),
		),
		call(
			"exchange-list", d.exchangeList, "Lists exchanges.",
			parts(maybe(body("trackid", dialect.TextType, "of an exchange", dialect.Documented))),
		),
	}
}

func (d desk) transferRoutes() []dialect.Route {
	return []dialect.Route{
		call(
			"transfer", d.transfer, "Sends money to another account.",
			[]dialect.Param{
				body("receiver", dialect.TextType, "`10017`, `10017USD` or an e-mail address; unknown: 404", dialect.Documented),
				body("amount", dialect.DecimalType, ruleAmount, dialect.Chosen),
				body("currency", dialect.TextType, ruleCurrency, dialect.Documented),
				body("order_id", dialect.TextType, ruleText+"; unique per account, else 409", dialect.Documented),
				maybe(body("description", dialect.TextType, "at most 200 characters", dialect.Documented)),
			},
			documented("Immediate and final. E-mail addresses are masked."),
			chosen("The currency behind a number must be the one that is sent; one's own account: 422."),
			chosen("Too little money: 402; an account that is blocked: 409."),
		),
		call(
			"transfer-list", d.transferList, "Lists transfers from and to the account.",
			parts(
				maybe(body("trackid", dialect.TextType, "of a transfer", dialect.Documented)),
				maybe(body("transfer_type", dialect.TextType, "`transfer_out` or `transfer_in`", dialect.Documented)),
				maybe(body("order_id", dialect.TextType, ruleText, dialect.Documented)),
			),
		),
	}
}

func (d desk) cryptoRoutes() []dialect.Route {
	info := call("crypto-info", d.cryptoInfo, "Lists the networks on which coins go out.", nil,
		chosen("`deposit_is_active` is always false; the rest is the merchant's settings."))
	byGet := info
	byGet.Method, byGet.Summary = http.MethodGet, "The same as POST "+callPath+"crypto-info."
	byGet.Notes = []dialect.Note{chosen("The signature is over the query, which is usually empty.")}
	return []dialect.Route{
		info, byGet,
		call(
			"crypto-withdraw", d.cryptoWithdraw, "Asks for coins to be sent out.",
			[]dialect.Param{
				body("order_id", dialect.IntegerType, ruleWhole+"; unique per account, else 409; in a form its digits",
					dialect.Documented),
				body("coin", dialect.TextType, "`USDT`", dialect.Documented),
				body("network", dialect.TextType, "`TRX` or `BNB`", dialect.Documented),
				body("amount", dialect.DecimalType,
					"fee included; at least `min_withdraw`, more than `fee`, at most `decimal` places", dialect.Chosen),
				body("address", dialect.TextType, "of the network", dialect.Chosen),
			},
			documented("The fee comes out of the amount; `txid` is `trackid` while the withdrawal is queued."),
			chosen("An operator sends it and enters the chain's txid; one that is rejected gives the money back."),
			chosen("Too little money: 402; an account that is blocked: 409."),
		),
	}
}
