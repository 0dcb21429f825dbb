package orderpay

import (
	"context"
	"net/mail"
	"slices"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// order finds an order that the user may see. Errors: invoice_not_found, also
// for a text that is no id; scope_missing for one of somebody else.
func (s desk) order(ctx context.Context, who user, text string) (app.InvoiceView, error) {
	unknown := fault.New(fault.CodeInvoiceNotFound, "order", "")
	id, ok := readID(dialect.NativeInvoice, text)
	if !ok {
		return app.InvoiceView{}, unknown
	}
	view, err := s.App.Invoice(ctx, who.merchant, id)
	if err != nil {
		return view, err
	}
	if !isOrder(view.Invoice) {
		return view, unknown
	}
	if !who.sees(view.Invoice) {
		return view, fault.New(fault.CodeScopeMissing, "", "")
	}
	return view, nil
}

func (s desk) createPayment(r *dialect.Request) (dialect.Reply, error) {
	w, err := decodePayment(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	return s.once(r, s.paymentNow, func(o app.Once) (string, any, error) {
		p, err := s.pay(r.Context(), userOf(r), w, o)
		if err != nil {
			return "", nil, err
		}
		return p.ID, encodePayment(p, s.Now()), nil
	})
}

// pay makes a payment, with the checks in the order that this API has.
func (s desk) pay(ctx context.Context, who user, w wish, o app.Once) (payment.Payment, error) {
	view, err := s.order(ctx, who, w.order)
	if err != nil {
		return payment.Payment{}, err
	}
	amount, err := amountIn(w.decimal, view.Invoice.Amount.Unit(), amountName)
	if err == nil {
		err = payable(view, amount)
	}
	if err != nil {
		return payment.Payment{}, err
	}
	p, err := s.record(ctx, who, view.Invoice, w, amount, o)
	if fault.Is(err, fault.CodeAmountAboveRemaining) || fault.Is(err, fault.CodeInvoiceClosed) {
		// Somebody else was first: say how the order stands now.
		if view, again := s.order(ctx, who, w.order); again == nil {
			if why := payable(view, amount); why != nil {
				err = why
			}
		}
	}
	return p, err
}

// payable is nil when an order takes a payment of the amount now. It says why
// not in the words of this API.
func payable(order app.InvoiceView, amount money.Amount) error {
	err := order.Invoice.Payable(amount)
	if fault.Is(err, fault.CodeInvoiceClosed) || fault.Is(err, fault.CodeInvoiceHeld) {
		return err
	}
	left, err := remaining(order)
	if err != nil {
		return err
	}
	if order.Invoice.Collected() || left.Sign() <= 0 {
		return fault.New(fault.CodeAmountAboveRemaining, "", "Order already fully paid")
	}
	over, err := amount.Cmp(left)
	if err == nil && over > 0 {
		return fault.New(fault.CodeAmountAboveRemaining, "", "Amount is above the remaining "+left.Text())
	}
	return err
}

// remaining is an order's total less what COMPLETED payments are of. What was
// given back of a part of one does not have to be paid again.
func remaining(order app.InvoiceView) (money.Amount, error) {
	left := order.Invoice.Amount
	for _, p := range order.Payments {
		if statusOf(p) != completed {
			continue
		}
		var err error
		if left, err = left.Sub(p.Amount); err != nil {
			return left, err
		}
	}
	return left, nil
}

// record makes what the caller states true as far as the caller's word goes,
// and keeps the statement.
func (s desk) record(ctx context.Context, who user, order invoice.Invoice, w wish, amount money.Amount, o app.Once,
) (payment.Payment, error) {
	bag := w.words(who)
	said, ok := who.honoured(w.claim)
	if !ok {
		return s.start(ctx, who, order, w, app.NewPayment{
			Invoice: order.ID, Amount: amount, NewID: s.NewID, ByPayer: who.role == customer, Kept: true,
			Owner: order.Owner(), Bag: bag, Once: o,
		})
	}
	p, err := s.App.AttestPayment(ctx, who.merchant, app.Attestation{
		ID: s.NewID(), Invoice: order.ID, Amount: amount, Method: w.method.core, Said: said, Receipt: w.transaction,
		Owner: order.Owner(), Bag: bag, Note: string(w.claim) + " at the word of " + bag[bagRole] + " " + who.id,
		Once: o,
	})
	switch {
	case fault.Is(err, fault.CodeDuplicate):
		err = conflict("Transaction id is taken")
	case fault.Is(err, fault.CodeNoGateway):
		err = conflict("Payments in " + string(amount.Unit()) + " cannot be recorded by hand")
	}
	return p, err
}

// start sends the payer to a gateway that the method means, or leaves the
// payment to whoever receives the money by hand.
func (s desk) start(ctx context.Context, who user, order invoice.Invoice, w wish, n app.NewPayment,
) (payment.Payment, error) {
	if order.Owner() == who.id {
		n.Payer.Email = address(who.email)
	}
	var err error
	n.Gateway, n.Method, err = s.way(ctx, who.merchant, w.method, n.Amount)
	if err != nil {
		return payment.Payment{}, err
	}
	n.ByHand = n.Method == "" || w.method.byHand()
	made, err := s.App.RequestPayment(ctx, who.merchant, n)
	if fault.Is(err, fault.CodeNoGateway) {
		err = conflict("Nobody takes " + w.method.word + " payments in " + string(n.Amount.Unit()))
	}
	return made.Payment, err
}

// address is what a gateway may be told as an e-mail address; empty for
// anything that a strict one would refuse the payment for.
func address(email string) string {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > longestAddress {
		return ""
	}
	return email
}

// longestAddress is what the standard allows.
const longestAddress = 254

// way finds the merchant's gateway that a method means: the one of its name, or
// one that offers it and has not the name of another. An empty method says that
// there is none.
func (s desk) way(ctx context.Context, merchantID string, m method, amount money.Amount,
) (gateway string, core payment.Method, err error) {
	if m.byHand() {
		return "", m.core, nil
	}
	choices, err := s.App.Choices(ctx, merchantID, amount)
	if err != nil && !fault.Is(err, fault.CodeNoGateway) {
		return "", "", err
	}
	for _, c := range choices {
		if !slices.Contains(c.Methods, m.core) {
			continue
		}
		if m.contract == "" {
			return "", m.core, nil // whichever of them comes first, and the next one if it fails
		}
		if c.Name == m.contract {
			return c.Name, m.core, nil
		}
		another := slices.ContainsFunc(methods, func(other method) bool { return other.contract == c.Name })
		if core == "" && !another {
			gateway, core = c.Name, m.core
		}
	}
	return gateway, core, nil
}

// paymentNow shows a payment that an earlier call made, whose answer is not
// kept. Error: idempotency_in_progress while the gateway is being asked.
func (s desk) paymentNow(ctx context.Context, who user, id string) (any, error) {
	p, err := s.App.Payment(ctx, who.merchant, id)
	if err != nil {
		return nil, err
	}
	if p.State == payment.Processing && p.Attempt.Session == "" {
		return nil, fault.New(fault.CodeIdempotencyInProgress, "", "")
	}
	return encodePayment(p, s.Now()), nil
}

func (s desk) listPayments(r *dialect.Request) (dialect.Reply, error) {
	page, err := decodePage(r.Params)
	if err != nil {
		return dialect.Reply{}, err
	}
	who := userOf(r)
	filter := app.PaymentFilter{Owner: who.id}
	if who.role >= admin {
		filter = app.PaymentFilter{Owned: true}
	}
	all, err := s.App.FindPayments(r.Context(), who.merchant, filter, page)
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{Body: encodePayments(all, s.Now())}, nil
}

// readPayment shows a payment of an order that the user may see.
func (s desk) readPayment(r *dialect.Request) (dialect.Reply, error) {
	who := userOf(r)
	unknown := fault.New(fault.CodePaymentNotFound, "payment", "")
	id, ok := readID(dialect.NativePayment, r.PathValue("id"))
	if !ok {
		return dialect.Reply{}, unknown
	}
	p, err := s.App.Payment(r.Context(), who.merchant, id)
	if err != nil {
		return dialect.Reply{}, err
	}
	_, err = s.order(r.Context(), who, p.Invoice)
	if fault.Is(err, fault.CodeScopeMissing) || fault.Is(err, fault.CodeInvoiceNotFound) {
		return dialect.Reply{}, unknown
	}
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{Body: encodePayment(p, s.Now())}, nil
}

func (s desk) listOrderPayments(r *dialect.Request) (dialect.Reply, error) {
	view, err := s.order(r.Context(), userOf(r), r.PathValue(orderName))
	if err != nil {
		return dialect.Reply{}, err
	}
	slices.Reverse(view.Payments)
	return dialect.Reply{Body: encodePayments(view.Payments, s.Now())}, nil
}

func (s desk) createOrder(r *dialect.Request) (dialect.Reply, error) {
	who := userOf(r)
	if who.role < seller {
		return dialect.Reply{}, fault.New(fault.CodeScopeMissing, "", "")
	}
	n, err := decodeOrder(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	if n.id == "" {
		n.id = s.NewID()
	} else if err := s.unused(r.Context(), who, n.id); err != nil {
		return dialect.Reply{}, err
	}
	return s.once(r, s.orderNow, func(o app.Once) (string, any, error) {
		i, err := s.App.CreateInvoice(r.Context(), who.merchant, app.NewInvoice{
			ID: n.id, Amount: n.total, Title: "Order " + n.id, Once: o,
			Bag: map[string]string{bagUser: n.user, bagSeller: who.id},
		})
		if fault.Is(err, fault.CodeDuplicate) {
			err = conflict(orderExists)
		}
		if err != nil {
			return "", nil, err
		}
		return i.ID, encodeOrder(i, i.Amount), nil
	})
}

const orderExists = "Order already exists"

// unused is nil when no other merchant has an invoice of that id. Pages that
// payers open find an invoice by its id alone, so nobody may take the id of
// somebody else's.
func (s desk) unused(ctx context.Context, who user, id string) error {
	switch owner, err := s.App.InvoiceOwner(ctx, id); {
	case fault.Is(err, fault.CodeInvoiceNotFound) || err == nil && owner == who.merchant:
		return nil
	case err != nil:
		return err
	}
	return conflict(orderExists)
}

// orderNow shows an order that an earlier call made, whose answer is not kept.
func (s desk) orderNow(ctx context.Context, who user, id string) (any, error) {
	view, err := s.order(ctx, who, id)
	if err != nil {
		return nil, err
	}
	left, err := remaining(view)
	if err != nil {
		return nil, err
	}
	return encodeOrder(view.Invoice, left), nil
}
