package storetest

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// fill gives every field of a thing a value of its own, so that a field that
// is added to a noun and forgotten by a store fails here.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	n := number.Add(1)
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		*at = noon.Add(time.Duration(n) * time.Second)
		return
	case *time.Duration:
		*at = time.Duration(n) * time.Second
		return
	case *money.Amount:
		*at = money.New(n, unit)
		return
	case *money.Rate:
		rate, err := money.ParseRate(fmt.Sprintf("%d.25", n))
		if err != nil {
			t.Fatal(err)
		}
		*at = rate
		return
	case *netip.Prefix:
		*at = netip.MustParsePrefix(fmt.Sprintf("10.0.%d.%d/32", n/250%250, n%250))
		return
	}
	switch v.Kind() { //nolint:exhaustive // a kind that no noun has fails the test
	case reflect.String:
		v.SetString(fmt.Sprintf("متن \"%d\" '\\\n", n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, key)
			fill(t, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Uint8:
		v.SetUint(7)
	default:
		t.Fatalf("no value for a field of the kind %s", v.Kind())
	}
}

// full is a thing with every field filled, new and of the shop's merchant.
func full[T any](s *shop, more func(*T)) T {
	s.Helper()
	var thing T
	v := reflect.ValueOf(&thing).Elem()
	fill(s.T, v)
	if version := v.FieldByName("Version"); version.IsValid() { // what is always new has none
		version.SetInt(0)
	}
	if of := v.FieldByName("Merchant"); of.IsValid() {
		of.SetString(s.id)
	}
	more(&thing)
	return thing
}

// roundTrip stores and reads each noun with every field, twice: as it is made
// and as it is changed.
func roundTrip(s *shop) {
	t, ctx := s.T, s.Context()
	m := full(s, func(m *merchant.Merchant) { m.ID = s.id })
	k := full(s, func(*merchant.Key) {})
	g := full(s, func(*merchant.Gateway) {})
	i := full(s, func(i *invoice.Invoice) { i.State = invoice.Completed })
	p := full(s, func(p *payment.Payment) { p.State = payment.Settled })
	r := full(s, func(r *refund.Refund) { r.State = refund.Succeeded })
	for version := range int64(2) { // each has the version at which it was read
		s.must(store.Change{
			Merchants: []merchant.Merchant{m}, Keys: []merchant.Key{k}, Gateways: []merchant.Gateway{g},
			Invoices: []invoice.Invoice{i}, Payments: []payment.Payment{p}, Refunds: []refund.Refund{r},
		})
		for _, v := range []*int64{&m.Version, &k.Version, &g.Version, &i.Version, &p.Version, &r.Version} {
			*v = version + 1
		}
		i.Number = 1 // the store counts, not the caller
		gotM, err := s.Merchant(ctx, m.ID)
		same(t, "merchant", gotM, err, m)
		gotK, err := s.KeyByHash(ctx, k.Hash)
		same(t, "key", gotK, err, k)
		gotG, err := s.Gateways(ctx, s.id)
		same(t, "gateways", gotG, err, []merchant.Gateway{g})
		gotI, err := s.Invoice(ctx, s.id, i.ID)
		same(t, "invoice", gotI, err, i)
		gotP, err := s.Payment(ctx, s.id, p.ID)
		same(t, "payment", gotP, err, p)
		gotR, err := s.Refund(ctx, s.id, r.ID)
		same(t, "refund", gotR, err, r)
		// What is changed the second time is everything that is not a name.
		m.Name, k.Label, g.Settings["new"], i.Title, p.Note, r.Word = "new", "new", "new", "new", "new", "new"
		k.Hash, g.Order, i.State, p.State, r.State = newID(), 7, invoice.Open, payment.Waiting, refund.Failed
		i.Due, p.CheckAt, r.CheckAt = time.Time{}, time.Time{}, time.Time{}
		i.Reserved, p.Returning, r.Amount = money.Amount{}, money.Zero(unit), money.New(1<<62, unit)
	}
}

// bareThings stores nouns that have nothing but their names.
func bareThings(s *shop) {
	t, ctx := s.T, s.Context()
	m := merchant.Merchant{ID: s.id}
	k := merchant.Key{ID: newID(), Merchant: s.id, Hash: newID()}
	g := merchant.Gateway{Name: "bare", Merchant: s.id}
	i := invoice.Invoice{ID: newID(), Merchant: s.id, State: invoice.Open}
	p := payment.Payment{ID: newID(), Merchant: s.id, State: payment.Waiting}
	r := refund.Refund{ID: newID(), Merchant: s.id, State: refund.Requested}
	s.must(store.Change{
		Merchants: []merchant.Merchant{m}, Keys: []merchant.Key{k}, Gateways: []merchant.Gateway{g},
		Invoices: []invoice.Invoice{i}, Payments: []payment.Payment{p}, Refunds: []refund.Refund{r},
	})
	m.Version, k.Version, g.Version, i.Version, p.Version, r.Version = 1, 1, 1, 1, 1, 1
	i.Number = 1
	gotM, err := s.Merchant(ctx, m.ID)
	same(t, "merchant", gotM, err, m)
	gotK, err := s.Keys(ctx, s.id)
	same(t, "keys", gotK, err, []merchant.Key{k})
	gotG, err := s.Gateways(ctx, s.id)
	same(t, "gateways", gotG, err, []merchant.Gateway{g})
	gotI, err := s.Invoice(ctx, s.id, i.ID)
	same(t, "invoice", gotI, err, i)
	gotP, err := s.Payment(ctx, s.id, p.ID)
	same(t, "payment", gotP, err, p)
	gotR, err := s.Refund(ctx, s.id, r.ID)
	same(t, "refund", gotR, err, r)
}

// nothingAndEmpty tells a map or list that is none from one that is empty.
func nothingAndEmpty(s *shop) {
	t, ctx := s.T, s.Context()
	i, k := s.invoice(), s.key()
	i.Bag, k.Scopes = map[string]string{}, []merchant.Scope{}
	g := merchant.Gateway{Name: "empty", Merchant: s.id, Settings: map[string]string{}, Sealed: []byte{}}
	s.must(store.Change{
		Invoices: []invoice.Invoice{i}, Keys: []merchant.Key{k}, Gateways: []merchant.Gateway{g},
	})
	i.Version, k.Version, g.Version = 1, 1, 1
	i.Number = 1
	gotI, err := s.Invoice(ctx, s.id, i.ID)
	same(t, "invoice", gotI, err, i)
	gotK, err := s.KeyByHash(ctx, k.Hash)
	same(t, "key", gotK, err, k)
	gotG, err := s.Gateways(ctx, s.id)
	same(t, "gateways", gotG, err, []merchant.Gateway{g})
}

// notFound wants the noun's own fault, and empty lists.
func notFound(s *shop) {
	t, ctx := s.T, s.Context()
	m, err := s.Merchant(ctx, "nobody")
	missing(t, "merchant", m, err, fault.CodeMerchantNotFound)
	k, err := s.KeyByHash(ctx, "nothing")
	missing(t, "key", k, err, fault.CodeKeyInvalid)
	i, err := s.Invoice(ctx, s.id, "nothing")
	missing(t, "invoice", i, err, fault.CodeInvoiceNotFound)
	p, err := s.Payment(ctx, s.id, "nothing")
	missing(t, "payment", p, err, fault.CodePaymentNotFound)
	r, err := s.Refund(ctx, s.id, "nothing")
	missing(t, "refund", r, err, fault.CodeRefundNotFound)
	c, err := s.Claimed(ctx, s.id, store.LinkClaim, "nothing")
	missing(t, "claim", c, err, fault.CodeNotFound)
	a, err := s.Answer(ctx, s.id, "nothing", noon)
	missing(t, "answer", a, err, fault.CodeNotFound)
	o, err := s.Owner(ctx, event.Invoice, "nothing")
	missing(t, "owner of an invoice", o, err, fault.CodeInvoiceNotFound)
	o, err = s.Owner(ctx, event.Payment, "nothing")
	missing(t, "owner of a payment", o, err, fault.CodePaymentNotFound)
	list, total, err := s.Invoices(ctx, s.id, store.Page{Limit: 10})
	if len(list) != 0 || total != 0 || err != nil {
		t.Errorf("invoices: got %d of %d, %v, want none", len(list), total, err)
	}
	none, err := s.PaymentsOf(ctx, s.id)
	same(t, "payments of nothing", len(none), err, 0)
	e, err := s.Events(ctx, s.id, 0, 10)
	same(t, "events", len(e), err, 0)
}

// otherMerchants looks for another merchant's things.
func otherMerchants(s *shop) {
	t, other, ctx := s.T, newShop(s.T, s.Store), s.Context()
	i := s.invoice()
	p := s.payment(i.ID)
	r := s.refund(p.ID)
	c := s.claim(newID())
	entry := s.move(5)
	s.must(store.Change{
		Claims: []store.Claim{c}, Invoices: []invoice.Invoice{i}, Payments: []payment.Payment{p},
		Refunds: []refund.Refund{r}, Entries: entries(entry), Events: []event.Event{s.event(i.ID, "create")},
		Answer: &store.Answer{Merchant: s.id, Key: "k", ExpiresAt: noon},
	})
	gotI, err := s.Invoice(ctx, other.id, i.ID)
	missing(t, "invoice", gotI, err, fault.CodeInvoiceNotFound)
	gotP, err := s.Payment(ctx, other.id, p.ID)
	missing(t, "payment", gotP, err, fault.CodePaymentNotFound)
	gotR, err := s.Refund(ctx, other.id, r.ID)
	missing(t, "refund", gotR, err, fault.CodeRefundNotFound)
	gotC, err := s.Claimed(ctx, other.id, c.Kind, c.Key)
	missing(t, "claim", gotC, err, fault.CodeNotFound)
	gotA, err := s.Answer(ctx, other.id, "k", noon.Add(-time.Hour))
	missing(t, "answer", gotA, err, fault.CodeNotFound)
	ps, err := s.PaymentsOf(ctx, other.id, i.ID)
	same(t, "payments", len(ps), err, 0)
	rs, err := s.RefundsOf(ctx, other.id, p.ID)
	same(t, "refunds", len(rs), err, 0)
	es, err := s.Entries(ctx, other.id, entry.Subject())
	same(t, "entries", len(es), err, 0)
	hs, err := s.History(ctx, other.id, event.Invoice, i.ID)
	same(t, "history", len(hs), err, 0)
	bs, err := s.Balances(ctx, other.id)
	same(t, "balances", len(bs), err, 0)
	owner, err := s.Owner(ctx, event.Payment, p.ID)
	same(t, "owner", owner, err, s.id)
	// The same id may be another thing of another merchant.
	i.Merchant = other.id
	other.must(store.Change{Invoices: []invoice.Invoice{i}, Claims: []store.Claim{{
		Merchant: other.id, Kind: c.Kind, Key: c.Key, Subject: "other",
	}}})
	mine, err := s.Claimed(ctx, s.id, c.Kind, c.Key)
	same(t, "claim of the first", mine, err, c)
}

// mistakes are changes that no decision should make. They must be refused
// without harm to others.
func mistakes(s *shop) {
	t, other := s.T, newShop(s.T, s.Store)
	i := s.invoice()
	zero := s.invoice()
	zero.Title, zero.Merchant = "a zero byte \x00", ""
	broken := s.invoice()
	broken.ID = "half a letter \xd9"
	mixed := s.invoice()
	mixed.Captured = money.New(1, money.USD)
	for name, c := range map[string]store.Change{
		"empty":             {},
		"two merchants":     {Invoices: []invoice.Invoice{i, other.invoice()}},
		"an entry of other": {Invoices: []invoice.Invoice{i}, Entries: entries(other.move(1))},
		"twice":             {Invoices: []invoice.Invoice{i, i}},
		"no id":             {Invoices: []invoice.Invoice{{Merchant: s.id, State: invoice.Open}}},
		"no merchant":       {Invoices: []invoice.Invoice{zero}},
		"broken text":       {Invoices: []invoice.Invoice{broken}},
		"two units":         {Invoices: []invoice.Invoice{mixed}},
		"no such state":     {Invoices: []invoice.Invoice{{ID: newID(), Merchant: s.id, State: "lost"}}},
	} {
		if err := s.Commit(t.Context(), c); !fault.Is(err, fault.CodeInternal) {
			t.Errorf("%s: got %s, want internal", name, fault.Detail(err))
		}
	}
	got, err := s.Invoice(t.Context(), s.id, i.ID)
	missing(t, "invoice of a refused change", got, err, fault.CodeInvoiceNotFound)
}
