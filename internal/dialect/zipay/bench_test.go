package zipay

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect"
)

// BenchmarkVerify is the check of a transfer's signature: over the bytes as
// they were sent, and over the fields, where the client signed what PHP writes
// and sent what its own encoder does.
func BenchmarkVerify(b *testing.B) {
	const (
		canonical = "receiver=10017&amount=1.25&currency=USD&order_id=T-48213&description=Order+48213%2C+two+items"
		otherwise = "receiver=10017&amount=1.25&currency=USD&order_id=T-48213&description=Order%2048213,%20two%20items"
	)
	d, err := New(Config{
		PublicURL: "https://pay.example", Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Time{} },
	})
	if err != nil {
		b.Fatal(err)
	}
	g, signature := guard{read: d.ReadFields}, Sign(printedSecret, canonical)
	for _, c := range []struct{ name, body string }{{"sent", canonical}, {"fields", otherwise}} {
		b.Run(c.name, func(b *testing.B) {
			r := &dialect.Request{
				Request: httptest.NewRequestWithContext(b.Context(), "POST", callPath+"transfer", strings.NewReader(c.body)),
				Raw:     []byte(c.body),
			}
			r.Header.Set("Content-Type", formType)
			b.ReportAllocs()
			for b.Loop() {
				if err := g.verify(r, printedSecret, signature); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
