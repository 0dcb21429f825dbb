package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

// teller is a provider in memory that sends payouts.
type teller struct {
	vault

	hears func()
	mute  bool // its answers are lost
	told  int
}

func (b *teller) Info() gateway.Info {
	info := b.vault.Info()
	info.Connector, info.Unit, info.Min = "teller", money.USDT, money.New(1, money.USDT)
	return info
}

func (*teller) CanDisburse() bool { return true }

func (b *teller) Disburse(_ context.Context, o gateway.Order) gateway.SendReport {
	b.told++
	if b.hears != nil {
		b.hears()
	}
	if b.mute {
		return gateway.SendReport{Outcome: gateway.SendUnsure}
	}
	return gateway.SendReport{Outcome: gateway.Sent, Receipt: "tx-" + o.Reference, Amount: o.Amount}
}

func (*teller) DisburseState(context.Context, gateway.Order) gateway.SendReport {
	return gateway.SendReport{Outcome: gateway.SendUnsure}
}

// An approval under a name is answered when the gateway was told, and every time
// alike; whoever comes meanwhile, also to another node, hears that it still runs.
func TestApprovalThatIsSent(t *testing.T) {
	t.Parallel()
	b := &teller{}
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{
		Gateways: func() map[string]gateway.Gateway { return map[string]gateway.Gateway{"teller": b} },
	})
	if err := openMarket(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if err := w.App.PutGateway(t.Context(), merchant.Gateway{
		Merchant: w.Shop, Name: "TRX", Connector: "teller", Order: 9, Enabled: true,
	}); err != nil {
		t.Fatal(err)
	}
	nodes := []http.Handler{w.Handler(open(t, w)), w.Handler(open(t, w))}
	ask := func(node int, what, body string) dialecttest.Answer {
		return w.Ask(nodes[node], http.MethodPost, "/v1/payouts/"+what, http.Header{
			"Authorization": {"Bearer {{operator}}"}, "Content-Type": {"application/json"}, "Idempotency-Key": {what},
		}, body)
	}
	last := ""
	for _, mute := range []bool{false, true} {
		b.mute = mute
		var made struct {
			ID string `json:"id"`
		}
		answer := w.Ask(nodes[0], http.MethodPost, "/v1/payouts", named(fmt.Sprint(mute)), overTron)
		if err := json.Unmarshal([]byte(answer.Body), &made); err != nil || answer.Status != http.StatusCreated {
			t.Fatalf("got %d %s", answer.Status, answer.Body)
		}
		last = made.ID
		b.hears = func() {
			a := ask(1, last+"/approve", sam)
			if a.Status != http.StatusConflict || !strings.Contains(a.Body, "idempotency_in_progress") {
				t.Errorf("meanwhile: got %d %s", a.Status, a.Body)
			}
		}
		first, again := ask(0, last+"/approve", sam), ask(1, last+"/approve", sam)
		want := map[bool]string{false: `"status":"paid"`, true: `"status":"processing"`}[mute]
		if first.Status != http.StatusOK || !strings.Contains(first.Body, want) || first.Body != again.Body ||
			again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("got %d %s and then %d %s", first.Status, first.Body, again.Status, again.Body)
		}
	}
	if b.told != 2 {
		t.Errorf("it was told %d times, want 2", b.told)
	}
	for how, body := range map[string]string{"confirm": `{"operator":"Sam","receipt":"r"}`, "fail": sam} {
		a := ask(0, last+"/"+how, body)
		if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, `"unsupported"`) {
			t.Errorf("%s: got %d %s", how, a.Status, a.Body)
		}
	}
}
