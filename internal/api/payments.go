package api

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// paymentView is a payment as callers see it.
type paymentView struct {
	ID          string            `json:"id"`
	Status      string            `json:"status"`
	Invoice     string            `json:"invoice"`
	Amount      string            `json:"amount"`
	Refunded    string            `json:"refunded"`
	Refundable  string            `json:"refundable"`
	Unit        string            `json:"unit"`
	Gateway     string            `json:"gateway,omitempty"`
	Method      string            `json:"method,omitempty"`
	PayURL      string            `json:"pay_url,omitempty"`
	Account     int64             `json:"account,omitempty"`
	Receipt     string            `json:"receipt,omitempty"`
	Card        string            `json:"card,omitempty"`
	Recorded    string            `json:"recorded,omitempty"`
	RecordedAt  string            `json:"recorded_at,omitempty" format:"date-time"`
	Description string            `json:"description,omitempty"`
	Payer       *payerView        `json:"payer,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	FinishedAt  string            `json:"finished_at,omitempty" format:"date-time"`
	Expanded    *paymentMore      `json:"expanded,omitempty" table:"-"`
	CreatedAt   string            `json:"created_at" format:"date-time"`
	UpdatedAt   string            `json:"updated_at" format:"date-time"`
	Reason      string            `json:"reason,omitempty"` // the last columns of a table, as they came later
	Owner       string            `json:"owner,omitempty"`
	Session     string            `json:"session,omitempty"`
}

// paymentMore is what a payment is shown with.
type paymentMore struct {
	Invoice *invoiceView `json:"invoice,omitempty"`
	Refunds []refundView `json:"refunds,omitempty" nullable:"false"`
}

// paymentExpand is what one payment can be shown with.
type paymentExpand struct {
	Expand []string `query:"expand"`
}

var paymentWords = words{
	"paymentView": {
		"id": {doc: "Its id.", example: examplePayment},
		"status": {
			doc: "waiting: nobody was sent to a gateway yet. processing: it is at the gateway, or nobody knows yet. " +
				"authorized: the money is held; capture or void it. captured: the money is taken. settled: the gateway has " +
				"paid it out.",
			example: "processing", choices: choices(payment.States),
		},
		"reason": {
			doc: "Why it failed, in the same words for every gateway; nothing where a merchant said so. refused: the payer's " +
				"bank or the gateway said no, and not why. insufficient_funds, card_expired, limit_exceeded: the payer can use " +
				"another way. wrong_details: a number, a PIN or a code is not right. authentication_failed: the payer did not " +
				"pass the bank's own check. timed_out: the payer took too long. try_later: the payer's bank could not be " +
				"reached. not_opened: no gateway let the payer begin. no_room: the invoice was paid otherwise, and the money " +
				"goes back. given_back: the gateway gave the money back. not_received: a person looked, and none had come. " +
				"unconfirmed: the invoice waits for your confirmation. There may be more of them one day.",
			example: "insufficient_funds",
		},
		"invoice":  {doc: "The id of its invoice.", example: exampleInvoice},
		"amount":   {doc: "What is collected.", example: "12.50"},
		"refunded": {doc: "What was given back.", example: "0.00"},
		"refundable": {
			doc: "What may still be given back, by createRefund, or with the whole invoice by refundInvoice where it came " +
				"from a wallet or the invoice is verified. Nothing of what a deal brought.",
			example: "0.00",
		},
		"gateway": {doc: "Your name for the gateway.", example: "stripe"},
		"method":  {doc: "How the payer pays, where that is known.", example: "card"},
		"owner":   {doc: "Your own name for whose it is: its invoice's owner.", example: whoseWord.example},
		"pay_url": {doc: "Where to send the payer, while that helps.", example: "https://gateway.example/pay/1"},
		"account": {doc: "The account it was paid from, where that was a wallet.", example: 10001},
		"session": {
			doc: "The gateway's id of the payer's visit, known before there is a receipt. Some gateways call it authority, " +
				"token or order.",
			example: "A00000000000000000000000000000000001",
		},
		"receipt": {doc: "The gateway's id of the movement of money.", example: "ch_1"},
		"card":    {doc: "The payer's card, masked, as the gateway told it.", example: "************1234"},
		"recorded": {
			doc:     "What you have captured, or recorded as yours: no more than that goes back from then on.",
			example: "12.50",
		},
		"recorded_at": {doc: "When you have recorded it.", example: "2026-12-01T18:00:00Z"},
		"expanded":    moreWord,
		"finished_at": {doc: "When it was captured, failed or canceled.", example: "2026-12-01T12:00:00Z"},
	},
	"paymentMore": {
		"invoice": {doc: "Its invoice, with expand=invoice."},
		"refunds": {doc: "What went back of it, the newest first and at most 100, with expand=refunds."},
	},
	"paymentExpand": {"expand": together("invoice", "refunds")},
	"newPayment": {
		"invoice": {doc: "The id of the invoice to collect for.", example: exampleInvoice},
		"amount": {
			doc:     "What to collect, in the invoice's unit; leave it out for all that is unpaid.",
			example: "12.50",
		},
		"gateway": {doc: "Your name for the gateway; leave it out to have one chosen.", example: "stripe"},
		"method": {
			doc: "How the payer wants to pay; leave it out for whatever the gateway offers.", example: "card",
			choices: choices(payment.Methods),
		},
		"split": {
			doc: "Where the amount is above your limit for one payment: make several. This is the first one; the others " +
				"are waiting, until you start each or the payer goes on.",
			example: false,
		},
	},
	"capture": {
		"amount": {doc: "What to take, at most what is held; leave it out for all of it.", example: "12.50"},
	},
	"paymentList": {
		"invoice":  {doc: "Only those of this invoice.", example: exampleInvoice},
		"terminal": {doc: "Only those of invoices that were made at this terminal.", example: 1001},
		"status":   {doc: "Only those in this state.", example: "captured", choices: choices(payment.States)},
		"reason": {
			doc: "Only those that failed for this reason.", example: "insufficient_funds", choices: reasons(),
		},
		"receipt": {doc: "Only those whose money has this receipt of the gateway.", example: "600000001"},
		"session": {doc: "Only those that the gateway knows by this name before the money is taken.", example: "300000001"},
		"gateway": ofGateway, "unit": ofUnit, "expand": together("invoice", "refunds"),
	},
}

// reasons are all for which a payment fails, in the order of the alphabet.
func reasons() (all []string) {
	for _, r := range payment.Reasons {
		all = append(all, string(r))
	}
	slices.Sort(all)
	return all
}

// newPayment is the wish to collect a part of an invoice.
type newPayment struct {
	Invoice     string            `json:"invoice" minLength:"1" maxLength:"200"`
	Amount      *string           `json:"amount,omitempty" maxLength:"40"`
	Gateway     string            `json:"gateway,omitempty" maxLength:"100"`
	Method      string            `json:"method,omitempty"`
	Description string            `json:"description,omitempty" maxLength:"1000"`
	Split       bool              `json:"split,omitempty"`
	Payer       payerView         `json:"payer,omitzero"`
	Metadata    map[string]string `json:"metadata,omitempty" maxProperties:"20"`
}

// capture is the wish to take held money.
type capture struct {
	Amount *string `json:"amount,omitempty" maxLength:"40"`
}

// paymentList is what a list of payments can be narrowed down to.
type paymentList struct {
	dated

	Invoice  string   `query:"invoice" maxLength:"200"`
	Terminal int64    `query:"terminal" minimum:"1"`
	Status   string   `query:"status"`
	Reason   string   `query:"reason"`
	Gateway  string   `query:"gateway" maxLength:"100"`
	Receipt  string   `query:"receipt" maxLength:"200"`
	Session  string   `query:"session" maxLength:"200"`
	Unit     string   `query:"unit" maxLength:"10"`
	Expand   []string `query:"expand"`
}

// examplePayment is the id of the document's payment.
const examplePayment = "pay_01941f29-7c00-7000-8000-000000000001"

// wishStands is what becomes of a wish about held money that got no answer.
const wishStands = ", the wish stands: the payment stays authorized, the gateway is asked again by itself until it " +
	"answers, and any other wish about the held money is wrong_state until then. Refreshing the payment asks at once."

func (d *desk) payments() resource {
	asked := story[paymentView]{now: d.paymentNow}
	ofGateways := []fault.Code{
		fault.CodePaymentNotFound, fault.CodeWrongState, fault.CodeGatewayRefused, fault.CodeGatewayUnavailable,
		fault.CodeUnsupported,
	}
	return resource{
		name: "payments", about: "A payment is one collection for an invoice through a gateway.",
		words:   paymentWords.and(momentWords).and(ledgerWords).and(chargeWords).and(saidWords).and(walletWords),
		example: examplePayment,
		operations: append([]operation{
			create(row{
				id: "createPayment", path: "/payments", scope: merchant.PaymentsWrite, summary: "Request a payment",
				about: "Opens a page at a gateway on which the payer can pay: send the payer to pay_url. Where no gateway opens " +
					"one the payment is there all the same, and has failed. Nothing is collected twice: an invoice takes no more " +
					"than its amount.",
				faults: []fault.Code{
					fault.CodeInvoiceNotFound, fault.CodeInvoiceClosed, fault.CodeInvoicePaid, fault.CodeInvoiceHeld,
					fault.CodeAmountInvalid,
					fault.CodeAmountTooSmall, fault.CodeAmountTooLarge, fault.CodeAmountAboveRemaining, fault.CodeNoGateway,
					fault.CodeGatewayNotFound, fault.CodeUnsupported,
				},
			}, "pay", d.createPayment, asked),
			get(row{
				id: "getPayment", path: "/payments/{id}", scope: merchant.PaymentsRead, summary: "Get a payment",
				about:  "Shows a payment, whichever API it was made through, as we know it. To have the gateway asked, refresh it.",
				faults: []fault.Code{fault.CodePaymentNotFound},
			}, d.getPayment),
			list(row{
				id: "listPayments", path: "/payments", scope: merchant.PaymentsRead, summary: "List payments",
				about: "Lists all payments, whichever API they were made through.",
			}, d.listPayments),
			act(row{
				id: "refreshPayment", path: "/payments/{id}/refresh", scope: merchant.PaymentsWrite,
				summary: "Ask the gateway about a payment",
				about: "Asks the gateway what became of a payment, and books what it says. We ask by ourselves too. One that " +
					"a deal brings has no gateway and stays as it is.",
				faults: []fault.Code{fault.CodePaymentNotFound, fault.CodeGatewayNotFound, fault.CodeGatewayUnavailable},
			}, d.refreshPayment, asked),
			act(row{
				id: "capturePayment", path: "/payments/{id}/capture", scope: merchant.PaymentsWrite,
				summary: "Capture a payment",
				about: "Takes the money of an authorized payment, or a part of it, and lets go of the rest. Where the gateway " +
					"gives no answer (gateway_unavailable)" + wishStands,
				faults: append(ofGateways, fault.CodeAmountInvalid, fault.CodeAmountAboveRemaining),
			}, d.capturePayment, asked),
			act(row{
				id: "voidPayment", path: "/payments/{id}/void", scope: merchant.PaymentsWrite, summary: "Void a payment",
				about: "Lets go of the money of an authorized payment. Where the gateway gives no answer " +
					"(gateway_unavailable)" + wishStands,
				faults: ofGateways,
			}, d.voidPayment, asked),
			d.timeline(),
		}, slices.Concat(d.charges(asked), d.paymentWishes(asked), d.paymentDecisions(asked), d.walletPayments())...),
	}
}

func (d *desk) createPayment(c *call, id string, in newPayment) (out paymentView, err error) {
	view, err := d.App.Invoice(c.Context(), c.Merchant, in.Invoice)
	if err != nil {
		return out, err
	}
	if err := d.knownGateway(c, in.Gateway); err != nil {
		return out, err
	}
	amount, err := unpaidOr(view, in.Amount)
	if err != nil {
		return out, err
	}
	if err := in.Payer.check(); err != nil {
		return out, err
	}
	bag, err := packMetadata(in.Metadata)
	if err != nil {
		return out, err
	}
	mint := func() string { // the first one has the id of the wish, and the other parts have their own
		if id == "" {
			return d.NewID("pay")
		}
		defer func() { id = "" }()
		return id
	}
	made, err := d.App.RequestPayment(c.Context(), c.Merchant, app.NewPayment{
		Invoice: in.Invoice, Amount: amount, Gateway: in.Gateway, Method: payment.Method(in.Method),
		Description: in.Description, Payer: payment.Payer(in.Payer), NewID: mint, Bag: bag, Split: in.Split, Kept: true,
	})
	return show(d.viewPayment)(made.Payment, unserved(err, in.way(), "amount"))
}

// way is the field that leaves no gateway: the one that was sent, or else the
// invoice with its unit.
func (n newPayment) way() string {
	switch {
	case n.Gateway != "":
		return "gateway"
	case n.Method != "":
		return "method"
	}
	return "invoice"
}

// unpaidOr is the amount that a text says, in the unit of an invoice, or all that
// is unpaid of it. Errors: amount_invalid, amount_too_small, amount_overflow, invoice_paid.
func unpaidOr(view app.InvoiceView, text *string) (money.Amount, error) {
	switch {
	case text != nil:
		return amountOf(*text, string(view.Invoice.Amount.Unit()))
	case view.Invoice.Open:
		return money.Amount{}, fault.New(fault.CodeAmountInvalid, "amount", "")
	case view.Invoice.Collected() && !view.Invoice.Closed():
		return money.Amount{}, fault.New(fault.CodeInvoicePaid, "invoice", "")
	default:
		return view.Invoice.Unpaid(), nil
	}
}

func (d *desk) getPayment(c *call, id string, q paymentExpand) (paymentView, error) {
	p, err := d.App.Payment(c.Context(), c.Merchant, id)
	if err != nil {
		return paymentView{}, err
	}
	view := d.viewPayment(p)
	if len(q.Expand) == 0 { // as most are asked for
		return view, nil
	}
	return d.paymentExpansions().one(c, q.Expand, view, nil)
}

// paymentExpansions are what a payment can be shown with.
func (d *desk) paymentExpansions() expansions[paymentView] {
	return expansions[paymentView]{
		"invoice": {merchant.InvoicesRead, func(c *call, v *paymentView) error {
			found, err := d.App.Invoice(c.Context(), c.Merchant, v.Invoice)
			if err != nil {
				return err
			}
			view := d.viewInvoice(found.Invoice)
			more(&v.Expanded).Invoice = &view
			return nil
		}},
		"refunds": {merchant.RefundsRead, func(c *call, v *paymentView) error {
			found, err := d.App.ListRefunds(c.Context(), c.Merchant, app.RefundList{Payment: v.ID}, app.Older{Limit: mostLimit})
			all := more(&v.Expanded)
			for _, b := range found {
				all.Refunds = append(all.Refunds, viewRefund(b))
			}
			return err
		}},
	}
}

// paymentNow is a payment that an earlier call asked for. Error:
// idempotency_in_progress while its gateway is being asked.
func (d *desk) paymentNow(c *call, id string) (out paymentView, err error) {
	p, err := d.App.Payment(c.Context(), c.Merchant, id)
	if err == nil && (p.State == payment.Processing && p.Attempt.Session == "" || p.Step.Kind != "") {
		return out, fault.New(fault.CodeIdempotencyInProgress, "", "")
	}
	return show(d.viewPayment)(p, err)
}

// standing says wrong_state where a use case found no payment that it can do its
// work with, and there is one all the same.
func (d *desk) standing(c *call, id string, err error, words string) error {
	if !fault.Is(err, fault.CodePaymentNotFound) {
		return err
	}
	if _, lost := d.App.Payment(c.Context(), c.Merchant, id); lost != nil {
		return err
	}
	return fault.New(fault.CodeWrongState, "payment", words)
}

func (d *desk) listPayments(c *call, q paymentList) (out pageOf[paymentView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	if err := knownUnit("unit", q.Unit); err != nil {
		return out, err
	}
	wanted := app.PaymentList{
		Invoice: q.Invoice, Terminal: q.Terminal, State: payment.State(q.Status), Reason: payment.Reason(q.Reason),
		Gateway: q.Gateway, Receipt: q.Receipt, Session: q.Session, Unit: money.Unit(q.Unit),
	}
	out, err = seek(c, q.paging, app.Payments, wanted.Sought(), part, func(part app.Older) ([]payment.Payment, error) {
		return d.App.ListPayments(c.Context(), c.Merchant, wanted, part)
	}, d.viewPayment, func(p payment.Payment) (time.Time, string) { return p.CreatedAt, p.ID })
	return d.paymentExpansions().page(c, q.Expand, out, err)
}

func (d *desk) refreshPayment(c *call, id string, _ none) (paymentView, error) {
	if _, err := d.App.Payment(c.Context(), c.Merchant, id); err != nil { // what is hidden stays so
		return paymentView{}, err
	}
	return show(d.viewPayment)(d.App.ResolvePayment(c.Context(), c.Merchant, id))
}

func (d *desk) capturePayment(c *call, id string, in capture) (out paymentView, err error) {
	amount, err := d.partOf(c, id, in.Amount)
	if err != nil {
		return out, err
	}
	return show(d.viewPayment)(d.App.CapturePayment(c.Context(), c.Merchant, id, app.Capture{Amount: amount}))
}

// partOf reads an amount of a payment that may be left out; none where it is. An empty
// text is no amount: what a program forgot to fill in must not mean all there is.
// Errors: payment_not_found, amount_invalid, amount_too_small, amount_overflow.
func (d *desk) partOf(c *call, id string, text *string) (amount money.Amount, err error) {
	if text == nil {
		return amount, nil
	}
	p, err := d.App.Payment(c.Context(), c.Merchant, id)
	if err != nil {
		return amount, err
	}
	return amountOf(*text, string(p.Amount.Unit()))
}

func (d *desk) voidPayment(c *call, id string, _ none) (paymentView, error) {
	return show(d.viewPayment)(d.App.VoidPayment(c.Context(), c.Merchant, id))
}

// viewPayment shows a payment.
func (d *desk) viewPayment(p payment.Payment) paymentView {
	view := paymentView{
		ID: p.ID, Status: string(p.State), Invoice: p.Invoice, Amount: p.Amount.Fixed(), Refunded: p.Refunded.Fixed(),
		Refundable: app.Returnable(p).Fixed(), Unit: string(p.Amount.Unit()), Gateway: p.Attempt.Gateway,
		Method: string(p.Attempt.Method), Account: p.Wallet, Receipt: p.Attempt.Receipt, Card: p.Card,
		Description: p.Description, Metadata: metadata(p.Bag), FinishedAt: moment(p.FinalizedAt),
		CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt), Owner: p.Owner,
		Session: p.Attempt.Session,
	}
	if p.Record.Recorded() {
		view.Recorded, view.RecordedAt = p.Record.Amount.Fixed(), moment(p.Record.At)
	}
	if p.State == payment.Failed {
		view.Reason = string(p.Reason)
	}
	if p.Live(d.Now()) {
		view.PayURL = p.Attempt.Link
	}
	if p.Payer != (payment.Payer{}) {
		payer := payerView(p.Payer)
		view.Payer = &payer
	}
	return view
}
