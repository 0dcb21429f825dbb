package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/client"
	"github.com/purserhq/purser/internal/server"
)

// What a merchant's people look at when a payer asks: each request to the gateway and each
// callback stands between the states and the entries that came of them, and no secret in it.
func TestV1Timeline(t *testing.T) {
	t.Parallel()
	s := open(t, server.DemoOptions{})
	ctx, c := t.Context(), s.v1()
	for gateway, want := range map[string][]string{
		"zarinpal": {
			"event create", "call start", "event open", "callback return", "event return", "event reserve",
			"call take", "event capture", "entry captured", "entry fee",
		},
	} {
		p := s.v1Paid(s.v1Invoice("timeline-"+gateway, "150000").JSON201.ID, gateway)
		got, err := c.GetPaymentTimelineWithResponse(ctx, p.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, m := range got.JSON200.Data {
			all = append(all, string(m.Kind)+" "+m.What)
			wantMoment(t, gateway, m)
		}
		if !slices.Equal(all, want) {
			t.Errorf("%s: got  %q\nwant %q\n%s", gateway, all, want, got.Body)
		}
		if n := strings.Count(string(got.Body), "[redacted]"); n == 0 {
			t.Errorf("%s: got no redacted token in %s", gateway, got.Body)
		}
	}
}

// wantMoment wants a call to say whom it asked and what was answered, and a callback what
// it brought.
func wantMoment(t *testing.T, gateway string, m client.Moment) {
	t.Helper()
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	switch m.Kind {
	case client.MomentKindCall:
		if text(m.Gateway) != gateway || text(m.Method) == "" || !strings.HasPrefix(text(m.Address), "http://127.0.0.1:") ||
			text(m.Sent) == "" || text(m.Answer) == "" || m.AnswerStatus == nil || *m.AnswerStatus != 200 {
			t.Errorf("got the call %+v, want whom it asked, with what, and the answer", m)
		}
	case client.MomentKindCallback:
		if text(m.Gateway) != gateway || !strings.Contains(text(m.Sent), "t=[redacted]") {
			t.Errorf("got the callback %+v, want what it brought", m)
		}
	case client.MomentKindDelivery, client.MomentKindEntry, client.MomentKindEvent:
	}
}
