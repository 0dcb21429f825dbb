package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/wallet"
)

// NewDeposit is the wish to put money into a customer's wallet: through a link
// that the customer pays, or, with a gateway, by an operator's word that the
// money came.
type NewDeposit struct {
	Merchant string
	Account  int64
	Amount   string
	Unit     string
	Title    string // what the payer reads
	Gateway  string // one that an operator answers for; empty = a link
	Receipt  string // of the bank or the till; with a gateway alone
	Operator string
	Note     string
}

// depositView is a deposit as programs see it.
type depositView struct {
	Invoice string `json:"invoice"`
	Account int64  `json:"account_number"`
	Amount  string `json:"amount"`
	Page    string `json:"page,omitempty"`
	Payment string `json:"payment,omitempty"`
	State   string `json:"state"`
}

func (v depositView) row() []string {
	return []string{v.Invoice, strconv.FormatInt(v.Account, 10), v.Amount, v.State, dash(v.Payment)}
}

var depositHead = []string{"INVOICE", "ACCOUNT", "AMOUNT", "STATE", "PAYMENT"}

// check reads the amount, and refuses an account that takes no deposits.
func (n NewDeposit) check() (money.Amount, error) {
	if n.Account == wallet.House {
		return money.Amount{}, settingError("account",
			"must be a customer's: the merchant's own gets what is paid of its invoices")
	}
	unit, err := unitOf(n.Unit)
	if err != nil {
		return money.Amount{}, err
	}
	return amountOf("amount", n.Amount, unit)
}

// Deposit asks a customer for money, or books what came already.
func (c Commands) Deposit(ctx context.Context, n NewDeposit) error {
	amount, err := n.check()
	if err != nil {
		return err
	}
	if n.Gateway == "" {
		if err := c.Config.fillDefaults(); err != nil {
			return err
		}
		if err := c.Config.checkPublic(); err != nil {
			return err
		}
	}
	return c.with(ctx, forWriting, func(k *core) error {
		if err := k.canTake(ctx, n.Merchant, n.Gateway, amount); err != nil {
			return err
		}
		d := receiving{merchant: n.Merchant, account: n.Account, title: n.Title, amount: amount}
		i, err := k.ask(ctx, d)
		if err != nil {
			return explainAccount(err, n.Merchant)
		}
		view := depositView{Invoice: i.ID, Account: i.Account, Amount: i.Amount.String(), State: string(i.State)}
		if n.Gateway == "" {
			view.Page = c.Config.PublicURL + "/pay/link/" + i.Link.Token
		} else {
			p, err := k.receive(ctx, i, hand{gateway: n.Gateway, receipt: n.Receipt, operator: n.Operator, note: n.Note})
			if err != nil {
				return err
			}
			view.Payment, view.State = p.ID, string(invoice.Completed)
		}
		if err := c.Terminal.show(view, depositHead, [][]string{view.row()}); err != nil || view.Page == "" {
			return err
		}
		return c.Terminal.tell("\nThe customer pays on this page:\n\n  %s\n", view.Page)
	})
}

// canTake is nil when the merchant has an enabled gateway for the amount; one
// that is named must be that gateway, and an operator must answer for it.
func (k *core) canTake(ctx context.Context, merchantID, name string, amount money.Amount) error {
	if _, err := k.app.Merchant(ctx, merchantID); err != nil {
		return err
	}
	choices, err := k.app.Choices(ctx, merchantID, amount)
	if err != nil && !fault.Is(err, fault.CodeNoGateway) {
		return err
	}
	unit := string(amount.Unit())
	takes := func(c app.Choice) bool { return name == "" || c.Name == name }
	if !slices.ContainsFunc(choices, takes) {
		who := "no gateway of this merchant"
		if name != "" {
			who = "no gateway " + strconv.Quote(name) + " of this merchant"
		}
		return fmt.Errorf("%s takes %s: purser gateway list --merchant %s shows them; one for money that you receive "+
			"yourself is added with purser gateway add --merchant %[3]s --connector manual --name manual-%s "+
			"--setting unit=%s", who, amount, merchantID, strings.ToLower(unit), unit)
	}
	if name == "" {
		return nil
	}
	gateways, err := k.app.Gateways(ctx, merchantID)
	if err != nil {
		return err
	}
	for _, g := range gateways {
		if g.Name == name {
			return k.confirmable(g)
		}
	}
	return nil // it was removed in this very moment: whoever asks it says so
}

// confirmable is nil for a gateway that an operator answers for.
func (k *core) confirmable(g merchant.Gateway) error {
	opened, err := k.gateways.Open(g)
	if err != nil {
		return err
	}
	if by, ok := opened.(gateway.Confirmer); !ok || !by.Confirmable() {
		return settingError("gateway", "must be one that an operator answers for, with the connector manual: "+g.Name+
			" answers for itself (without a gateway the customer gets a page to pay on)")
	}
	return nil
}

// receiving is money that is asked for: for a customer's wallet or, with no
// account, for the merchant.
type receiving struct {
	merchant string
	account  int64
	title    string
	amount   money.Amount
}

// ask makes the invoice.
func (k *core) ask(ctx context.Context, r receiving) (invoice.Invoice, error) {
	if r.account == 0 {
		return k.app.CreateInvoice(ctx, r.merchant, app.NewInvoice{ID: k.newID(), Amount: r.amount, Title: r.title})
	}
	return k.app.Deposit(ctx, app.NewDeposit{
		ID: k.newID(), Merchant: r.merchant, Account: r.account, Token: rand.Text(), Title: r.title, Amount: r.amount,
	})
}

// hand is an operator's word that money came, and how.
type hand struct {
	gateway  string
	receipt  string
	operator string
	note     string
}

// receive pays an invoice by an operator's word, or goes on where it was left.
func (k *core) receive(ctx context.Context, i invoice.Invoice, h hand) (payment.Payment, error) {
	view, err := k.app.Invoice(ctx, i.Merchant, i.ID)
	if err != nil {
		return payment.Payment{}, err
	}
	at := slices.IndexFunc(view.Payments, func(p payment.Payment) bool {
		return p.State == payment.Processing && p.Attempt.Gateway == h.gateway
	})
	var p payment.Payment
	if at >= 0 {
		p = view.Payments[at]
	} else {
		made, err := k.app.RequestPayment(ctx, i.Merchant, app.NewPayment{
			Invoice: i.ID, Amount: i.Amount, Gateway: h.gateway, Description: i.Title, NewID: k.newID, Link: i.Link.Token,
		})
		if err != nil {
			return payment.Payment{}, err
		}
		p = made.Payment
	}
	return k.takeWord(ctx, i.Merchant, app.Confirmation{
		Payment: p.ID, Paid: true, Receipt: h.receipt, Operator: h.operator, Note: h.note,
	})
}

// takeWord takes an operator's word about a payment. Error: a receipt that was
// booked before, and whatever else kept the money from being booked.
func (k *core) takeWord(ctx context.Context, merchantID string, w app.Confirmation) (payment.Payment, error) {
	p, err := k.app.ConfirmPayment(ctx, merchantID, w)
	if fault.Is(err, fault.CodeDuplicate) {
		return p, fmt.Errorf("payment %s is %s: the receipt %q belongs to another payment (purser payment confirm %[1]s "+
			"takes another receipt, purser payment reject %[1]s ends it)", p.ID, p.State, w.Receipt)
	}
	if err != nil || !w.Paid || p.State == payment.Captured {
		return p, err
	}
	// Why it was not booked is on record.
	if p, err = k.app.Payment(ctx, merchantID, p.ID); err != nil {
		return p, err
	}
	err = fmt.Errorf("payment %s is %s: %s", p.ID, p.State, dash(p.Attention+p.Note))
	if p.State == payment.Processing {
		err = fmt.Errorf("%w (purser payment confirm %s takes another receipt, purser payment reject %[2]s ends it)",
			err, p.ID)
	}
	return p, err
}
