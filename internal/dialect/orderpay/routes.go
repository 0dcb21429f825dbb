package orderpay

import (
	"net/http"

	"github.com/purserhq/purser/internal/dialect"
)

func chosen(text string) dialect.Note   { return dialect.Note{Mark: dialect.Chosen, Text: text} }
func observed(text string) dialect.Note { return dialect.Note{Mark: dialect.Observed, Text: text} }

func documented(text string) dialect.Note { return dialect.Note{Mark: dialect.Documented, Text: text} }

// body makes a row of an input table.
func body(name string, kind dialect.Type, rule string, mark dialect.Mark) dialect.Param {
	return dialect.Param{Name: name, In: dialect.InBody, Type: kind, Rule: rule, Mark: mark}
}

func maybe(p dialect.Param) dialect.Param {
	p.Optional = true
	return p
}

func page(name, rule string) dialect.Param {
	return dialect.Param{
		Name: name, In: dialect.InQuery, Type: dialect.IntegerType, Optional: true, Rule: rule, Mark: dialect.Chosen,
	}
}

// keyNote is about the header of calls that make something.
const keyNote = "The header Idempotency-Key, 1 to 255 printable characters, makes the call have its effect once: the " +
	"same user with the same body gets the same answer for 72 hours, another body is a 409, and so is a first call " +
	"that still runs."

// routes is the whole API.
func (s desk) routes() []dialect.Route { return append(s.paymentRoutes(), s.orderRoutes()...) }

func (s desk) paymentRoutes() []dialect.Route {
	return []dialect.Route{
		{
			Method: http.MethodPost, Path: paymentPath, Access: dialect.Token, Handle: s.createPayment,
			Summary: "Records a payment of an order, or begins one.",
			Params: []dialect.Param{
				body(orderName, dialect.TextType, "of an order; what is no UUID is not found", ""),
				body(amountName, dialect.NumberType, "above 0, at most 2 decimal places, at most what remains", ""),
				body(statusName, dialect.TextType, "`PENDING`, `COMPLETED`, `FAILED` or `CANCELLED`: a claim", dialect.Chosen),
				body(methodName, dialect.TextType,
					"`Bkash`, `Card`, `Cash`, `Bank Transfer`, `Nagad` or `Rocket`, in any case", dialect.Chosen),
				maybe(body(transactionName, dialect.TextType, "at most 100 characters", dialect.Observed)),
			},
			Notes: []dialect.Note{
				chosen("Answers 201 and the payment."),
				chosen("Checked in this order: the fields, that the order is there, whose it is, that it is open, that it is " +
					"not paid, the amount."),
				chosen("Of SELLER and above the claims COMPLETED, FAILED and CANCELLED are honoured: money is booked at once, as " +
					"received by hand. Every other claim makes a PENDING payment. What was claimed, and by whom, is kept."),
				chosen("A COMPLETED payment's transactionId is unique; one that is taken is a 409."),
				chosen("A PENDING payment whose method has a gateway carries paymentUrl, here and in later reads, while the " +
					"payer can be sent there. Where the gateway refuses or cannot be reached the payment is FAILED."),
				chosen("Any other PENDING payment waits for an operator's word (`purser payment confirm`)."),
				chosen("A payment by hand, whoever states it, needs a contract of the connector `manual` in the order's " +
					"currency: without one the answer is a 409."),
				chosen(keyNote),
			},
		},
		{
			Method: http.MethodGet, Path: paymentPath, Access: dialect.Token, Handle: s.listPayments,
			Summary: "Lists the user's own payments.",
			Params:  []dialect.Param{page(limitName, "1 to 100; 10 where it is left out"), page(offsetName, "from 0")},
			Notes: []dialect.Note{
				chosen("Newest first. A payment is the order's user's, whoever made it; ADMIN and above see all that " +
					"are somebody's."),
				observed("What is no number is a 400 `Invalid numeric value`."),
			},
		},
		{
			Method: http.MethodGet, Path: paymentPath + "/{id}", Access: dialect.Token, Handle: s.readPayment,
			Summary: "Reads a payment.",
			Notes:   []dialect.Note{chosen("One of an order that the user may not see is not found.")},
		},
		{
			Method: http.MethodGet, Path: paymentPath + "/order/{" + orderName + "}", Access: dialect.Token,
			Handle: s.listOrderPayments, Summary: "Lists all payments of an order.",
			Notes: []dialect.Note{
				documented("Newest first. The order must be one of the user's."),
				chosen("An order of somebody else is a 403, one that is not there a 404."),
			},
		},
	}
}

func (s desk) orderRoutes() []dialect.Route {
	return []dialect.Route{{
		Method: http.MethodPost, Path: orderPath, Access: dialect.Token, Handle: s.createOrder,
		Summary: "Makes an order that can be paid.",
		Params: []dialect.Param{
			maybe(body(orderName, dialect.TextType, "UUID; left out: made here", dialect.Chosen)),
			body(userName, dialect.TextType, "UUID of the customer", dialect.Chosen),
			body(totalName, dialect.NumberType, "above 0, at most 2 decimal places", dialect.Chosen),
			maybe(body(currencyName, dialect.TextType, "3 letters; left out: BDT", dialect.Chosen)),
		},
		Notes: []dialect.Note{
			chosen("For SELLER and above; a 403 for others. Answers 201 and the order; an orderId that is taken, by " +
				"whomever, is a 409."),
			chosen("The copied API's goods, stock and shipping are left out."),
			chosen(keyNote),
		},
	}}
}
