package nagad

import (
	_ "embed"
	"net/http"
	"net/url"

	"github.com/purserhq/purser/internal/sandbox"
)

//go:embed page.html
var pageText string

var pageTemplate = sandbox.Template(pageText)

// pageView is what the template shows.
type pageView struct {
	Merchant, Order, Reference, Amount, Word string
	Open, Left, NoReturn                     bool
}

// show is the customer page. Reading it changes nothing, so a link preview starts nothing.
func show(c *sandbox.Call) sandbox.Reply {
	p, ok := ready(c)
	if !ok {
		return sandbox.NoSuchPage()
	}
	return render(c, p, pageView{})
}

// ready finds an order that complete has opened the page of.
func ready(c *sandbox.Call) (*sandbox.Payment, bool) {
	p, ok := c.Find(c.Subject)
	return p, ok && p.Facts[factStage] != wordInitiated
}

// press does what a button of the page does.
func press(c *sandbox.Call) sandbox.Reply {
	form, err := url.ParseQuery(string(c.Body))
	p, ok := ready(c)
	if err != nil || !ok {
		return sandbox.NoSuchPage()
	}
	outcome, err := c.Decide(sandbox.Decision{Choice: form.Get("decision")})
	if err != nil {
		return sandbox.Text(http.StatusBadRequest, err.Error())
	}
	if p.State == sandbox.Open && p.Facts[factStage] == wordReady {
		p.Facts[factStage] = wordProgress // somebody was there
		c.Save(p)
	}
	if outcome.ReturnURL == "" {
		left := form.Get("decision") == sandbox.Leave
		return render(c, p, pageView{Left: left, NoReturn: !left})
	}
	return outcome.Reply()
}

// render writes the page.
func render(c *sandbox.Call, p *sandbox.Payment, view pageView) sandbox.Reply {
	view.Merchant, view.Order, view.Reference = p.Merchant, p.OrderID, p.ID
	view.Amount, view.Word, view.Open = fixed(p.Amount), word(c, p), p.State == sandbox.Open
	return sandbox.Render(pageTemplate, view)
}
