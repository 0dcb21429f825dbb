package checkout_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/invoice"
)

// ear hears the events of one page.
type ear struct {
	*bazaar

	response *http.Response
	lines    *bufio.Scanner
}

// listens opens the stream of an invoice's page on a server whose limits of time
// are shorter than any stream.
func (b *bazaar) listens(i invoice.Invoice) (*ear, *http.Server) {
	b.Helper()
	server := httptest.NewUnstartedServer(b.pages)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	server.Start()
	b.Cleanup(server.Close)
	return b.hears(server.URL, i), server.Config
}

func (b *bazaar) hears(base string, i invoice.Invoice) *ear {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, base+"/pay/deal/"+i.ID+"/events", nil)
	if err != nil {
		b.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = response.Body.Close() }) // the stream is over anyway
	return &ear{b, response, bufio.NewScanner(response.Body)}
}

// next is the mark of the next change; empty = the stream is over.
func (e *ear) next() string {
	e.Helper()
	for e.lines.Scan() {
		if e.lines.Text() == "event: state" && e.lines.Scan() {
			return strings.TrimPrefix(e.lines.Text(), "data: ")
		}
	}
	return ""
}

var markOf = regexp.MustCompile(`data-mark="([0-9a-f]{16})"`)

// mark is what the page itself says that it shows; empty = it has no stream.
func (b *bazaar) mark(i invoice.Invoice) string {
	b.Helper()
	page := b.look(i.ID).want(http.StatusOK)
	found := markOf.FindStringSubmatch(page.body)
	if found == nil {
		page.never("<script", "data-events")
		return ""
	}
	page.want(http.StatusOK, `data-events="/pay/deal/`+i.ID+`/events"`, `data-page="/invoice?id=`+i.ID+`"`, `id="news"`)
	return found[1]
}

// A page hears of all that becomes of its invoice, though the server's limits of
// time are long over, and of the end last.
func TestPageHearsOfChanges(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	heard, _ := b.listens(i)
	if got := heard.response.Header.Get("Content-Type"); got != "text/event-stream; charset=utf-8" {
		t.Errorf("Content-Type = %q", got)
	}
	seen := map[string]bool{}
	same := func() {
		t.Helper()
		got := heard.next()
		if want := b.mark(i); got == "" || got != want || seen[got] {
			t.Errorf("heard of %q, and the page shows %q", got, want)
		}
		seen[got] = true
	}
	same()
	d := b.begun(i)
	same()
	b.show(i, with(d, "r.png", png)) // the word and the file may be heard of at once
	for want := b.mark(i); heard.next() != want; {
		if heard.lines.Err() != nil {
			t.Fatal(heard.lines.Err())
		}
	}
	if _, err := b.app.CompleteDeal(t.Context(), b.word(d)); err != nil {
		t.Fatal(err)
	}
	if got := heard.next(); got == "" || seen[got] {
		t.Errorf("heard of %q when the money came", got)
	}
	if got := heard.next(); got != "" {
		t.Errorf("heard of %q after the end", got)
	}
	if got := b.mark(i); got != "" {
		t.Errorf("the page of what is over has the mark %q", got)
	}
	if got := b.get("/pay/deal/" + i.ID + "/events").status; got != http.StatusNoContent {
		t.Errorf("a stream about what is over has status %d", got)
	}
}

// The time to send runs out without anybody doing anything.
func TestPageHearsOfTime(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	b.begun(i)
	heard, _ := b.listens(i)
	before := heard.next()
	b.later(30 * time.Minute)
	if got := heard.next(); got == before || got != b.mark(i) {
		t.Errorf("heard of %q after %q", got, before)
	}
}

// Whoever stops the server does not wait for streams, and none begins then.
func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	heard, server := b.listens(i)
	heard.next()
	b.pages.Close()
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if got := heard.next(); got != "" {
		t.Errorf("heard of %q after the end", got)
	}
	if got := b.get("/pay/deal/" + i.ID + "/events").status; got != http.StatusServiceUnavailable {
		t.Errorf("a stream at the end has status %d", got)
	}
}

// Streams are told to nobody who guesses, and to so many at once.
func TestStreamsAreLimited(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	for _, id := range []string{"1001", b.newUUID(), "x"} {
		if got := b.get("/pay/deal/" + id + "/events"); got.status != http.StatusNotFound || got.body != "" {
			t.Errorf("%s: status %d, %q", id, got.status, got.body)
		}
	}
	i := b.bill(nil)
	server := httptest.NewServer(b.pages)
	t.Cleanup(server.Close)
	var open []*ear
	for range 100 {
		one := b.hears(server.URL, i)
		if one.response.StatusCode == http.StatusServiceUnavailable {
			break
		}
		one.next()
		open = append(open, one)
	}
	if len(open) < 10 || len(open) == 100 {
		t.Errorf("%d streams at once for one address", len(open))
	}
	if err := open[0].response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	for range 1000 { // the server notices soon
		if one := b.hears(server.URL, i); one.response.StatusCode == http.StatusOK {
			return
		}
	}
	t.Error("the place of a stream that is over is not given away")
}

// The page runs the one script that is ours, and still nothing else.
func TestScriptsOfThePage(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	page := b.look(i.ID)
	policy := page.header.Get("Content-Security-Policy")
	if !strings.HasSuffix(policy, "; script-src 'self'; connect-src 'self'") {
		t.Errorf("Content-Security-Policy = %q", policy)
	}
	ours := regexp.MustCompile(
		`<script src="(/pay/static/page-[0-9a-f]{12}\.js)" integrity="sha384-[^"]+" defer></script>`)
	found := ours.FindStringSubmatch(page.body)
	if found == nil || strings.Count(page.body, "<script") != 1 {
		t.Fatalf("the page has another script:\n%s", page.body)
	}
	got := b.get(found[1]).want(http.StatusOK, "EventSource")
	if media := got.header.Get("Content-Type"); media != "text/javascript; charset=utf-8" {
		t.Errorf("the script is %q", media)
	}
	question := b.get("/pay/deal/" + i.ID + "/cancel")
	question.never("<script")
	if policy := question.header.Get("Content-Security-Policy"); strings.Contains(policy, "script-src") {
		t.Errorf("Content-Security-Policy = %q without a script", policy)
	}
}
