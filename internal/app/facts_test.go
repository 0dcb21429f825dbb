package app_test

import (
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// TestFactsAreTold: what changes a fact that somebody has to know of is sent to
// endpoints, as a word of its own that a filter can name, and the feed says the same.
func TestFactsAreTold(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	all, _ := b.endpoint()
	named, _ := b.endpoint("deal.corrected", "deal.attached")
	d := b.begun("1000")
	if _, err := b.attach(d, picture(10)); err != nil {
		t.Fatal(fault.Detail(err))
	}
	if _, err := b.app.CompleteDeal(t.Context(), word(d)); err != nil {
		t.Fatal(fault.Detail(err))
	}
	if _, err := b.correct(d, "1100"); err != nil {
		t.Fatal(fault.Detail(err))
	}
	told := func(endpoint string) (kinds []string) {
		list, err := b.app.Deliveries(t.Context(), b.merchant, store.DeliveryFilter{Endpoint: endpoint}, app.Page{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			kinds = append(kinds, m.Type)
		}
		slices.Sort(kinds)
		return kinds
	}
	if got, want := told(named.ID), []string{"deal.attached", "deal.corrected"}; !slices.Equal(got, want) {
		t.Errorf("told of %q, want %q", got, want)
	}
	everything := told(all.ID)
	for _, want := range []string{"deal.attached", "deal.corrected", "payment.corrected", "invoice.corrected"} {
		if n := len(everything) - len(slices.DeleteFunc(slices.Clone(everything), func(k string) bool {
			return k == want
		})); n != 1 {
			t.Errorf("%s was told %d times: %q", want, n, everything)
		}
	}
	feed, err := b.app.Events(t.Context(), b.merchant, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	corrected := 0
	for _, e := range feed {
		if e.Trigger == "correct" {
			corrected++
			if e.Type() != string(e.Noun)+".corrected" {
				t.Errorf("the feed says %s of %+v", e.Type(), e)
			}
		}
	}
	if corrected != 3 {
		t.Errorf("the feed has %d corrections", corrected)
	}
}
