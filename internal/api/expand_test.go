package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/merchant"
)

// TestExpandTakesScopes wants nothing to be shown together with another thing to a
// key that may not read it by itself.
func TestExpandTakesScopes(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, kit(t).Extras)
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(prepared))
	pay, deal := "/v1/payments/"+id("pay", 3), "/v1/deals/"+id("deal", 12)
	for _, c := range []struct {
		path       string
		own, other merchant.Scope
		shows      string
	}{
		{pay + "?expand=invoice", merchant.PaymentsRead, merchant.InvoicesRead, `{"invoice":{"id"`},
		{pay + "?expand=refunds", merchant.PaymentsRead, merchant.RefundsRead, `{"refunds":[{`},
		{
			"/v1/refunds/" + id("rfd", 4) + "?expand=payment", merchant.RefundsRead, merchant.PaymentsRead,
			`{"payment":{"id"`,
		},
		{"/v1/transfers?expand=entries", merchant.TransfersRead, merchant.LedgerRead, `{"entries":[{`},
		{"/v1/exchanges?account=10000&expand=entries", merchant.ExchangesRead, merchant.LedgerRead, `{"entries":[{`},
		{"/v1/payouts/" + id("out", 10) + "?expand=deals", merchant.PayoutsRead, merchant.DealsRead, `"expanded":{`},
		{deal + "?expand=invoice", merchant.DealsRead, merchant.InvoicesRead, `{"invoice":{"id"`},
		{deal + "?expand=payment", merchant.DealsRead, merchant.PaymentsRead, `{"payment":{"id"`},
		{deal + "?expand=payout", merchant.DealsRead, merchant.PayoutsRead, `"status"`},
		{deal + "?expand=trader", merchant.DealsRead, merchant.Operator, `{"trader":{"id"`},
		{deal + "?expand=requisite", merchant.DealsRead, merchant.Operator, `{"requisite":{"id"`},
		{"/v1/deliveries/msg_1?expand=event", merchant.EndpointsRead, merchant.EventsRead, `"id":"msg_1"`},
	} {
		for want, scopes := range map[int][]merchant.Scope{
			http.StatusForbidden: {c.own}, http.StatusOK: {c.own, c.other},
		} {
			_, secret, err := w.App.CreateKey(t.Context(), app.NewKey{Merchant: w.Shop, Scopes: scopes})
			if err != nil {
				t.Fatal(err)
			}
			a := w.Ask(h, http.MethodGet, c.path, http.Header{"Authorization": {"Bearer " + secret}}, "")
			if a.Status != want || want == http.StatusOK && !strings.Contains(a.Body, c.shows) ||
				want == http.StatusForbidden && !strings.Contains(a.Body, `"param":"expand"`) {
				t.Errorf("%s with %s: got %d %s, want %d", c.path, scopes, a.Status, a.Body, want)
			}
		}
	}
	// Of several, each is asked for.
	_, secret, err := w.App.CreateKey(t.Context(), app.NewKey{
		Merchant: w.Shop, Scopes: []merchant.Scope{merchant.PaymentsRead, merchant.RefundsRead},
	})
	if err != nil {
		t.Fatal(err)
	}
	both := w.Ask(h, http.MethodGet, pay+"?expand=refunds,invoice", http.Header{"Authorization": {"Bearer " + secret}}, "")
	if both.Status != http.StatusForbidden || !strings.Contains(both.Body, string(merchant.InvoicesRead)) {
		t.Errorf("without the scope of one of two: got %d %s", both.Status, both.Body)
	}
}
