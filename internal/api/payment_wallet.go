package api

import (
	"net/netip"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/wallet"
)

// walletPayment is what a payer who wants to pay from a wallet told the caller.
type walletPayment struct {
	Invoice      string `json:"invoice" minLength:"1" maxLength:"200"`
	Login        string `json:"login" minLength:"1" maxLength:"200"`
	PIN          string `json:"pin" minLength:"4" maxLength:"12" format:"password"`
	PayerAddress string `json:"payer_address,omitempty" maxLength:"100"`
}

var walletWords = words{"walletPayment": {
	"invoice": {doc: "The id of the invoice, which is paid in one sum.", example: exampleInvoice},
	"login":   {doc: "The number of the customer's account, or the customer's e-mail address.", example: "10001"},
	"pin":     {doc: "The customer's PIN. It is kept nowhere.", example: "471100"},
	"payer_address": {
		doc:     "The network address of the payer's browser: wrong attempts are counted for it too, whoever's PIN it was.",
		example: "192.0.2.1",
	},
}}

// walletPayments are the payments that need no gateway.
func (d *desk) walletPayments() []operation {
	return []operation{create(row{
		id: "payFromWallet", path: "/payments/wallet", scope: merchant.PaymentsWrite, summary: "Pay from a wallet",
		about: "Pays an invoice out of a customer's wallet, at once, if login and PIN are right. After 5 wrong attempts at " +
			"one account nobody is let in for a quarter of an hour. Why a login is wrong is not said; nothing is kept of it " +
			"under an Idempotency-Key, so that the right one can follow under the same.",
		faults: []fault.Code{
			fault.CodeInvoiceNotFound, fault.CodeInvoiceClosed, fault.CodeInvoicePaid, fault.CodeInvoiceHeld,
			fault.CodeAmountAboveRemaining,
			fault.CodeLoginInvalid, fault.CodeAccountClosed, fault.CodeUnsupported, fault.CodeNationalID,
			fault.CodeInsufficientFunds,
		},
		pin: "pin",
	}, "pay", d.payFromWallet, d.paymentTold())}
}

func (d *desk) payFromWallet(c *call, id string, in walletPayment) (out paymentView, err error) {
	wish := app.WalletPayment{
		Merchant: c.Merchant, Invoice: in.Invoice, Login: in.Login, PIN: string(c.PIN), PaymentID: id,
	}
	if in.PayerAddress != "" {
		address, err := netip.ParseAddr(in.PayerAddress)
		if err != nil {
			return out, fault.New(fault.CodeParameterInvalid, "payer_address", "It is no network address.")
		}
		wish.Address = wallet.NetworkOf(address).String()
	}
	if _, err := d.App.PayFromWallet(c.Context(), wish); err != nil {
		return out, d.walletFault(c, in.Invoice, err)
	}
	return d.paymentNow(c, id)
}

// walletFault names what is wrong by what the caller sent: a login and an invoice, and no amount.
func (d *desk) walletFault(c *call, invoice string, err error) error {
	switch f := fault.From(err); f.Code { //nolint:exhaustive // The others are named as they are.
	case fault.CodeInsufficientFunds, fault.CodeAccountClosed:
		return fault.New(f.Code, "login", "")
	case fault.CodeAmountAboveRemaining:
		view, lost := d.App.Invoice(c.Context(), c.Merchant, invoice)
		if lost == nil && view.Invoice.Collected() {
			return fault.New(fault.CodeInvoicePaid, "invoice", "")
		}
		return fault.New(f.Code, "invoice", "Another payment of it is on its way.")
	default:
		return err
	}
}
