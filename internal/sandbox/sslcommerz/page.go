package sslcommerz

import (
	_ "embed"
	"net/http"
	"net/url"
	"sort"
	"strings"

	"github.com/purserhq/purser/internal/sandbox"
)

//go:embed page.html
var pageText string

var pageTemplate = sandbox.Template(pageText)

// backText sends the browser back with a POST, by itself where it may run scripts.
const backText = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="robots" content="noindex"><title>SSLCommerz sandbox</title></head>
<body onload="document.forms[0].submit()">
<form method="post" action="{{.Address}}">
{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<button>Back to the merchant</button>
</form></body></html>
`

var backTemplate = sandbox.Template(backText)

// pageView is what the template shows.
type pageView struct {
	sandbox.Payment
	Taka                          string
	Channels                      []channel
	Unpaid, Again, Left, NoReturn bool
}

// onPage reads the payment from the page's address.
func onPage(c *sandbox.Call) string { return c.Request.PathValue("id") }

// show is the payment page. Reading it changes nothing, so a link preview starts nothing.
func show(c *sandbox.Call) sandbox.Reply {
	p, ok := c.Find(c.Subject)
	if !ok {
		return sandbox.NoSuchPage()
	}
	return render(c, *p, pageView{})
}

// press does what a button of the page does. After a failure the payer may try again while the checkout lives.
func press(c *sandbox.Call) sandbox.Reply {
	form, err := url.ParseQuery(string(c.Body))
	p, ok := c.Find(c.Subject)
	if err != nil || !ok {
		return sandbox.NoSuchPage()
	}
	if payable(c, *p) {
		if p.State == sandbox.Failed {
			p.State, p.Facts["failed"] = sandbox.Open, "yes"
		}
		for _, one := range offered(*p) {
			if one.Key == form.Get("channel") {
				p.Facts["channel"] = one.Key
			}
		}
		c.Save(p)
	}
	outcome, err := c.Decide(sandbox.Decision{Choice: form.Get("decision")})
	if err != nil {
		return sandbox.Text(http.StatusBadRequest, err.Error())
	}
	if outcome.ReturnURL == "" {
		left := form.Get("decision") == sandbox.Leave
		return render(c, outcome.Payment, pageView{Left: left, NoReturn: !left})
	}
	return back(outcome)
}

// payable says that the checkout can be paid, for the first time or again.
func payable(c *sandbox.Call, p sandbox.Payment) bool {
	return p.State == sandbox.Open || (p.State == sandbox.Failed && c.Now.Before(p.ExpiresAt))
}

// back turns the return's query into the form that the browser posts.
func back(outcome sandbox.Outcome) sandbox.Reply {
	reply := outcome.Reply()
	target, err := url.Parse(outcome.ReturnURL)
	own, ownErr := url.Parse(outcome.Payment.Callback)
	if err != nil || ownErr != nil {
		return sandbox.Text(http.StatusInternalServerError, "The return address cannot be read.")
	}
	fields, err := url.ParseQuery(strings.TrimPrefix(strings.TrimPrefix(target.RawQuery, own.RawQuery), "&"))
	if err != nil {
		return sandbox.Text(http.StatusInternalServerError, "The return cannot be written.")
	}
	list := make(sandbox.Object, 0, len(fields))
	for name := range fields {
		list = append(list, sandbox.Member{Name: name, Value: fields.Get(name)})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	form := sandbox.Render(backTemplate, struct {
		Address string
		Fields  sandbox.Object
	}{outcome.Payment.Callback, list})
	// Only what is seen of it: this page may run its script.
	reply.Status, reply.Location, reply.Type, reply.Body = form.Status, "", form.Type, form.Body
	return reply
}

// returnMembers is what the browser brings back: the fields of the notice, signed alike.
func returnMembers(c *sandbox.Call, p sandbox.Payment, success bool) sandbox.Object {
	if base := strings.Split(p.ID, "~")[0]; base != p.OrderID {
		p.OrderID = base // a swapped return names another payment
	}
	return signed(c, told(p, success))
}

// render writes the page.
func render(c *sandbox.Call, p sandbox.Payment, view pageView) sandbox.Reply {
	view.Payment, view.Taka, view.Channels = p, fixed(p.Amount), offered(p)
	view.Unpaid, view.Again = payable(c, p), p.State == sandbox.Failed
	return sandbox.Render(pageTemplate, view)
}
