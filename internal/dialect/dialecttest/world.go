package dialecttest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// errCause stands for what must never be shown.
var errCause = errors.New("dial tcp 10.0.0.7:5432: password s3cret refused")

// World is a running core in a new database with three merchants: a shop, one
// whose requests are split above 100000, and another one. Its clock and ids
// are its own, so that everything it answers is known in advance.
type World struct {
	App   *app.App
	Store store.Store
	Banks map[string]*Bank
	// Gateways are what the world has besides the banks, by connector.
	Gateways map[string]gateway.Gateway
	// Shop is the merchant behind "key" and "admin".
	Shop string
	// Other is the merchant behind "other" and "otheradmin".
	Other string
	// Keys are secrets by name: key, admin, split, splitadmin, other, otheradmin.
	Keys map[string]string

	mu        sync.Mutex
	now       time.Time
	ids       int
	tokens    int
	calls     int
	gifts     int
	payouts   int
	merchants []string

	watch   func(http.Handler) http.Handler
	hide    *regexp.Regexp
	signer  Signer
	secrets map[string]string // of signing keys, by name
	pins    map[int64]string  // of the shop's customers, by account
	happens func(ctx context.Context, w *World, what string) (bool, error)
	staged  map[string]int64 // the last event of each merchant before the story
}

// Start is the time at which every world begins.
var Start = time.Date(2025, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

// SplitLimit is the limit, in Rial, of the merchant behind the key "split".
const SplitLimit = 100_000

// NewWorld makes a world and ends it with the test.
func NewWorld(t testing.TB, banks []BankForm, extras ...Extras) *World {
	t.Helper()
	w := &World{
		now: Start, Banks: map[string]*Bank{}, Gateways: map[string]gateway.Gateway{}, Keys: map[string]string{},
		secrets: map[string]string{}, pins: map[int64]string{}, staged: map[string]int64{},
	}
	forms, payoutForms := map[string]app.Form{}, map[string]app.PayoutForm{}
	url := ""
	var random io.Reader
	around := func(s store.Store) store.Store { return s }
	for _, e := range extras {
		if e.Database != nil {
			url = e.Database(t)
		}
		if e.Around != nil {
			around = e.Around
		}
		w.signer, w.happens, w.watch, w.hide = e.Signer, e.Happen, e.Watch, e.Hide
		if e.Gateways != nil {
			maps.Copy(w.Gateways, e.Gateways())
		}
		maps.Copy(forms, e.Forms)
		maps.Copy(payoutForms, e.PayoutForms)
		if e.Seeded {
			random = &seeded{source: rand.NewChaCha8([32]byte{})}
		}
	}
	if url == "" {
		url = sqlitetest.Database(t)
	}
	log := slog.New(slog.DiscardHandler)
	db, err := sqlstore.Open(t.Context(), sqlstore.Options{
		URL: url, Now: w.Now, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	var returners []app.Returner
	for _, form := range banks {
		bank := &Bank{form: form, clock: w.Now, pages: map[string]*bankPage{}}
		w.Banks[form.Name] = bank
		returners = append(returners, app.Returner{Connector: form.Name, Returner: bank})
	}
	w.Store = db
	w.App = app.New(app.Config{
		Store: around(db), Gateways: w, Now: w.Now, Log: log, ReturnURL: "https://pay.example/cb", Returners: returners,
		Sealer: envelope{}, Credentials: envelope{}.credentials, Forms: forms, PayoutForms: payoutForms,
		Random: random, Alone: random != nil,
	})
	w.Shop = w.settle(t, banks, app.NewMerchant{Name: "Shop"}, "key", "admin")
	limit := money.New(SplitLimit, money.IRR)
	w.settle(t, banks, app.NewMerchant{Name: "Splitter", SplitLimit: limit}, "split", "splitadmin")
	w.Other = w.settle(t, banks, app.NewMerchant{Name: "Other"}, "other", "otheradmin")
	for _, e := range extras {
		if e.Stage != nil {
			e.Stage(t, w)
		}
	}
	for _, m := range w.merchants {
		list, err := db.Events(t.Context(), m, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		w.staged[m] = int64(len(list))
	}
	return w
}

// seeded gives the same random bytes in every world.
type seeded struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

// Read fills with the next ones.
func (s *seeded) Read(random []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Read(random)
}

// settle adds a merchant with its gateways, an ordinary key and an admin key.
func (w *World) settle(t testing.TB, banks []BankForm, n app.NewMerchant, key, admin string) string {
	t.Helper()
	ctx := t.Context()
	m, err := w.App.CreateMerchant(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	w.merchants = append(w.merchants, m.ID)
	for _, k := range []struct {
		name  string
		scope merchant.Scope
	}{{key, merchant.Payments}, {admin, merchant.Admin}} {
		_, secret, err := w.App.CreateKey(ctx, app.NewKey{
			Merchant: m.ID, Label: k.name, Scopes: []merchant.Scope{k.scope},
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Keys[k.name] = secret
	}
	names := slices.Sorted(maps.Keys(w.Gateways))
	for n := range banks {
		names = slices.Insert(names, n, banks[n].Name)
	}
	for order, name := range names {
		g := merchant.Gateway{Merchant: m.ID, Name: name, Connector: name, Order: order, Enabled: true}
		if err := w.App.PutGateway(ctx, g); err != nil {
			t.Fatal(err)
		}
	}
	return m.ID
}

// Open is the world's gateway.Directory: merchants share the banks.
func (w *World) Open(contract merchant.Gateway) (gateway.Gateway, error) {
	if other, ok := w.Gateways[contract.Connector]; ok {
		return other, nil
	}
	bank, ok := w.Banks[contract.Connector]
	if !ok {
		return nil, fault.New(fault.CodeSettingInvalid, "connector", "")
	}
	return bank, nil
}

// Now is the world's clock. It moves only when Wait is called.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Wait moves the clock.
func (w *World) Wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// number counts the ids of one sort.
func (w *World) number(n *int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	*n++
	return *n
}

// ObjectID mints ids of 24 hex digits.
func (w *World) ObjectID() string { return fmt.Sprintf("66f0c0ffee%014x", w.number(&w.ids)) }

// UUID mints tokens in the form of a UUID version 4.
func (w *World) UUID() string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", w.number(&w.tokens))
}

// PayoutID mints ids of 18 letters and digits.
func (w *World) PayoutID() string { return fmt.Sprintf("Payout%012d", w.number(&w.payouts)) }

// RequestID mints the ids of calls.
func (w *World) RequestID() string { return fmt.Sprintf("call-%d", w.number(&w.calls)) }

// Handler serves a dialect as the server does, and looks at every exchange where
// the world's extras want it.
func (w *World) Handler(d *dialect.Dialect) http.Handler {
	mux := http.NewServeMux()
	dialect.Mount(mux, d)
	h := dialect.Exact(mux, http.HandlerFunc(d.NotFound))
	if w.watch != nil {
		h = w.watch(h)
	}
	return h
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Ask sends one request. A header value {{name}} is one of the world's keys,
// and {{sign:name}} the signature of this request with one of them.
func (w *World) Ask(h http.Handler, method, target string, header http.Header, body string) Answer {
	r := httptest.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	for name, values := range header {
		for _, value := range values {
			r.Header.Add(name, w.expand(value, method, target, body))
		}
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	return Answer{Status: recorder.Code, Header: recorder.Header(), Body: recorder.Body.String()}
}

// expand puts secrets and signatures in the place of their names.
func (w *World) expand(text, method, target, body string) string {
	if name, ok := strings.CutPrefix(text, "{{sign:"); ok {
		return w.signer.Sign(w.secrets[strings.TrimSuffix(name, "}}")], method, target, body)
	}
	for name, secret := range w.Keys {
		text = strings.ReplaceAll(text, "{{"+name+"}}", secret)
	}
	return text
}

// Record is everything that the database holds of the world's merchants that a
// reader can follow: events and entries in order.
func (w *World) Record(ctx context.Context) (string, error) {
	var events, entries, notices strings.Builder
	for _, m := range w.merchants {
		list, err := w.Store.Events(ctx, m, w.staged[m], 1000)
		if err != nil {
			return "", err
		}
		for _, e := range list {
			subject := ownID.ReplaceAllString(strings.TrimPrefix(e.Subject, "ep_"), "-")
			if e.Subject == m {
				subject = "-"
			}
			note := ""
			if e.Note != "" {
				note = ": " + ownID.ReplaceAllString(e.Note, "-")
			}
			fmt.Fprintf(&events, "= %s %s: %s -> %s, %s by %s%s\n", e.Noun, subject, cmp.Or(e.From, "(new)"), e.To,
				e.Trigger, e.Actor, note)
			if e.Trigger != "create" {
				continue
			}
			if err := w.caused(ctx, m, e.Subject, &entries, &notices); err != nil {
				return "", err
			}
		}
	}
	record := "= events\n" + events.String() + "= entries\n" + entries.String()
	if notices.Len() > 0 {
		record += "= notices\n" + notices.String()
	}
	return record, nil
}

// caused writes down what was booked for a subject and told of it.
func (w *World) caused(ctx context.Context, merchantID, subject string, entries, notices *strings.Builder) error {
	booked, err := w.booked(ctx, merchantID, subject)
	if err != nil {
		return err
	}
	told, err := w.told(ctx, merchantID, subject)
	entries.WriteString(booked)
	notices.WriteString(told)
	return err
}

// ownID is an id of the core's own. They are random.
var ownID = regexp.MustCompile(`\b[0-9a-f]{32}\b`)

// booked is the entries of one subject, one on a line.
func (w *World) booked(ctx context.Context, merchantID, subject string) (string, error) {
	var b strings.Builder
	entries, err := w.Store.Entries(ctx, merchantID, subject)
	inOrder(entries)
	for _, entry := range entries {
		fmt.Fprintf(&b, "= %s %s:", entry.Rule(), subject)
		for _, p := range entry.Postings() {
			fmt.Fprintf(&b, " %s %d", ownID.ReplaceAllString(p.Account.Key(), "-"), p.Amount.Steps())
		}
		b.WriteString("\n")
	}
	return b.String(), err
}

// inOrder sorts entries by time and, because the world's clock stands still
// within a request, by what can only follow what.
func inOrder(entries []ledger.Entry) {
	step := func(e ledger.Entry) int {
		for n, rule := range ledger.Rules {
			if rule == e.Rule() {
				return n
			}
		}
		return len(ledger.Rules)
	}
	slices.SortStableFunc(entries, func(a, b ledger.Entry) int {
		return cmp.Or(a.At().Compare(b.At()), cmp.Compare(step(a), step(b)))
	})
}

// print is a text that changes with every change of the database: events,
// entries, balances and everything that can be listed.
func (w *World) print(t testing.TB) string {
	t.Helper()
	ctx := t.Context()
	text, err := w.Record(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range w.merchants {
		views, total, err := w.App.Invoices(ctx, m, app.Page{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		balances, err := w.Store.Balances(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("%d %+v %+v\n", total, views, balances)
	}
	return text
}

func statusText(status int) string { return fmt.Sprintf("%d", status) }
