package payrefund

import (
	"context"
	"iter"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
)

// pageSize is how many things of a list are read at once.
const pageSize = 500

// found is the payment that a path or a body names. Error: payment_not_found, also
// for one in another unit, which this API could only show as if it were its own.
func (s *desk) found(r *dialect.Request, id string) (payment.Payment, error) {
	unknown := fault.New(fault.CodePaymentNotFound, "payment", "")
	if !isID(id) {
		return payment.Payment{}, unknown
	}
	p, err := s.App.DirectPayment(r.Context(), r.Merchant, id)
	if err == nil && p.Amount.Unit() != s.Unit {
		return payment.Payment{}, unknown
	}
	return p, err
}

// counts says that a refund was one, and in this API's unit. One that the gateway
// refused was none.
func (s *desk) counts(back refund.Refund) bool {
	return back.State != refund.Failed && back.Amount.Unit() == s.Unit
}

// answer shows a payment, or says what was wrong.
func (s *desk) answer(p payment.Payment, err error) (dialect.Reply, error) {
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{Header: linkOf(p), Body: s.shown(p)}, nil
}

func (s *desk) listPayments(r *dialect.Request) (dialect.Reply, error) {
	l, err := s.decodeListing(r.Params)
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{List: s.payments(r.Context(), r.Merchant, l)}, nil
}

// payments reads a list page by page.
func (s *desk) payments(ctx context.Context, merchantID string, l listing) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for !l.none {
			page := l.page()
			list, err := s.App.FindPayments(ctx, merchantID, l.PaymentFilter, page)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, p := range list {
				if !yield(s.listed(p), nil) {
					return
				}
			}
			l.none = len(list) < page.Limit || len(list) == l.limit
			l.goOn(list)
		}
	}
}

// page is the next page of a list.
func (l *listing) page() app.Page {
	size := pageSize
	if l.limit > 0 {
		size = min(l.limit, size)
	}
	return app.Page{Limit: size, Offset: l.offset, Oldest: true}
}

// goOn moves a list on behind what was read of it. The next page begins at the
// time where this one ended, so that what is deleted meanwhile moves nothing out
// of it, unless the caller began somewhere: nobody knows at which time.
func (l *listing) goOn(read []payment.Payment) {
	if l.limit > 0 {
		l.limit -= len(read)
	}
	if l.none || l.begun {
		l.offset += len(read)
		return
	}
	last := read[len(read)-1].CreatedAt
	if !last.Equal(l.CreatedFrom) {
		l.CreatedFrom, l.offset = last, 0
	}
	for n := len(read); n > 0 && read[n-1].CreatedAt.Equal(last); n-- {
		l.offset++
	}
}

func (s *desk) readPayment(r *dialect.Request) (dialect.Reply, error) {
	return s.answer(s.found(r, r.PathValue("id")))
}

func (s *desk) createPayment(r *dialect.Request) (dialect.Reply, error) {
	n, kept, err := s.decodePayment(r.Raw)
	defer kept.Wipe()
	if err != nil {
		return dialect.Reply{}, err
	}
	with := n.params.instrument(n.method, nil)
	defer with.Card.Wipe()
	return s.answer(s.App.Charge(r.Context(), r.Merchant, app.NewCharge{
		ID: s.NewID(), Invoice: s.NewInvoiceID(), Amount: n.amount, Instrument: with,
	}))
}

// tries is how often an update is decided again because the payment became
// something else meanwhile.
const tries = 3

func (s *desk) updatePayment(r *dialect.Request) (dialect.Reply, error) {
	p, err := s.found(r, r.PathValue("id"))
	if err != nil {
		return dialect.Reply{}, err
	}
	w, kept, err := s.decodeWish(r.Raw, p)
	defer kept.Wipe()
	if err != nil {
		return dialect.Reply{}, err
	}
	for try := 1; ; try++ {
		does, capture, err := w.plan(p)
		if err != nil {
			return dialect.Reply{}, err
		}
		done, err := s.carryOut(r, p, w, does, capture)
		if !overtaken(err) || try == tries {
			return s.answer(done, err)
		}
		if p, err = s.found(r, p.ID); err != nil {
			return dialect.Reply{}, err
		}
	}
}

// overtaken says that a payment, or the invoice behind it, was not any more
// what had been read.
func overtaken(err error) bool {
	return fault.Is(err, fault.CodeWrongState) || fault.Is(err, fault.CodeInvoiceClosed) ||
		fault.Is(err, fault.CodeVersionConflict)
}

// carryOut does what was planned. Each deed is decided once more where it is
// written down.
func (s *desk) carryOut(r *dialect.Request, p payment.Payment, w wish, does deed, c app.Capture,
) (payment.Payment, error) {
	if c.At.IsZero() {
		c.At = s.Now().Truncate(time.Millisecond)
	}
	switch does {
	case nothingToDo:
		return p, nil
	case adjustAmount:
		return s.App.AdjustPayment(r.Context(), r.Merchant, p.ID, w.amount)
	case captureHeld:
		return s.App.CapturePayment(r.Context(), r.Merchant, p.ID, c)
	case recordTaken:
		return s.App.RecordPayment(r.Context(), r.Merchant, p.ID, c.At, c.Amount)
	case chargeAgain:
		method := w.method
		if method == "" {
			method = p.Attempt.Method
		}
		with := w.params.instrument(method, p.Bag)
		defer with.Card.Wipe()
		return s.App.ChargeAgain(r.Context(), r.Merchant, p.ID, w.amount, with)
	}
	return p, nil
}

func (s *desk) deletePayment(r *dialect.Request) (dialect.Reply, error) {
	p, err := s.found(r, r.PathValue("id"))
	if err == nil {
		err = s.App.WithdrawPayment(r.Context(), r.Merchant, p.ID)
	}
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{Body: s.shown(p)}, nil
}

// nothingHere answers a verb that means a single payment on the path of all.
func (s *desk) nothingHere(*dialect.Request) (dialect.Reply, error) {
	return dialect.Reply{Body: nothing{}}, nil
}

func (s *desk) listRefunds(r *dialect.Request) (dialect.Reply, error) {
	l, err := s.decodeRefundListing(r.Params)
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{List: s.refunds(r.Context(), r.Merchant, l)}, nil
}

// refunds reads a list page by page.
func (s *desk) refunds(ctx context.Context, merchantID string, l refundListing) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for offset := 0; !l.none; offset += pageSize {
			list, err := s.App.FindRefunds(ctx, merchantID, l.RefundFilter,
				app.Page{Limit: pageSize, Offset: offset, Oldest: true})
			if err != nil {
				yield(nil, err)
				return
			}
			for _, back := range list {
				if s.counts(back) && !yield(encodeRefund(back), nil) {
					return
				}
			}
			if len(list) < pageSize {
				return
			}
		}
	}
}

func (s *desk) readRefund(r *dialect.Request) (dialect.Reply, error) {
	id := r.PathValue("id")
	if isID(id) {
		list, err := s.App.FindRefunds(r.Context(), r.Merchant, app.RefundFilter{ID: id}, app.Page{Limit: 1})
		if err != nil {
			return dialect.Reply{}, err
		}
		if len(list) > 0 && s.counts(list[0]) {
			return dialect.Reply{Body: encodeRefund(list[0])}, nil
		}
	}
	return dialect.Reply{Body: nothing{}}, nil
}

func (s *desk) createRefund(r *dialect.Request) (dialect.Reply, error) {
	n, err := s.decodeRefund(r.Raw)
	if err != nil {
		return dialect.Reply{}, err
	}
	p, err := s.found(r, n.payment)
	if err != nil {
		return dialect.Reply{}, err
	}
	if n.amount.Sign() <= 0 {
		return dialect.Reply{}, refused("amount must be more than 0")
	}
	back, err := s.App.RefundPayment(r.Context(), r.Merchant, app.NewRefund{
		ID: s.NewID(), Payment: p.ID, Amount: n.amount,
	})
	if err != nil {
		return dialect.Reply{}, s.whyNot(r, n, err)
	}
	if back.State == refund.Failed {
		if back.Word != "" {
			return dialect.Reply{}, refused(back.Word)
		}
		return dialect.Reply{}, fault.New(fault.CodeRefundRefused, "payment", "")
	}
	return dialect.Reply{Body: encodeRefund(back)}, nil
}

// whyNot gives the reason of a refund that was not made, in the words of this
// API and with the numbers of now.
func (s *desk) whyNot(r *dialect.Request, n newRefund, reason error) error {
	gone := fault.Is(reason, fault.CodePaymentNotFound) // as far as refunds go
	if !gone && !fault.Is(reason, fault.CodeRefundTooLarge) && !fault.Is(reason, fault.CodeRefundInProgress) {
		return reason
	}
	p, err := s.found(r, n.payment)
	if err != nil {
		return err
	}
	if standing := p.Standing(); standing == payment.Undecided || standing == payment.Bad {
		return refused("the payment is " + statusWord(p) + ": it cannot be refunded")
	}
	if words := tooMuch(p, n.amount); words != "" {
		return refused(words)
	}
	if gone {
		return fault.New(fault.CodeWrongState, "payment", "")
	}
	return reason
}
