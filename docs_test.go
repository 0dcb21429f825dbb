package purser

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fsm"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/wallet"
)

var update = flag.Bool("update", false, "write the documents that are drawn from the code")

// golden compares a document with what the code says, or writes it.
func golden(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the code says: run `make gen` and read the difference", path)
	}
}

func TestStatesDocument(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# States\n\nDrawn from the tables in each noun's `states.go` by `make gen`. " +
		"The only way to change a state is the table's `Next`.\n")
	draw(&b, "invoice", invoice.States, invoice.Open, invoice.Waits)
	draw(&b, "payment", payment.States, payment.Waiting, payment.Waits)
	draw(&b, "refund", refund.States, refund.Requested, refund.Waits)
	draw(&b, "payout", payout.States, payout.Requested, payout.Waits)
	draw(&b, "deal", deal.States, deal.TransferWaiting, deal.Waits)
	b.WriteString("\nOf an invoice's deal only `canceled` leads to a dispute again, and of a payout's only `completed`. " +
		"`correct` is for an invoice's.\n")
	draw(&b, "customer", wallet.States, wallet.Active, wallet.Waits)
	draw(&b, "delivery of an event", event.States, event.Due, event.Waits)
	golden(t, "docs/states.md", b.String())
}

func draw[S, T ~string](b *strings.Builder, title string, table fsm.Table[S, T], start S, waits map[S]fsm.Actor) {
	fmt.Fprintf(b, "\n## %s\n\n```mermaid\n%s```\n\n| state | who acts next |\n|---|---|\n", title, table.Mermaid(start))
	for _, s := range table.States() {
		fmt.Fprintf(b, "| `%s` | %s |\n", s, waits[s])
	}
}

func TestLedgerDocument(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# The ledger\n\nDrawn from `internal/ledger` by `make gen`. Every entry moves money between accounts " +
		"and sums to zero in each currency unit; postings are never changed or deleted. A positive balance is money " +
		"that the account's owner has; a gateway's clearing account is negative by what the gateway owes.\n\n" +
		"## Accounts\n\n| role | owner | may not fall below zero | meaning |\n|---|---|---|---|\n")
	for _, r := range ledger.Roles {
		floor := ""
		if r.Floored {
			floor = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Role, r.Owner, floor, r.Meaning)
	}
	b.WriteString("\n## Posting rules\n\n| rule | from | to | when |\n|---|---|---|---|\n")
	for _, r := range ledger.Rules {
		from, to := r.Sides()
		fmt.Fprintf(&b, "| `%s` | `%s` | `%s` | %s |\n", r, from, to, r.Meaning())
	}
	golden(t, "docs/ledger.md", b.String())
}
