package payrefund

import (
	"net/http"

	"github.com/purserhq/purser/internal/dialect"
)

// Rules that several routes share, as the page in docs/dialects tells them.
const (
	ruleAmount = "at most 2 decimal places"
	ruleMethod = "`credit_card` or `mbway`"
	ruleDate   = "`2020-01-01T00:00:00` (UTC), with `Z`, with an offset, or a date alone (midnight); inclusive"
	ruleBound  = "decimal, inclusive"
	ruleParams = "credit_card: number (16), name (19), expiration_month (2), expiration_year (4), cvv (3); " +
		"mbway: phone_number (9); strings of at most so many characters; `method`, when given, equals payment_method"
)

// body and query make the rows of an input table.
func body(name string, kind dialect.Type, rule string, mark dialect.Mark) dialect.Param {
	return dialect.Param{Name: name, In: dialect.InBody, Type: kind, Rule: rule, Mark: mark}
}

func query(name string, kind dialect.Type, rule string, mark dialect.Mark) dialect.Param {
	return dialect.Param{Name: name, In: dialect.InQuery, Type: kind, Optional: true, Rule: rule, Mark: mark}
}

func maybe(p dialect.Param) dialect.Param {
	p.Optional = true
	return p
}

func chosen(text string) dialect.Note   { return dialect.Note{Mark: dialect.Chosen, Text: text} }
func observed(text string) dialect.Note { return dialect.Note{Mark: dialect.Observed, Text: text} }

func documented(text string) dialect.Note { return dialect.Note{Mark: dialect.Documented, Text: text} }

// routes is the whole API.
func (s *desk) routes() []dialect.Route {
	return append(append(s.paymentRoutes(), s.changeRoutes()...), s.refundRoutes()...)
}

func (s *desk) paymentRoutes() []dialect.Route {
	return []dialect.Route{
		{
			Method: http.MethodGet, Path: paymentsPath, Access: dialect.KeyOnly, Handle: s.listPayments,
			Summary: "Lists payments, without additional_params.",
			Params: []dialect.Param{
				query("payment_id", dialect.AnyText, "exact", ""),
				query("payment_method", dialect.AnyText, "exact; a word that is none matches nothing", dialect.Observed),
				query("status", dialect.AnyText, "`success`, `error`, `settled`, or `pending`", dialect.Observed),
				query("amount_gte", dialect.DecimalType, ruleBound, ""),
				query("amount_lte", dialect.DecimalType, ruleBound, ""),
				query("created_at_gte", dialect.TextType, ruleDate, dialect.Observed),
				query("created_at_lte", dialect.TextType, ruleDate, dialect.Observed),
				query("settled_at_gte", dialect.TextType, ruleDate, dialect.Observed),
				query("settled_at_lte", dialect.TextType, ruleDate, dialect.Observed),
				query("limit", dialect.IntegerType, "from 1; left out: all of them", dialect.Chosen),
				query("offset", dialect.IntegerType, "from 0", dialect.Chosen),
			},
			Notes: []dialect.Note{
				documented("All that is given must hold. An empty list is `[]`."),
				chosen("The list is complete and oldest first; it is sent as it is read."),
				chosen("On the port of the refunds service, `refunds_listen`, a refund_id makes it GET /api/refunds."),
				observed("Other parameters are ignored."),
			},
		},
		{
			Method: http.MethodGet, Path: paymentsPath + onePath, Access: dialect.KeyOnly, Handle: s.readPayment,
			Summary: "Reads a payment with its additional_params, or `{}`.",
			Notes: []dialect.Note{
				chosen("number is shown as `************3456`, cvv as `***`."),
				chosen("While the payer's bank wants to see the payer, a header says where: " +
					"`Link: <https://...>; rel=\"payment\"`."),
			},
		},
		s.creating(paymentsPath, documented("Creates it, and answers it with its additional_params.")),
		s.creating(paymentsPath+onePath, observed("It is POST on the collection, whatever the id.")),
	}
}

// creating is the route that makes payments.
func (s *desk) creating(path string, note dialect.Note) dialect.Route {
	return dialect.Route{
		Method: http.MethodPost, Path: path, Access: dialect.KeyOnly, Handle: s.createPayment,
		Summary: "Collects a payment by card or MB WAY.",
		Params: []dialect.Param{
			body("amount", dialect.AmountType, ruleAmount, dialect.Chosen),
			body("payment_method", dialect.TextType, ruleMethod, ""),
			body(paramsName, dialect.ObjectType, ruleParams, dialect.Chosen),
		},
		Notes: []dialect.Note{
			note,
			chosen("A card's money is held (`success`); a card that is declined, or is none, makes an `error`."),
			chosen("`pending`: the gateway has not said what became of it, or the payer has to confirm on the phone."),
			chosen("The number and the cvv are kept nowhere; the name must not hold the digits of a card."),
			chosen("payment_id, status, created_at, settled_at, settled_amount and the inner amount are ignored."),
		},
	}
}

func (s *desk) changeRoutes() []dialect.Route {
	return []dialect.Route{
		{
			Method: http.MethodPut, Path: paymentsPath + onePath, Access: dialect.KeyOnly, Handle: s.updatePayment,
			Summary: "Changes or settles a payment; `{}` where there is none, whatever the body.",
			Params: []dialect.Param{
				maybe(body("amount", dialect.AmountType, ruleAmount, dialect.Chosen)),
				maybe(body("payment_method", dialect.TextType, ruleMethod, "")),
				maybe(body(paramsName, dialect.ObjectType, ruleParams+"; none of them is needed", dialect.Chosen)),
				maybe(body("settled_at", dialect.TextType, ruleDate, dialect.Observed)),
				maybe(body("settled_amount", dialect.NumberType, "at most 2 decimal places", dialect.Observed)),
			},
			Notes: []dialect.Note{
				chosen("What is not sent, is null or is a mask that was shown stays as it is."),
				chosen("A settlement takes held money, or records what MB WAY took, once: settled_amount is the amount not yet " +
					"refunded and settled_at is now where they are left out; the same again changes nothing."),
				chosen("Another amount changes what is held, where the gateway can; after the money was taken it is refused."),
				chosen("On `error` a whole number or a phone_number tries the payment again."),
				chosen("On any other status another card, expiry, phone or method is refused; another name is ignored."),
				chosen("One request does one thing: another amount together with a settlement is refused."),
			},
		},
		{
			Method: http.MethodDelete, Path: paymentsPath + onePath, Access: dialect.KeyOnly, Handle: s.deletePayment,
			Summary: "Deletes a payment and answers it as it was, or `{}`.",
			Notes: []dialect.Note{
				chosen("Held money is let go first; where the gateway does not, nothing is deleted."),
				chosen("What was settled stays in the books. What is confirmed later is let go or goes back."),
				chosen("Its refunds can still be read."),
			},
		},
		{
			Method: http.MethodPut, Path: paymentsPath, Access: dialect.KeyOnly, Handle: s.nothingHere,
			Summary: "Answers `{}`.", Notes: []dialect.Note{observed("It names no payment.")},
		},
		{
			Method: http.MethodDelete, Path: paymentsPath, Access: dialect.KeyOnly, Handle: s.nothingHere,
			Summary: "Answers `{}`.", Notes: []dialect.Note{observed("It names no payment.")},
		},
	}
}

func (s *desk) refundRoutes() []dialect.Route {
	return []dialect.Route{
		{
			Method: http.MethodGet, Path: refundsPath, Access: dialect.KeyOnly, Handle: s.listRefunds,
			Summary: "Lists refunds.",
			Params: []dialect.Param{
				query("payment_id", dialect.AnyText, "exact", ""), query("refund_id", dialect.AnyText, "exact", ""),
			},
			Notes: []dialect.Note{chosen("Complete and oldest first. A refund that the gateway refused is not in it.")},
		},
		{
			Method: http.MethodGet, Path: refundsPath + onePath, Access: dialect.KeyOnly, Handle: s.readRefund,
			Summary: "Reads a refund, or `{}`.",
		},
		s.refunding(refundsPath, documented("Creates it, and answers it.")),
		s.refunding(refundsPath+onePath, observed("It is POST on the collection, whatever the id.")),
	}
}

// refunding is the route that makes refunds.
func (s *desk) refunding(path string, note dialect.Note) dialect.Route {
	return dialect.Route{
		Method: http.MethodPost, Path: path, Access: dialect.KeyOnly, Handle: s.createRefund,
		Summary: "Gives money of a payment back.",
		Params: []dialect.Param{
			maybe(body("payment_id", dialect.AnyText, "of a payment; any other, or none: `{}`", dialect.Observed)),
			body("amount", dialect.NumberType, "at most 2 decimal places", ""),
		},
		Notes: []dialect.Note{
			note,
			chosen("All refunds, those on their way included, are at most the payment's amount, and those after the " +
				"settlement at most settled_amount. What is refused is a 200 with `errors`, in both numbers."),
			chosen("Only a payment that is `success` or `settled` is refunded, by more than 0; its status stays."),
			chosen("Before the money is taken, a refund lets go of a part of it."),
		},
	}
}
