package api_test

import (
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
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// admin is the header of an administrator.
func admin() http.Header {
	return http.Header{"Authorization": {"Bearer {{admin}}"}, "Content-Type": {"application/json"}}
}

// logOf gives the shop twenty dead deliveries a second apart, every seventh of which
// tells of a capture, and an API that looks through three at once.
func logOf(t *testing.T) (w *dialecttest.World, h http.Handler, captures []string) {
	t.Helper()
	w = dialecttest.NewWorld(t, banks)
	var told []event.Delivery
	for n := range 20 {
		at := w.Now().Add(time.Duration(n) * time.Second)
		d := event.Delivery{
			ID: fmt.Sprintf("msg_%02d", n), Merchant: w.Shop, State: event.Dead, Queue: "q", URL: "https://shop.example/hook",
			Type: "payment.failed", Subject: "pay_1", MediaType: "application/json", Body: []byte("{}"),
			CreatedAt: at, UpdatedAt: at,
		}
		if n%7 == 0 {
			d.Type = "payment.captured"
			captures = append(captures, d.ID)
		}
		told = append(told, d)
	}
	if err := w.Store.Commit(t.Context(), store.Change{Deliveries: told}); err != nil {
		t.Fatal(fault.Detail(err))
	}
	slices.Reverse(captures)
	return w, w.Handler(api.New(api.Config{
		App: w.App, PublicURL: "https://pay.example", Now: w.Now, Log: slog.New(slog.DiscardHandler), Unlimited: true,
		Looks: 3,
	})), captures
}

// askForCaptures lists what tells of captures or, for "-", sends it again.
func askForCaptures(w *dialecttest.World, h http.Handler, query, cursor string) dialecttest.Answer {
	if query == "-" {
		if cursor != "" {
			cursor = `,"cursor":"` + cursor + `"`
		}
		return w.Ask(h, http.MethodPost, "/v1/deliveries/resend", admin(), `{"event":"payment.captured","limit":2`+cursor+"}")
	}
	if cursor != "" {
		cursor = "&cursor=" + cursor
	}
	return w.Ask(h, http.MethodGet, "/v1/deliveries?event=payment.captured"+query+cursor, admin(), "")
}

// TestFewOfMany wants the few that are selected of a long list to be found, each once,
// in parts none of which looks through the whole list.
func TestFewOfMany(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{"list": "", "one by one": "&limit=1", "resend": "-"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, h, want := logOf(t)
			var got []string
			pages := 0
			for cursor := ""; pages == 0 || cursor != ""; pages++ {
				a := askForCaptures(w, h, query, cursor)
				var page struct {
					Data       []struct{ ID string }
					NextCursor string `json:"next_cursor"`
				}
				if err := json.Unmarshal([]byte(a.Body), &page); err != nil || a.Status >= 300 || pages > 20 {
					t.Fatalf("got %d %s, %v", a.Status, a.Body, err)
				}
				for _, d := range page.Data {
					got = append(got, d.ID)
				}
				cursor = page.NextCursor
			}
			if !slices.Equal(got, want) || pages < 4 {
				t.Errorf("got %v in %d parts, want %v", got, pages, want)
			}
		})
	}
	w, h, want := logOf(t)
	a := w.Ask(h, http.MethodGet, "/v1/deliveries?event=payment.captured&format=csv", admin(), "")
	if rows := strings.Count(a.Body, "\r\n") - 1; a.Status != http.StatusOK || rows != len(want) {
		t.Errorf("the table has %d rows, want %d: %s", rows, len(want), a.Body)
	}
}
