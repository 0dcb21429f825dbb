package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The smallest turn there can be: what was answered well is in the database.
func TestYardstickKeepsWhatItAnswers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "yardstick.db")
	insert, closeDatabase, err := openTable(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closeDatabase(); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(newYardstick(t.Context(), insert))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	l := load{address: address, clients: 4, requests: 100, calls: [][]byte{invoiceCall(address, "")}}
	got, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.latencies) != 100 || got.rate() <= 0 || got.quantile(0.5) > got.quantile(0.99) {
		t.Errorf("got %d latencies at %v/s, the half %v and the tail %v, want 100 in order",
			len(got.latencies), got.rate(), got.quantile(0.5), got.quantile(0.99))
	}
	rows, err := count(t.Context(), file, "invoice")
	if err != nil || rows != 100 {
		t.Errorf("got %d rows, %v, want 100", rows, err)
	}
}

// A server that refuses fails the turn: no figure is made of refusals.
func TestRefusalFailsTheTurn(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	l := load{address: address, clients: 1, requests: 1, calls: [][]byte{invoiceCall(address, "")}}
	if _, err := l.run(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, want an error that tells the status", err)
	}
}

func TestReadCommits(t *testing.T) {
	t.Parallel()
	const out = `goos: linux
BenchmarkCommit/sqlite-2   	       1	  779.4 alone-hot/s	  0.9099 hot:spread
BenchmarkCommit/postgres 	       1	  3839 grouped-spread/s	  1.620 grouped:alone-spread
PASS
`
	got, err := readCommits(out)
	if err != nil {
		t.Fatal(err)
	}
	want := []commits{
		{postgres, map[string]float64{"grouped-spread/s": 3839, "grouped:alone-spread": 1.62}},
		{sqlite, map[string]float64{"alone-hot/s": 779.4, "hot:spread": 0.9099}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(commits{})); diff != "" {
		t.Errorf("read figures (-want +got):\n%s", diff)
	}
	if _, err := readCommits("PASS\n"); err == nil {
		t.Error("got no error for a benchmark that reported nothing")
	}
}

// A missed target is written down as missed, in the table and in a sentence.
func TestPageTellsWhatWasMissed(t *testing.T) {
	t.Parallel()
	one := func(took time.Duration) measured {
		return measured{turn: turn{took: took, latencies: []time.Duration{took}}, server: time.Millisecond}
	}
	r := report{servers: []result{{
		engine: sqlite, rounds: []round{{purser: one(2 * time.Second), yardstick: one(time.Second)}},
		again: []time.Duration{2 * time.Second}, idle: 1 << 20, peak: 200 << 20,
	}}}
	page, err := r.page()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 0.50 | >= 0.6 | **missed** |",
		"- **Missed**: SQLite, `POST /invoice/create`: 0.50 times the yardstick; at least 0.6 is wanted",
		"- **Missed**: SQLite, resident memory under that load, at most: 200 MB; below 100 MB is wanted.",
		"- Reached: SQLite, resident memory before any request: 1 MB; below 64 MB is wanted.",
		"- **Missed**: SQLite, cold start, 0 invoices: 2000.0 ms; below 1 s is wanted.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
	if !r.servers[0].missed() {
		t.Error("got nothing missed, want a profile to be taken")
	}
}
