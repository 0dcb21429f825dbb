package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/dialect/zipay"
)

// serveYardstick serves a new file of SQLite.
func serveYardstick(t *testing.T) (address, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "yardstick.db")
	tables, err := openTables(t.Context(), file, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tables.close(); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(newYardstick(t.Context(), tables))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), file
}

// The smallest turn there can be: what was answered well is in the database.
func TestYardstickKeepsWhatItAnswers(t *testing.T) {
	t.Parallel()
	address, file := serveYardstick(t)
	got, err := newInvoices(address, []string{""}, 4, 100).run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.latencies) != 100 || got.rate() <= 0 || got.quantile(0.5) > got.quantile(0.99) {
		t.Errorf("got %d latencies at %v/s, the half %v and the tail %v, want 100 in order",
			len(got.latencies), got.rate(), got.quantile(0.5), got.quantile(0.99))
	}
	const told = "event e join invoice i on i.id = e.subject and i.merchant_id = e.merchant_id"
	for _, of := range []string{"invoice", told} {
		rows, err := count(t.Context(), file, of)
		if err != nil || rows != 100 {
			t.Errorf("got %d rows of %s, %v, want 100", rows, of, err)
		}
	}
}

// The other yardstick writes no events, and one that begins later goes on with the
// numbers of theirs.
func TestYardstickNumbersEvents(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "yardstick.db")
	for n, withFeed := range []bool{true, false, true} {
		tables, err := openTables(t.Context(), file, withFeed)
		if err != nil {
			t.Fatal(err)
		}
		row := invoiceRow{id: "i" + strconv.Itoa(n), merchant: "shop", detail: "{}", amount: 1, at: 1}
		if err := errors.Join(tables.addInvoices(t.Context(), []invoiceRow{row}), tables.close()); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]int64{
		"select count(*) from invoice":                    3,
		"select count(*) from event":                      2,
		"select seq from event where subject = 'i2'":      2,
		"select count(*) from event where subject = 'i1'": 0,
	} {
		if got, err := number(t.Context(), file, query); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", query, got, err, want)
		}
	}
}

// testShops are two merchants with as many customers as there are senders.
func testShops() []shop {
	shops := make([]shop, 2)
	for n := range shops {
		shops[n].house = signer{Public: "house", Secret: "secret of the house"}
		for i := range senders {
			shops[n].customers = append(shops[n].customers, int64(10_001+i))
			shops[n].signers = append(shops[n].signers, signer{Public: strconv.Itoa(n) + "-" + strconv.Itoa(i), Secret: "s"})
		}
	}
	return shops
}

// Transfers are in the yardstick's database with all that is booked for them.
func TestYardstickBooksTransfers(t *testing.T) {
	t.Parallel()
	address, file := serveYardstick(t)
	var o orders
	shops := plain(testShops())
	for _, w := range wires {
		for _, from := range [][]sender{spread(shops), hot(shops[0])} {
			if _, err := o.turn(w, address, from, 4, 64).run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for query, want := range map[string]int64{
		"select count(*) from transfer":                                           256,
		"select count(*) from entry":                                              256,
		"select count(*) from event where noun = 'transfer'":                      256,
		"select count(*) from posting":                                            512,
		"select sum(balance) from account where key = 'merchant_available//USD'":  -128 * 125_000_000,
		"select sum(balance) from account where key <> 'merchant_available//USD'": 128 * 125_000_000,
		"select count(distinct detail ->> '$.reference') from transfer":           128,
		"select count(distinct sender || merchant_id) from transfer":              2*senders + 1,
		"select count(*) from transfer where sender = receiver or sender < 10000": 0,
		"select count(*) from account a where balance <> (select sum(p.amount)" +
			" from posting p where p.account = a.key and p.merchant_id = a.merchant_id)": 0,
	} {
		if got, err := number(t.Context(), file, query); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", query, got, err, want)
		}
	}
}

// The yardstick refuses what is no transfer, and keeps nothing of it.
func TestYardstickRefusesOtherForms(t *testing.T) {
	t.Parallel()
	address, file := serveYardstick(t)
	const media = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct{ path, key, body string }{
		"no key":      {"/api/transfer", "api_key: ", "receiver=10002&amount=1&currency=USD&order_id=1"},
		"no receiver": {"/api/transfer", "api_key: a/10001", "amount=1&currency=USD&order_id=1"},
		"no amount":   {"/api/transfer", "api_key: a/10001", "receiver=10002&amount=much&currency=USD&order_id=1"},
		"no order":    {"/api/transfer", "api_key: a/10001", "receiver=10002&amount=1&currency=USD"},
		"nobody":      {"/v1/transfers", "Accept: */*", `{"source":10001,"destination":10002,"amount":"1","unit":"USD"}`},
		"to nobody":   {"/v1/transfers", "Authorization: Bearer a", `{"source":10001,"amount":"1","unit":"USD"}`},
		"no money":    {"/v1/transfers", "Authorization: Bearer a", `{"source":10001,"destination":10002}`},
	} {
		call := post(address, c.path, media, c.body, c.key)
		l := load{
			address: address, clients: 1, requests: 1, proof: transferProof, call: func(int, int) []byte { return call },
		}
		if _, err := l.run(t.Context()); err == nil || !strings.Contains(err.Error(), "400") {
			t.Errorf("%s: got %v, want an error that tells the status", name, err)
		}
	}
	if rows, err := count(t.Context(), file, "transfer"); err != nil || rows != 0 {
		t.Errorf("got %d rows, %v, want none", rows, err)
	}
	if err := (stand{}).check(t.Context(), 1, []rowsOf{{file, "transfer"}}); err == nil {
		t.Error("got no error for an answer that left no row")
	}
}

// Every request of a load has a name and a signature of its own; the accounts
// that send take turns.
func TestTransfersAreSignedOneByOne(t *testing.T) {
	t.Parallel()
	var o orders
	from, seen, sent := spread(testShops()), map[string]bool{}, map[string]int{}
	for range 2 {
		l := o.turn(wires[ofTransfers], "127.0.0.1:1", from, 4, 3*len(from))
		for n := range l.requests {
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(l.call(0, n))))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			signature := r.Header.Get("api_sign")
			if want := zipay.Sign("s", string(body)); signature != want {
				t.Errorf("got signature %s, want %s", signature, want)
			}
			seen[signature] = true
			sent[r.Header.Get("api_key")]++
		}
	}
	if want := 6 * len(from); len(seen) != want {
		t.Errorf("got %d signatures, want %d", len(seen), want)
	}
	for key, n := range sent {
		if n != 6 {
			t.Errorf("%s sent %d, want 6", key, n)
		}
	}
}

// A server that refuses fails the turn: no figure is made of refusals.
func TestRefusalFailsTheTurn(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	l := newInvoices(strings.TrimPrefix(server.URL, "http://"), []string{""}, 1, 1)
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

func TestReadChecks(t *testing.T) {
	t.Parallel()
	const out = `goos: linux
BenchmarkVerify/sent-2   	  175861	      1350 ns/op	     912 B/op	      12 allocs/op
BenchmarkVerify/sent-2   	  175861	      9999 ns/op	     912 B/op	      12 allocs/op
BenchmarkVerify/sent-2   	  175861	      1249.5 ns/op	     912 B/op	      12 allocs/op
BenchmarkVerify/fields 	   34484	      7228 ns/op	    4040 B/op	      40 allocs/op
PASS
`
	got, err := readChecks(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].took != 1350 || got[1].took != 7228 || !got[0].limited || got[1].limited {
		t.Errorf("got %+v, want the medians 1350 ns, limited, and 7228 ns", got)
	}
	if _, err := readChecks("BenchmarkVerify/sent 1 1 ns/op\nPASS\n"); err == nil {
		t.Error("got no error for a benchmark that left a way out")
	}
}

// What was just missed does not seem to be reached.
func TestLittleIsMissed(t *testing.T) {
	t.Parallel()
	for ratio, want := range map[float64]string{0.5: "0.50", 0.696: "0.69", 0.6999: "0.69", 0.7: "0.70", 0.716: "0.72"} {
		if l := atLeast(line{}, ratio, 0.7); l.ratio != want || l.reached != (ratio >= 0.7) {
			t.Errorf("%v: got %s, reached: %v, want %s", ratio, l.ratio, l.reached, want)
		}
	}
}

// A missed target is written down as missed, in the table and in a sentence.
func TestPageTellsWhatWasMissed(t *testing.T) {
	t.Parallel()
	one := func(took time.Duration) measured {
		return measured{turn: turn{took: took, latencies: []time.Duration{took}}, server: time.Millisecond}
	}
	of := func(purser, yardstick time.Duration) contest {
		return contest{sqlite, []round{{purser: one(purser), yardstick: one(yardstick), eventless: one(yardstick / 2)}}}
	}
	r := report{
		plan: plan{parts: allParts, Payments: 200_000}, // an earlier run made others
		checks: []check{
			{what: "as sent", limited: true, took: 60 * time.Microsecond}, {what: "other", took: time.Millisecond},
		},
		servers: []result{{
			engine: sqlite, invoices: of(2*time.Second, time.Second),
			transfers: moving{
				wire: wires[ofTransfers], spread: of(time.Second, 700*time.Millisecond), hot: of(2*time.Second, time.Second),
			},
			v1: moving{
				wire: wires[ofV1], spread: of(2*time.Second, time.Second), hot: of(time.Second, time.Second),
			},
			lives: []measured{one(time.Second / 4)}, reads: of(2*time.Second, time.Second),
			again: []time.Duration{2 * time.Second}, idle: 1 << 20, peak: 200 << 20,
			profiles: []profile{{"transfers", "main.main\n"}}, large: enlarged{payments: 10_000_640},
		}},
	}
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
		"- Reached: SQLite, `POST /api/transfer`, accounts all over: 0.70 times the yardstick; at least 0.6 is wanted",
		"| SQLite | `POST /api/transfer`, one account sends | 0/s | the yardstick | 1/s | 0.50 |  |  |",
		"- **Missed**: SQLite, `POST /api/transfer`, one account sends: 0.50 times accounts all over; at least 0.8 is wanted",
		"- **Missed**: SQLite, checking a signature, as sent: 6.0 % of the processor time of a transfer; at most 5 % is",
		"| SQLite | checking a signature, other | 1000000 ns | processor time per transfer | 1000 us | 100.0 % |  |  |",
		"| SQLite | `POST /v1/transfers`, accounts all over | 0/s | the yardstick without events | 2/s | 0.25 |  |  |",
		"- **Missed**: SQLite, `POST /v1/transfers`, accounts all over: 0.50 times the yardstick; at least 0.7 is wanted",
		"- Reached: SQLite, `POST /v1/transfers`, one account sends: 2.00 times accounts all over; at least 0.8 is",
		"| SQLite | whole lives of payments through `/v1` | 4/s |  |  |  |  |  |",
		"- Reached: SQLite, `GET /v1/payments/{id}`: 0.50 times a bare JSON handler; at least 0.4 is wanted",
		"## Where the server's processor time goes on SQLite, transfers\n\n```\nmain.main\n```",
		"during the turns with transfers on SQLite",
		"everything is sealed. 10000640 payments are in it then.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
	if s := r.servers[0]; !missed(s.invoiceLines()) || !missed(s.transfers.lines(leastTransfers)) {
		t.Error("got nothing missed, want profiles to be taken")
	}
	r.servers[0].transfers.hot = of(time.Second, time.Second)
	if missed(r.servers[0].transfers.lines(leastTransfers)) {
		t.Error("got a missed target of transfers, want none")
	}
}
