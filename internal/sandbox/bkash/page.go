package bkash

import (
	"cmp"
	_ "embed"
	"net/http"
	"net/url"
	"regexp"

	"github.com/purserhq/purser/internal/sandbox"
)

//go:embed page.html
var pageText string

var pageTemplate = sandbox.Template(pageText)

// What the sandbox's wallets type.
const (
	rightOTP = "123456"
	rightPIN = "12121"
)

var walletForm = regexp.MustCompile(`^01[0-9]{9}$`)

// view is what the page shows.
type view struct {
	sandbox.Payment
	Amount, Wallet, OTP, PIN string
	Words                    string // why nothing happened
	Open, Left, NoReturn     bool
}

// visited reads the payment's id from the page's address, in either of its forms.
func visited(c *sandbox.Call) string {
	query := c.Request.URL.Query()
	return cmp.Or(query.Get("paymentId"), query.Get("paymentID"))
}

// show gives the page and changes nothing.
func show(c *sandbox.Call) sandbox.Reply {
	p, ok := c.Find(c.Subject)
	if !ok {
		return message(http.StatusNotFound, "no such payment")
	}
	return render(view{Payment: *p})
}

// press does what a button of the page does. Who pays types a wallet's number, its code and its PIN.
func press(c *sandbox.Call) sandbox.Reply {
	p, ok := c.Find(c.Subject)
	form, err := url.ParseQuery(string(c.Body))
	if !ok || err != nil {
		return message(http.StatusNotFound, "no such payment")
	}
	// A program sends the decision alone: then the page's own values are meant.
	for name, shown := range map[string]string{"wallet": walletPays, "otp": rightOTP, "pin": rightPIN} {
		if !form.Has(name) {
			form.Set(name, shown)
		}
	}
	choice := form.Get("decision")
	if choice == sandbox.Approve && p.State == sandbox.Open {
		switch {
		case !walletForm.MatchString(form.Get("wallet")):
			return render(view{Payment: *p, Words: "The number is no wallet's: 11 digits that begin with 01."})
		case form.Get("otp") != rightOTP || form.Get("pin") != rightPIN:
			return render(view{Payment: *p, Words: "The code or the PIN is wrong."})
		}
		p.Mobile = form.Get("wallet")
		c.Save(p)
	}
	outcome, err := c.Decide(sandbox.Decision{Choice: choice})
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	if outcome.ReturnURL == "" {
		return render(view{Payment: outcome.Payment, Left: choice == sandbox.Leave, NoReturn: choice != sandbox.Leave})
	}
	return outcome.Reply()
}

// render writes the page.
func render(v view) sandbox.Reply {
	v.Amount, v.OTP, v.PIN = taka(v.Payment.Amount), rightOTP, rightPIN
	v.Wallet, v.Open = walletPays, v.State == sandbox.Open
	return sandbox.Render(pageTemplate, v)
}
