//go:build browser

package browser

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The pages that describe /v1 are read as all others: on every screen, by day and by
// night, and without scripts of their own. Each is found from the first one.
func TestDocs(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	b := openTab(t, view{size: phone, locale: "en-US", scripts: true}) // scripts are for axe
	b.bringAxe()
	b.expected = []string{"the server responded with a status of 404", "/favicon.ico"}
	b.visit(s.BaseURL + "/v1/docs")
	b.sees("Sending again", "Codes of errors")
	b.lookAround("docs")
	said, ok := b.measure(`[...document.querySelectorAll("nav a")].map(a => a.getAttribute("href")).join(" ")`).(string)
	groups := strings.Fields(said)
	if !ok || len(groups) < 20 || !slices.Contains(groups, "/v1/docs/invoices") {
		t.Fatalf("the first page leads to %v", said)
	}
	for _, group := range groups {
		if got := b.visit(s.BaseURL + group).Status(); got != http.StatusOK {
			t.Fatalf("%s: status = %d, want 200", group, got)
		}
		b.lookAround(strings.ReplaceAll(strings.TrimPrefix(group, "/v1/"), "/", "-"))
	}
}

// Who came by an address of the one long page that there was finds the operation
// with one press more.
func TestDocsOldAddress(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	b := openTab(t, view{size: phone, locale: "en-US"})
	b.visit(s.BaseURL + "/v1/docs#createRefund")
	b.must(b.Locator(":target a").Click())
	b.must(b.Locator("h2:target").WaitFor())
	if want := s.BaseURL + "/v1/docs/refunds#createRefund"; b.URL() != want {
		t.Errorf("the reader is at %s, want %s", b.URL(), want)
	}
}
