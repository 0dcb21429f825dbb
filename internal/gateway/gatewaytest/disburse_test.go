package gatewaytest_test

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
)

// payer is an honest connector of an invented provider that sends payouts.
type payer struct {
	base   string
	able   bool
	client http.Client
}

type payerAnswer struct {
	State, Receipt, Amount string
}

func (p *payer) CanDisburse() bool { return p.able }

func (p *payer) Disburse(ctx context.Context, o gateway.Order) gateway.SendReport {
	if !p.able || o.Amount.Unit() != money.USDT || o.Amount.Sign() <= 0 {
		return gateway.SendReport{Outcome: gateway.NotSent, Alarm: "no such order can be sent"}
	}
	body, err := json.Marshal(map[string]string{
		"id": o.Reference, "amount": o.Amount.Fixed(), "to": o.Destination,
	})
	if err != nil {
		return gateway.SendReport{Outcome: gateway.NotSent, Alarm: "no such order can be written"}
	}
	return p.call(ctx, http.MethodPost, "/payouts", string(body))
}

func (p *payer) DisburseState(ctx context.Context, o gateway.Order) gateway.SendReport {
	if !p.able {
		return gateway.SendReport{Outcome: gateway.SendUnsure}
	}
	return p.call(ctx, http.MethodGet, "/payouts/"+o.Reference, "")
}

// call makes one call; whatever is not understood is unsure.
func (p *payer) call(ctx context.Context, method, path, body string) gateway.SendReport {
	unsure := gateway.SendReport{Outcome: gateway.SendUnsure}
	r, err := http.NewRequestWithContext(ctx, method, p.base+path, io.NopCloser(strings.NewReader(body)))
	if err != nil {
		return unsure
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return unsure
	}
	defer func() { _ = answer.Body.Close() }() // its content was read or is of no use
	media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	const most = 1 << 20
	text, broken := io.ReadAll(io.LimitReader(answer.Body, most))
	var said payerAnswer
	if err != nil || broken != nil || answer.StatusCode != http.StatusOK || media != "application/json" ||
		len(text) == most || json.Unmarshal(text, &said) != nil {
		return unsure
	}
	outcome := map[string]gateway.SendOutcome{
		"paid": gateway.Sent, "accepted": gateway.Sending, "refused": gateway.NotSent,
	}[said.State]
	amount, err := money.Parse(said.Amount, money.USDT)
	if outcome == "" || (outcome == gateway.Sent && (said.Receipt == "" || err != nil)) {
		return unsure
	}
	return gateway.SendReport{Outcome: outcome, Receipt: said.Receipt, Amount: amount}
}

func TestDisburser(t *testing.T) {
	t.Parallel()
	open := func(base string, limit time.Duration, able bool) gateway.Disburser {
		stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		transport := &http.Transport{DisableKeepAlives: true}
		return &payer{base: base, able: able, client: http.Client{
			Timeout: limit, CheckRedirect: stay, Transport: transport,
		}}
	}
	state := func(answer string) []gatewaytest.Step {
		return []gatewaytest.Step{{Method: http.MethodGet, Path: "/payouts/po-1", Answer: answer}}
	}
	const paid = `{"state":"paid","receipt":"tx-1","amount":"3.51"}`
	gatewaytest.RunDisburser(t, gatewaytest.DisburserKit{
		Open: func(base string, limit time.Duration) gateway.Disburser { return open(base, limit, true) },
		Bare: func(base string) gateway.Disburser { return open(base, time.Minute, false) },
		Order: gateway.Order{
			Reference: "po-1", Amount: money.New(351_000_000, money.USDT), Destination: "T1",
			AskedAt: gatewaytest.Now(),
		},
		Sent: func(c gatewaytest.Call) string {
			var body struct{ Amount string }
			if err := json.Unmarshal([]byte(c.Body), &body); err != nil {
				t.Error(err)
			}
			return body.Amount
		},
		Wire:     func(a money.Amount) string { return a.Fixed() },
		Disburse: []gatewaytest.Step{{Path: "/payouts", Answer: paid, Once: true}},
		Refusal:  []gatewaytest.Step{{Path: "/payouts", Answer: `{"state":"refused"}`, Once: true}},
		State:    state(paid), Underway: state(`{"state":"accepted"}`), Unknown: state(`{"state":"none"}`),
		Receipt: "tx-1",
	})
}
