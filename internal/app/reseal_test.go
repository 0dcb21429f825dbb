package app_test

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// lock is an envelope with the number of its key in front. What has none opens too.
type lock struct {
	key   uint32
	opens []uint32
}

func (l lock) Sealing() uint32 { return l.key }

func (l lock) KeyOf(sealed []byte) uint32 {
	if len(sealed) < 5 || sealed[0] != 1 {
		return 0
	}
	return binary.BigEndian.Uint32(sealed[1:])
}

func (l lock) Opens(key uint32) bool { return key == 0 || slices.Contains(l.opens, key) }

func (l lock) Seal(merchantID, name string, text []byte) ([]byte, error) {
	inside, err := envelope{}.Seal(merchantID, name, text)
	return append(binary.BigEndian.AppendUint32([]byte{1}, l.key), inside...), err
}

func (l lock) Open(merchantID, name string, sealed []byte) ([]byte, error) {
	key := l.KeyOf(sealed)
	if !l.Opens(key) {
		return nil, errors.New("it is under a key that nobody has")
	}
	if key != 0 {
		sealed = sealed[5:]
	}
	return envelope{}.Open(merchantID, name, sealed)
}

func (l lock) CredentialsAnew(merchantID, name string, sealed []byte) ([]byte, error) {
	text, err := l.Open(merchantID, name, sealed)
	if err != nil {
		return nil, err
	}
	return l.Seal(merchantID, name, text)
}

// locked is the shop's app under a lock.
func locked(s *shop, over store.Store, l lock) *app.App {
	return app.New(app.Config{
		Store: over, Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: l,
		Credentials: envelope{}.credentials, Forms: map[string]app.Form{"strict": strictForm},
		PayoutForms: map[string]app.PayoutForm{"any": func(e event.Event, p payout.Payout, d []deal.Deal) (app.Notice, bool) {
			n, ok := anyForm(e, p, d)
			n.Header = "X-Own"
			return n, ok
		}},
	})
}

// before and after are the locks of a keyset before and after its newest key seals, and
// alone is the newest key without the older one.
var (
	before = lock{key: 7, opens: []uint32{7}}
	after  = lock{key: 8, opens: []uint32{7, 8}}
	alone  = lock{key: 8, opens: []uint32{8}}
)

// treasury is a shop with one thing of each kind that is sealed, by an app under a lock.
type treasury struct {
	*bazaar

	public   string // of a signing key, with its secret
	secret   string
	endpoint string
	terminal string // its endpoint
	invoice  string
	payout   string
	account  int64 // of a customer with a PIN
}

// noticeWord is the secret of the notices of a treasury.
const noticeWord = "word-of-the-merchant"

func fill(t *testing.T, l lock) *treasury {
	t.Helper()
	b, _ := rich(t)
	v, ctx := &treasury{bazaar: b}, t.Context()
	a := locked(b.shop, b.shop.store, l)
	credentials, err := l.Seal(b.merchant, "sealed", []byte("2"))
	known := merchant.Gateway{Merchant: b.merchant, Name: "sealed", Connector: "first", Sealed: credentials}
	_, text, wrong := a.CreateSigningKey(ctx, app.NewSigningKey{Merchant: b.merchant})
	v.public, v.secret = text.Public, text.Secret
	till, _, failed := a.CreateTerminal(ctx, b.merchant, app.TerminalTerms{Name: "Till"})
	e, _, refused := a.CreateEndpoint(ctx, app.NewEndpoint{Merchant: b.merchant, URL: "https://shop.example/told"})
	if err := errors.Join(err, wrong, failed, refused); err != nil {
		t.Fatal(err)
	}
	v.endpoint, v.terminal = e.ID, till.Endpoint
	sending := b.sending("2000")
	sending.Notice.Endpoint, sending.NoticeSecret = till.Endpoint, noticeWord
	p, err := a.RequestSending(ctx, sending)
	if err != nil {
		t.Fatal(err)
	}
	i, err := a.CreateInvoice(ctx, b.merchant, app.NewInvoice{
		ID: b.newID(), Amount: rub("100"), Terminal: till.Number, ReturnTo: "https://shop.example",
		Notice:       invoice.Notice{URL: "https://shop.example/n", Form: "strict", Endpoint: till.Endpoint},
		NoticeSecret: noticeWord,
	})
	c, failed := a.CreateCustomer(ctx, app.NewCustomer{Merchant: b.merchant, PIN: rightPIN})
	v.payout, v.invoice, v.account = p.ID, i.ID, c.Number
	_, _, wrong = a.CreateStoreKey(ctx, app.NewStoreKey{Merchant: b.merchant, Terminal: till.Number})
	for _, err := range []error{
		err, wrong, failed, a.PutGateway(ctx, known),
		errOf(a.AddIssuer(ctx, app.NewIssuer{Merchant: b.merchant, Name: "app", Secret: strings.Repeat("s", 32)})),
		errOf(a.RotateSecret(ctx, b.merchant, e.ID)),
		errOf(a.ApprovePayout(ctx, b.says(p))),
		errOf(a.Keep(ctx, b.merchant, app.Once{Key: "k", Secret: true}, "made", app.Kept{Status: 201, Body: []byte("x")})),
		errOf(a.Keep(ctx, b.merchant, app.Once{Key: "l"}, "made", app.Kept{Status: 201, Body: []byte("{}")})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// under wants everything of each kind to be under the newest key, and answers to stay.
func (v *treasury) under(found app.Sealings) {
	v.Helper()
	for _, kind := range app.SealedKinds {
		want := after.key
		if kind == app.SealedAnswer {
			want = before.key
		}
		if n := found.Under[kind]; n[want] < 1 || len(n) > 1 {
			v.Errorf("%s: got %v by key, want all under key %d, and at least one", kind, n, want)
		}
	}
}

// opened wants the secrets to be what they were, for an app with the newest key alone.
func (v *treasury) opened() {
	v.Helper()
	ctx, a := v.Context(), locked(v.shop, v.shop.store, alone)
	if _, secret, err := a.SigningKey(ctx, v.public); err != nil || secret != v.secret {
		v.Errorf("signing key: got %v, want its secret", err)
	}
	issuer, err := a.Issuer(ctx, "app")
	if err != nil || issuer.Secret != strings.Repeat("s", 32) {
		v.Errorf("issuer: got %v, want its secret", err)
	}
	if c, err := a.Customer(ctx, v.merchant, v.account); err != nil {
		v.Error(err)
	} else if right, err := a.MatchPIN(ctx, c, rightPIN); err != nil || !right {
		v.Errorf("PIN: got %v, %v, want the right one", right, err)
	}
	for _, id := range []string{v.endpoint, v.terminal} {
		if _, err := a.RotateSecret(ctx, v.merchant, id); err != nil {
			v.Errorf("endpoint: got %v, want it opened", err)
		}
	}
	due, err := a.DueDeliveries(ctx, 10, 10)
	due = slices.DeleteFunc(due, func(d event.Delivery) bool { return d.Header == "" })
	if err != nil || len(due) != 1 {
		v.Fatalf("got %d deliveries with a header, %v, want one", len(due), err)
	}
	if m, mine, err := a.TakeDelivery(ctx, due[0]); err != nil || !mine || m.Headers["X-Own"] != noticeWord {
		v.Errorf("delivery: got %v, %v, %v, want its header", m.Headers, mine, err)
	}
}

// TestReseal seals one of everything under the newest key. Nothing that a merchant sees
// changes, and once more changes nothing at all.
func TestReseal(t *testing.T) {
	t.Parallel()
	v := fill(t, before)
	ctx, a := app.AsOperator(t.Context(), "Zoe"), locked(v.shop, v.shop.store, after)
	v.wait(time.Hour)
	counted, err := a.Sealed(ctx, after, func(int) {})
	if err != nil || counted.Anew != 0 || counted.Closed != 0 {
		t.Errorf("counted: got %+v, %v, want nothing sealed anew", counted, err)
	}
	for _, kind := range app.SealedKinds {
		if n := counted.Under[kind]; n[before.key] < 1 || n[after.key] > 0 {
			t.Errorf("%s: counted %v by key, want at least one under the older", kind, n)
		}
	}
	was := v.sealedNouns()
	shown := 0
	found, err := a.Reseal(ctx, after, func(percent int) {
		if percent < shown || percent > 100 {
			t.Errorf("progress: got %d%% after %d%%", percent, shown)
		}
		shown = percent
	})
	if err != nil || found.Closed != 0 || found.Busy != 0 || shown != 100 {
		t.Fatalf("got %+v, %v, at %d%%", found, err, shown)
	}
	v.under(found)
	if !found.Expires.Equal(v.now().Add(71 * time.Hour)) {
		t.Errorf("got %s as the end of the last answer, want what it was kept for", found.Expires)
	}
	v.resealedOnly(was)
	v.resealings(map[string]int{"gateway.resealed": 1, "key.resealed": 3, "endpoint.resealed": 3})
	was = v.sealedNouns()
	again, err := a.Reseal(ctx, after, func(int) {})
	if err != nil || again.Anew != 0 || !reflect.DeepEqual(again.Under, found.Under) {
		t.Errorf("once more: got %+v, %v, want the same and nothing sealed anew", again, err)
	}
	if now := v.sealedNouns(); !reflect.DeepEqual(now, was) {
		t.Errorf("once more: got %+v, want nothing written: %+v", now, was)
	}
	v.opened()
}

// sealedNouns are the things that are sealed, whole.
func (v *treasury) sealedNouns() store.Change {
	v.Helper()
	ctx, s := v.Context(), v.shop.store
	gateways, err := s.Gateways(ctx, v.merchant)
	keys, wrong := s.Keys(ctx, v.merchant)
	endpoints, failed := s.Endpoints(ctx, v.merchant)
	i, missing := s.Invoice(ctx, v.merchant, v.invoice)
	p, absent := s.Payout(ctx, v.merchant, v.payout)
	deliveries, refused := s.EveryDelivery(ctx, store.Key{}, 1000)
	c, unknown := s.Customer(ctx, v.merchant, v.account)
	if err := errors.Join(err, wrong, failed, missing, absent, refused, unknown); err != nil {
		v.Fatal(err)
	}
	return store.Change{
		Gateways: gateways, Keys: keys, Endpoints: endpoints, Invoices: []invoice.Invoice{i}, Payouts: []payout.Payout{p},
		Deliveries: deliveries, Customers: []wallet.Customer{c},
	}
}

// resealedOnly wants nothing to differ but versions and what is sealed.
func (v *treasury) resealedOnly(was store.Change) {
	v.Helper()
	bare := func(c store.Change) store.Change {
		for n := range c.Gateways {
			c.Gateways[n].Version, c.Gateways[n].Sealed = 0, nil
		}
		for n := range c.Keys {
			c.Keys[n].Version, c.Keys[n].Sealed = 0, nil
		}
		for n := range c.Endpoints {
			c.Endpoints[n].Version, c.Endpoints[n].Sealed = 0, nil
		}
		c.Invoices[0].Version, c.Invoices[0].Notice.Sealed = 0, nil
		c.Payouts[0].Version, c.Payouts[0].Notice.Sealed = 0, nil
		c.Customers[0].Version, c.Customers[0].PIN = 0, ""
		for n := range c.Deliveries {
			c.Deliveries[n].Version, c.Deliveries[n].Sealed = 0, nil
		}
		return c
	}
	if now, was := bare(v.sealedNouns()), bare(was); !reflect.DeepEqual(now, was) {
		v.Errorf("got %+v, want what it was: %+v", now, was)
	}
}

// resealings wants so many acts of sealing anew, all of Zoe's.
func (v *treasury) resealings(want map[string]int) {
	v.Helper()
	list, err := v.shop.store.Acts(v.Context(), v.merchant, 0, 1000)
	if err != nil {
		v.Fatal(err)
	}
	got := map[string]int{}
	for _, e := range list {
		if e.Trigger == event.Reseal && e.Actor == "operator" && e.Note == "Zoe" && e.At.Equal(v.now()) {
			got[e.Type()]++
		}
	}
	if !maps.Equal(got, want) {
		v.Errorf("on record is %v, want %v", got, want)
	}
}

// first does something before the first commit that a condition is true of.
type first struct {
	store.Store

	when func(store.Change) bool
	does func()
	done *bool
}

func (f first) Commit(ctx context.Context, c store.Change) error {
	if !*f.done && f.when(c) {
		*f.done = true
		f.does()
	}
	return f.Store.Commit(ctx, c)
}

// TestResealBesideOthers: whatever another node changes between the read and the write of
// a reseal stays, and is sealed anew all the same.
func TestResealBesideOthers(t *testing.T) {
	t.Parallel()
	v := fill(t, before)
	other := locked(v.shop, v.shop.store, lock{key: 7, opens: []uint32{7, 9, 10, 11, 12}}) // it seals under an older key
	var secret string
	for n, c := range []struct {
		name string
		when func(store.Change) bool
		does func() error
	}{
		{
			"endpoint",
			func(c store.Change) bool { return len(c.Endpoints) > 0 },
			func() (err error) {
				secret, err = other.RotateSecret(t.Context(), v.merchant, v.endpoint)
				return errors.Join(err, other.DisableEndpoint(t.Context(), v.merchant, v.endpoint, "moving"))
			},
		},
		{
			"invoice",
			func(c store.Change) bool { return len(c.Invoices) > 0 },
			func() error {
				return errOf(other.CancelInvoice(t.Context(), app.CancelInvoice{Merchant: v.merchant, Invoice: v.invoice}))
			},
		},
		{
			"delivery",
			func(c store.Change) bool { return len(c.Deliveries) > 0 },
			func() error {
				return v.shop.store.Commit(t.Context(), store.Change{Deliveries: []event.Delivery{v.dead()}})
			},
		},
		{
			"PIN",
			func(c store.Change) bool { return len(c.Customers) > 0 },
			func() error { return other.SetPIN(t.Context(), v.merchant, v.account, "4711") },
		},
	} {
		done := false
		beside := first{v.shop.store, c.when, func() {
			if err := c.does(); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}, &done}
		l := lock{key: []uint32{9, 10, 11, 12}[n], opens: []uint32{7, 9, 10, 11, 12}}
		found, err := locked(v.shop, beside, l).Reseal(t.Context(), l, func(int) {})
		if err != nil || !done || found.Closed != 0 || found.Busy != 0 {
			t.Errorf("%s: got %+v, %v", c.name, found, err)
		}
		delete(found.Under, app.SealedAnswer)
		for kind, under := range found.Under {
			if len(under) != 1 || under[l.key] < 1 {
				t.Errorf("%s: %s: got %v by key, want nothing left behind", c.name, kind, under)
			}
		}
	}
	list, err := v.shop.store.Endpoints(t.Context(), v.merchant)
	at := slices.IndexFunc(list, func(e event.Endpoint) bool { return e.ID == v.endpoint })
	if err != nil || list[at].Disabled != "moving" || !strings.Contains(string(list[at].Sealed), secret) {
		t.Errorf("endpoint: got %+v, %v, want what the other node made of it", list[at], err)
	}
	if i, err := v.shop.store.Invoice(t.Context(), v.merchant, v.invoice); err != nil || i.State != invoice.Canceled {
		t.Errorf("invoice: got %s, %v, want it canceled", i.State, err)
	}
	if d := v.notice(); d.State != event.Dead {
		t.Errorf("delivery: got %s, want it dead", d.State)
	}
	c, err := v.shop.store.Customer(t.Context(), v.merchant, v.account)
	right, wrong := other.MatchPIN(t.Context(), c, "4711")
	if err := errors.Join(err, wrong); err != nil || !right {
		t.Errorf("PIN: got %v, %v, want the one that was set meanwhile", right, err)
	}
}

// notice is the delivery with a header.
func (v *treasury) notice() event.Delivery {
	v.Helper()
	list, err := v.shop.store.EveryDelivery(v.Context(), store.Key{}, 1000)
	at := slices.IndexFunc(list, func(d event.Delivery) bool { return d.Header != "" })
	if err != nil || at < 0 {
		v.Fatalf("no delivery has a header: %v", err)
	}
	d, err := v.shop.store.Delivery(v.Context(), v.merchant, list[at].ID)
	if err != nil {
		v.Fatal(err)
	}
	return d
}

// dead is that delivery when nobody sends it any more.
func (v *treasury) dead() event.Delivery {
	d := v.notice()
	d.State, d.RunAt = event.Dead, time.Time{}
	return d
}

// TestResealLeaves: a delivery that somebody is sending is left until he is done, and what
// does not open is named, counted and left as it is.
func TestResealLeaves(t *testing.T) {
	t.Parallel()
	v := fill(t, before)
	a := locked(v.shop, v.shop.store, after)
	m, mine, err := a.TakeDelivery(t.Context(), v.notice())
	if err != nil || !mine {
		t.Fatal(mine, err)
	}
	found, err := a.Reseal(t.Context(), after, func(int) {})
	if n := found.Under[app.SealedDelivery]; err != nil || found.Busy != 1 || n[before.key] != 1 || found.Closed != 0 {
		t.Errorf("being sent: got %+v, %v, want it left", found, err)
	}
	if err := a.RecordDelivery(t.Context(), m, event.Outcome{Status: 200}); err != nil {
		t.Fatal(err)
	}
	if d := v.notice(); d.State != event.Delivered {
		t.Errorf("got %s, want what came of the try", d.State)
	}
	found, err = a.Reseal(t.Context(), after, func(int) {})
	if err != nil || found.Anew != 1 || found.Busy != 0 {
		t.Errorf("sent: got %+v, %v, want it sealed anew", found, err)
	}
	strange := lock{key: 9, opens: []uint32{9}}
	for name, walk := range map[string]func(context.Context, app.Keyset, func(int)) (app.Sealings, error){
		"count": locked(v.shop, v.shop.store, strange).Sealed, "reseal": locked(v.shop, v.shop.store, strange).Reseal,
	} {
		was := v.sealedNouns()
		found, err := walk(t.Context(), strange, func(int) {})
		kinds := map[app.SealedKind]bool{}
		for _, s := range found.Which {
			kinds[s.Kind] = s.Merchant == v.merchant && s.ID != ""
		}
		if err != nil || int(found.Closed) != len(found.Which) || len(kinds) != len(app.SealedKinds)-1 {
			t.Errorf("%s under a strange key: got %+v, %v, want one of each kind named but the answer", name, found, err)
		}
		if name == "count" && !reflect.DeepEqual(v.sealedNouns(), was) {
			t.Error("counting changed something")
		}
	}
}

// TestEverythingSealedIsWalked fails when something else is sealed: it has to be sealed
// anew too, in sealedThing's manner, and counted by a kind of its own.
func TestEverythingSealedIsWalked(t *testing.T) {
	t.Parallel()
	want := []string{
		"Deliveries.Sealed", "Endpoints.Sealed", "Gateways.Sealed", "Invoices.Notice.Sealed", "Keys.Sealed",
		"Payouts.Notice.Sealed",
	}
	got := sealedIn(reflect.TypeFor[store.Change](), "")
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("sealed are %v, want only what is sealed anew: %v", got, want)
	}
	// Whatever is sealed in another place than one of these is sealed by one of these files,
	// of which once.go keeps answers, pins.go keeps PINs and reseal_things.go seals anew.
	seals, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seals = slices.DeleteFunc(seals, func(name string) bool {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return strings.HasSuffix(name, "_test.go") || !strings.Contains(string(text), "sealer.Seal(")
	})
	if want := []string{
		"manage_endpoints.go", "manage_issuers.go", "manage_keys.go", "notify.go", "once.go", "pins.go",
		"reseal_things.go", "store_keys.go",
	}; !slices.Equal(seals, want) {
		t.Errorf("%v seal something, want only those whose things are sealed anew: %v", seals, want)
	}
}

// sealedIn are the places in a type, and in what it consists of, that are called sealed.
func sealedIn(in reflect.Type, path string) (places []string) {
	for in.Kind() == reflect.Slice || in.Kind() == reflect.Pointer {
		in = in.Elem()
	}
	if in.Kind() != reflect.Struct || in == reflect.TypeFor[time.Time]() {
		return nil
	}
	for n := range in.NumField() {
		f := in.Field(n)
		if strings.Contains(f.Name, "Sealed") {
			places = append(places, path+f.Name)
			continue
		}
		places = append(places, sealedIn(f.Type, path+f.Name+".")...)
	}
	return places
}
