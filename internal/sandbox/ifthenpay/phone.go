package ifthenpay

import (
	_ "embed"
	"net/http"
	"net/url"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

//go:embed phone.html
var phoneText string

var phoneTemplate = sandbox.Template(phoneText)

// pushView is one open push as the phone shows it.
type pushView struct {
	ID, Amount, Merchant, Order, Description, Number, Left, Action string
}

// phone is a page with every open push, of all numbers or of the one in the query, the latest first.
func phone(c *sandbox.Call) sandbox.Reply {
	wanted, rest := wantedNumber(c)
	var view struct{ Pushes []pushView }
	for _, p := range c.Payments() {
		if p.State != sandbox.Open || wanted != "" && wanted != p.Mobile {
			continue
		}
		view.Pushes = append(view.Pushes, pushView{
			ID: p.ID, Amount: euros(p.Amount), Merchant: p.Merchant, Order: p.OrderID, Description: p.Description,
			Number: p.Mobile, Left: p.ExpiresAt.Sub(c.Now).Round(time.Second).String(),
			Action: "phone/" + p.ID + rest,
		})
	}
	return sandbox.Render(phoneTemplate, view)
}

// decide does what a button of the phone does and shows the phone again.
func decide(c *sandbox.Call) sandbox.Reply {
	form, err := url.ParseQuery(string(c.Body))
	if err != nil {
		return sandbox.Text(http.StatusBadRequest, "The form cannot be read.")
	}
	if _, ok := c.Find(c.Subject); !ok {
		return sandbox.Text(http.StatusNotFound, "The sandbox knows no such push.")
	}
	if _, err := c.Decide(sandbox.Decision{Choice: form.Get("decision")}); err != nil {
		return sandbox.Text(http.StatusBadRequest, err.Error())
	}
	_, rest := wantedNumber(c)
	return sandbox.Reply{Status: http.StatusSeeOther, Location: "../phone" + rest}
}

// wantedNumber is the number that the phone shows alone, and the query that asks for it; empty = all numbers.
func wantedNumber(c *sandbox.Call) (number, query string) {
	if number = c.Request.URL.Query().Get("number"); number != "" {
		query = "?number=" + url.QueryEscape(number)
	}
	return number, query
}
