package api

import (
	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// cardData is a payer's card that the caller passes on. Its number and its check
// value are taken out of the body before it is read: what stands here are stars of
// the same length.
type cardData struct {
	Number string `json:"number" minLength:"12" maxLength:"19"`
	CVV    string `json:"cvv,omitempty" maxLength:"4"`
	Name   string `json:"name,omitempty" maxLength:"100"`
	Month  int64  `json:"month" minimum:"1" maximum:"12"`
	Year   int64  `json:"year" minimum:"2000" maximum:"2199"`
}

// newCharge is the wish to collect with what the payer gave to the caller.
type newCharge struct {
	Amount      string            `json:"amount" maxLength:"40"`
	Unit        string            `json:"unit" maxLength:"10"`
	Method      string            `json:"method"`
	Card        cardData          `json:"card,omitzero"`
	Payer       payerView         `json:"payer,omitzero"`
	Description string            `json:"description,omitempty" maxLength:"1000"`
	Metadata    map[string]string `json:"metadata,omitempty" maxProperties:"20"`
}

// chargeAgain is the wish to try a failed charge in another way.
type chargeAgain struct {
	Amount   *string           `json:"amount,omitempty" maxLength:"40"`
	Method   string            `json:"method"`
	Card     cardData          `json:"card,omitzero"`
	Payer    payerView         `json:"payer,omitzero"`
	Metadata map[string]string `json:"metadata,omitempty" maxProperties:"20"`
}

// adjustment is what the payer agreed to now.
type adjustment struct {
	Amount string `json:"amount" maxLength:"40"`
}

// chargedMethods are those of payers who need no page of a gateway.
var chargedMethods = chargeable()

func chargeable() (list []string) {
	for _, name := range choices(payment.Methods) {
		m := payment.Method(name)
		if m == payment.Card || payment.Methods[m].Flow == payment.Push {
			list = append(list, name)
		}
	}
	return list
}

var (
	chargeMethod = word{
		doc:     "How the payer pays: a card that you pass on, or a way that the payer confirms on the phone payer.mobile.",
		example: string(payment.Card), choices: chargedMethods,
	}
	passedCard = word{doc: "The payer's card, where method is card. Its number and its check value are kept nowhere."}
)

var chargeWords = words{
	"cardData": {
		"number": {doc: "Its number, digits alone.", example: "4242424242424242"},
		"cvv":    {doc: "Its check value.", example: "123"},
		"name":   {doc: "The name on it.", example: "Ada Lovelace"},
		"month":  {doc: "It is good until the end of this month.", example: 12},
		"year":   {doc: "Of this year.", example: 2030},
	},
	"newCharge": {
		"amount": {doc: "What is collected, as decimal text above zero.", example: "12.50"},
		"unit":   {doc: "The currency unit: " + unitNames() + ".", example: "EUR"},
		"method": chargeMethod, "card": passedCard,
	},
	"chargeAgain": {
		"amount": {doc: "What is collected now; leave it out for as much as before.", example: "12.50"},
		"method": chargeMethod, "card": passedCard,
	},
	"adjustment": {"amount": {doc: "What the payer agreed to now, what was given up of it included.", example: "10.00"}},
}

// charges are the operations on payments without a page.
func (d *desk) charges(asked story[paymentView]) []operation {
	refused := []fault.Code{
		fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeUnitUnknown, fault.CodeNoGateway,
	}
	return []operation{
		create(row{
			id: "createCharge", path: "/charges", scope: merchant.PaymentsWrite, summary: "Charge a payer",
			about: "Makes a payment, and an invoice for it, with what the payer gave you. A card's money is only held, where " +
				"the gateway can do so: the payment is authorized, until you capture or void it; else it is captured at " +
				"once. It may be processing: then nobody knows yet, or the payer has to confirm. What is refused has failed.",
			faults: refused, card: "card",
		}, "pay", d.createCharge, asked),
		act(row{
			id: "chargeAgain", path: "/payments/{id}/charge", scope: merchant.PaymentsWrite,
			summary: "Charge a failed payment again",
			about: "Tries a charge that has failed with another card or in another way, perhaps for another amount. " +
				"One whose invoice is held fails without a gateway, and is tried again when it is confirmed.",
			faults: append(refused, fault.CodePaymentNotFound, fault.CodeWrongState, fault.CodeInvoiceHeld), card: "card",
		}, d.chargeAgain, asked),
		act(row{
			id: "adjustPayment", path: "/payments/{id}/adjust", scope: merchant.PaymentsWrite,
			summary: "Adjust a held payment",
			about: "Changes what the payer agreed to while the money is only held: less always, more where the gateway can " +
				"hold more. An amount that would wait for your confirmation is refused: ask for it with a new payment. Where " +
				"more is asked for and the gateway gives no answer (gateway_unavailable)" + wishStands,
			faults: []fault.Code{
				fault.CodePaymentNotFound, fault.CodeWrongState, fault.CodeAmountInvalid, fault.CodeAmountTooSmall,
				fault.CodeInvoiceHeld, fault.CodeUnsupported, fault.CodeGatewayRefused, fault.CodeGatewayUnavailable,
			},
		}, d.adjustPayment, asked),
	}
}

func (d *desk) createCharge(c *call, id string, in newCharge) (out paymentView, err error) {
	amount, err := amountOf(in.Amount, in.Unit)
	if err != nil {
		return out, err
	}
	with, err := c.instrument(in.Method, in.Card, in.Payer, in.Metadata)
	if err != nil {
		return out, err
	}
	defer with.Card.Wipe()
	made, err := d.App.Charge(c.Context(), c.Merchant, app.NewCharge{
		ID: id, Invoice: d.NewID("inv"), Amount: amount, Description: in.Description, Instrument: with,
	})
	return show(d.viewPayment)(made, unserved(err, "method", "amount", "unit"))
}

func (d *desk) chargeAgain(c *call, id string, in chargeAgain) (out paymentView, err error) {
	p, err := d.App.DirectPayment(c.Context(), c.Merchant, id)
	if err != nil {
		return out, d.standing(c, id, err, "It was not charged: only a charge is tried again.")
	}
	var amount money.Amount // none = as much as before
	if in.Amount != nil {
		if amount, err = amountOf(*in.Amount, string(p.Amount.Unit())); err != nil {
			return out, err
		}
	}
	with, err := c.instrument(in.Method, in.Card, in.Payer, in.Metadata)
	if err != nil {
		return out, err
	}
	defer with.Card.Wipe()
	made, err := d.App.ChargeAgain(c.Context(), c.Merchant, id, amount, with)
	return show(d.viewPayment)(made, unserved(err, "method", "amount"))
}

func (d *desk) adjustPayment(c *call, id string, in adjustment) (out paymentView, err error) {
	p, err := d.App.Payment(c.Context(), c.Merchant, id)
	if err != nil {
		return out, err
	}
	amount, err := amountOf(in.Amount, string(p.Amount.Unit()))
	if err != nil {
		return out, err
	}
	return show(d.viewPayment)(d.App.AdjustPayment(c.Context(), c.Merchant, id, amount))
}

// instrument is what a payer gave to the caller. Errors: parameter_missing,
// parameter_invalid.
func (c *call) instrument(method string, card cardData, payer payerView, own map[string]string,
) (with app.Instrument, err error) {
	with.Method, with.Payer = payment.Method(method), payment.Payer(payer)
	if err := payer.check(); err != nil {
		return with, err
	}
	if with.Bag, err = packMetadata(own); err != nil {
		return with, err
	}
	if with.Method != payment.Card {
		switch {
		case card != (cardData{}):
			return with, fault.New(fault.CodeParameterInvalid, "card", "It is for the method card alone.")
		case payer.Mobile == "":
			return with, fault.New(fault.CodeParameterMissing, "payer.mobile", "")
		}
		return with, nil
	}
	switch {
	case card == (cardData{}):
		return with, fault.New(fault.CodeParameterMissing, "card", "")
	case !digits(c.Card.Number):
		return with, fault.New(fault.CodeParameterInvalid, "card.number", "It must be 12 to 19 digits.")
	case len(c.Card.CVV) > 0 && !digits(c.Card.CVV):
		return with, fault.New(fault.CodeParameterInvalid, "card.cvv", "It must be up to 4 digits.")
	case holdsNumber(card.Name):
		return with, fault.New(fault.CodeParameterInvalid, "card.name", "It must be a name.")
	}
	with.Card = app.NewCard(c.Card.Number, c.Card.CVV, card.Name, int(card.Month), int(card.Year))
	return with, nil
}

// digits says that a text is nothing but digits, and some.
func digits(text []byte) bool {
	for _, char := range text {
		if char < '0' || char > '9' {
			return false
		}
	}
	return len(text) > 0
}

// fewestDigits is how many digits the number of a card has at least.
const fewestDigits = 12

// holdsNumber says that somebody has put the number of a card into a text.
func holdsNumber(text string) bool {
	count := 0
	for _, char := range text {
		if char >= '0' && char <= '9' {
			count++
		}
	}
	return count >= fewestDigits
}

// lastDigits are those of a card's number that may be kept: they tell calls apart
// whose bodies are alike but for the card.
func lastDigits(number []byte) string {
	const kept = 4
	if len(number) < fewestDigits {
		return ""
	}
	return string(number[len(number)-kept:])
}
