package server

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/worker"
)

// The page for receivers says what the code does.
func TestWebhooksPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operate/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	wanted := []string{
		schedule(t), event.HeaderID, event.HeaderTimestamp, event.HeaderSignature, fmt.Sprintf("%d kB", event.KeptAnswer>>10),
		"purser_deliveries_total", `purser_due_oldest_seconds{noun="delivery"}`, "webhook_loopback",
	}
	for _, f := range worker.Fates {
		wanted = append(wanted, "`"+string(f)+"`")
	}
	for _, n := range event.Nouns {
		wanted = append(wanted, "`"+string(n)+"`")
	}
	for _, words := range wanted {
		if !strings.Contains(page, words) {
			t.Errorf("docs/operate/webhooks.md does not say:\n%s", words)
		}
	}
}

// schedule is the table of tries, as refusals without any spread make it.
func schedule(t *testing.T) string {
	t.Helper()
	now := time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC)
	d := event.Delivery{State: event.Due}
	table := "| 1 | at once |\n"
	for d.State == event.Due {
		var err error
		if d, _, err = d.Tried(event.Outcome{Status: http.StatusInternalServerError}, now, 0); err != nil {
			t.Fatal(err)
		}
		if d.State == event.Due {
			pause := strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.RunAt.Sub(now).String())
			table += fmt.Sprintf("| %d | %s |\n", d.Tries+1, pause)
		}
	}
	return table
}
