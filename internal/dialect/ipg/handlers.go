package ipg

import (
	"cmp"
	"context"
	"net/http"
	"strconv"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
)

func (s *shop) createInvoice(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeInvoice(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	i, err := s.App.CreateInvoice(r.Context(), r.Merchant, app.NewInvoice{
		ID: s.NewID(), Amount: n.total, Title: n.title, Payer: invoice.Payer{Mobile: n.mobile, Email: n.email},
	})
	if err != nil {
		return dialect.Reply{}, err
	}
	body, err := encodeInvoice(app.InvoiceView{Invoice: i})
	return dialect.Reply{Body: body}, err
}

func (s *shop) invoiceInfo(r *dialect.Request) (dialect.Reply, error) {
	id, err := decodeInvoiceID(r.Params)
	if err != nil {
		return dialect.Reply{}, err
	}
	owner, err := s.ownerOf(r, id, fault.CodeInvoiceNotFound, s.App.InvoiceOwner)
	if err != nil {
		return dialect.Reply{}, err
	}
	view, err := s.App.Invoice(r.Context(), owner, id)
	if err != nil {
		return dialect.Reply{}, err
	}
	body, err := encodeInvoice(view)
	if r.Merchant == "" && owner != s.OpenMerchant {
		body = body.withoutPerson()
	}
	return dialect.Reply{Body: body}, err
}

// ownerOf is whose thing a call is about that needs no key: the key's merchant, or
// whoever has it. To know an id is enough only for what was made here; whoever made
// a thing through our own API was told that nobody reads it without a key.
// Errors: unknown, and as of find.
func (s *shop) ownerOf(r *dialect.Request, id string, unknown fault.Code,
	find func(context.Context, string) (string, error),
) (string, error) {
	if r.Merchant != "" {
		return r.Merchant, nil
	}
	owner, err := find(r.Context(), id)
	if err == nil && !isObjectID(id) && owner != s.OpenMerchant {
		err = fault.New(unknown, "", "")
	}
	return owner, err
}

// invoice finds one of the merchant's that this API can show. Error:
// invoice_not_found, also for one in another currency.
func (s *shop) invoice(r *dialect.Request, id string) (app.InvoiceView, error) {
	view, err := s.App.Invoice(r.Context(), r.Merchant, id)
	if err == nil {
		_, err = encodeInvoice(view)
	}
	return view, err
}

// payment finds a payment that this API can show. Error: payment_not_found, also
// for one in another currency.
func (s *shop) payment(r *dialect.Request, merchantID, id string) (payment.Payment, error) {
	p, err := s.App.Payment(r.Context(), merchantID, id)
	if err == nil {
		_, err = encodePayment(p)
	}
	return p, err
}

func (s *shop) requestPayment(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodePayment(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	view, err := s.invoice(r, n.invoice)
	if err != nil {
		return dialect.Reply{}, err
	}
	if view.Invoice.Open {
		// Its total is 0 and stays so: here nothing fits, only its link takes money.
		return dialect.Reply{}, fault.New(fault.CodeAmountAboveRemaining, "amount", "")
	}
	amount, err := n.amount.In(view.Invoice.Amount.Unit())
	if err != nil {
		return dialect.Reply{}, err
	}
	done, err := s.App.RequestPayment(r.Context(), r.Merchant, app.NewPayment{
		Invoice: n.invoice, Amount: amount, Gateway: n.gateway, Description: n.description,
		Payer: payment.Payer{Mobile: n.mobile, Email: n.email}, NewID: s.NewID, Split: true, Supersede: true,
	})
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{Body: encodeOpened(done, true)}, nil
}

func (s *shop) paymentStatus(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeStatus(r.Params)
	if err != nil {
		return dialect.Reply{}, err
	}
	owner, err := s.ownerOf(r, n.payment, fault.CodePaymentNotFound, s.App.PaymentOwner)
	if err != nil {
		return dialect.Reply{}, err
	}
	p, err := s.payment(r, owner, n.payment)
	if err != nil {
		return dialect.Reply{}, err
	}
	if n.invoice != "" && n.invoice != p.Invoice {
		return dialect.Reply{}, fault.New(fault.CodePaymentNotFound, "invoiceId", "")
	}
	return dialect.Reply{Body: statusBody{Status: status(p.State)}}, nil
}

// reversePayment gives the whole of a payment back. That the gateway refuses
// is an answer here, not an error.
func (s *shop) reversePayment(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeReversal(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	unknown := fault.New(fault.CodePaymentNotFound, "authority", "")
	view, err := s.invoice(r, n.invoice)
	if fault.Is(err, fault.CodeInvoiceNotFound) {
		return dialect.Reply{}, unknown
	} else if err != nil {
		return dialect.Reply{}, err
	}
	for _, p := range view.Payments {
		if p.Attempt.Session != n.authority || !p.Collected() {
			continue
		}
		back, err := s.App.RefundPayment(r.Context(), r.Merchant, app.NewRefund{Payment: p.ID})
		if err != nil {
			return dialect.Reply{}, err
		}
		return dialect.Reply{Body: encodeReversal(back)}, nil
	}
	return dialect.Reply{}, unknown
}

func encodeReversal(back refund.Refund) reversedBody {
	switch back.State {
	case refund.Succeeded:
		return reversedBody{IsOk: true, Errors: []string{}}
	case refund.Failed:
		return reversedBody{Errors: []string{cmp.Or(back.Word, "the gateway refused")}}
	case refund.Requested, refund.Processing:
	}
	return reversedBody{Errors: []string{"the outcome is not known yet: read the payment's status before another try"}}
}

func (s *shop) waitingPayments(r *dialect.Request) (dialect.Reply, error) {
	id, err := decodeInvoiceID(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	view, err := s.invoice(r, id)
	if err != nil {
		return dialect.Reply{}, err
	}
	list := []paymentBody{}
	for _, p := range view.Payments {
		if p.State != payment.Waiting {
			continue
		}
		body, err := encodePayment(p)
		if err != nil {
			return dialect.Reply{}, err
		}
		list = append(list, body)
	}
	return dialect.Reply{Body: list}, nil
}

func (s *shop) startWaiting(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeStart(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	if _, err := s.payment(r, r.Merchant, n.payment); err != nil {
		return dialect.Reply{}, err
	}
	done, err := s.App.StartWaiting(r.Context(), r.Merchant, n.payment, n.gateway)
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{Body: encodeOpened(done, false)}, nil
}

// allInvoices lists invoices in full, whatever the route is called.
func (s *shop) allInvoices(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodePage(r.Params)
	if err != nil {
		return dialect.Reply{}, err
	}
	views, total, err := s.App.Invoices(r.Context(), r.Merchant, app.Page{Limit: n.limit, Offset: n.offset})
	if err != nil {
		return dialect.Reply{}, err
	}
	list := make([]invoiceBody, 0, len(views))
	for _, view := range views {
		body, err := encodeInvoice(view)
		if fault.Is(err, fault.CodeInvoiceNotFound) {
			continue // it was made through another API, in another currency
		} else if err != nil {
			return dialect.Reply{}, err
		}
		list = append(list, body)
	}
	header := http.Header{"X-Total-Count": {strconv.Itoa(total)}}
	return dialect.Reply{Header: header, Body: list}, nil
}
