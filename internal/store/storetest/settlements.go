package storetest

import (
	"fmt"
	"time"

	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// unsettled payments are those that one gateway took in a span, in parts.
func unsettled(s *shop) {
	t, ctx := s.T, s.Context()
	other := newShop(t, s.Store)
	taken := func(s *shop, n int, state payment.State, gateway string) payment.Payment {
		p := s.payment("i")
		p.ID, p.State, p.Attempt.Gateway = fmt.Sprintf("%s-%02d", s.id, n), state, gateway
		p.FinalizedAt = noon.Add(time.Duration(n) * time.Minute)
		return p
	}
	s.must(store.Change{Payments: []payment.Payment{
		taken(s, 4, payment.Captured, "it's a \"bank\""),
		taken(s, 1, payment.Captured, "bank"), taken(s, 0, payment.Captured, "bank"),
		taken(s, 3, payment.Captured, "bank"), taken(s, 2, payment.Captured, "bank"),
		taken(s, 5, payment.Settled, "bank"), taken(s, 6, payment.Reversed, "bank"), taken(s, 7, payment.Failed, "bank"),
		{ID: s.id + "-08", Merchant: s.id, State: payment.Captured, Attempt: payment.Attempt{Gateway: "bank"}},
	}})
	other.must(store.Change{Payments: []payment.Payment{taken(other, 1, payment.Captured, "bank")}})
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	for name, c := range map[string]struct {
		gateway     string
		from, until int
		after       string
		limit       int
		want        []int
	}{
		"all":           {"bank", 0, 9, "", 10, []int{0, 1, 2, 3}},
		"both ends":     {"bank", 1, 2, "", 10, []int{1, 2}},
		"a part":        {"bank", 0, 9, "", 2, []int{0, 1}},
		"the next part": {"bank", 0, 9, s.id + "-01", 2, []int{2, 3}},
		"no more":       {"bank", 0, 9, s.id + "-03", 2, nil},
		"another":       {"it's a \"bank\"", 0, 9, "", 10, []int{4}},
		"nobody's":      {"none", 0, 9, "", 10, nil},
	} {
		got, err := s.Unsettled(ctx, s.id, store.Span{Gateway: c.gateway, From: minute(c.from), Until: minute(c.until)},
			store.After{ID: c.after, Limit: c.limit})
		var ids, want []string
		for _, p := range got {
			ids = append(ids, p.ID)
		}
		for _, n := range c.want {
			want = append(want, fmt.Sprintf("%s-%02d", s.id, n))
		}
		same(t, name, ids, err, want)
	}
}

// returned refunds are those that one gateway made, in parts.
func returned(s *shop) {
	t, ctx := s.T, s.Context()
	other := newShop(t, s.Store)
	back := func(s *shop, n int, state refund.State, gateway string) refund.Refund {
		r := s.refund("p")
		r.ID, r.State, r.Gateway = fmt.Sprintf("%s-%02d", s.id, n), state, gateway
		return r
	}
	s.must(store.Change{Refunds: []refund.Refund{
		back(s, 2, refund.Succeeded, "bank"), back(s, 0, refund.Succeeded, "bank"),
		back(s, 1, refund.Succeeded, "bank"), back(s, 3, refund.Succeeded, "another"),
		back(s, 4, refund.Failed, "bank"), back(s, 5, refund.Processing, "bank"),
	}})
	other.must(store.Change{Refunds: []refund.Refund{back(other, 1, refund.Succeeded, "bank")}})
	for name, c := range map[string]struct {
		gateway, after string
		limit          int
		want           []int
	}{
		"all":           {"bank", "", 10, []int{0, 1, 2}},
		"a part":        {"bank", "", 2, []int{0, 1}},
		"the next part": {"bank", s.id + "-01", 2, []int{2}},
		"another":       {"another", "", 10, []int{3}},
		"nobody's":      {"none", "", 10, nil},
	} {
		got, err := s.Returned(ctx, s.id, c.gateway, store.After{ID: c.after, Limit: c.limit})
		var ids, want []string
		for _, r := range got {
			ids = append(ids, r.ID)
		}
		for _, n := range c.want {
			want = append(want, fmt.Sprintf("%s-%02d", s.id, n))
		}
		same(t, name, ids, err, want)
	}
}
