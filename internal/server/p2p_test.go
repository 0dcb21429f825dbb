package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect/p2p"
	"github.com/purserhq/purser/internal/money"
)

// tradeRoubles gives the merchant a store, its key and a trader.
func tradeRoubles(t *testing.T, x told, r *running) {
	t.Helper()
	rate, err := money.ParseRate("98.50")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.SetRate(t.Context(), app.NewRate{
		Merchant: x.merchant, Base: deal.Coin, Quote: money.RUB, Buy: rate, Sell: rate, Source: "test",
	}); err != nil {
		t.Fatal(err)
	}
	trader, err := r.app.AddTrader(t.Context(), app.NewTrader{Merchant: x.merchant, Name: "A trader", Operator: "Sam"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.app.MoveTraderCoins(t.Context(), app.TraderCoins{
		Merchant: x.merchant, Trader: trader.ID, Amount: must(money.Parse("100", deal.Coin)), Gateway: "till", Receipt: "1",
		Operator: "Sam",
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.PutRequisite(t.Context(), app.RequisiteTerms{
		Merchant: x.merchant, Trader: trader.ID, Option: "SBP", Method: "sberbank", Number: "+7(900)000-00-01",
		Holder: "A trader", Least: must(money.Parse("100", money.RUB)), Most: must(money.Parse("9000", money.RUB)),
		Operator: "Sam",
	}); err != nil {
		t.Fatal(err)
	}
}

// Calls are signed over any of the public addresses, whatever host a proxy names, and
// over no other.
func TestSignedAddresses(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	x.config.PublicURL = "https://pay.example/"
	x.config.ExtraPublicURLs = []string{"https://api.example/", "http://old.example"}
	name := "Shop"
	x.operate(t, new(terminalView), func(c Commands) error {
		return c.AddTerminal(t.Context(), x.merchant, TerminalTerms{Name: &name})
	})
	var key keyView
	x.operate(t, &key, func(c Commands) error {
		return c.AddStoreKey(t.Context(), NewStoreKey{Merchant: x.merchant, Store: 1001})
	})
	r := start(t, x.config, nil)
	for base, want := range map[string]int{
		"https://pay.example": http.StatusOK, "https://api.example": http.StatusOK, "http://old.example": http.StatusOK,
		"http://pay.example": http.StatusUnauthorized, "https://10.0.0.7:8080": http.StatusUnauthorized,
		r.url: http.StatusUnauthorized, "": http.StatusUnauthorized,
	} {
		const path = "/api/merchant/accounts"
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "10.0.0.7:8080"
		request.Header.Set("X-Identity", key.Public)
		request.Header.Set("X-Signature", p2p.Sign(key.Secret, http.MethodGet, base+path, nil))
		response, err := r.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("signed over %q: got %d, want %d", base, response.StatusCode, want)
		}
	}
	r.halt(t)
}

// A store asks for money over HTTP, the trader has it, and the store's own
// address hears of it with the merchant's token.
func TestStoreIsTold(t *testing.T) {
	t.Parallel()
	type notice struct {
		token, body string
	}
	heard := make(chan notice, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		heard <- notice{r.Header.Get("X-Notification-Token"), string(body)}
	}))
	defer receiver.Close()
	x := teaHouse(t)
	x.config.PublicURL = "https://pay.example"
	name := "Shop"
	x.operate(t, new(terminalView), func(c Commands) error {
		return c.AddTerminal(t.Context(), x.merchant, TerminalTerms{Name: &name})
	})
	var key keyView
	x.operate(t, &key, func(c Commands) error {
		return c.AddStoreKey(t.Context(), NewStoreKey{Merchant: x.merchant, Store: 1001})
	})
	err := newDesk(x.config).AddStoreKey(t.Context(), NewStoreKey{Merchant: x.merchant, Store: 1002})
	if err == nil || !strings.Contains(err.Error(), "no such terminal") {
		t.Errorf("a key of a store that is not there: got %v", err)
	}
	r := start(t, x.config, nil)
	tradeRoubles(t, x, r)
	body := `{"type":"in","amount":"2000","currency":"RUB","notificationUrl":"` + receiver.URL +
		`","notificationToken":"tok-1","startDeal":true}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/api/merchant/invoices",
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Identity", key.Public)
	request.Header.Set("X-Signature", p2p.Sign(key.Secret, http.MethodPost,
		"https://pay.example/api/merchant/invoices", []byte(body)))
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, %v", response.StatusCode, answer, err)
	}
	deals, err := r.app.Deals(t.Context(), app.DealFilter{Merchant: x.merchant}, app.Page{Limit: 10})
	if err != nil || len(deals) != 1 {
		t.Fatalf("got %d deals, %v", len(deals), err)
	}
	if status, page := r.get(t, r.url+"/invoice?id="+deals[0].Invoice); status != http.StatusOK ||
		!strings.Contains(page, "(900)000-00-01") {
		t.Errorf("got %d %s, want the page of the invoice", status, page)
	}
	if _, err := r.app.CompleteDeal(t.Context(), app.DealWord{
		Merchant: x.merchant, Deal: deals[0].ID, Operator: "Sam",
	}); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got.token != "tok-1" || !strings.Contains(got.body, `"status":"paid"`) {
		t.Errorf("got %+v", got)
	}
	r.halt(t)
}
