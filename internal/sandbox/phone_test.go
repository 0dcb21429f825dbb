package sandbox

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A provider with a page of its own, such as a phone, decides with Call.Decide, hears what was decided, and keeps what
// a merchant sets by a call.
func TestPageOfItsOwn(t *testing.T) {
	t.Parallel()
	var heard []State
	page := Template("<p>{{.}}</p>")
	profile := testProfile()
	profile.Return = func(*Call, Payment, bool) Object { return nil }
	profile.Decided = func(_ *Call, p *Payment) { heard = append(heard, p.State) }
	b, err := NewBench(Options{
		PublicURL: "http://provider.test", Dir: t.TempDir(), Now: func() time.Time { return start },
	}, profile)
	if err != nil {
		t.Fatal(err)
	}
	b.Handle("POST /open", "open", nil, func(c *Call) Reply {
		c.SaveMerchant(Merchant{ID: "m", NoticeURL: "http://shop.test"})
		return JSON(http.StatusOK, c.Create(Payment{ID: string(c.Body), Amount: 5000, AutoVerify: true}).State)
	})
	b.Handle("POST /phone/{id}", "decide", func(c *Call) string { return c.Request.PathValue("id") }, func(c *Call) Reply {
		outcome, err := c.Decide(Decision{Choice: string(c.Body)})
		if err != nil || outcome.ReturnURL != "" {
			t.Errorf("got %q, %v, want no way back", outcome.ReturnURL, err)
		}
		return Render(page, outcome.Payment.State)
	})
	post := func(path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body)))
		return w
	}
	for _, step := range []struct{ id, choice, state string }{
		{"a", Leave, "open"},
		{"a", Expire, "expired"},
		{"a", Approve, "expired"},
		{"b", Approve, "verified"},
		{"b", Expire, "verified"},
		{"c", Cancel, "canceled"},
	} {
		if _, ok := b.Payment(step.id); !ok {
			post("/open", step.id)
		}
		w := post("/phone/"+step.id, step.choice)
		if w.Body.String() != "<p>"+step.state+"</p>" || w.Header().Get("Content-Security-Policy") != pagePolicy {
			t.Errorf("%s of %s: got %s, want %s", step.choice, step.id, w.Body, step.state)
		}
	}
	if diff := cmp.Diff([]State{Expired, Verified, Canceled}, heard); diff != "" {
		t.Errorf("decided (-want +got):\n%s", diff)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := NewBench(Options{
		PublicURL: "http://provider.test", Dir: b.options.Dir, Now: func() time.Time { return start },
	}, profile)
	if err != nil {
		t.Fatal(err)
	}
	if list := again.Merchants(); len(list) != 1 || list[0].NoticeURL != "http://shop.test" {
		t.Errorf("got %+v, want the merchant as it was set", list)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}
