package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// HostedInvoice is what the page of an invoice may know.
type HostedInvoice struct {
	Merchant string // the merchant's name, for people
	InvoiceView
}

// Hosted finds an invoice that is paid on a page of ours, for anybody who has
// its id. Error: invoice_not_found, also for one that is paid elsewhere.
func (a *App) Hosted(ctx context.Context, id string) (HostedInvoice, error) {
	owner, err := a.store.Owner(ctx, event.Invoice, id)
	if err != nil {
		return HostedInvoice{}, err
	}
	view, err := a.Invoice(ctx, owner, id)
	if err != nil {
		return HostedInvoice{}, err
	}
	if !view.Invoice.Hosted() {
		return HostedInvoice{}, fault.New(fault.CodeInvoiceNotFound, "invoice", "")
	}
	m, err := a.Merchant(ctx, owner)
	return HostedInvoice{Merchant: m.Name, InvoiceView: view}, err
}

// WalletPayment is a payer's wish to pay the whole of an invoice from a wallet.
type WalletPayment struct {
	Merchant  string
	Invoice   string
	Login     string // number of the account or e-mail address
	PIN       string
	PaymentID string // the id of the payment, in the form the caller's users know
	Address   string // the payer's network address, for counting attempts
}

// PayFromWallet pays what is due of an invoice from the wallet whose number or address and PIN
// the payer knows. Every attempt is counted before the PIN is looked at.
// Errors: invoice_not_found, invoice_closed, amount_above_remaining when it is
// paid or being paid, login_invalid whichever part is wrong, rate_limited,
// account_closed, unsupported for a deposit and for an open amount, national_id_mismatch,
// insufficient_funds, secret_unreadable.
func (a *App) PayFromWallet(ctx context.Context, n WalletPayment) (InvoiceView, error) {
	i, err := a.store.Invoice(ctx, n.Merchant, n.Invoice)
	if err != nil {
		return InvoiceView{}, err
	}
	if i.Open {
		return InvoiceView{}, fault.New(fault.CodeUnsupported, "invoice", "An open amount is paid through a gateway.")
	}
	if err := i.Payable(dueOf(i)); err != nil {
		return InvoiceView{}, err
	}
	c, err := a.logIn(ctx, n)
	if err != nil {
		return InvoiceView{}, err
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if c, err = r.Customer(ctx, n.Merchant, c.Number); err != nil {
			return store.Change{}, err
		}
		if i, err = r.Invoice(ctx, n.Merchant, n.Invoice); err != nil {
			return store.Change{}, err
		}
		return a.takeFromWallet(i, c, n.PaymentID)
	})
	if err != nil {
		return InvoiceView{}, err
	}
	return a.Invoice(ctx, n.Merchant, n.Invoice)
}

// dueOf is what a wallet pays of an invoice: what is unpaid, or all of one that the merchant
// verifies or that goes back as a whole.
func dueOf(i invoice.Invoice) money.Amount {
	if i.VerifyIn > 0 {
		return i.Amount
	}
	return i.Unpaid()
}

// takeFromWallet moves the money and pays the invoice with it, if the wallet's
// owner may.
func (a *App) takeFromWallet(i invoice.Invoice, c wallet.Customer, paymentID string) (store.Change, error) {
	if err := c.Usable(); err != nil {
		return store.Change{}, err
	}
	if i.Account != 0 {
		return store.Change{}, fault.New(fault.CodeUnsupported, "invoice", "A deposit is paid through a gateway.")
	}
	if i.NationalID != "" && i.NationalID != c.NationalID {
		return store.Change{}, fault.New(fault.CodeNationalID, "invoice", "")
	}
	now := a.now()
	due := dueOf(i)
	if err := i.Payable(due); err != nil { // it may be held since
		return store.Change{}, err
	}
	held, err := i.Reserve(due)
	if err != nil {
		return store.Change{}, err
	}
	paid, err := held.Capture(due)
	if err != nil {
		return store.Change{}, err
	}
	zero := money.Zero(i.Amount.Unit())
	p := payment.Payment{
		ID: paymentID, Merchant: i.Merchant, State: payment.Captured, Invoice: i.ID, Amount: due,
		Refunded: zero, Returning: zero, Wallet: c.Number, Owner: i.Owner(),
		Payer:       payment.Payer{Name: strings.TrimSpace(c.FirstName + " " + c.LastName), Email: c.Email},
		FinalizedAt: now, CreatedAt: now, UpdatedAt: now,
	}
	change := store.Change{
		Payments: []payment.Payment{p}, Relied: []wallet.Customer{c},
		Events: []event.Event{
			happened(event.Payment, i.Merchant, p.ID, "", create, payment.Processing, byPayer, "", now),
			happened(event.Payment, i.Merchant, p.ID, payment.Processing, payment.Capture, p.State, byPayer, "", now),
		},
	}
	paid.PaidBy = invoice.Owner{
		Account: c.Number, FirstName: c.FirstName, LastName: c.LastName, Email: c.Email,
	}
	if paid, err = pay(paid, now, &change, byPayer); err != nil {
		return store.Change{}, err
	}
	rule := ledger.RuleWalletPaid
	if paid.VerifyIn > 0 {
		rule = ledger.RuleWalletHeld
	}
	cause := ledger.Cause{Merchant: i.Merchant, Subject: p.ID, At: now}
	if err := a.postFor(&change, rule, cause, ledger.Names{Owner: ownerOf(c.Number)}, due); err != nil {
		return store.Change{}, err
	}
	change.Invoices = []invoice.Invoice{paid}
	return change, nil
}

// pay moves an invoice whose whole amount is in: to wait for the merchant's
// verification where that was asked for, to its end otherwise.
func pay(i invoice.Invoice, now time.Time, change *store.Change, actor string) (invoice.Invoice, error) {
	i.PaidAt = now
	if i.VerifyIn == 0 {
		return advance(i, now, change, actor, invoice.Pay, invoice.Complete)
	}
	i.VerifyBy = now.Add(i.VerifyIn)
	return advance(i, now, change, actor, invoice.Pay)
}

// logIn finds the customer whom a payer proves to be. What is counted is the
// attempt, so that many at once gain nothing; a right PIN takes it back.
func (a *App) logIn(ctx context.Context, n WalletPayment) (wallet.Customer, error) {
	wrong := fault.New(fault.CodeLoginInvalid, "pin", "")
	var c wallet.Customer
	account, err := a.FindAccount(ctx, n.Merchant, n.Login)
	if err == nil && account.Number != wallet.House {
		c, err = a.store.Customer(ctx, n.Merchant, account.Number)
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return c, err
	}
	keys := []tryKey{{triesOf(c.Number, n.Login), wallet.TriesPerAccount}}
	if n.Address != "" {
		keys = append(keys, tryKey{"address/" + n.Address, wallet.TriesPerAddress})
	}
	if err := a.countTry(aside(ctx), n.Merchant, keys); err != nil {
		return c, err
	}
	right, err := a.MatchPIN(ctx, c, n.PIN)
	if err != nil {
		return wallet.Customer{}, err
	}
	if !right {
		return wallet.Customer{}, wrong
	}
	if err := a.forgiveTry(aside(ctx), n.Merchant, keys); err != nil {
		// It only leaves less attempts than there could be.
		a.log.WarnContext(ctx, "attempt could not be taken back", slog.String("merchant", n.Merchant),
			slog.String("error", fault.Detail(err)))
	}
	return c, nil
}

// tryKey is what attempts are counted under, and how many are allowed.
type tryKey struct {
	key  string
	most int
}

// accountTries is the key of an account's attempts.
func accountTries(number int64) string { return "account/" + strconv.FormatInt(number, 10) }

// triesOf counts attempts at names that nobody has as if somebody had them, so
// that counting does not tell who has an account.
func triesOf(number int64, login string) string {
	if number != 0 {
		return accountTries(number)
	}
	sum := sha256.Sum256([]byte(wallet.FoldEmail(login)))
	return "name/" + hex.EncodeToString(sum[:8])
}

// countTry counts an attempt under every key, or under none when one of them
// has had too many. Error: rate_limited.
func (a *App) countTry(ctx context.Context, merchantID string, keys []tryKey) error {
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		var change store.Change
		for _, k := range keys {
			t, err := r.Tries(ctx, merchantID, k.key)
			if err != nil {
				return store.Change{}, err
			}
			if t, err = t.Another(k.most, a.now()); err != nil {
				return store.Change{}, err
			}
			change.Tries = append(change.Tries, t)
		}
		return change, nil
	})
}

// forgiveTry takes a counted attempt back.
func (a *App) forgiveTry(ctx context.Context, merchantID string, keys []tryKey) error {
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		var change store.Change
		for _, k := range keys {
			t, err := r.Tries(ctx, merchantID, k.key)
			if err != nil {
				return store.Change{}, err
			}
			change.Tries = append(change.Tries, t.Less())
		}
		return change, nil
	})
}
