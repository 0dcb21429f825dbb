package app_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

func (s *shop) endpoint(types ...string) (event.Endpoint, string) {
	s.Helper()
	e, secret, err := s.app.CreateEndpoint(s.Context(), app.NewEndpoint{
		Merchant: s.merchant, URL: "https://shop.example/hook", Types: types,
	})
	if err != nil {
		s.Fatal(err)
	}
	return e, secret
}

func (s *shop) due() []event.Delivery {
	s.Helper()
	due, err := s.app.DueDeliveries(s.Context(), 100, 1000)
	if err != nil {
		s.Fatal(err)
	}
	return due
}

func (s *shop) take(d event.Delivery) app.Message {
	s.Helper()
	m, mine, err := s.app.TakeDelivery(s.Context(), d)
	if err != nil || !mine {
		s.Fatalf("take: mine %v, %v", mine, err)
	}
	return m
}

func TestEveryChangeOfStateIsTold(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.endpoint()
	s.endpoint("payment.captured")
	i, p := s.paid(5_000)
	var told []string
	for _, d := range s.due() {
		told = append(told, d.Type+" "+d.Subject)
		var body struct {
			Type, Timestamp string
			Data            struct{ ID, Object, State string }
		}
		if err := json.Unmarshal(d.Body, &body); err != nil {
			t.Fatal(err)
		}
		if body.Type != d.Type || body.Data.ID != d.Subject || body.Data.Object+"."+body.Data.State != d.Type {
			t.Errorf("body %s of %s", d.Body, d.Type)
		}
	}
	slices.Sort(told)
	want := []string{
		"invoice.completed " + i.ID, "invoice.open " + i.ID, "invoice.paid " + i.ID,
		"payment.captured " + p.ID, "payment.captured " + p.ID, "payment.processing " + p.ID,
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	select {
	case <-s.app.Due():
	default:
		t.Error("nobody was woken")
	}
}

func TestDeliveryLife(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	e, secret := s.endpoint()
	s.invoice(5_000)
	d := s.due()[0]
	m := s.take(d)
	want, err := event.Sign(d.ID, s.now(), d.Body, secret)
	if err != nil || m.Headers[event.HeaderSignature] != want || m.Headers[event.HeaderID] != d.ID {
		t.Errorf("headers %v, %v", m.Headers, err)
	}
	if _, mine, err := s.app.TakeDelivery(t.Context(), d); mine || err != nil {
		t.Errorf("a second taker: mine %v, %v", mine, err)
	}
	if n := len(s.due()); n != 0 {
		t.Errorf("%d due while it is being tried", n)
	}
	if err := s.app.RecordDelivery(t.Context(), m, event.Outcome{Status: 500, Answer: "no"}); err != nil {
		t.Fatal(err)
	}
	s.wait(time.Minute)
	again := s.take(s.due()[0])
	if again.ID != d.ID || again.Tries != 1 {
		t.Errorf("second try: %+v", again.Delivery)
	}
	if err := s.app.RecordDelivery(t.Context(), again, event.Outcome{Status: 200}); err != nil {
		t.Fatal(err)
	}
	// The first taker comes back after its lease: what is on record stays.
	if err := s.app.RecordDelivery(t.Context(), m, event.Outcome{Status: 500}); err != nil {
		t.Fatal(err)
	}
	list, err := s.app.Deliveries(t.Context(), s.merchant, store.DeliveryFilter{Endpoint: e.ID}, app.Page{Limit: 10})
	if err != nil || len(list) != 1 || list[0].State != event.Delivered || list[0].Tries != 2 {
		t.Errorf("log %+v, %v", list, err)
	}
	as := app.AsOperator(t.Context(), "Zoe")
	if err := s.app.ResendDelivery(as, s.merchant, d.ID); err != nil || len(s.due()) != 1 {
		t.Errorf("resend: %v", err)
	}
	if got, want := s.resent(), []string{e.ID + " operator Zoe: " + d.ID}; !slices.Equal(got, want) {
		t.Errorf("on record is %q, want %q", got, want)
	}
	if err := s.app.ResendDelivery(t.Context(), "another", d.ID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("another merchant's: got %v", err)
	}
}

// resent are the events that say what was sent again, and who wanted that.
func (s *shop) resent() (all []string) {
	s.Helper()
	list, err := s.store.Events(s.Context(), s.merchant, 0, 1000)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range list {
		if e.Type() == "endpoint.resent" {
			all = append(all, e.Subject+" "+e.Actor+" "+e.Note)
		}
	}
	return all
}

func TestDeadSenderIsReplaced(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.endpoint()
	s.invoice(5_000)
	s.take(s.due()[0])
	s.wait(3 * time.Minute)
	if n := len(s.due()); n != 1 {
		t.Errorf("%d due after the lease", n)
	}
}

func TestGoneEndpointIsDisabled(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	e, _ := s.endpoint()
	s.invoice(5_000)
	s.invoice(6_000)
	m := s.take(s.due()[0])
	if err := s.app.RecordDelivery(t.Context(), m, event.Outcome{Status: 410}); err != nil {
		t.Fatal(err)
	}
	s.invoice(7_000)
	due := s.due()
	if len(due) != 1 {
		t.Fatalf("%d due: a disabled endpoint gets nothing new, and keeps what was due", len(due))
	}
	if _, mine, err := s.app.TakeDelivery(t.Context(), due[0]); mine || err != nil {
		t.Errorf("taken for a disabled endpoint: %v, %v", mine, err)
	}
	if err := s.app.DisableEndpoint(t.Context(), s.merchant, e.ID, ""); err != nil {
		t.Fatal(err)
	}
	s.take(s.due()[0])
}

// What rested while its endpoint was disabled is due once it is enabled, and what waits
// for its next try goes on waiting.
func TestEnabledEndpointIsToldAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	e, _ := s.endpoint()
	another, _ := s.endpoint()
	s.invoice(4_000)
	for _, d := range s.due() {
		if err := s.app.RecordDelivery(t.Context(), s.take(d), event.Outcome{Status: 500}); err != nil {
			t.Fatal(err)
		}
	}
	const many = 250 // more than one commit wakes
	for range many {
		s.invoice(5_000)
	}
	for _, id := range []string{e.ID, another.ID} {
		if err := s.app.DisableEndpoint(t.Context(), s.merchant, id, "moving"); err != nil {
			t.Fatal(err)
		}
	}
	for due := s.due(); len(due) > 0; due = s.due() {
		for _, d := range due {
			if _, mine, err := s.app.TakeDelivery(t.Context(), d); mine || err != nil {
				t.Fatalf("taken for a disabled endpoint: %v, %v", mine, err)
			}
		}
	}
	for range 2 { // the second time changes nothing
		if err := s.app.DisableEndpoint(t.Context(), s.merchant, e.ID, ""); err != nil {
			t.Fatal(err)
		}
		due := s.due()
		if len(due) != 100 { // as many as are asked for of one queue
			t.Errorf("%d are due, want 100", len(due))
		}
		for _, d := range due {
			if d.Endpoint != e.ID || d.Tries != 0 {
				t.Errorf("due is %+v", d)
			}
		}
	}
	all, err := s.app.ListDeliveries(t.Context(), s.merchant, app.DeliveryFilter{State: event.Due}, app.Older{})
	if err != nil {
		t.Fatal(err)
	}
	woken := 0
	for _, d := range all {
		if !d.RunAt.After(s.now()) {
			woken++
		}
	}
	if woken != many || len(all) != 2*many+2 {
		t.Errorf("%d of %d were woken, want %d", woken, len(all), many)
	}
}

// An endpoint that is enabled while a delivery to it is laid to rest is told all the same.
func TestEnabledWhileLaidToRest(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	e, _ := s.endpoint()
	s.invoice(5_000)
	if err := s.app.DisableEndpoint(t.Context(), s.merchant, e.ID, "moving"); err != nil {
		t.Fatal(err)
	}
	late := app.New(app.Config{
		Store: &slowToRest{Store: s.store, first: func() {
			if err := s.app.DisableEndpoint(t.Context(), s.merchant, e.ID, ""); err != nil {
				t.Error(err)
			}
		}},
		Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
		Credentials: envelope{}.credentials,
	})
	if _, mine, err := late.TakeDelivery(t.Context(), s.due()[0]); mine || err != nil {
		t.Fatalf("taken for a disabled endpoint: %v, %v", mine, err)
	}
	if n := len(s.due()); n != 1 {
		t.Errorf("%d are due, want the one", n)
	}
}

// slowToRest does something before the first commit.
type slowToRest struct {
	store.Store

	first func()
}

func (s *slowToRest) Commit(ctx context.Context, c store.Change) error {
	if first := s.first; first != nil {
		s.first = nil
		first()
	}
	return s.Store.Commit(ctx, c)
}

func TestSecretsOverlap(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	e, old := s.endpoint()
	fresh, err := s.app.RotateSecret(t.Context(), s.merchant, e.ID)
	if err != nil || fresh == old {
		t.Fatalf("rotate: %v", err)
	}
	s.invoice(5_000)
	m := s.take(s.due()[0])
	both, err := event.Sign(m.ID, s.now(), m.Body, old, fresh)
	if err != nil || m.Headers[event.HeaderSignature] != both {
		t.Errorf("signed %q, want %q", m.Headers[event.HeaderSignature], both)
	}
	s.wait(25 * time.Hour)
	s.invoice(6_000)
	for _, d := range s.due() {
		if m := s.take(d); len(strings.Fields(m.Headers[event.HeaderSignature])) != 1 {
			t.Errorf("a day later: %q", m.Headers[event.HeaderSignature])
		}
	}
	if _, err := s.app.RotateSecret(t.Context(), s.merchant, "ep_none"); !fault.Is(err, fault.CodeEndpointNotFound) {
		t.Errorf("unknown endpoint: got %v", err)
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	for _, address := range []string{
		"", "shop.example/hook", "ftp://shop.example", "https://", "https://a:b@shop.example", "https://shop.example/#x",
		"http://0.0.0.0/", "https://shop.example/" + strings.Repeat("x", 2000), "javascript:alert(1)",
	} {
		_, _, err := s.app.CreateEndpoint(t.Context(), app.NewEndpoint{Merchant: s.merchant, URL: address})
		if !fault.Is(err, fault.CodeParameterInvalid) {
			t.Errorf("%.40q: got %v", address, err)
		}
	}
	for range 20 {
		s.endpoint()
	}
	_, _, err := s.app.CreateEndpoint(t.Context(), app.NewEndpoint{Merchant: s.merchant, URL: "https://shop.example"})
	if !fault.Is(err, fault.CodeLimitExceeded) {
		t.Errorf("one too many: got %v", err)
	}
}

func TestChangeReceiver(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	e, first := s.endpoint()
	address, types, reason := "https://shop.example/other", []string{"payment.*"}, "moving"
	got, err := s.app.ChangeReceiver(t.Context(), s.merchant, e.ID, app.EndpointTerms{URL: &address, Disabled: &reason})
	if err != nil || got.URL != address || got.Disabled != reason || len(got.Types) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = s.app.ChangeReceiver(t.Context(), s.merchant, e.ID, app.EndpointTerms{Types: &types})
	if err != nil || got.URL != address || !slices.Equal(got.Types, types) {
		t.Errorf("got %+v, %v", got, err)
	}
	if secret, err := s.app.SigningSecret(got); err != nil || secret != first {
		t.Errorf("the secret is another one: %v", err)
	}
	inside, number, nonsense := "http://10.0.0.1/", "http://127.1/", []string{"nonsense"}
	mail, none := "https://shop.example:25/", "https://shop.example:99999/"
	for what, terms := range map[string]app.EndpointTerms{
		"private": {URL: &inside, Outside: true}, "number": {URL: &number, Outside: true}, "types": {Types: &nonsense},
		"mail": {URL: &mail, Outside: true}, "no port": {URL: &none, Outside: true},
	} {
		if _, err := s.app.ChangeReceiver(t.Context(), s.merchant, e.ID, terms); !fault.Is(err, fault.CodeParameterInvalid) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	terminal, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "Till"})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ep_none", terminal.Endpoint} {
		if _, err := s.app.ChangeReceiver(t.Context(), s.merchant, id, app.EndpointTerms{URL: &address}); !fault.Is(err,
			fault.CodeEndpointNotFound) {
			t.Errorf("changed %s: %v", id, err)
		}
		if _, err := s.app.Receiver(t.Context(), s.merchant, id); !fault.Is(err, fault.CodeEndpointNotFound) {
			t.Errorf("found %s: %v", id, err)
		}
	}
	for range 4 {
		if _, err := s.app.RotateSecret(t.Context(), s.merchant, e.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.app.RotateSecret(t.Context(), s.merchant, e.ID); !fault.Is(err, fault.CodeLimitExceeded) {
		t.Errorf("a sixth secret: got %v", err)
	}
}

func TestResendDeliveries(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	e, _ := s.endpoint()
	s.paid(5_000)
	for len(s.due()) > 0 {
		for _, d := range s.due() {
			if err := s.app.RecordDelivery(t.Context(), s.take(d), event.Outcome{Status: 500}); err != nil {
				t.Fatal(err)
			}
		}
		s.wait(30 * time.Hour) // more than the longest pause with its spread
	}
	dead, err := s.app.ListDeliveries(t.Context(), s.merchant, app.DeliveryFilter{State: event.Dead}, app.Older{})
	if err != nil || len(dead) < 3 {
		t.Fatalf("got %d dead ones, %v", len(dead), err)
	}
	for _, c := range []struct {
		endpoint string
		limit    int
		want     int
	}{{e.ID, 2, 2}, {"", 100, len(dead) - 2}, {"", 100, 0}} {
		before := len(s.resent())
		got, err := s.app.ResendDeliveries(app.AsKey(t.Context(), "key_1"), s.merchant,
			app.DeliveryFilter{Endpoint: c.endpoint}, app.Older{Limit: c.limit})
		if err != nil || len(got) != c.want {
			t.Errorf("%+v: got %d, %v", c, len(got), err)
		}
		record := s.resent()[before:]
		for n, d := range got {
			if d.State != event.Due || d.Tries != 0 || len(d.Body) == 0 {
				t.Errorf("got %+v", d)
			}
			if want := e.ID + " merchant key key_1: " + d.ID; len(record) != len(got) || record[n] != want {
				t.Errorf("on record is %q, want also %q", record, want)
			}
		}
	}
	if due := s.due(); len(due) != len(dead) {
		t.Errorf("%d are due, want %d", len(due), len(dead))
	}
	for merchant, nobodys := range map[string]string{s.merchant: "ep_none", "another": e.ID} {
		got, err := s.app.ResendDeliveries(t.Context(), merchant, app.DeliveryFilter{Endpoint: nobodys},
			app.Older{Limit: 10})
		if !fault.Is(err, fault.CodeEndpointNotFound) {
			t.Errorf("%s of %s: got %d, %v", nobodys, merchant, len(got), err)
		}
	}
}

// What was taken is sent again where it is asked for, by what it tells and when.
func TestResendTaken(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.endpoint()
	s.paid(5_000)
	for _, d := range s.due() {
		if err := s.app.RecordDelivery(t.Context(), s.take(d), event.Outcome{Status: 204}); err != nil {
			t.Fatal(err)
		}
	}
	taken, err := s.app.ListDeliveries(t.Context(), s.merchant, app.DeliveryFilter{State: event.Delivered}, app.Older{})
	if err != nil || len(taken) < 3 {
		t.Fatalf("got %d taken ones, %v", len(taken), err)
	}
	kind := taken[0].Type
	for _, c := range []struct {
		name   string
		filter app.DeliveryFilter
		part   app.Older
		want   int
	}{
		{"the dead", app.DeliveryFilter{}, app.Older{}, 0},
		{"before", app.DeliveryFilter{State: event.Delivered}, app.Older{Until: taken[len(taken)-1].CreatedAt}, 0},
		{"others", app.DeliveryFilter{State: event.Delivered, Type: "invoice.expired"}, app.Older{}, 0},
		{"one kind", app.DeliveryFilter{State: event.Delivered, Type: kind}, app.Older{}, 1},
		{"the rest", app.DeliveryFilter{State: event.Delivered}, app.Older{}, len(taken) - 1},
		{"none", app.DeliveryFilter{State: event.Delivered}, app.Older{}, 0},
	} {
		got, err := s.app.ResendDeliveries(t.Context(), s.merchant, c.filter, c.part)
		if err != nil || len(got) != c.want {
			t.Errorf("%s: got %d, %v, want %d", c.name, len(got), err, c.want)
		}
	}
	for _, strange := range []string{"payment.capturd", "payment.*", "payment"} {
		_, err := s.app.ResendDeliveries(t.Context(), s.merchant, app.DeliveryFilter{Type: strange}, app.Older{})
		if !fault.Is(err, fault.CodeParameterInvalid) {
			t.Errorf("%s: got %v", strange, err)
		}
	}
}
