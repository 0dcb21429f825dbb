package bkash

import (
	"cmp"
	"strings"

	"github.com/purserhq/purser/internal/sandbox"
)

// The modes of create.
const (
	modeAgree   = "0000" // make an agreement
	modeAgreed  = "0001" // pay with one
	modeOnce    = "0011" // pay once
	intentSale  = "sale"
	intentHold  = "authorization"
	mostText    = 255
	leastAmount = 100 // one taka
	notInTexts  = "<>&"
)

// The facts of a payment that the frame has no place for.
const (
	factMode      = "mode"
	factIntent    = "intent"
	factAgreement = "agreement" // the id of the agreement, made or used
	factCanceled  = "agreement-canceled"
	factHeld      = "held"   // authorised, not captured yet
	factVoided    = "voided" // authorised and let go
)

// The wallets that decide something else than paying.
const (
	walletPays    = "01770618575"
	walletNoMoney = "01823074817"
	walletBlocked = "01823074818"
)

// create opens a payment or the making of an agreement.
func create(a *asked) sandbox.Object {
	mode := cmp.Or(a.fields.Text("mode"), modeOnce)
	if code := a.checkCreate(mode); code != "" {
		return a.failed(code)
	}
	amount, _ := a.amount("amount")
	intent := a.fields.Text("intent")
	p := a.Create(sandbox.Payment{
		ID: a.paymentID(mode), Merchant: a.owner, Amount: amount, Asked: amount, Currency: "BDT",
		Callback: a.fields.Text("callbackURL"), OrderID: a.fields.Text("merchantInvoiceNumber"),
		Mobile: a.fields.Text("payerReference"),
		Facts: map[string]string{
			factMode: mode, factIntent: intent, factAgreement: a.fields.Text("agreementID"),
		},
	})
	a.Subject = p.ID
	back := func(word string) string {
		address, err := sandbox.JoinQuery(p.Callback, sandbox.Object{
			{Name: "paymentID", Value: p.ID}, {Name: "status", Value: word},
		})
		if err != nil {
			return p.Callback // it was read before
		}
		return address
	}
	body := a.done(
		sandbox.Member{Name: "paymentID", Value: p.ID},
		sandbox.Member{Name: "bkashURL", Value: a.page(p)},
		sandbox.Member{Name: "callbackURL", Value: p.Callback},
		sandbox.Member{Name: "successCallbackURL", Value: back("success")},
		sandbox.Member{Name: "failureCallbackURL", Value: back("failure")},
		sandbox.Member{Name: "cancelledCallbackURL", Value: back("cancel")},
	)
	if mode == modeAgree {
		return append(body,
			sandbox.Member{Name: "payerReference", Value: p.Mobile},
			sandbox.Member{Name: "agreementCreateTime", Value: stamp(p.CreatedAt)},
			sandbox.Member{Name: "agreementStatus", Value: "Initiated"})
	}
	return append(body,
		sandbox.Member{Name: "amount", Value: taka(amount)},
		sandbox.Member{Name: "intent", Value: intent},
		sandbox.Member{Name: "currency", Value: p.Currency},
		sandbox.Member{Name: "paymentCreateTime", Value: stamp(p.CreatedAt)},
		sandbox.Member{Name: "transactionStatus", Value: "Initiated"},
		sandbox.Member{Name: "merchantInvoiceNumber", Value: p.OrderID})
}

// page is the address of the customer page.
func (a *asked) page(p *sandbox.Payment) string {
	if a.Setting(switchURLForm) == "old" {
		return a.PublicURL() + "/redirect/tokenized/?paymentID=" + p.ID
	}
	return a.PublicURL() + "/?paymentId=" + p.ID + "&hash=" + a.Letters("hash", p.Number, 20) +
		"&mode=" + p.Facts[factMode] + "&apiVersion=v1.2.0-beta"
}

// checkCreate is the first thing that is wrong with a create; empty when nothing is.
func (a *asked) checkCreate(mode string) string {
	payer := a.fields.Text("payerReference")
	switch {
	case mode != modeAgree && mode != modeAgreed && mode != modeOnce:
		return codeMode
	case payer == "" || !fits(payer):
		return codePayer
	case !sandbox.WebAddress(a.fields.Text("callbackURL")):
		return codeCallback
	case mode == modeAgree:
		return ""
	case mode == modeAgreed && !a.agreed(a.fields.Text("agreementID")):
		return codeAgreement
	}
	return a.checkPayment()
}

// checkPayment looks at what only payments have.
func (a *asked) checkPayment() string {
	amount, ok := a.amount("amount")
	invoice, intent := a.fields.Text("merchantInvoiceNumber"), a.fields.Text("intent")
	switch {
	case !ok || amount < leastAmount:
		return codeAmount
	case a.fields.Text("currency") != "BDT":
		return codeCurrency
	case intent != intentSale && intent != intentHold:
		return codeIntent
	case invoice == "" || !fits(invoice):
		return codeInvoice
	}
	if _, ok := a.Fault(FaultDuplicateInvoice); ok {
		return codeDuplicate
	}
	for _, p := range a.Payments() {
		if p.Merchant == a.owner && p.OrderID == invoice {
			return codeDuplicate
		}
	}
	return ""
}

// fits says that a text has the length and the characters of an invoice number.
func fits(text string) bool { return len(text) <= mostText && !strings.ContainsAny(text, notInTexts) }

// own finds the merchant's payment with the id.
func (a *asked) own(id string) (*sandbox.Payment, bool) {
	p, ok := a.Find(id)
	return p, ok && p.Merchant == a.owner
}

// execute moves the money, once.
func execute(a *asked) sandbox.Object {
	p, ok := a.own(a.fields.Text("paymentID"))
	if !ok {
		return a.failed(codePaymentID)
	}
	_, unfinished := a.Fault(FaultNotVerified)
	switch {
	case executed(p):
		return a.failed(codeComplete)
	case p.State == sandbox.Expired || p.State == sandbox.Returned:
		return a.failed(codeWrongState)
	case p.State != sandbox.Paid || unfinished:
		return a.failed(codeNotFinished)
	case p.Mobile == walletNoMoney:
		return a.failed(codeNoMoney)
	case p.Mobile == walletBlocked:
		return a.failed(codeDebitState)
	}
	if p.Facts[factMode] == modeAgree {
		return a.makeAgreement(p)
	}
	p.Reference = a.Next()
	p.Charges++
	if p.Facts[factIntent] == intentHold {
		p.Facts[factHeld], p.ReturnsAt = "yes", a.Now.AddDate(1, 0, 0)
	} else {
		p.Verify(a.Now)
	}
	if p.VerifiedAt.IsZero() {
		p.VerifiedAt = a.Now // of the hold
	}
	a.Save(p)
	if _, ok := a.Fault(FaultExecute2117); ok {
		return a.failed(codeDoneBefore)
	}
	return a.done(a.report(p)...)
}

// executed says that execute has done its work.
func executed(p *sandbox.Payment) bool { return p.Charges > 0 || !p.VerifiedAt.IsZero() }

// transactionStatus is the provider's word for where the money is.
func transactionStatus(p *sandbox.Payment) string {
	switch {
	case p.Facts[factVoided] != "", executed(p) && p.State == sandbox.Returned:
		return "Cancelled" // by the merchant, or because nobody captured in time
	case p.Facts[factHeld] != "":
		return "Authorized"
	case executed(p):
		return "Completed"
	}
	return "Initiated"
}

// report is what execute and status tell about an executed payment.
func (a *asked) report(p *sandbox.Payment) sandbox.Object {
	amount, currency, invoice, trx := p.Amount, p.Currency, p.OrderID, trxID(a.Call, p)
	if fault, ok := a.Fault(sandbox.FaultWrongAmount); ok {
		amount = max(amount/10, leastAmount)
		if other, ok := paisa(fault.Value); ok {
			amount = other
		}
	}
	if fault, ok := a.Fault(FaultWrongCurrency); ok {
		currency = cmp.Or(fault.Value, "USD")
	}
	if fault, ok := a.Fault(sandbox.FaultWrongOrder); ok {
		invoice = cmp.Or(fault.Value, "another-order")
	}
	if _, ok := a.Fault(FaultTrxReused); ok {
		for _, other := range a.Payments() {
			if other.ID != p.ID && other.Reference != 0 {
				trx = trxID(a.Call, other)
			}
		}
	}
	return sandbox.Object{
		{Name: "paymentID", Value: p.ID},
		{Name: "trxID", Value: trx},
		{Name: "transactionStatus", Value: transactionStatus(p)},
		{Name: "amount", Value: taka(amount)},
		{Name: "currency", Value: currency},
		{Name: "intent", Value: p.Facts[factIntent]},
		{Name: "paymentExecuteTime", Value: stamp(p.VerifiedAt)},
		{Name: "merchantInvoiceNumber", Value: invoice},
		{Name: "payerReference", Value: p.Mobile},
		{Name: "customerMsisdn", Value: p.Mobile},
		{Name: "payerAccount", Value: p.Mobile},
		{Name: "payerType", Value: "Customer"},
	}
}

// status reads and changes nothing.
func status(a *asked) sandbox.Object {
	p, ok := a.own(a.fields.Text("paymentID"))
	if !ok {
		return a.failed(codePaymentID)
	}
	if a.Setting(switchStrictStatus) == "on" && executed(p) {
		a.Name = callStrayStatus
	}
	verified := "Incomplete"
	if p.State == sandbox.Paid || executed(p) {
		verified = "Complete"
	}
	body := a.done(
		sandbox.Member{Name: "mode", Value: p.Facts[factMode]},
		sandbox.Member{Name: "paymentCreateTime", Value: stamp(p.CreatedAt)},
		sandbox.Member{Name: "userVerificationStatus", Value: verified},
	)
	if executed(p) && !a.lags() {
		return append(body, a.report(p)...)
	}
	open := a.report(p)
	open.Set("transactionStatus", "Initiated")
	for _, member := range open {
		switch member.Name {
		case "trxID", "paymentExecuteTime", "customerMsisdn", "payerAccount", "payerType":
		default:
			body = append(body, member)
		}
	}
	return body
}

// lags says that status does not know yet what execute did.
func (a *asked) lags() bool {
	_, lags := a.Fault(FaultStatusLags)
	_, slow := a.Fault(sandbox.FaultSlowTruth)
	return lags || slow
}

// search finds a transaction, a payment's or a refund's, by its id.
func search(a *asked) sandbox.Object {
	for _, p := range a.Payments() {
		if p.Merchant == a.owner && p.Reference != 0 && trxID(a.Call, p) == a.fields.Text("trxID") {
			a.Subject = p.ID
			return a.done(
				sandbox.Member{Name: "trxID", Value: trxID(a.Call, p)},
				sandbox.Member{Name: "transactionStatus", Value: transactionStatus(p)},
				sandbox.Member{Name: "transactionType", Value: "bKash Tokenized Checkout via API"},
				sandbox.Member{Name: "amount", Value: taka(p.Amount)},
				sandbox.Member{Name: "currency", Value: p.Currency},
				sandbox.Member{Name: "customerMsisdn", Value: p.Mobile},
				sandbox.Member{Name: "organizationShortCode", Value: "50022"},
				sandbox.Member{Name: "initiationTime", Value: stamp(p.CreatedAt)},
				sandbox.Member{Name: "completedTime", Value: stamp(p.VerifiedAt)},
				sandbox.Member{Name: "maxRefundableAmount", Value: taka(p.Refundable())},
			)
		}
	}
	return a.failed(codeNotFound)
}
