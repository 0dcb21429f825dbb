package api_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// pile is a database with so many invoices, of which a part may be unreadable or be
// waited for.
type pile struct {
	store.Store

	size, read int
	parts      int
	at         func(part int) error // is asked before each; nil = nothing is wrong
}

// on is a world and a handler around it.
func (p *pile) on(t *testing.T) (w *dialecttest.World, h http.Handler) {
	t.Helper()
	w = dialecttest.NewWorld(t, banks, dialecttest.Extras{
		Around: func(s store.Store) store.Store { p.Store = s; return p },
	})
	return w, w.Handler(open(t, w))
}

func (p *pile) ListInvoices(_ context.Context, merchantID string, _ store.InvoiceList, o store.Older,
) ([]invoice.Invoice, error) {
	p.parts++
	if p.at != nil {
		if err := p.at(p.parts); err != nil {
			return nil, err
		}
	}
	if o.ID != "" {
		_, _ = fmt.Sscanf(o.ID, "inv_%d", &p.read)
	}
	list := make([]invoice.Invoice, min(o.Limit, p.size-p.read))
	for n := range list {
		zero := money.New(0, money.IRR)
		list[n] = invoice.Invoice{
			ID: fmt.Sprintf("inv_%d", p.read+n+1), Merchant: merchantID, Amount: zero, Captured: zero, Reserved: zero,
			State: invoice.Open, CreatedAt: time.UnixMicro(1), UpdatedAt: time.UnixMicro(1),
		}
	}
	return list, nil
}

// invoices asks for the table of them.
func invoices(ctx context.Context, w *dialecttest.World) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/invoices?format=csv", nil)
	r.Header.Set("Authorization", "Bearer "+w.Keys["admin"])
	return r
}

// cutOff calls a handler and wants the connection to be cut.
func cutOff(t *testing.T, h http.Handler, r *http.Request) {
	t.Helper()
	defer func() {
		if cause := recover(); cause != http.ErrAbortHandler { //nolint:errorlint // net/http compares it just so.
			t.Errorf("got %v, want the connection cut", cause)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), r)
}

// TestTablesAreComplete wants a long list in one piece, from a server too that lets no
// answer of a usual length take any time.
func TestTablesAreComplete(t *testing.T) {
	t.Parallel()
	const size = 25_050
	p := &pile{size: size}
	w, h := p.on(t)
	server := httptest.NewUnstartedServer(h)
	server.Config.WriteTimeout = time.Nanosecond
	server.Start()
	defer server.Close()
	r := invoices(t.Context(), w)
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+r.URL.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ask.Header = r.Header
	answer, err := server.Client().Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	rows, err := csv.NewReader(answer.Body).ReadAll()
	if err != nil || len(rows) != size+1 {
		t.Fatalf("got %d lines, %v, want the head and %d", len(rows), err, size)
	}
	for n, row := range rows[1:] {
		if want := fmt.Sprintf("inv_%d", n+1); row[0] != want {
			t.Fatalf("the row %d is of %s, want %s", n, row[0], want)
		}
	}
}

// TestTablesThatEndBeforeTheirTime wants the connection cut where a table cannot be
// read to its end, and nothing read for somebody who has gone.
func TestTablesThatEndBeforeTheirTime(t *testing.T) {
	t.Parallel()
	p := &pile{size: 1000}
	w, h := p.on(t)
	p.at = func(part int) error {
		if part == 2 {
			return errors.New("the database is gone")
		}
		return nil
	}
	cutOff(t, h, invoices(t.Context(), w))
	if p.parts != 2 {
		t.Errorf("%d parts were read after an error, want 2", p.parts)
	}
	ctx, leave := context.WithCancel(t.Context())
	p.parts, p.read = 0, 0
	p.at = func(part int) error {
		if part == 3 {
			leave()
		}
		return ctx.Err()
	}
	cutOff(t, h, invoices(ctx, w))
	if p.parts != 3 {
		t.Errorf("%d parts were read for who had gone, want 3", p.parts)
	}
	p.parts, p.read, p.at = 0, 0, nil
	r := invoices(t.Context(), w)
	r.Method = http.MethodHead
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	media := recorder.Header().Get("Content-Type")
	if recorder.Code != http.StatusOK || p.parts != 1 || !strings.HasPrefix(media, "text/csv") {
		t.Errorf("the head: got %d %v and %d parts", recorder.Code, recorder.Header(), p.parts)
	}
}

// TestFewTablesAtOneTime wants no more tables of one merchant to be written than there
// is room for, and those of others to be written meanwhile.
func TestFewTablesAtOneTime(t *testing.T) {
	t.Parallel()
	began, letGo := make(chan struct{}), make(chan struct{})
	p := &pile{size: 1, at: func(int) error {
		began <- struct{}{}
		<-letGo
		return errors.New("not yet")
	}}
	w, h := p.on(t)
	over := make(chan int)
	for range 4 {
		go func() {
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, invoices(t.Context(), w))
			over <- recorder.Code
		}()
		<-began
	}
	for key, want := range map[string]int{"admin": http.StatusTooManyRequests, "otheradmin": http.StatusOK} {
		a := w.Ask(h, http.MethodGet, "/v1/payments?format=csv", http.Header{"Authorization": {"Bearer {{" + key + "}}"}}, "")
		if a.Status != want || want != http.StatusOK && a.Header.Get("Retry-After") != "5" {
			t.Errorf("%s: got %d %v", key, a.Status, a.Header)
		}
	}
	close(letGo)
	for range 4 {
		if got := <-over; got != http.StatusInternalServerError {
			t.Errorf("got %d", got)
		}
	}
	if a := w.Ask(h, http.MethodGet, "/v1/payments?format=csv", asAdmin, ""); a.Status != http.StatusOK {
		t.Errorf("once there is room: got %d %s", a.Status, a.Body)
	}
}
