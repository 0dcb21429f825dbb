package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

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

// The feed of events has no gap and nothing twice.
func TestFeed(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	for n := range 5 {
		w.Ask(h, http.MethodPost, "/v1/invoices", named(fmt.Sprint(n)), `{"amount":"5000","unit":"IRR"}`)
	}
	after, seen := int64(0), int64(0)
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
	if seen != 5 || after != 5 {
		t.Errorf("got %d events and the end %d, want 5", seen, after)
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
