package app_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
)

// A thousand callers with one name for their wish make one payment.
func TestOncePayment(t *testing.T) {
	t.Parallel()
	crowd := 1_000
	if racing {
		crowd = 100
	}
	s := open(t, 0)
	i := s.invoice(5_000)
	name := app.Once{Caller: "user-1", Key: "order 7", Fingerprint: "f"}
	var made, refused atomic.Int64
	together(crowd, func(n int) {
		var err error
		if n%2 == 0 {
			wish := s.wish(i, 1_000)
			wish.Once, wish.Supersede = name, false
			_, err = s.app.RequestPayment(t.Context(), s.merchant, wish)
		} else {
			word := s.said(i, 1_000, payment.Captured)
			word.Once = name
			_, err = s.app.AttestPayment(t.Context(), s.merchant, word)
		}
		switch {
		case err == nil:
			made.Add(1)
		case fault.Is(err, fault.CodeIdempotencyInProgress):
			refused.Add(1)
		default:
			t.Error(err)
		}
	})
	if made.Load() != 1 || refused.Load() != int64(crowd-1) {
		t.Errorf("got %d payments and %d refusals, want 1 and %d", made.Load(), refused.Load(), crowd-1)
	}
	view, err := s.app.Invoice(t.Context(), s.merchant, i.ID)
	if err != nil || len(view.Payments) != 1 {
		t.Fatalf("got %+v, %v, want one payment", view.Payments, err)
	}
	id, answer, err := s.app.Recall(t.Context(), s.merchant, name)
	if err != nil || id != view.Payments[0].ID || answer.Body != nil {
		t.Errorf("recalled %q, %+v, %v, want the payment without an answer", id, answer, err)
	}
}

// Whoever keeps an answer first keeps it for all.
func TestOnceAnswer(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	name := app.Once{Caller: "user-1", Key: "k", Fingerprint: "f"}
	wish := app.NewInvoice{ID: s.newID(), Amount: rial(5_000), Once: name}
	if _, err := s.app.CreateInvoice(t.Context(), s.merchant, wish); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	answers := map[string]int{}
	together(20, func(n int) {
		kept, err := s.app.Keep(t.Context(), s.merchant, name, wish.ID, app.Kept{Status: 201, Body: []byte{byte('a' + n)}})
		if err != nil || kept.Status != 201 {
			t.Errorf("got %+v, %v", kept, err)
		}
		mu.Lock()
		defer mu.Unlock()
		answers[string(kept.Body)]++
	})
	id, answer, err := s.app.Recall(t.Context(), s.merchant, name)
	if err != nil || id != wish.ID || answers[string(answer.Body)] != 20 {
		t.Errorf("recalled %q, %+v, %v; kept %v", id, answer, err, answers)
	}
	for what, other := range map[string]app.Once{
		"another caller": {Caller: "user-2", Key: "k", Fingerprint: "f"},
		"another key":    {Caller: "user-1", Key: "k2", Fingerprint: "f"},
		"no key":         {Caller: "user-1", Fingerprint: "f"},
		"run together":   {Caller: "user-", Key: "1k", Fingerprint: "f"},
	} {
		if id, _, err := s.app.Recall(t.Context(), s.merchant, other); id != "" || err != nil {
			t.Errorf("%s: got %q, %v, want nothing", what, id, err)
		}
	}
	reused := name
	reused.Fingerprint = "g"
	if _, _, err := s.app.Recall(t.Context(), s.merchant, reused); !fault.Is(err, fault.CodeIdempotencyKeyReuse) {
		t.Errorf("another wish: got %v", err)
	}
	if _, err := s.app.CreateInvoice(t.Context(), s.merchant, wish); !fault.Is(err, fault.CodeIdempotencyInProgress) {
		t.Errorf("the same wish: got %v", err)
	}
	wish.Once = app.Once{}
	if _, err := s.app.CreateInvoice(t.Context(), s.merchant, wish); !fault.Is(err, fault.CodeDuplicate) {
		t.Errorf("the same id: got %v", err)
	}
	s.wait(73 * time.Hour)
	if id, _, err := s.app.Recall(t.Context(), s.merchant, name); id != "" || err != nil {
		t.Errorf("after three days: got %q, %v, want nothing", id, err)
	}
	wish.ID, wish.Once = s.newID(), name
	if _, err := s.app.CreateInvoice(t.Context(), s.merchant, wish); err != nil {
		t.Errorf("a new wish of the same name: got %v", err)
	}
	kept, err := s.app.Keep(t.Context(), s.merchant, name, wish.ID, app.Kept{Status: 201, Body: []byte("new")})
	if err != nil || string(kept.Body) != "new" {
		t.Errorf("its answer: got %+v, %v", kept, err)
	}
}

// An answer that shows a secret is sealed, whichever commit keeps it.
func TestOnceSecret(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	for _, c := range []struct {
		key  string
		draw func(app.Change) (app.Kept, bool)
	}{
		{"with the effect", func(app.Change) (app.Kept, bool) {
			return app.Kept{Status: 201, Body: []byte("whsec_1")}, true
		}},
		{"after it", nil},
		{"without one", nil},
	} {
		name := app.Once{Caller: "v1", Key: c.key, Fingerprint: "f", Secret: true}
		ctx, named := s.app.Name(t.Context(), s.merchant, name, s.newID(), c.draw)
		if c.key != "without one" {
			wish := app.NewEndpoint{Merchant: s.merchant, URL: "https://a.example"}
			if _, _, err := s.app.CreateEndpoint(ctx, wish); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := named.Keep(ctx, app.Kept{Status: 201, Body: []byte("whsec_1")})
		if err != nil || string(kept.Body) != "whsec_1" {
			t.Errorf("%s: kept %+v, %v", c.key, kept, err)
		}
		_, kept, err = s.app.Recall(t.Context(), s.merchant, name)
		if err != nil || string(kept.Body) != "whsec_1" || kept.Status != 201 {
			t.Errorf("%s: recalled %+v, %v", c.key, kept, err)
		}
		name.Secret = false
		if _, kept, err = s.app.Recall(t.Context(), s.merchant, name); err != nil || string(kept.Body) == "whsec_1" {
			t.Errorf("%s: the database has %q, %v", c.key, kept.Body, err)
		}
	}
}
