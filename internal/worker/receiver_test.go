package worker

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/purserhq/purser/internal/event"
)

// verifies says whether the public library takes a message for genuine.
func verifies(t *testing.T, m heard, secret string) error {
	t.Helper()
	known, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return known.Verify(m.body, m.header)
}

func TestPublicLibraryVerifies(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "")
	r := listen(t, nil)
	e, secret := h.endpoint(r.URL)
	h.invoice()
	h.send("the first message", func() bool { return len(r.messages()) == 1 })
	first := r.messages()[0]
	if err := verifies(t, first, secret); err != nil {
		t.Errorf("the secret: %v", err)
	}
	if err := verifies(t, first, event.NewSecret()); err == nil {
		t.Error("another secret: got no error")
	}
	changed := heard{first.header, bytes.Replace(first.body, []byte("open"), []byte("paid"), 1)}
	if err := verifies(t, changed, secret); err == nil || bytes.Equal(changed.body, first.body) {
		t.Error("another body: got no error")
	}
	if got := first.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("got content type %q, want JSON", got)
	}

	fresh, err := h.app.RotateSecret(t.Context(), h.merchant, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.invoice()
	h.send("the second message", func() bool { return len(r.messages()) == 2 })
	second := r.messages()[1]
	for name, s := range map[string]string{"old": secret, "new": fresh} {
		if err := verifies(t, second, s); err != nil {
			t.Errorf("while secrets change, the %s one: %v", name, err)
		}
	}
	if n := len(strings.Fields(second.header.Get(event.HeaderSignature))); n != 2 {
		t.Errorf("got %d signatures, want 2", n)
	}
}

// All tries are one message, each with a timestamp of its own, and a receiver
// that asks for time gets it.
func TestTriesAreOneMessage(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "")
	date := func() string { return h.now().Add(2 * time.Hour).Format(http.TimeFormat) }
	answers := []struct {
		status int
		after  func() string
		least  time.Duration
	}{
		{http.StatusInternalServerError, func() string { return "" }, 4 * time.Second},
		{http.StatusServiceUnavailable, func() string { return "3600" }, time.Hour},
		{http.StatusTooManyRequests, date, 2*time.Hour - time.Minute},
		{http.StatusFound, func() string { return "soon" }, 90 * time.Minute},
		{http.StatusOK, func() string { return "" }, 0},
	}
	var next atomic.Int64
	r := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		a := answers[min(int(next.Add(1)), len(answers))-1]
		w.Header().Set("Retry-After", a.after())
		w.WriteHeader(a.status)
	})
	_, secret := h.endpoint(r.URL)
	h.invoice()
	for n, a := range answers {
		h.send("try "+strconv.Itoa(n+1), func() bool { return h.deliveries()[0].Tries == n+1 })
		d := h.deliveries()[0]
		if d.Status != a.status {
			t.Errorf("try %d: got status %d, want %d", n+1, d.Status, a.status)
		}
		if a.least > 0 && d.RunAt.Before(d.UpdatedAt.Add(a.least)) {
			t.Errorf("try %d: the next is after %s, want at least %s", n+1, d.RunAt.Sub(d.UpdatedAt), a.least)
		}
		h.ahead.Add(int64(max(0, d.RunAt.Sub(h.now()))))
	}
	told := r.messages()
	if len(told) != len(answers) || h.deliveries()[0].State != event.Delivered {
		t.Fatalf("got %d tries and state %s, want %d and delivered", len(told), h.deliveries()[0].State, len(answers))
	}
	known, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	stamps := map[string]bool{}
	for n, m := range told {
		if got := m.header.Get(event.HeaderID); got != h.deliveries()[0].ID {
			t.Errorf("try %d: got id %s, want %s", n+1, got, h.deliveries()[0].ID)
		}
		if err := known.VerifyIgnoringTimestamp(m.body, m.header); err != nil {
			t.Errorf("try %d: %v", n+1, err)
		}
		stamps[m.header.Get(event.HeaderTimestamp)] = true
	}
	if len(stamps) != len(told) {
		t.Errorf("got %d timestamps in %d tries", len(stamps), len(told))
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "1.5": 0, "999999999": 7 * 24 * time.Hour,
		"Sat, 02 May 2026 10:01:00 GMT": time.Minute, "Sat, 02 May 2026 09:00:00 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "")
	inner := listen(t, nil)
	r := listen(t, func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, inner.URL, http.StatusTemporaryRedirect)
	})
	h.endpoint(r.URL)
	h.invoice()
	h.send("the answer", func() bool { return h.deliveries()[0].Tries == 1 })
	if d := h.deliveries()[0]; d.Status != http.StatusTemporaryRedirect || d.State != event.Due {
		t.Errorf("got status %d and state %s, want the redirect as a refusal", d.Status, d.State)
	}
	if n := len(inner.messages()); n != 0 {
		t.Errorf("the redirect led to %d messages", n)
	}
}

func TestGoneReceiverIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "")
	r := listen(t, saying(http.StatusGone, "we closed"))
	h.endpoint(r.URL)
	h.invoice()
	h.send("the endpoint to be disabled", func() bool {
		known, err := h.app.Endpoints(t.Context(), h.merchant)
		return err == nil && known[0].Disabled != ""
	})
	h.invoice()
	if all := h.deliveries(); len(all) != 1 || all[0].State != event.Dead {
		t.Errorf("got %+v, want the one delivery, dead", all)
	}
}

// An answer without end is cut off: what was read is little, and so is what is kept.
func TestAnswerIsCut(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "")
	var written atomic.Int64
	over := make(chan struct{}, 1)
	r := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		defer func() { over <- struct{}{} }()
		for written.Load() < 1<<30 {
			n, err := io.WriteString(w, strings.Repeat("x", 64<<10))
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	h.endpoint(r.URL)
	h.invoice()
	begin := time.Now()
	h.send("the record", func() bool { return h.deliveries()[0].Tries == 1 })
	<-over
	d := h.deliveries()[0]
	if d.State != event.Delivered || d.Answer != strings.Repeat("x", event.KeptAnswer) {
		t.Errorf("got state %s and %d bytes of the answer, want delivered and %d", d.State, len(d.Answer), event.KeptAnswer)
	}
	if took := time.Since(begin); took > sendTime || written.Load() > 64<<20 {
		t.Errorf("the receiver could say %d bytes in %s, want it cut off", written.Load(), took)
	}
}
