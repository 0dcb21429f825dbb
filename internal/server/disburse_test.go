package server

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
)

// What a gateway sends nobody is told to send, and only one that called for a
// person is left to people.
func TestPayoutByGatewayIsNotSentByHand(t *testing.T) {
	t.Parallel()
	amount := money.New(501, money.USDT)
	for _, c := range []struct {
		state     payout.State
		attention string
		says      string
		decides   bool
	}{
		{payout.Approved, "", "is told to send it, and there is nothing to do", false},
		{payout.Approved, "no contract", "is not told: no contract. purser payout reject p gives", false},
		{payout.Processing, "", "is sending it and is asked until it answers", false},
		{payout.Processing, "no word", "calls for a person: no word. Send nothing, ask the provider", true},
		{payout.Paid, "", "The gateway TRX has sent it.", false},
		{payout.Failed, "", "the account has its money again", false},
	} {
		p := payout.Payout{
			ID: "p", State: c.state, Attention: c.attention, Amount: amount, Fee: money.Zero(money.USDT), Rail: "TRX",
			Gateway: "TRX", Destination: "T1",
		}
		d := newDesk(Config{})
		view := viewPayout(p, nil, false)
		if err := d.tellWhatNext(view, p); err != nil || !strings.Contains(d.out.String(), c.says) {
			t.Errorf("%s %s: got %v and %s, want %q", c.state, c.attention, err, d.out.String(), c.says)
		}
		for _, words := range []string{d.out.String(), next(p)} {
			if strings.Contains(words, "Now send") || strings.Contains(words, "payout take") ||
				strings.Contains(words, "payout confirm") != c.decides {
				t.Errorf("%s %s: got %s", c.state, c.attention, words)
			}
		}
		body, err := json.Marshal(view)
		if err != nil || !strings.Contains(string(body), `"gateway":"TRX"`) ||
			strings.Contains(string(body), `"attention"`) != (c.attention != "") {
			t.Errorf("got %s, %v", body, err)
		}
		if got := view.row(); len(got) != len(payoutHead) || got[7] != "TRX" {
			t.Errorf("got the row %q", got)
		}
	}
}
