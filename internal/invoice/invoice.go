// Package invoice is what a payer owes and until when.
//
// An invoice knows how much of it is captured and how much is being verified
// at this moment; whatever would take it above its amount is refused here,
// and the store refuses a decision made on an older version.
package invoice

import (
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Payer is what is known of the person who pays. Every field may be empty.
type Payer struct {
	Name   string
	Mobile string
	Email  string
}

// Owner is whose wallet paid, as it was at that moment.
type Owner struct {
	Account   int64 // number of the account; 0 = it was not paid from a wallet
	FirstName string
	LastName  string
	Email     string
}

// Invoice is an amount asked for.
type Invoice struct {
	ID       string // opaque; its form is chosen by whoever made it
	Merchant string
	Version  int64 // the version that was read; 0 = not stored yet
	State    State

	Amount   money.Amount // asked for; zero when Open
	Previous money.Amount // Amount before the last extension; not valid when never extended
	Open     bool         // any amount may be paid, any number of times
	Held     bool         // its amount is unusual: nobody can begin to pay before the merchant has confirmed it
	Captured money.Amount // captured and not given back
	Reserved money.Amount // being verified right now, so not free for others

	Number      int64  // running number of the merchant's invoices, from 1; given by the store at commit
	Terminal    int64  // number of the merchant's terminal; 0 = none
	Reference   string // the merchant's own number for it, unique in its terminal
	Title       string
	Description string
	Payer       Payer
	Link        Link          // the link that was handed out last, if any
	Due         time.Time     // zero = no due time
	VerifyIn    time.Duration // how long the merchant may take to verify; 0 = it is completed as soon as it is paid
	VerifyBy    time.Time     // when an unverified one is rejected; zero before it is paid
	PaidAt      time.Time     // zero before
	PaidBy      Owner
	Account     int64  // of a deposit: the customer's account that the money goes to; 0 = the merchant's
	NationalID  string // not empty: only a wallet whose owner has it may pay
	ReturnTo    string // where the payer's browser is sent when it is paid; empty = nowhere
	Notice      Notice
	Bag         map[string]string // words that the core has no word for, but the two below
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// OwnerWord is the name in a bag of the merchant's own name for whose invoice it is,
// such as a user of its shop.
const OwnerWord = "user"

// PageWord is the name in a bag of the path at which its payer pays, below the public
// address, where that is another page than the one that Hosted tells of.
const PageWord = "page"

// Owner is the merchant's own name for whose invoice it is; empty = nobody's in
// particular. Its payments are that one's too.
func (i Invoice) Owner() string { return i.Bag[OwnerWord] }

// Notice is an address of this one invoice that is told what becomes of it.
type Notice struct {
	URL      string // empty = none
	Form     string // which of the known forms it is written in
	Endpoint string // the id of the endpoint whose secrets sign it
	Sealed   []byte // a secret of the merchant's that comes with it, encrypted; empty = none
}

// Hosted says that it is paid on a page of ours, from which the payer is sent
// back to the merchant.
func (i Invoice) Hosted() bool { return i.ReturnTo != "" }

// Link is an address that a payer can be given: whoever knows its token may
// pay Amount of the invoice once.
type Link struct {
	Token   string // empty = no link
	Kind    LinkKind
	Amount  money.Amount // zero for OpenAmount
	Gateway string       // the gateway the merchant wishes; empty = by routing
	Used    bool         // its amount was paid through it; a reversal does not revive it
}

// LinkKind says what a link is for.
type LinkKind string

// The kinds of links.
const (
	Fixed      LinkKind = "fixed"       // pays the whole invoice
	OpenAmount LinkKind = "open_amount" // the payer chooses the amount
	Extension  LinkKind = "extension"   // pays what an invoice was extended by
)

// Remaining is what may still be captured: the amount less what is captured
// or being verified. It is zero, never negative, on an invoice that is full or
// not open, and not meaningful on an open-amount invoice.
func (i Invoice) Remaining() money.Amount {
	left, err := i.Unpaid().Sub(i.Reserved)
	if i.State != Open || err != nil || left.Sign() < 0 {
		return money.Zero(i.Amount.Unit())
	}
	return left
}

// Unpaid is the amount less what is captured, whatever is being verified.
func (i Invoice) Unpaid() money.Amount {
	left, err := i.Amount.Sub(i.Captured)
	if err != nil || left.Sign() < 0 {
		return money.Zero(i.Amount.Unit())
	}
	return left
}

// PartlyPaid is derived: some money is captured and more is asked for.
func (i Invoice) PartlyPaid() bool {
	return i.State == Open && i.Captured.Sign() > 0
}

// Payable is nil when a payment of this amount may be requested now: the
// invoice is open and not held, and the amount is not above what is unpaid.
// Errors: invoice_closed, invoice_held, unit_mismatch, amount_above_remaining.
func (i Invoice) Payable(amount money.Amount) error {
	if i.State == Open && i.Held {
		return fault.New(fault.CodeInvoiceHeld, "invoice", "")
	}
	return i.Takes(amount)
}

// Takes is nil when a payment of this amount that was requested before may be
// captured, whatever is held by now. Errors: those of Payable but invoice_held.
func (i Invoice) Takes(amount money.Amount) error {
	if i.State != Open {
		if i.Collected() && !i.Closed() {
			return fault.New(fault.CodeAmountAboveRemaining, "amount", "")
		}
		return fault.New(fault.CodeInvoiceClosed, "invoice", "")
	}
	if i.Open {
		return nil
	}
	over, err := amount.Cmp(i.Unpaid())
	if err != nil {
		return err
	}
	if over > 0 {
		return fault.New(fault.CodeAmountAboveRemaining, "amount", "")
	}
	return nil
}

// Collected says that the whole amount is in: paid or completed.
func (i Invoice) Collected() bool { return i.State == Paid || i.State == Completed }

// Reserve sets amount aside for one payment that is about to be verified.
// Errors: invoice_closed, unit_mismatch, amount_above_remaining.
func (i Invoice) Reserve(amount money.Amount) (Invoice, error) {
	if err := i.Takes(amount); err != nil {
		return i, err
	}
	if !i.Open {
		over, err := amount.Cmp(i.Remaining())
		if err != nil {
			return i, err
		}
		if over > 0 {
			return i, fault.New(fault.CodeAmountAboveRemaining, "amount", "")
		}
	}
	var err error
	i.Reserved, err = i.Reserved.Add(amount)
	return i, err
}

// Release gives back what Reserve set aside.
func (i Invoice) Release(amount money.Amount) (Invoice, error) {
	var err error
	i.Reserved, err = i.Reserved.Sub(amount)
	return i, err
}

// Capture turns a reserved amount into a captured one. The state does not
// change here: Full says whether the invoice is paid by it.
func (i Invoice) Capture(amount money.Amount) (Invoice, error) {
	i, err := i.Release(amount)
	if err != nil {
		return i, err
	}
	i.Captured, err = i.Captured.Add(amount)
	return i, err
}

// Verifiable is nil when the merchant may verify it now: it is paid and its
// time is not over. Error: wrong_state.
func (i Invoice) Verifiable(now time.Time) error {
	if i.State != Paid || !now.Before(i.VerifyBy) {
		return fault.New(fault.CodeWrongState, "invoice", "")
	}
	return nil
}

// Overdue says that it was paid and not verified in time.
func (i Invoice) Overdue(now time.Time) bool { return i.State == Paid && !now.Before(i.VerifyBy) }

// Closed says that it was ended before its amount was paid, or that it asks for any amounts
// and was ended.
func (i Invoice) Closed() bool { return i.State == Completed && !i.Full() }

// Closable is nil when an invoice may be closed: it has taken money and asks for more, and
// none is being verified. Error: wrong_state.
func (i Invoice) Closable() error {
	wrong := fault.New(fault.CodeWrongState, "invoice", "")
	switch {
	case i.State != Open:
		return wrong
	case i.VerifyIn > 0:
		return wrong.Because("It is paid and given back as a whole.")
	case i.Captured.Sign() <= 0:
		return wrong.Because("Nothing of it is paid: cancel it.")
	case i.Reserved.Sign() > 0:
		return wrong.Because("A payment of it is being verified.")
	}
	return nil
}

// GiveBack takes a captured amount out again, when it was reversed or refunded.
func (i Invoice) GiveBack(amount money.Amount) (Invoice, error) {
	var err error
	i.Captured, err = i.Captured.Sub(amount)
	return i, err
}

// Resize asks for another amount: the one payment that the invoice was made for
// is for another. Errors: invoice_closed, amount_invalid below what is captured
// or being verified.
func (i Invoice) Resize(amount money.Amount) (Invoice, error) {
	if i.State != Open || i.Open {
		return i, fault.New(fault.CodeInvoiceClosed, "invoice", "")
	}
	used, err := i.Captured.Add(i.Reserved)
	if err != nil {
		return i, err
	}
	if less, err := amount.Cmp(used); err != nil || less < 0 {
		return i, fault.New(fault.CodeAmountInvalid, "amount", "").With(err)
	}
	i.Amount = amount
	return i, nil
}

// Follow asks for as much more or less as the payment that the invoice was made for asks
// for: is, and not was. What is asked for besides stays asked for. Where others have paid a
// part of what was asked of that payment, the invoice does not shrink below what all bring.
// Errors: unit_mismatch, amount_overflow, and those of Resize.
func (i Invoice) Follow(was, is money.Amount) (Invoice, error) {
	besides, err := i.Amount.Sub(was)
	if err != nil {
		return i, err
	}
	whole, err := besides.Add(is)
	if err != nil {
		return i, err
	}
	all, err := i.Captured.Add(i.Reserved)
	if err != nil {
		return i, err
	}
	if all, err = all.Add(is); err != nil {
		return i, err
	}
	if over, err := all.Cmp(i.Amount); err == nil && over > 0 {
		all = i.Amount
	}
	if short, err := whole.Cmp(all); err == nil && short < 0 {
		whole = all
	}
	return i.Resize(whole)
}

// Beyond is what an extended invoice still asks for besides a share of it that is unpaid:
// nothing where others have paid so much that the share covers the rest.
func (i Invoice) Beyond(share money.Amount) money.Amount {
	left, err := i.Unpaid().Sub(share)
	if !i.Previous.Valid() || err != nil || left.Sign() < 0 {
		return money.Zero(i.Amount.Unit())
	}
	return left
}

// Drop asks for nothing of a payment any more that the invoice was made for, whose share it
// is; false where nothing is left to ask for. What others have paid of the share stays.
// Errors: unit_mismatch, amount_overflow.
func (i Invoice) Drop(share money.Amount) (_ Invoice, asks bool, err error) {
	rest, err := i.Amount.Sub(share)
	if err != nil {
		return i, false, err
	}
	used, err := i.Captured.Add(i.Reserved)
	if err != nil {
		return i, false, err
	}
	if used.IsZero() && rest.Sign() <= 0 {
		return i, false, nil
	}
	if short, err := rest.Cmp(used); err == nil && short >= 0 {
		i.Amount = rest
	}
	return i, true, nil
}

// Correct asks for as much more or less as a payment of it turned out to have
// brought: is, and not was, which is captured. Nothing else of it changes.
// Errors: unit_mismatch, amount_overflow.
func (i Invoice) Correct(was, is money.Amount) (Invoice, error) {
	for _, sum := range []*money.Amount{&i.Captured, &i.Amount} {
		rest, err := sum.Sub(was)
		if err != nil {
			return i, err
		}
		if *sum, err = rest.Add(is); err != nil {
			return i, err
		}
	}
	return i, nil
}

// Overpay sets aside money that came although nothing more was wanted: it asks for as
// much more, and what is unpaid of it stays. Errors: unit_mismatch, amount_overflow.
func (i Invoice) Overpay(amount money.Amount) (Invoice, error) {
	var err error
	if i.Amount, err = i.Amount.Add(amount); err != nil {
		return i, err
	}
	i.Reserved, err = i.Reserved.Add(amount)
	return i, err
}

// Full says that the captured amount has reached what is asked for.
// An open-amount invoice is never full.
func (i Invoice) Full() bool {
	return !i.Open && i.Amount.Sign() > 0 && i.Unpaid().IsZero()
}

// Extend asks for more on the same invoice; a paid one opens again. One that was closed
// asks for what it took and for that.
// Errors: invoice_closed, link_unusable (an open-amount invoice has no sum to
// extend, and one that is verified or deposited is paid in one sum).
func (i Invoice) Extend(by money.Amount) (Invoice, error) {
	if i.Open {
		return i, fault.New(fault.CodeLinkUnusable, "invoice", "An open-amount invoice cannot be extended.")
	}
	if i.VerifyIn > 0 || i.Account != 0 {
		return i, fault.New(fault.CodeLinkUnusable, "invoice", "This invoice is paid in one sum.")
	}
	if i.State != Open && !i.Collected() {
		return i, fault.New(fault.CodeInvoiceClosed, "invoice", "")
	}
	if i.Closed() {
		i.Amount = i.Captured
	}
	sum, err := i.Amount.Add(by)
	if err != nil {
		return i, err
	}
	i.Previous, i.Amount = i.Amount, sum
	return i, nil
}
