package api_test

import (
	"encoding/json"
	"html"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/fault"
)

// largestPage is as many bytes as a page for people may have.
const largestPage = 150_000

var (
	pageLink   = regexp.MustCompile(`href="([^"]*)"`)
	pageAnchor = regexp.MustCompile(` id="([^"]*)"`)
	pageRoute  = regexp.MustCompile(`<h2 id="(\w+)">[^<]*</h2>\s*<p><code>([A-Z]+ /v1[^<]*)</code></p>`)
)

// readDocs follows all links from the first page for people, and gives every page
// by its address.
func readDocs(t *testing.T, w *dialecttest.World, h http.Handler) map[string]string {
	t.Helper()
	pages := map[string]string{}
	open := []string{"/v1/docs"}
	for len(open) > 0 {
		address := open[0]
		open = open[1:]
		if _, ok := pages[address]; ok {
			continue
		}
		answer := w.Ask(h, http.MethodGet, address, nil, "")
		if answer.Status != http.StatusOK {
			t.Fatalf("%s: got %d %s", address, answer.Status, answer.Body)
		}
		if address == "/v1/openapi.json" {
			continue
		}
		policy := answer.Header.Get("Content-Security-Policy")
		if answer.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
			!strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
			t.Fatalf("%s: got the headers %v", address, answer.Header)
		}
		pages[address] = answer.Body
		for _, link := range pageLink.FindAllStringSubmatch(answer.Body, -1) {
			if to, _, _ := strings.Cut(link[1], "#"); to != "" {
				open = append(open, to)
			}
		}
	}
	return pages
}

// TestDocs wants every operation of the document on exactly one page, and pages that
// load nothing from anywhere and are not too long.
func TestDocs(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	raw, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Tags        []string
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	pages := readDocs(t, w, w.Handler(open(t, w)))
	shown := map[string][]string{} // the pages of an operation
	for address, page := range pages {
		if len(page) > largestPage {
			t.Errorf("%s has %d bytes, want at most %d", address, len(page), largestPage)
		}
		for _, foreign := range []string{"<script", "<img", "<link", "<iframe", "@import", "url(", ` style="`} {
			if strings.Contains(page, foreign) {
				t.Errorf("%s has %s", address, foreign)
			}
		}
		for _, found := range pageRoute.FindAllStringSubmatch(page, -1) {
			key := found[1] + " " + found[2]
			shown[key] = append(shown[key], address)
		}
	}
	count := 0
	for path, methods := range doc.Paths {
		for method, o := range methods {
			count++
			key := o.OperationID + " " + strings.ToUpper(method) + " /v1" + path
			if want := []string{"/v1/docs/" + o.Tags[0]}; !slices.Equal(shown[key], want) {
				t.Errorf("%s is on %q, want it on %q", key, shown[key], want)
			}
			line := `<li id="` + o.OperationID + `"><a href="/v1/docs/` + o.Tags[0] + "#" + o.OperationID + `">`
			if strings.Count(pages["/v1/docs"], line) != 1 {
				t.Errorf("the first page has not one line for %s", key)
			}
		}
	}
	if count == 0 || len(shown) != count {
		t.Errorf("the pages show %d operations, the document has %d", len(shown), count)
	}
}

// TestDocsLinks wants every link to lead to something, and every anchor to be one.
func TestDocsLinks(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	pages := readDocs(t, w, w.Handler(open(t, w)))
	anchors := map[string]int{}
	for address, page := range pages {
		anchors[address]++
		for _, id := range pageAnchor.FindAllStringSubmatch(page, -1) {
			anchors[address+"#"+id[1]]++
		}
	}
	for address, n := range anchors {
		if n != 1 {
			t.Errorf("%s is there %d times", address, n)
		}
	}
	for address, page := range pages {
		for _, link := range pageLink.FindAllStringSubmatch(page, -1) {
			to := html.UnescapeString(link[1])
			if strings.HasPrefix(to, "#") {
				to = address + to
			}
			if anchors[to] == 0 && to != "/v1/openapi.json" {
				t.Errorf("%s: the link %s leads nowhere", address, to)
			}
		}
	}
	for _, c := range fault.Catalogue { // where every error leads
		if anchors["/v1/docs#error-"+string(c.Code)] == 0 {
			t.Errorf("the first page does not explain %s", c.Code)
		}
	}
}

// TestDocsOfNoGroup wants an unknown group to be a plain 404, and the call that the
// first page shows to be a good one.
func TestDocsOfNoGroup(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	for _, address := range []string{"/v1/docs/nosuch", "/v1/docs/Invoices", "/v1/docs/%3Cb%3E", "/v1/docs/%00"} {
		answer := w.Ask(h, http.MethodGet, address, nil, "")
		if answer.Status != http.StatusNotFound || !strings.Contains(answer.Body, `"code":"not_found"`) ||
			!strings.Contains(answer.Body, `"param":"group"`) || !strings.Contains(answer.Body, "/v1/docs lists") {
			t.Errorf("%s: got %d %s", address, answer.Status, answer.Body)
		}
	}
	first := html.UnescapeString(w.Ask(h, http.MethodGet, "/v1/docs", nil, "").Body)
	_, rest, _ := strings.Cut(first, "-d '")
	body, _, _ := strings.Cut(rest, "'")
	header := http.Header{"Authorization": {"Bearer " + w.Keys["key"]}, "Content-Type": {"application/json"}}
	if answer := w.Ask(h, http.MethodPost, "/v1/invoices", header, body); answer.Status != http.StatusCreated {
		t.Errorf("%s: got %d %s", body, answer.Status, answer.Body)
	}
}
