package sandbox

import (
	"cmp"
	_ "embed"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

var pageTemplate = Template(pageText)

// pagePolicy lets the page load nothing at all. It says nothing of forms, since a browser would hold the way back to
// the merchant against it.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

// testCard is what the bank page offers when the payment does not name a card.
const testCard = "6037991200001234"

// maskSigns turns a masked card into one that fits the mask.
var maskSigns = strings.NewReplacer("*", "0", "x", "0", "X", "0")

var cardForm = regexp.MustCompile(`^[0-9]{16}$`)

// The payer's choices on the bank page.
const (
	Approve = "approve"
	Decline = "decline"
	Cancel  = "cancel"
	Leave   = "leave"
	Expire  = "expire" // let the time run out, at once
)

// Decision is what the payer does on the bank page.
type Decision struct {
	Choice string `json:"decision"`
	Card   string `json:"card,omitempty"`   // 16 digits; empty takes the card that will work
	Status int    `json:"status,omitempty"` // the provider's number for a decline, where it has several
}

// Outcome is what became of a decision.
type Outcome struct {
	Payment Payment `json:"payment"`
	// ReturnURL is where the payer's browser goes; empty when it stays.
	ReturnURL string `json:"return_url"`

	late   time.Duration
	visits []string
}

// Page adds the bank page under a path with the wildcard {id}. Reading the page changes nothing, so a link preview
// starts nothing; posting the form to the page's own address decides.
func (b *Bench) Page(path string) {
	identify := func(c *Call) string { return c.Request.PathValue("id") }
	b.Handle("GET "+path, "page", identify, func(c *Call) Reply {
		p, ok := b.byID[c.Subject]
		if !ok {
			return NoSuchPage()
		}
		return b.render(pageView{Payment: b.view(p, c.Now)})
	})
	b.Handle("POST "+path, "decide", identify, b.post)
}

// post does what a button of the page does.
func (b *Bench) post(c *Call) Reply {
	form, err := url.ParseQuery(string(c.Body))
	if err != nil {
		return Text(http.StatusBadRequest, "The form cannot be read.")
	}
	decision := Decision{Choice: form.Get("decision"), Card: form.Get("card")}
	if status := form.Get("status"); status != "" {
		if decision.Status, err = strconv.Atoi(status); err != nil {
			return Text(http.StatusBadRequest, "The status is not a number.")
		}
	}
	if _, ok := b.byID[c.Subject]; !ok {
		return NoSuchPage()
	}
	outcome, err := b.decide(c, decision)
	if err != nil {
		return Text(http.StatusBadRequest, err.Error())
	}
	if outcome.ReturnURL == "" {
		return b.render(pageView{
			Payment: outcome.Payment, Left: decision.Choice == Leave, NoReturn: decision.Choice != Leave,
		})
	}
	return outcome.Reply()
}

// Reply sends the payer's browser to where it goes, as late and as often as the faults say.
func (o Outcome) Reply() Reply {
	return Reply{Status: http.StatusSeeOther, Location: o.ReturnURL, delay: o.late, visits: o.visits}
}

// Act does what the payer would do on the bank page, without a browser. The faults of the page's return apply; the
// answer comes at once also for a late return.
func (b *Bench) Act(id string, d Decision) (Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.byID[id]; !ok {
		return Outcome{}, fmt.Errorf("%s has no payment %q", b.profile.Name, id)
	}
	c := &Call{Name: "decide", Subject: id, Now: b.now(), bench: b}
	outcome, err := b.decide(c, d)
	if err == nil {
		err = c.err
	}
	return outcome, err
}

// decide carries the payer's choice out and says where the browser goes.
func (b *Bench) decide(c *Call, d Decision) (Outcome, error) {
	p, ok := c.Find(c.Subject)
	if !ok {
		return Outcome{}, fmt.Errorf("%s has no payment %q", b.profile.Name, c.Subject)
	}
	if err := b.checkDecision(d); err != nil {
		return Outcome{}, err
	}
	if d.Choice == Leave {
		return Outcome{Payment: p.clone()}, nil
	}
	success := true
	if _, forged := c.Fault(FaultForgedReturn); !forged {
		before := p.State
		b.move(c, p, d)
		if b.profile.Decided != nil && p.State != before {
			b.profile.Decided(c, p)
		}
		success = p.State == Paid || p.State == Verified
	}
	return b.route(c, p, success)
}

// checkDecision refuses what the page has no button for.
func (b *Bench) checkDecision(d Decision) error {
	switch d.Choice {
	case Approve, Decline, Cancel, Leave, Expire:
	default:
		return fmt.Errorf("decision %q is not one of approve, decline, cancel, leave, expire", d.Choice)
	}
	if d.Card != "" && !cardForm.MatchString(d.Card) {
		return fmt.Errorf("card %q is not 16 digits", d.Card)
	}
	if d.Status == 0 {
		return nil
	}
	for _, refusal := range b.profile.Refusals {
		if refusal.Code == d.Status {
			return nil
		}
	}
	return fmt.Errorf("%s has no refusal %d", b.profile.Name, d.Status)
}

// move changes an open payment by the payer's choice. A second press of a button on a payment that is through
// changes nothing, so nobody is charged twice.
func (b *Bench) move(c *Call, p *Payment, d Decision) {
	if p.State != Open && !b.revive(c, p, d) {
		return
	}
	card := d.Card
	if card == "" {
		card = PayingCard(*p)
	}
	switch {
	case d.Choice == Cancel:
		p.State, p.Code = Canceled, b.profile.Cancel
	case d.Choice == Expire:
		p.State, p.ExpiresAt = Expired, c.Now
	case d.Choice == Decline || !cardAllowed(*p, card):
		p.State, p.Code = Failed, b.profile.Decline
		if d.Status != 0 {
			p.Code = d.Status
		}
	default:
		b.charge(c, p, card)
	}
	c.Save(p)
}

// charge takes the money from the payer's card.
func (b *Bench) charge(c *Call, p *Payment, card string) {
	p.State, p.Code, p.Card = Paid, 0, card
	p.Charges++
	p.PaidAt = c.Now
	p.ReturnsAt = c.Now.Add(c.Length(b.profile.Window))
	p.Reference, p.Panel = c.Next(), c.Next()
	if p.AutoVerify {
		p.Verify(c.Now)
	}
}

// revive lets a payment that was reported closed be paid after all, when the fault for that is set.
func (b *Bench) revive(c *Call, p *Payment, d Decision) bool {
	if d.Choice != Approve || p.Charges > 0 {
		return false
	}
	_, ok := c.Fault(FaultLateSuccess)
	return ok
}

// route builds the address that the payer's browser goes to.
func (b *Bench) route(c *Call, p *Payment, success bool) (Outcome, error) {
	outcome := Outcome{Payment: p.clone()}
	if _, ok := c.Fault(FaultNoReturn); ok {
		return outcome, nil
	}
	shown := p.clone()
	if fault, ok := c.Fault(FaultSwappedReturn); ok {
		shown.ID = b.otherID(p, fault.Value)
	}
	address, err := JoinQuery(p.Callback, b.profile.Return(c, shown, success))
	if err != nil {
		return Outcome{}, err
	}
	outcome.ReturnURL = address
	if fault, ok := c.Fault(FaultLateReturn); ok {
		outcome.late = cmp.Or(fault.Wait, time.Minute)
	}
	if _, ok := c.Fault(FaultDoubleReturn); ok {
		outcome.visits = []string{address}
	}
	return outcome, nil
}

// otherID picks the payment that a swapped return names.
func (b *Bench) otherID(p *Payment, wanted string) string {
	if wanted != "" {
		return wanted
	}
	for i := len(b.payments) - 1; i >= 0; i-- {
		if b.payments[i].ID != p.ID {
			return b.payments[i].ID
		}
	}
	return p.ID
}

// PayingCard is a card that may pay this payment: the first of those it allows, or the usual test card.
func PayingCard(p Payment) string {
	for _, allowed := range p.Cards {
		if card := maskSigns.Replace(allowed); cardForm.MatchString(card) {
			return card
		}
	}
	return testCard
}

// cardAllowed compares a card with the payment's list, whose entries may be masked.
func cardAllowed(p Payment, card string) bool {
	if len(p.Cards) == 0 {
		return true
	}
	for _, allowed := range p.Cards {
		if len(allowed) == len(card) && strings.HasPrefix(card, allowed[:6]) &&
			(allowed == card || strings.ContainsAny(allowed, "*xX") && strings.HasSuffix(card, allowed[12:])) {
			return true
		}
	}
	return false
}

// JoinQuery adds members to an address and keeps the query and the fragment that it has already.
func JoinQuery(address string, members Object) (string, error) {
	target, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("read return address: %w", err)
	}
	query := make([]string, 0, len(members)+1)
	if target.RawQuery != "" {
		query = append(query, target.RawQuery)
	}
	for _, member := range members {
		query = append(query, url.QueryEscape(member.Name)+"="+url.QueryEscape(fmt.Sprint(member.Value)))
	}
	target.RawQuery = strings.Join(query, "&")
	return target.String(), nil
}

// pageView is what the template shows.
type pageView struct {
	Payment
	Left, NoReturn bool
	Title, Amount  string
	Card           string
	Open           bool
	Refusals       []Refusal
}

// render writes the bank page.
func (b *Bench) render(view pageView) Reply {
	view.Title, view.Amount = b.profile.Title, grouped(view.Payment.Amount)
	view.Card, view.Open = PayingCard(view.Payment), view.State == Open
	view.Refusals = b.profile.Refusals
	return Render(pageTemplate, view)
}

// grouped writes an amount with a comma between thousands.
func grouped(amount int64) string {
	digits := strconv.FormatInt(amount, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
