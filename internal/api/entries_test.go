package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/api"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// bookOf books twenty things a second apart for the shop and as many for somebody else,
// every fifth a fee, and has an API that looks through three at once.
func bookOf(t *testing.T) (*dialecttest.World, http.Handler) {
	t.Helper()
	w := dialecttest.NewWorld(t, banks)
	for n := range 20 {
		at := w.Now().Add(time.Duration(n) * time.Second)
		rule, of := ledger.RuleCaptured, "zarinpal"
		if n%5 == 0 {
			rule, of = ledger.RuleFee, "shepa"
		}
		for _, merchant := range []string{"somebody", w.Shop} {
			e, err := ledger.Book(rule, ledger.Cause{
				Entry: fmt.Sprintf("%012x%s%02d", at.UnixMilli(), merchant, n), Merchant: merchant,
				Subject: fmt.Sprintf("pay_%02d", n), At: at,
			}, ledger.Names{Gateway: of}, money.New(500, "IRR"))
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Store.Commit(t.Context(), store.Change{Entries: []ledger.Entry{e}}); err != nil {
				t.Fatal(fault.Detail(err))
			}
		}
	}
	return w, w.Handler(api.New(api.Config{
		App: w.App, PublicURL: "https://pay.example", Now: w.Now, Log: slog.New(slog.DiscardHandler), Unlimited: true,
		Looks: 3,
	}))
}

// TestBook wants what was booked to be found in parts, each once, the newest first, and
// nothing of anybody else.
func TestBook(t *testing.T) {
	t.Parallel()
	w, h := bookOf(t)
	for query, want := range map[string]string{
		"?limit=7":                     "19 18 17 16 15 14 13 12 11 10 09 08 07 06 05 04 03 02 01 00",
		"?limit=1&rule=fee":            "15 10 05 00",
		"?role=fees&owner=shepa":       "15 10 05 00",
		"?role=fees&owner=zarinpal":    "",
		"?owner=shepa&unit=EUR":        "",
		"?subject=pay_05":              "05",
		"?subject=pay_05&rule=fee":     "05",
		"?subject=pay_05&owner=stripe": "",
		"?rule=fee&created_until=" + w.Now().Add(10*time.Second).Format(time.RFC3339): "05 00",
		"?rule=fee&created_from=" + w.Now().Add(10*time.Second).Format(time.RFC3339):  "15 10",
		"?subject=pay_05&created_until=" + w.Now().Format(time.RFC3339):               "",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			var got []string
			for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
				a := w.Ask(h, http.MethodGet, "/v1/entries"+query+cursor, admin(), "")
				var page struct {
					Data       []struct{ Subject string }
					NextCursor string `json:"next_cursor"`
				}
				if err := json.Unmarshal([]byte(a.Body), &page); err != nil || a.Status != http.StatusOK || pages > 30 {
					t.Fatalf("got %d %s, %v", a.Status, a.Body, err)
				}
				for _, e := range page.Data {
					got = append(got, strings.TrimPrefix(e.Subject, "pay_"))
				}
				if cursor = page.NextCursor; cursor != "" {
					cursor = "&cursor=" + cursor
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %v, want %s", got, want)
			}
		})
	}
}

// A table of the books is whole, however few of them are looked through at once.
func TestBookAsTable(t *testing.T) {
	t.Parallel()
	w, h := bookOf(t)
	a := w.Ask(h, http.MethodGet, "/v1/entries?format=csv&rule=captured", admin(), "")
	if lines := strings.Count(a.Body, "\n"); a.Status != http.StatusOK || lines != 17 {
		t.Errorf("got %d, %d lines, want a head and 16 rows:\n%s", a.Status, lines, a.Body)
	}
}
