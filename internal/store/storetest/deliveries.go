package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// longAgo is a time before those of all other tests, which share the list of
// what is due.
var longAgo = time.Date(1989, 1, 1, 0, 0, 0, 0, time.UTC)

// delivery is a new delivery of a queue, due at a time.
func (s *shop) delivery(queue string, runAt time.Time) event.Delivery {
	return event.Delivery{
		ID: newID(), Merchant: s.id, State: event.Due, Queue: queue, URL: "https://shop.example/told",
		Type: "payment.captured", Subject: newID(), Body: []byte("{}"), RunAt: runAt, CreatedAt: noon, UpdatedAt: noon,
	}
}

// endpoint is a new endpoint.
func (s *shop) endpoint() event.Endpoint {
	return event.Endpoint{ID: newID(), Merchant: s.id, URL: "https://shop.example", CreatedAt: noon, UpdatedAt: noon}
}

// idsOf are the ids of some deliveries.
func idsOf(list []event.Delivery) []string {
	var ids []string
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	return ids
}

// deliveryRoundTrip stores and reads endpoints and deliveries with every
// field, twice, and with none.
func deliveryRoundTrip(s *shop) {
	t, ctx := s.T, s.Context()
	e := full(s, func(*event.Endpoint) {})
	d := full(s, func(d *event.Delivery) { d.State, d.Body = event.Delivered, []byte("\x00\xff{}") })
	for version := range int64(2) { // each has the version at which it was read
		s.must(store.Change{Endpoints: []event.Endpoint{e}, Deliveries: []event.Delivery{d}})
		e.Version, d.Version = version+1, version+1
		gotE, err := s.Endpoints(ctx, s.id)
		same(t, "endpoints", gotE, err, []event.Endpoint{e})
		gotD, err := s.Delivery(ctx, s.id, d.ID)
		same(t, "delivery", gotD, err, d)
		e.Disabled, e.Types, e.Sealed = "", []string{}, nil
		d.State, d.RunAt, d.Tries, d.Status, d.Answer, d.Body = event.Dead, time.Time{}, 10, 0, "no answer", nil
	}
	bare := event.Endpoint{ID: newID(), Merchant: s.id}
	empty := event.Delivery{ID: newID(), Merchant: s.id, State: event.Delivered}
	s.must(store.Change{Endpoints: []event.Endpoint{bare}, Deliveries: []event.Delivery{empty}})
	bare.Version, empty.Version, e.Version = 1, 1, 2
	e.Disabled, e.Types, e.Sealed = "", []string{}, nil
	gotE, err := s.Endpoints(ctx, s.id)
	same(t, "endpoints in order of creation", gotE, err, []event.Endpoint{bare, e})
	gotD, err := s.Delivery(ctx, s.id, empty.ID)
	same(t, "bare delivery", gotD, err, empty)
}

// deliveryVersions claims one delivery from many sides: one gets it. The
// change that causes a delivery fails with it.
func deliveryVersions(s *shop) {
	t := s.T
	d, e := s.delivery(newID(), noon), s.endpoint()
	s.must(store.Change{Deliveries: []event.Delivery{d}, Endpoints: []event.Endpoint{e}})
	s.refused(store.Change{Deliveries: []event.Delivery{d}}, fault.CodeVersionConflict)
	s.refused(store.Change{Endpoints: []event.Endpoint{e}}, fault.CodeVersionConflict)
	d.Version = 1
	errs := together(32, func(n int) error {
		mine := d
		mine.RunAt, mine.Tries = noon.Add(time.Minute), n
		return s.Commit(t.Context(), store.Change{Deliveries: []event.Delivery{mine}})
	})
	tally(t, errs, 1, fault.CodeVersionConflict)
	got, err := s.Delivery(t.Context(), s.id, d.ID)
	if err != nil || got.Version != 2 || errs[got.Tries] != nil {
		t.Errorf("delivery: got version %d of caller %d, %v, want version 2 of the one who won", got.Version, got.Tries, err)
	}
	other := s.delivery(newID(), noon)
	s.refused(store.Change{
		Deliveries: []event.Delivery{d, other}, Events: []event.Event{s.event(d.Subject, "create")},
	}, fault.CodeVersionConflict)
	_, err = s.Delivery(t.Context(), s.id, other.ID)
	missing(t, "delivery of a refused change", other, err, fault.CodeNotFound)
	lost := s.delivery(newID(), noon)
	lost.State = "lost"
	s.refused(store.Change{Deliveries: []event.Delivery{lost}}, fault.CodeInternal)
}

// deliveriesDue lists what is to be sent: the heads of all queues before the
// second of any, and the backlog of one queue hides no other.
func deliveriesDue(s *shop) {
	t, ctx, other := s.T, s.Context(), newShop(s.T, s.Store)
	busy, calm, lone := newID(), newID(), newID()
	var backlog []event.Delivery
	for n := range 40 {
		backlog = append(backlog, s.delivery(busy, longAgo.Add(time.Duration(n)*time.Second)))
	}
	later := s.delivery(busy, longAgo.Add(time.Hour+time.Microsecond))
	first, second := s.delivery(calm, longAgo.Add(time.Minute)), s.delivery(calm, longAgo.Add(2*time.Minute))
	future, sent := s.delivery(newID(), longAgo.Add(2*time.Hour)), s.delivery(newID(), longAgo)
	sent.State = event.Delivered
	last := other.delivery(lone, longAgo.Add(time.Hour)) // of another merchant, due this very moment
	all := slices.Concat(backlog, []event.Delivery{second, first, later, future, sent})
	slices.Reverse(all) // the order of the rows is not the order of the times
	s.must(store.Change{Deliveries: all})
	other.must(store.Change{Deliveries: []event.Delivery{last}})
	now := longAgo.Add(time.Hour)
	heads := []string{backlog[0].ID, first.ID, last.ID}
	for _, test := range []struct {
		perQueue, limit int
		want            []string
	}{
		{1, 100, heads},
		{1, 2, heads[:2]},
		{40, 3, heads},
		{2, 100, slices.Concat(heads, []string{backlog[1].ID, second.ID})},
		{2, 4, slices.Concat(heads, []string{backlog[1].ID})},
		{3, 100, slices.Concat(heads, []string{backlog[1].ID, second.ID, backlog[2].ID})},
		{100, 1000, slices.Concat(heads, []string{backlog[1].ID, second.ID}, idsOf(backlog[2:]))},
		{0, 10, nil},
		{10, 0, nil},
	} {
		got, err := s.DueDeliveries(ctx, now, test.perQueue, test.limit)
		same(t, fmt.Sprintf("%d of each queue, %d in all", test.perQueue, test.limit), idsOf(got), err, test.want)
	}
	got, err := s.DueDeliveries(ctx, now, 1, 1)
	backlog[0].Version = 1
	same(t, "the whole first", got, err, backlog[:1])
	// Whoever claims one puts its time off, which brings the next one forward.
	backlog[0].RunAt, first.State, first.Version = now.Add(time.Minute), event.Dead, 1
	s.must(store.Change{Deliveries: []event.Delivery{backlog[0], first}})
	got, err = s.DueDeliveries(ctx, now, 1, 100)
	same(t, "after a claim", idsOf(got), err, []string{backlog[1].ID, second.ID, last.ID})
	s.clear(all)
	other.clear([]event.Delivery{last})
	got, err = s.DueDeliveries(ctx, now.AddDate(1, 0, 0), 10, 100)
	same(t, "when all arrived", idsOf(got), err, nil)
}

// clear lets deliveries arrive, so that they are in nobody's way.
func (s *shop) clear(list []event.Delivery) {
	s.Helper()
	for _, d := range list {
		d, err := s.Delivery(s.Context(), s.id, d.ID)
		if err != nil {
			s.Fatal(err)
		}
		d.State = event.Delivered
		s.must(store.Change{Deliveries: []event.Delivery{d}})
	}
}

// deliveryLists filters and pages a merchant's deliveries.
func deliveryLists(s *shop) {
	t, ctx, other := s.T, s.Context(), newShop(s.T, s.Store)
	subject, endpoint := newID(), newID()
	var list []event.Delivery
	for n := range 9 {
		d := s.delivery(newID(), noon)
		d.CreatedAt = noon.Add(time.Duration(n/2) * time.Second) // some at the same time: then by id
		d.State = event.States.States()[n%3]
		if n%2 == 0 {
			d.Subject = subject
		}
		if n >= 6 {
			d.Endpoint = endpoint
		}
		if n%4 == 1 {
			d.Type = "payment.failed"
		}
		list = append(list, d)
	}
	strange := other.delivery(newID(), noon)
	strange.Subject, strange.Endpoint = subject, endpoint
	s.must(store.Change{Deliveries: list})
	other.must(store.Change{Deliveries: []event.Delivery{strange}})
	for n := range list {
		list[n].Version, list[n].Body = 1, nil
	}
	slices.Reverse(list)
	for _, test := range []struct {
		filter store.DeliveryFilter
		page   store.Page
	}{
		{},
		{page: store.Page{Limit: 2}},
		{page: store.Page{Limit: 2, Offset: 3}},
		{page: store.Page{Limit: 5, Offset: 8}},
		{page: store.Page{Limit: 5, Offset: 9}},
		{page: store.Page{Limit: 2, Offset: 3, Oldest: true}},
		{filter: store.DeliveryFilter{Subject: subject}, page: store.Page{Limit: 2, Oldest: true}},
		{filter: store.DeliveryFilter{State: event.Due}},
		{filter: store.DeliveryFilter{State: event.Delivered}, page: store.Page{Limit: 1, Offset: 1}},
		{filter: store.DeliveryFilter{State: event.Dead}, page: store.Page{Offset: 2}},
		{filter: store.DeliveryFilter{State: "lost"}},
		{filter: store.DeliveryFilter{Subject: subject}},
		{filter: store.DeliveryFilter{Subject: subject}, page: store.Page{Limit: 2, Offset: 2}},
		{filter: store.DeliveryFilter{Subject: subject, State: event.Due}},
		{filter: store.DeliveryFilter{Endpoint: endpoint}},
		{filter: store.DeliveryFilter{Endpoint: endpoint, State: event.Dead}},
		{filter: store.DeliveryFilter{Endpoint: endpoint, Subject: subject, State: event.Due}},
		{filter: store.DeliveryFilter{Endpoint: "nobody's"}},
		{filter: store.DeliveryFilter{Type: "payment.failed"}},
		{filter: store.DeliveryFilter{Type: "payment.failed", State: event.Delivered}, page: store.Page{Limit: 1}},
		{filter: store.DeliveryFilter{Subject: subject, Type: "payment.failed"}},
		{filter: store.DeliveryFilter{Type: "payment.expired"}},
	} {
		got, err := s.Deliveries(ctx, s.id, test.filter, test.page)
		same(t, fmt.Sprintf("%+v", test), got, err, pageOf(list, test.filter, test.page))
		first := store.Page{Limit: test.page.Limit}
		got, err = s.ListDeliveries(ctx, s.id, test.filter, store.Older{Limit: first.Limit})
		same(t, fmt.Sprintf("the first part of %+v", test), got, err, pageOf(list, test.filter, first))
	}
	inParts(s, "deliveries", len(list), func() {}, func(o store.Older) ([]event.Delivery, error) {
		return s.ListDeliveries(ctx, s.id, store.DeliveryFilter{}, o)
	}, func(d event.Delivery) (time.Time, string) { return d.CreatedAt, d.ID })
	deliveryDepths(s, list)
}

// deliveryDepths wants to know when the one was made that so many lie before.
func deliveryDepths(s *shop, list []event.Delivery) {
	of := func(state event.State) []event.Delivery {
		return slices.DeleteFunc(slices.Clone(list), func(d event.Delivery) bool { return d.State != state })
	}
	dead := of(event.Dead)
	var newest time.Time // where each state is looked through two deep
	for _, state := range event.States.States() {
		if at := of(state)[2].CreatedAt; at.After(newest) {
			newest = at
		}
	}
	for name, test := range map[string]struct {
		state event.State
		part  store.Older
		looks int
		want  time.Time
	}{
		"a state":    {event.Dead, store.Older{}, 1, dead[1].CreatedAt},
		"all":        {"", store.Older{}, 2, newest},
		"a part":     {event.Dead, store.Older{At: dead[0].CreatedAt, ID: "~"}, 1, dead[2].CreatedAt},
		"between":    {event.Dead, store.Older{Until: dead[0].CreatedAt}, 1, dead[2].CreatedAt},
		"from":       {event.Dead, store.Older{From: dead[1].CreatedAt}, 2, time.Time{}},
		"not so far": {event.Dead, store.Older{}, 3, time.Time{}},
	} {
		got, err := s.DeliveryDepth(s.Context(), s.id, test.state, test.part, test.looks)
		same(s.T, "the depth of "+name, got, err, test.want)
	}
}

// pageOf is what a list must hold.
func pageOf(list []event.Delivery, f store.DeliveryFilter, p store.Page) (page []event.Delivery) {
	for _, d := range list {
		if (f.Endpoint == "" || d.Endpoint == f.Endpoint) && (f.Subject == "" || d.Subject == f.Subject) &&
			(f.State == "" || d.State == f.State) && (f.Type == "" || d.Type == f.Type) {
			page = append(page, d)
		}
	}
	if p.Limit < 1 {
		p.Limit = len(page)
	}
	if p.Oldest {
		slices.Reverse(page)
	}
	page = page[min(p.Offset, len(page)):]
	page = page[:min(p.Limit, len(page))]
	if len(page) == 0 {
		return nil
	}
	return page
}

// deliveriesOfOthers looks for another merchant's things and makes things
// with the same ids.
func deliveriesOfOthers(s *shop) {
	t, ctx, other := s.T, s.Context(), newShop(s.T, s.Store)
	d, e := s.delivery(newID(), noon), s.endpoint()
	s.must(store.Change{Deliveries: []event.Delivery{d}, Endpoints: []event.Endpoint{e}})
	gotD, err := s.Delivery(ctx, other.id, d.ID)
	missing(t, "delivery", gotD, err, fault.CodeNotFound)
	list, err := s.Deliveries(ctx, other.id, store.DeliveryFilter{Subject: d.Subject}, store.Page{})
	same(t, "deliveries", len(list), err, 0)
	gotE, err := s.Endpoints(ctx, other.id)
	same(t, "endpoints", len(gotE), err, 0)
	stolen, taken := d, e
	stolen.Merchant, taken.Merchant, stolen.Version, taken.Version = other.id, other.id, 1, 1
	other.refused(store.Change{Deliveries: []event.Delivery{stolen}}, fault.CodeVersionConflict)
	other.refused(store.Change{Endpoints: []event.Endpoint{taken}}, fault.CodeVersionConflict)
	stolen.Version, taken.Version, stolen.Body = 0, 0, []byte("another's")
	other.must(store.Change{Deliveries: []event.Delivery{stolen}, Endpoints: []event.Endpoint{taken}})
	d.Version = 1
	gotD, err = s.Delivery(ctx, s.id, d.ID)
	same(t, "delivery of the first", gotD, err, d)
	s.refused(store.Change{
		Deliveries: []event.Delivery{s.delivery(newID(), noon)}, Endpoints: []event.Endpoint{other.endpoint()},
	}, fault.CodeInternal)
}
