// Package manual is the gateway without a provider: the payer transfers or
// hands over the money, and an operator says whether it came.
package manual

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// Gateway is one arrangement to be paid without a provider.
type Gateway struct {
	info gateway.Info
	link string
}

// mostInstructions bounds what payers are told, in characters.
const mostInstructions = 1000

// New opens an arrangement.
//
// Settings: mode (live, test), title, unit, methods (bank_transfer, cash, or
// both with a comma), instructions (some lines of plain text that say where to
// send the money), instructions_url (a page that does), min_amount and
// max_amount in smallest steps of the unit, page_minutes. There are no
// credentials, and nothing is called. Error: setting_invalid.
func New(c gateway.Config, _ http.RoundTripper) (gateway.Gateway, error) {
	const aMonth = 30 * 24 * 60
	t := c.Terms()
	g := &Gateway{info: gateway.Info{
		Connector: "manual", Title: t.Text("title", "Bank transfer or cash"),
		Lifetime: time.Duration(t.Count("page_minutes", aMonth, 1, 12*aMonth)) * time.Minute,

		CanLook: true, LostStartIsHarmless: true,
	}}
	unit, err := money.Lookup(money.Unit(t.Text("unit", string(money.IRR))))
	if err != nil {
		t.Fail("unit", "It must be a currency unit that is registered.")
	}
	for name := range strings.SplitSeq(t.Text("methods", "bank_transfer,cash"), ",") {
		method := payment.Method(strings.TrimSpace(name))
		if method != payment.BankTransfer && method != payment.Cash {
			t.Fail("methods", "They must be bank_transfer or cash, with a comma between them.")
		}
		g.info.Methods = append(g.info.Methods, method)
	}
	g.info.Instructions = t.Lines("instructions", mostInstructions)
	if t.Text("instructions_url", "") != "" {
		g.link = t.Address("instructions_url", "")
	}
	if g.info.Instructions == "" && g.link == "" {
		g.info.Warning = "Payers are not told where to send the money, or where to bring it. Say so in the setting " +
			"instructions (bank, holder, account number), or give the address of a page that does in instructions_url."
	}
	least, most := t.Count("min_amount", 1, 1, 1<<62), t.Count("max_amount", 0, 1, 1<<62)
	if err := t.Err(); err != nil {
		return nil, err
	}
	g.info.Unit, g.info.Min = unit.Unit, money.New(least, unit.Unit)
	if most != 0 {
		g.info.Max = money.New(most, unit.Unit)
	}
	return g, nil
}

// Info is what the arrangement takes.
func (g *Gateway) Info() gateway.Info { return g.info }

// Start opens at once. The payer is told our reference, by which the operator
// finds the money.
func (g *Gateway) Start(_ context.Context, a gateway.Attempt) gateway.Started {
	if a.Amount.Unit() != g.info.Unit || a.Amount.Sign() <= 0 || a.Reference == "" {
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the amount is not in the arrangement's unit"}
	}
	return gateway.Started{Outcome: gateway.Opened, Session: a.Reference, Link: g.link}
}

// Resolve knows nothing: an operator's word decides, whoever asks.
func (g *Gateway) Resolve(context.Context, gateway.Attempt, gateway.Question) gateway.Report {
	return gateway.Report{Outcome: gateway.Pending, Word: "an operator has to say whether the money came"}
}

// CanRefund says that money can go back as it came: by hand.
func (g *Gateway) CanRefund() bool { return true }

// Refund calls for a person, who gives the money back and says so.
func (g *Gateway) Refund(_ context.Context, r gateway.Return) gateway.ReturnReport {
	if r.Amount.Unit() != g.info.Unit || r.Amount.Sign() <= 0 {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "the amount is not in the arrangement's unit"}
	}
	return byHand()
}

// RefundState knows nothing: an operator's word decides here too.
func (g *Gateway) RefundState(context.Context, gateway.Return, string) gateway.ReturnReport {
	return byHand()
}

func byHand() gateway.ReturnReport {
	return gateway.ReturnReport{
		Outcome: gateway.ReturnUnsure, Alarm: "give the money back by hand and confirm this refund, or reject it",
	}
}

// Confirmable says that an operator decides.
func (g *Gateway) Confirmable() bool { return true }
