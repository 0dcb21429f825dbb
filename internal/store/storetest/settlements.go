package storetest

import (
	"fmt"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/settlement"
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

// settlementFiles come back as they were stored, with what came of their rows.
func settlementFiles(s *shop) {
	t, ctx := s.T, s.Context()
	other := newShop(t, s.Store)
	f := full(s, func(*settlement.File) {})
	for version := range int64(2) {
		s.must(store.Change{Settlements: []settlement.File{f}})
		f.Version = version + 1
		got, err := s.Settlement(ctx, s.id, f.ID)
		same(t, "settlement", got, err, f)
		f.Rows, f.EndedAt = 7, time.Time{}
	}
	f.Rows, f.EndedAt = 7, time.Time{}
	s.must(store.Change{Settlements: []settlement.File{f}})
	f.Version = 3
	none, err := s.Settlement(ctx, other.id, f.ID)
	missing(t, "another's settlement", none, err, fault.CodeNotFound)
	row := func(n int64, k settlement.Kind) settlement.Row {
		return full(s, func(r *settlement.Row) { r.File, r.Number, r.Kind = f.ID, n, k })
	}
	rows := []settlement.Row{
		row(2, settlement.Payment), row(3, settlement.Refund), row(10, settlement.Extra), row(11, settlement.Missing),
	}
	s.must(store.Change{SettlementRows: []settlement.Row{rows[2], rows[0]}})
	s.must(store.Change{SettlementRows: []settlement.Row{rows[3], rows[1]}})
	if err := s.Commit(ctx, store.Change{SettlementRows: rows[:1]}); err == nil {
		t.Error("a row was stored twice")
	}
	for name, c := range map[string]struct {
		list store.SettlementRows
		want []settlement.Row
	}{
		"all":         {store.SettlementRows{File: f.ID, Limit: 10}, rows},
		"a part":      {store.SettlementRows{File: f.ID, After: 2, Limit: 2}, rows[1:3]},
		"of a kind":   {store.SettlementRows{File: f.ID, Kind: settlement.Extra, Limit: 10}, rows[2:3]},
		"differing":   {store.SettlementRows{File: f.ID, Differing: true, Limit: 10}, rows[2:]},
		"of no other": {store.SettlementRows{File: "other", Limit: 10}, nil},
	} {
		got, err := s.SettlementRows(ctx, s.id, c.list)
		same(t, name, got, err, c.want)
	}
	foreign, err := s.SettlementRows(ctx, other.id, store.SettlementRows{File: f.ID, Limit: 10})
	same(t, "another merchant's rows", len(foreign), err, 0)
}

// settlementLists are read part by part.
func settlementLists(s *shop) {
	t, ctx := s.T, s.Context()
	all := make([]settlement.File, 4)
	for n := range all {
		all[n] = settlement.File{
			ID: fmt.Sprintf("%s-s%d", s.id, n), Merchant: s.id, Gateway: "bank", EndedAt: noon,
			CreatedAt: noon.Add(time.Duration(n) * time.Second), UpdatedAt: noon,
		}
	}
	all[1].Gateway, all[2].EndedAt = "other", time.Time{}
	s.must(store.Change{Settlements: all})
	yes, no := true, false
	for name, c := range map[string]struct {
		list store.SettlementList
		part store.Older
		want []int
	}{
		"all":          {part: store.Older{Limit: 10}, want: []int{3, 2, 1, 0}},
		"older":        {part: store.Older{At: all[2].CreatedAt, ID: all[2].ID, Limit: 1}, want: []int{1}},
		"of a gateway": {store.SettlementList{Gateway: "bank"}, store.Older{Limit: 10}, []int{3, 2, 0}},
		"ended":        {store.SettlementList{Ended: &yes}, store.Older{Limit: 10}, []int{3, 1, 0}},
		"not ended":    {store.SettlementList{Ended: &no}, store.Older{Limit: 10}, []int{2}},
	} {
		got, err := s.ListSettlements(ctx, s.id, c.list, c.part)
		var ids, want []string
		for _, f := range got {
			ids = append(ids, f.ID)
		}
		for _, n := range c.want {
			want = append(want, all[n].ID)
		}
		same(t, name, ids, err, want)
	}
	none, err := s.ListSettlements(ctx, "another", store.SettlementList{}, store.Older{Limit: 10})
	same(t, "another merchant's", len(none), err, 0)
}
