package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/api"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// Whoever follows the cursors sees each thing that was there once, in order,
// while more is made.
func TestPages(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	make1 := func(n int) {
		a := w.Ask(h, http.MethodPost, "/v1/invoices", named(fmt.Sprint(n)), `{"amount":"5000","unit":"IRR"}`)
		if a.Status != http.StatusCreated {
			t.Fatalf("got %d %s", a.Status, a.Body)
		}
	}
	for n := range 7 {
		make1(n)
		if n%2 == 0 {
			w.Wait(time.Second) // so that some are made at the same time
		}
	}
	var seen []string
	for cursor, page := "", 0; page == 0 || cursor != ""; page++ {
		target := "/v1/invoices?limit=2"
		if cursor != "" {
			target += "&cursor=" + cursor
		}
		a := w.Ask(h, http.MethodGet, target, named(""), "")
		var list struct {
			Data       []struct{ ID string }
			NextCursor string `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(a.Body), &list); err != nil || a.Status != http.StatusOK || page > 9 {
			t.Fatalf("got %d %s, %v", a.Status, a.Body, err)
		}
		for _, one := range list.Data {
			seen = append(seen, one.ID)
		}
		cursor = list.NextCursor
		make1(100 + page)
	}
	sorted := slices.Sorted(slices.Values(seen))
	slices.Reverse(sorted)
	if len(slices.Compact(sorted)) != 7 || !slices.Equal(sorted, seen) {
		t.Errorf("got %v, want the seven, each once, the newest first", seen)
	}
}

// TestCursorsOfOlderVersions wants them to lead on: they name no list.
func TestCursorsOfOlderVersions(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	for n := range 3 {
		w.Ask(h, http.MethodPost, "/v1/invoices", named(fmt.Sprint(n)), `{"amount":"5000","unit":"IRR"}`)
	}
	cursor := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%s", w.Now().UnixMicro(), id("inv", 2)))
	a := w.Ask(h, http.MethodGet, "/v1/invoices?cursor="+cursor, named(""), "")
	if a.Status != http.StatusOK || !strings.Contains(a.Body, id("inv", 1)) || strings.Contains(a.Body, id("inv", 2)) {
		t.Errorf("got %d %s, want the first invoice alone", a.Status, a.Body)
	}
}

// What was made at the first time is in, what was made at the last one is not,
// in pages and in tables.
func TestPagesOfADay(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	var times, ids []string
	for n := range 4 {
		times = append(times, w.Now().Format(time.RFC3339))
		a := w.Ask(h, http.MethodPost, "/v1/invoices", named(fmt.Sprint(n)), `{"amount":"5000","unit":"IRR"}`)
		var made struct{ ID string }
		if err := json.Unmarshal([]byte(a.Body), &made); err != nil || made.ID == "" {
			t.Fatalf("got %s, %v", a.Body, err)
		}
		ids = append(ids, made.ID)
		w.Wait(time.Minute)
	}
	between := "created_from=" + times[1] + "&created_until=" + times[3]
	for query, want := range map[string][]int{
		between: {1, 2}, between + "&format=csv": {1, 2}, between + "&limit=1": {2}, between + "&status=paid": {},
		"created_from=" + times[2]: {2, 3}, "created_until=" + times[2]: {0, 1},
		"created_from=2025-01-02T06:34:05%2B03:30&created_until=" + times[1]: {0},
	} {
		a := w.Ask(h, http.MethodGet, "/v1/invoices?"+query, named(""), "")
		for n, id := range ids {
			if got := strings.Contains(a.Body, id); a.Status != http.StatusOK || got != slices.Contains(want, n) {
				t.Errorf("%s: got %d, with the invoice %d: %t", query, a.Status, n, got)
			}
		}
	}
	for query, param := range map[string]string{
		"created_from=yesterday": "created_from", "created_until=2026-12-01": "created_until",
		"created_from=" + times[1] + "&created_until=" + times[1]: "created_until",
	} {
		a := w.Ask(h, http.MethodGet, "/v1/invoices?"+query, named(""), "")
		if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, `"`+param+`"`) {
			t.Errorf("%s: got %d %s", query, a.Status, a.Body)
		}
	}
}

// The feed of events has no gap and nothing twice.
func TestFeed(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	before, err := w.Store.Events(t.Context(), w.Shop, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	begin := int64(len(before))
	for n := range 5 {
		w.Ask(h, http.MethodPost, "/v1/invoices", named(fmt.Sprint(n)), `{"amount":"5000","unit":"IRR"}`)
	}
	after, seen := begin, begin
	for range 9 {
		a := w.Ask(h, http.MethodGet, fmt.Sprintf("/v1/events?limit=2&after=%d", after), named(""), "")
		var feed struct {
			Data  []struct{ Sequence int64 }
			After int64
		}
		if err := json.Unmarshal([]byte(a.Body), &feed); err != nil || a.Status != http.StatusOK {
			t.Fatalf("got %d %s, %v", a.Status, a.Body, err)
		}
		for _, e := range feed.Data {
			if seen++; e.Sequence != seen {
				t.Fatalf("got the number %d, want %d", e.Sequence, seen)
			}
		}
		after = feed.After
	}
	if want := begin + 5; seen != want || after != want {
		t.Errorf("got %d events and the end %d, want %d", seen, after, want)
	}
}

// The oldest of ten invoices is the only one that was closed: it is found by its state, and no
// page looks through more than four.
func TestStatesAreSought(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(api.New(api.Config{
		App: w.App, PublicURL: "https://pay.example", Now: w.Now, Log: slog.New(slog.DiscardHandler), Unlimited: true,
		Looks: 3,
	}))
	oldest := ""
	for n := range 10 {
		a := w.Ask(h, http.MethodPost, "/v1/invoices", named(fmt.Sprint(n)), `{"amount":"5000","unit":"IRR"}`)
		if n == 0 {
			var made struct{ ID string }
			if err := json.Unmarshal([]byte(a.Body), &made); err != nil {
				t.Fatal(err)
			}
			oldest = made.ID
			a = w.Ask(h, http.MethodPost, "/v1/invoices/"+oldest+"/cancel", named("cancel"), "{}")
		}
		if a.Status >= http.StatusMultipleChoices {
			t.Fatalf("got %d %s", a.Status, a.Body)
		}
		w.Wait(time.Second)
	}
	var found []string
	pages := 0
	for cursor := ""; pages == 0 || cursor != ""; pages++ {
		a := w.Ask(h, http.MethodGet, "/v1/invoices?status=canceled"+cursor, named(""), "")
		var list struct {
			Data       []struct{ ID string }
			NextCursor string `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(a.Body), &list); err != nil || a.Status != http.StatusOK || pages > 9 {
			t.Fatalf("got %d %s, %v", a.Status, a.Body, err)
		}
		for _, one := range list.Data {
			found = append(found, one.ID)
		}
		if cursor = list.NextCursor; cursor != "" {
			cursor = "&cursor=" + cursor
		}
	}
	if !slices.Equal(found, []string{oldest}) || pages != 3 {
		t.Errorf("got %v on %d pages, want the one, on 3", found, pages)
	}
}

// What was booked for a payment adds up to zero.
func TestEntries(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{Watch: watching(t)})
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(posted("/invoices", `{"amount":"5000","unit":"IRR"}`)+
		posted("/payments", `{"invoice":"`+id("inv", 1)+`"}`)+"! pay A1\n! payer returns from A1\n"))
	a := w.Ask(h, http.MethodGet, "/v1/entries?subject="+id("pay", 2), named(""), "")
	var list struct {
		Data []struct {
			Rule     string
			Postings []struct{ Role, Owner, Amount, Unit string }
		}
	}
	if err := json.Unmarshal([]byte(a.Body), &list); err != nil || len(list.Data) != 1 || list.Data[0].Rule != "captured" {
		t.Fatalf("got %d %s, %v", a.Status, a.Body, err)
	}
	got := fmt.Sprint(list.Data[0].Postings)
	if want := "[{gateway_clearing zarinpal -5000 IRR} {merchant_available  5000 IRR}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
