package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// start is when every test begins.
var start = time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC)

// rig is one emulator of a provider that exists for these tests only: POST /open makes a payment, POST /verify
// captures it, and the page is under /pay/{id}.
type rig struct {
	*Bench
	server *httptest.Server

	mu     sync.Mutex
	waited []time.Duration
	visits []string
}

func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	r := &rig{}
	options := Options{
		PublicURL: "http://provider.test/base", Seed: 1, Now: func() time.Time { return start },
		Sleep: func(ctx context.Context, d time.Duration) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.waited = append(r.waited, d)
			return ctx.Err()
		},
		Visit: func(_ context.Context, address string) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.visits = append(r.visits, address)
			return nil
		},
	}
	if change != nil {
		change(&options)
	}
	bench, err := NewBench(options, testProfile())
	if err != nil {
		t.Fatalf("new bench: %v", err)
	}
	r.Bench = bench
	r.Handle("POST /open", "open", nil, func(c *Call) Reply {
		p := c.Create(Payment{ID: c.Letters("id", c.Next(), 8), Amount: 5000, Callback: string(c.Body)})
		return JSON(http.StatusOK, Object{{"id", p.ID}, {"amount", 5000}, {"empty", ""}})
	})
	r.Handle("POST /verify", "verify", func(c *Call) string { return string(c.Body) }, func(c *Call) Reply {
		p, ok := c.Find(c.Subject)
		if !ok || !p.Verify(c.Now) {
			return JSON(http.StatusOK, Object{{"code", 101}})
		}
		c.Save(p)
		return JSON(http.StatusOK, Object{{"code", 100}})
	})
	r.Page("/pay/{id}")
	r.server = httptest.NewServer(r.Bench)
	t.Cleanup(func() {
		r.server.Close()
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func testProfile() Profile {
	return Profile{
		Name: "testpay", Title: "TestPay", Life: "life", Window: "window", Decline: 5, Cancel: 3,
		Switches: []Switch{
			{Name: "life", Values: []string{"30m"}, Free: FreeDuration},
			{Name: "window", Values: []string{"30m"}, Free: FreeDuration},
			{Name: "mood", Values: []string{"fair", "foul"}},
			{Name: "fee", Values: []string{"10"}, Free: FreeNumber},
		},
		Faults:   []string{"moon"},
		Refusals: []Refusal{{Code: 6, Words: "wrong PIN"}},
		Return: func(_ *Call, p Payment, success bool) Object {
			return Object{{"id", p.ID}, {"ok", success}}
		},
	}
}

// client never follows redirects, so that a test sees them.
var client = &http.Client{
	// A server that closes cuts the idle connections of the default transport, which all tests share.
	Transport:     &http.Transport{},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answered is a response that has been read to its end.
type answered struct {
	Status   int
	Type     string
	Location string
	Policy   string
	Body     string
}

// send makes one call and answers what came back, or the transport's error.
func (r *rig) send(t *testing.T, method, path, contentType, body string) (answered, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := client.Do(request)
	if err != nil {
		return answered{}, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return answered{
		Status: response.StatusCode, Type: response.Header.Get("Content-Type"),
		Location: response.Header.Get("Location"), Body: string(answer),
		Policy: response.Header.Get("Content-Security-Policy"),
	}, err
}

// open makes a payment and answers its id.
func (r *rig) open(t *testing.T, callback string) string {
	t.Helper()
	got, err := r.send(t, http.MethodPost, "/open", "text/plain", callback)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	var answer struct{ ID string }
	if err := json.Unmarshal([]byte(got.Body), &answer); err != nil {
		t.Fatalf("open answered %q: %v", got.Body, err)
	}
	return answer.ID
}

// press posts one of the page's buttons.
func (r *rig) press(t *testing.T, id, form string) answered {
	t.Helper()
	response, err := r.send(t, http.MethodPost, "/pay/"+id, "application/x-www-form-urlencoded", form)
	if err != nil {
		t.Fatalf("press %s: %v", form, err)
	}
	return response
}

// strike adds a fault that the test needs.
func strike(t *testing.T, b *Bench, f Fault) {
	t.Helper()
	if _, err := b.AddFault(f); err != nil {
		t.Fatalf("add fault %s: %v", f.Name, err)
	}
}

func TestNewBenchRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	clock := func() time.Time { return start }
	for name, options := range map[string]Options{
		"no clock":       {PublicURL: "http://x"},
		"no public url":  {Now: clock},
		"relative url":   {Now: clock, PublicURL: "/sandbox"},
		"unknown switch": {Now: clock, PublicURL: "http://x", Switches: map[string]string{"nothing": "on"}},
		"wrong value":    {Now: clock, PublicURL: "http://x", Switches: map[string]string{"mood": "none"}},
		"zero duration":  {Now: clock, PublicURL: "http://x", Switches: map[string]string{"life": "0s"}},
		"no merchant id": {Now: clock, PublicURL: "http://x", Merchants: []Merchant{{Name: "x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := NewBench(options, testProfile()); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}

func TestReadingThePageChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id := r.open(t, "http://shop.test/back?order=7")
	before, _ := r.Payment(id)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
		got, err := r.send(t, method, "/pay/"+id, "", "")
		if err != nil || got.Status != http.StatusOK {
			t.Fatalf("%s: got %v, %v", method, got, err)
		}
		if method == http.MethodHead {
			continue
		}
		for _, want := range []string{
			`lang="fa"`, `dir="rtl"`, "width=device-width", "5,000", "sandbox", id, `value="leave"`,
		} {
			if !strings.Contains(got.Body, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		if strings.Contains(got.Body, "<script") || !strings.Contains(got.Policy, "default-src 'none'") {
			t.Errorf("the page has a script or the policy %q", got.Policy)
		}
	}
	after, _ := r.Payment(id)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the payment changed (-before +after):\n%s", diff)
	}
}

func TestPageEscapesWhatTheMerchantSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id := r.open(t, "http://shop.test/")
	r.mu.Lock()
	r.byID[id].Description = `<img src=x onerror=alert(1)>`
	r.mu.Unlock()
	got, err := r.send(t, http.MethodGet, "/pay/"+id, "", "")
	if err != nil || strings.Contains(got.Body, "<img") || !strings.Contains(got.Body, "&lt;img") {
		t.Errorf("got %v and a page with raw markup: %t", err, strings.Contains(got.Body, "<img"))
	}
}

func TestButtons(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		form, state, location string
		status, code          int
	}{
		{"decision=approve", "paid", "http://shop.test/back?order=7&id=ID&ok=true#end", http.StatusSeeOther, 0},
		{"decision=decline", "failed", "http://shop.test/back?order=7&id=ID&ok=false#end", http.StatusSeeOther, 5},
		{"decision=decline&status=6", "failed", "http://shop.test/back?order=7&id=ID&ok=false#end", http.StatusSeeOther, 6},
		{"decision=cancel", "canceled", "http://shop.test/back?order=7&id=ID&ok=false#end", http.StatusSeeOther, 3},
		{"decision=leave", "open", "", http.StatusOK, 0},
		{"decision=dance", "open", "", http.StatusBadRequest, 0},
		{"", "open", "", http.StatusBadRequest, 0},
		{"decision=decline&status=99", "open", "", http.StatusBadRequest, 0},
		{"decision=decline&status=x", "open", "", http.StatusBadRequest, 0},
		{"decision=approve&card=12", "open", "", http.StatusBadRequest, 0},
		{"decision=%zz", "open", "", http.StatusBadRequest, 0},
	} {
		t.Run(test.form, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			id := r.open(t, "http://shop.test/back?order=7#end")
			response := r.press(t, id, test.form)
			want := strings.ReplaceAll(test.location, "ID", id)
			if response.Status != test.status || response.Location != want {
				t.Errorf("got %d to %q, want %d to %q", response.Status, response.Location, test.status, want)
			}
			p, _ := r.Payment(id)
			if string(p.State) != test.state || p.Code != test.code {
				t.Errorf("got state %s code %d, want %s %d", p.State, p.Code, test.state, test.code)
			}
		})
	}
}

func TestSecondPressChargesNobodyTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id := r.open(t, "http://shop.test/")
	first := r.press(t, id, "decision=approve").Location
	for _, form := range []string{"decision=approve", "decision=decline", "decision=cancel"} {
		if got := r.press(t, id, form).Location; got != first {
			t.Errorf("%s: got %q, want %q", form, got, first)
		}
	}
	if p, _ := r.Payment(id); p.Charges != 1 || p.State != Paid {
		t.Errorf("got %d charges, state %s", p.Charges, p.State)
	}
	page, err := r.send(t, http.MethodGet, "/pay/"+id, "", "")
	if err != nil || strings.Contains(page.Body, `value="approve"`) {
		t.Errorf("the page of a paid payment still offers to pay (%v)", err)
	}
}

func TestUnknownPathsAndPayments(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, path := range []string{"/pay/nobody", "/elsewhere", "/"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			response, err := r.send(t, method, path, "application/x-www-form-urlencoded", "decision=approve")
			if err != nil || response.Status != http.StatusNotFound {
				t.Errorf("%s %s: got %v, %v, want 404", method, path, response, err)
			}
		}
	}
	big := strings.Repeat("x", maxBody+1)
	response, err := r.send(t, http.MethodPost, "/open", "text/plain", big)
	if err != nil || response.Status != http.StatusRequestEntityTooLarge || len(r.Payments()) != 0 {
		t.Errorf("a huge body: got %v, %v, %d payments", response, err, len(r.Payments()))
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	lazy, late, kept := r.open(t, "http://shop.test/"), r.open(t, "http://shop.test/"), r.open(t, "http://shop.test/")
	r.press(t, late, "decision=approve")
	r.press(t, kept, "decision=approve")
	if got, err := r.send(t, http.MethodPost, "/verify", "text/plain", kept); err != nil || got.Body != `{"code":100}` {
		t.Fatalf("verify: got %s, %v", got.Body, err)
	}
	if err := r.Advance(30*time.Minute - time.Nanosecond); err != nil {
		t.Fatal(err)
	}
	states := func() string {
		var list []string
		for _, p := range r.Payments() {
			list = append(list, string(p.State))
		}
		return strings.Join(list, " ")
	}
	if got := states(); got != "open paid verified" {
		t.Errorf("just before the end: got %s", got)
	}
	if err := r.Advance(time.Nanosecond); err != nil {
		t.Fatal(err)
	}
	if got := states(); got != "expired returned verified" {
		t.Errorf("at the end: got %s", got)
	}
	want := Books{Payments: 3, Charged: 10_000, Captured: 5000, Returned: 5000}
	if diff := cmp.Diff(want, r.Books()); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
	if response := r.press(t, lazy, "decision=approve"); !strings.HasSuffix(response.Location, "ok=false") {
		t.Errorf("an expired payment went to %s", response.Location)
	}
}

func TestVerifyIsAtomic(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id := r.open(t, "http://shop.test/")
	r.press(t, id, "decision=approve")
	first, group := make(chan string, 50), sync.WaitGroup{}
	for range 50 {
		group.Go(func() {
			got, err := r.send(t, http.MethodPost, "/verify", "text/plain", id)
			if err != nil {
				t.Errorf("verify: %v", err)
			}
			first <- got.Body
		})
	}
	group.Wait()
	close(first)
	count := map[string]int{}
	for body := range first {
		count[body]++
	}
	if diff := cmp.Diff(map[string]int{`{"code":100}`: 1, `{"code":101}`: 49}, count); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if p, _ := r.Payment(id); p.Captures != 1 {
		t.Errorf("got %d captures, want 1", p.Captures)
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inDir := func(o *Options) { o.Dir, o.Seed = dir, 0 }
	first := newRig(t, inDir)
	id := first.open(t, "http://shop.test/")
	first.press(t, id, "decision=approve")
	if err := errors.Join(
		first.SetSwitch("mood", "foul"), first.Advance(time.Minute),
		first.SetMerchant(Merchant{ID: "m1", PanelToken: "t"}), first.SetMerchant(Merchant{ID: "m1", Name: "two"}),
		first.Close(),
	); err != nil {
		t.Fatal(err)
	}
	// A crash in the middle of a line loses that line only.
	path := filepath.Join(dir, "testpay.jsonl")
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"payment":{"id":"ha`); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	second := newRig(t, inDir)
	if diff := cmp.Diff(first.Payments(), second.Payments()); diff != "" {
		t.Errorf("payments (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(first.Switches(), second.Switches()); diff != "" {
		t.Errorf("switches (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff([]Merchant{{ID: "m1", Name: "two"}}, second.Merchants()); diff != "" {
		t.Errorf("merchants (-want +got):\n%s", diff)
	}
	if first.Now() != second.Now() || first.seed != second.seed || first.serial != second.serial {
		t.Errorf("clock, seed or serial: got %v %d %d, want %v %d %d",
			second.Now(), second.seed, second.serial, first.Now(), first.seed, first.serial)
	}
	if again := second.open(t, "http://shop.test/"); again == id {
		t.Error("an id was given twice")
	}
}

func TestDamagedStateIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "testpay.jsonl"), []byte("{}\nnonsense\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	options := Options{PublicURL: "http://x", Dir: dir, Now: func() time.Time { return start }}
	if _, err := NewBench(options, testProfile()); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want an error that names line 2", err)
	}
}

func TestEqualSeedsGiveEqualIDs(t *testing.T) {
	t.Parallel()
	one, two := newRig(t, nil), newRig(t, nil)
	other := newRig(t, func(o *Options) { o.Seed = 2 })
	fresh, fresher := newRig(t, func(o *Options) { o.Seed = 0 }), newRig(t, func(o *Options) { o.Seed = 0 })
	a, b, c := one.open(t, "http://x/"), two.open(t, "http://x/"), other.open(t, "http://x/")
	if a != b || a == c {
		t.Errorf("seeds 1, 1, 2 gave %s, %s, %s", a, b, c)
	}
	if d, e := fresh.open(t, "http://x/"), fresher.open(t, "http://x/"); d == e {
		t.Errorf("two fresh seeds gave the same id %s", d)
	}
}

func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for range maxJournal + 10 {
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/pay/x?a=1", nil))
	}
	journal := r.Journal()
	last := journal[len(journal)-1]
	if len(journal) > maxJournal || last.Number != maxJournal+10 {
		t.Errorf("got %d entries up to number %d", len(journal), last.Number)
	}
	if last.Call != "page" || last.Payment != "x" || last.Query != "a=1" || last.Status != http.StatusNotFound {
		t.Errorf("got entry %+v", last)
	}
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/open",
		bytes.NewReader(bytes.Repeat([]byte("x"), 2*maxNoted))))
	if got := len(r.CallsOf("open")[0].Body); got > maxNoted+3 {
		t.Errorf("an entry keeps %d bytes", got)
	}
	r.ClearJournal()
	if got := len(r.Journal()); got != 0 {
		t.Errorf("got %d entries after clearing", got)
	}
}
