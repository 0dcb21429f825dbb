package server

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/ipg"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// TestAuditFindsDealsThatDiffer completes and corrects deals, on each engine, and
// then changes what one says behind the server's back.
func TestAuditFindsDealsThatDiffer(t *testing.T) {
	t.Parallel()
	for name, driver := range map[string]string{"sqlite": "sqlite", "postgres": "pgx"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := Config{Data: sqlitetest.Folder(t)}
			address := filepath.Join(config.Data, databaseName)
			if name == "postgres" {
				address = pgtest.Database(t)
				config.Database = Secret(address)
			}
			x := teaHouseIn(t, config)
			r := start(t, x.config, nil)
			defer r.halt(t)
			deal := x.dealt(t, r)
			hand, err := sql.Open(driver, address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = hand.Close() }()
			agrees := func(what string, want bool) {
				t.Helper()
				d := newDesk(x.config)
				err := d.Audit(t.Context(), AuditWish{})
				found := strings.Contains(d.out.String(), deal)
				if (err == nil) != want || found == want {
					t.Errorf("%s: got %v, want it to agree: %v\n%s", what, err, want, d.out.String())
				}
			}
			agrees("before", true)
			for _, damage := range [][2]string{
				{
					`replace(detail, '"coins":{"steps":1', '"coins":{"steps":2')`,
					`replace(detail, '"coins":{"steps":2', '"coins":{"steps":1')`,
				},
				{
					`replace(detail, '"fee":{"steps":', '"fee":{"steps":9')`,
					`replace(detail, '"fee":{"steps":9', '"fee":{"steps":')`,
				},
			} {
				for n, change := range damage {
					result, err := hand.ExecContext(t.Context(), "update deal set detail = "+change)
					if err != nil {
						t.Fatal(err)
					}
					if rows, err := result.RowsAffected(); err != nil || rows == 0 {
						t.Fatalf("the damage hit %d rows (%v)", rows, err)
					}
					agrees(change, n == 1)
				}
			}
		})
	}
}

// dealt completes a deal with a fee, and gives the payment that it carries out.
func (x told) dealt(t *testing.T, r *running) string {
	t.Helper()
	tradeRoubles(t, x, r)
	fee, err := money.ParseRate("8.5")
	if err != nil {
		t.Fatal(err)
	}
	terminal, _, err := r.app.CreateTerminal(t.Context(), x.merchant, app.TerminalTerms{Name: "store", DealFee: fee})
	if err != nil {
		t.Fatal(err)
	}
	i, err := r.app.CreateInvoice(t.Context(), x.merchant, app.NewInvoice{
		ID: ipg.NewID(now()), Amount: must(money.Parse("1000", money.RUB)), Terminal: terminal.Number,
	})
	if err != nil {
		t.Fatal(err)
	}
	d, found, err := r.app.StartDeal(t.Context(), x.merchant, app.NewDeal{
		ID: ipg.NewID(now()), Payment: ipg.NewID(now()), Invoice: i.ID,
	})
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	word := app.DealWord{Merchant: x.merchant, Deal: d.ID, Operator: "Sam"}
	if _, err := r.app.CompleteDeal(t.Context(), word); err != nil {
		t.Fatal(err)
	}
	word.Paid = must(money.Parse("1100", money.RUB))
	if _, err := r.app.CorrectDeal(t.Context(), word); err != nil {
		t.Fatal(err)
	}
	return d.Payment
}
