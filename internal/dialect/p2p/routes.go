package p2p

import (
	"net/http"

	"github.com/purserhq/purser/internal/dialect"
)

// Rules that several routes share, as the page in docs/dialects tells them.
const (
	ruleID     = "of an invoice of the store; any other: 404"
	ruleAmount = "text or number above 0, no exponent, at most as many places as the currency has"
	ruleText   = "at most 200 characters"
	ruleURL    = "http or https, at most 2000 characters"
)

func chosen(text string) dialect.Note { return dialect.Note{Mark: dialect.Chosen, Text: text} }

func documented(text string) dialect.Note { return dialect.Note{Mark: dialect.Documented, Text: text} }

func observed(text string) dialect.Note { return dialect.Note{Mark: dialect.Observed, Text: text} }

// body makes the row of an input.
func body(name string, kind dialect.Type, rule string, mark dialect.Mark) dialect.Param {
	return dialect.Param{Name: name, In: dialect.InBody, Type: kind, Rule: rule, Mark: mark}
}

func maybe(name string, kind dialect.Type, rule string, mark dialect.Mark) dialect.Param {
	p := body(name, kind, rule, mark)
	p.Optional = true
	return p
}

func inPath(name, rule string) dialect.Param {
	return dialect.Param{Name: name, In: dialect.InPath, Type: dialect.TextType, Rule: rule}
}

func inQuery(name string, kind dialect.Type, rule string, optional bool) dialect.Param {
	return dialect.Param{
		Name: name, In: dialect.InQuery, Type: kind, Optional: optional, Rule: rule, Mark: dialect.Chosen,
	}
}

// routes is the whole API.
func (d desk) routes() []dialect.Route {
	all := append([]dialect.Route{d.creation()}, d.readings()...)
	all = append(all, counter{d, d.named, false}.routes(merchantPath, dialect.Signed)...)
	all = append(all, dialect.Route{
		Method: http.MethodPost, Path: merchantPath + "invoices/{id}/dispute", Access: dialect.Signed,
		Handle:  either(d.dispute, d.disputeSending),
		Summary: "Says something against the course of a deal.", MaxBody: maxUpload,
		Params: []dialect.Param{
			inPath("id", "of an invoice of the store, or of a deal of one; any other: 404"),
			maybe("dealId", dialect.TextType, "of a deal of the invoice; default: the newest", dialect.Chosen),
			body("disputeReason", dialect.TextType, "a word; one that is not known becomes `unknown`", dialect.Chosen),
			maybe(amountOfDispute, dialect.DecimalType, "what was really sent; needed for `invalid_sum`", dialect.Observed),
		},
		Notes: append(filesNotes(),
			chosen("An invoice that is paid, or has no deal: 409. One that goes out may be paid, and must be "+
				"taken. Said again, it changes the reason and adds files."),
			chosen("An operator decides. Won, the invoice is paid in the sum that came, whatever had become of it; lost, "+
				"the deal and the invoice are canceled. There is a callback for each.")),
	})
	return append(all, d.publicRoutes()...)
}

func filesNotes() []dialect.Note {
	return []dialect.Note{
		observed("multipart/form-data with files `attachment`; a boundary that the header does not name is read from " +
			"the first line."),
		chosen("A file is PNG, JPEG or PDF of at most 10 MB, else 413 or 400; a deal has at most 10, of 30 MB in all. JSON " +
			"without files is taken too."),
	}
}

func (d desk) creation() dialect.Route {
	return dialect.Route{
		Method: http.MethodPost, Path: merchantPath + "invoices", Access: dialect.Signed, Handle: d.createInvoice,
		Summary: "Creates an invoice and, if that is asked for, starts a deal; or asks that money is sent.",
		Params: []dialect.Param{
			body("type", dialect.TextType, "`in`, or `out`: money is sent to somebody", dialect.Documented),
			body("amount", dialect.DecimalType, ruleAmount+"; what no account takes: AMOUNT_OUT_OF_RANGE", dialect.Chosen),
			body("currency", dialect.TextType, "one in which the merchant has a rate", dialect.Documented),
			body("notificationUrl", dialect.TextType, ruleURL+", or empty: no callbacks", dialect.Observed),
			body("notificationToken", dialect.TextType, "at most 500 characters, may be empty", dialect.Observed),
			maybe("internalId", dialect.TextType, ruleText, dialect.Documented),
			maybe("userId", dialect.TextType, ruleText, dialect.Documented),
			maybe("paymentOption", dialect.TextType, "one that is offered; for `out` any, and needed", dialect.Documented),
			maybe("paymentMethod", dialect.TextType, "one that is offered; for `out` any, and needed", dialect.Documented),
			maybe("paymentRequisites", dialect.ObjectType, "`requisites` and `holder`; needed for `out`", dialect.Documented),
			maybe("startDeal", dialect.FlagType, "no effect for `out`", dialect.Documented),
			maybe("maxAmount", dialect.DecimalType, ruleAmount+", at least `amount`", dialect.Documented),
			maybe("allowMatching", dialect.FlagType, "kept, no effect", dialect.Chosen),
			maybe("crossBorderCurrency", dialect.TextType, "needed for CROSS_BORDER", dialect.Documented),
			maybe("crossBorderRequisiteType", dialect.TextType, "`PHONE` or `CARD`", dialect.Documented),
			maybe("successUrl", dialect.TextType, ruleURL, dialect.Documented),
			maybe("cancelUrl", dialect.TextType, ruleURL, dialect.Documented),
			maybe("strictlySingleTransfer", dialect.FlagType, "kept, no effect", dialect.Chosen),
		},
		Notes: []dialect.Note{
			documented("No account is free: 200 with `deals` empty, and the invoice stays new."),
			chosen("The same internalId with equal amount, currency, option and method answers with the invoice of before, " +
				"while that is new; otherwise a new one is made."),
			chosen("`out` sets what it costs aside: the amount at the merchant's rate and the store's fee, both rounded up. " +
				"What the merchant has not: INSUFFICIENT_BALANCE. An operator approves it, and a trader takes it and sends it."),
			chosen("With maxAmount the sum is raised by as few of the smallest steps as make it the only one at its account."),
			documented("paymentOption CROSS_BORDER needs RUB, startDeal true and crossBorderCurrency."),
		},
	}
}

func (d desk) readings() []dialect.Route {
	get := func(path string, handle dialect.Handler, summary string, params ...dialect.Param) dialect.Route {
		return dialect.Route{
			Method: http.MethodGet, Path: merchantPath + path, Access: dialect.Signed, Handle: handle, Summary: summary,
			Params: params,
		}
	}
	return []dialect.Route{
		get("invoices", d.listInvoices, "Lists the invoices of the store, newest first.",
			inQuery("page", dialect.CountType, "from 1", true),
			inQuery("limit", dialect.CountType, "default 50; more than 100 is cut to 100", true)),
		get("invoices/{id}", either(d.showInvoice, d.showSending), "Shows an invoice.", inPath("id", ruleID)),
		get("internal-id/{internalId}", d.showNamed, "Shows the newest invoice that the merchant calls so.",
			inPath("internalId", "of an invoice of the store; any other: 404")),
		get("invoices/{id}/{internalId}", d.showByAlias, "Shows the same at another path.",
			inPath("id", "the word `internal-id`"), inPath("internalId", "of an invoice of the store; any other: 404")),
		get("accounts", d.accounts, "Shows what the merchant has to spend."),
		get("payment-options", d.showOptions, "Lists the ways that accounts are reached."),
		get("payment-methods", d.showMethods, "Lists the banks of a currency.",
			inQuery("currency", dialect.TextType, "such as RUB", false)),
	}
}

// routes are the calls that merchants and payers' pages both have.
func (c counter) routes(prefix string, access dialect.Access) []dialect.Route {
	id := inPath("id", ruleID)
	call := func(method, path string, handle dialect.Handler, summary string) dialect.Route {
		return dialect.Route{
			Method: method, Path: prefix + "invoices/{id}/" + path, Access: access, Handle: handle, Summary: summary,
			Params: []dialect.Param{id},
		}
	}
	variants := call(http.MethodGet, "available-payment-variants", either(c.showVariants, noVariants(c.sending())),
		"Lists the ways on which the invoice can be paid now.")
	start := call(http.MethodPost, "start-deal", either(c.startDeal, unpayable(c.sending())), "Starts a deal.")
	start.Params = append(start.Params,
		maybe("paymentOption", dialect.TextType, "one that is offered; null: any", dialect.Documented),
		maybe("paymentMethod", dialect.TextType, "one that is offered; null: any", dialect.Documented))
	start.Notes = []dialect.Note{chosen("An invoice that is not new, or has a deal that is open: 409.")}
	confirm := call(http.MethodPost, "confirm-transfer", either(c.confirm, unpayable(c.sending())),
		"Says that the payer has sent the money.")
	confirm.MaxBody = maxUpload
	confirm.Notes = append(filesNotes(), chosen("No deal is open: 409. Said again, it only adds files."))
	cancel := call(http.MethodPost, "cancel", either(c.cancel, c.withdraw()),
		"Withdraws the invoice and the deal that only waits.")
	cancel.Notes = []dialect.Note{
		chosen("One that is canceled stays as it is. When the payer says that the money is sent, or when it is paid or " +
			"expired: 409."),
	}
	return []dialect.Route{variants, start, confirm, cancel}
}

func (d desk) publicRoutes() []dialect.Route {
	reduced := chosen("Whoever knows the id sees all but internalId, userId, the sums and the payments of deals. " +
		"Too many calls of one address or about one invoice: 429.")
	routes := []dialect.Route{
		{
			Method: http.MethodGet, Path: publicPath + "payment-methods/{currency}", Access: dialect.Anyone,
			Handle: d.showAnyMethods, Summary: "Lists the known banks of a currency.",
			Params: []dialect.Param{inPath("currency", "such as RUB; not known: 404")},
			Notes:  []dialect.Note{chosen("No merchant is named: those in use are listed, and for RUB all that are known.")},
		},
		{
			Method: http.MethodGet, Path: publicPath + "invoices/{id}", Access: dialect.Anyone,
			Handle:  either(d.showKnown, d.showKnownSending),
			Summary: "Shows an invoice to whoever knows its id.",
			Params:  []dialect.Param{inPath("id", "of an invoice; any other: 404")},
			Notes:   []dialect.Note{reduced},
		},
	}
	for _, r := range (counter{d, d.known, true}).routes(publicPath, dialect.Anyone) {
		r.Notes = append(r.Notes, reduced)
		routes = append(routes, r)
	}
	return routes
}
