package api_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// stand remembers how a thing stands, so that those in seldom states are found.
func (w *rover) stand(resource string, object map[string]any) {
	id, hasID := object["id"].(string)
	status, hasStatus := object["status"].(string)
	if !hasID || !hasStatus {
		return
	}
	by := w.states[resource]
	if by == nil {
		by = map[string][]string{}
		w.states[resource] = by
	}
	for state, ids := range by {
		by[state] = slices.DeleteFunc(ids, func(one string) bool { return one == id })
	}
	const most = 12
	list := append(by[status], id)
	by[status] = list[max(0, len(list)-most):]
}

// standing picks a state in which things of a resource are, and one of those that
// came into it last; ok is false where none is known.
func (w *rover) standing(t *rapid.T, resource string) (id string, ok bool) {
	by := w.states[resource]
	var known []string
	for _, state := range slices.Sorted(maps.Keys(by)) {
		if len(by[state]) > 0 {
			known = append(known, state)
		}
	}
	if len(known) == 0 {
		return "", false
	}
	ids := by[rapid.SampledFrom(known).Draw(t, resource+" that is")]
	return rapid.SampledFrom(ids[max(0, len(ids)-3):]).Draw(t, resource), true
}

// callSeldom calls one of the operations that were answered well least often: as
// it is printed, or with what is made for it.
func (w *rover) callSeldom(t *rapid.T) {
	const few = 8
	seldom := slices.Concat(w.operations[w.first:], w.operations[:w.first])
	slices.SortStableFunc(seldom, func(a, b walked) int { return cmp.Compare(w.answered[a.name], w.answered[b.name]) })
	names := make([]string, few)
	for n := range names {
		names[n] = seldom[n].name
	}
	o := seldom[slices.Index(names, rapid.SampledFrom(names).Draw(t, "operation"))]
	w.wild = false
	sample, known := w.printed[o.name]
	if !known || !odd(t, 2) {
		w.callThis(t, o)
		return
	}
	s := w.asPrinted(o, sample)
	if strings.HasSuffix(o.path, "/remove") { // what is printed would end what the walk needs
		w.callThis(t, o)
		return
	}
	if id, ok := w.standing(t, o.resource); ok && strings.Contains(o.path, "{id}") && w.mayEnd(o, id) && odd(t, 2) {
		s.target = "/v1" + strings.Replace(o.path, "{id}", url.PathEscape(id), 1)
	}
	if sample.Query != "" {
		s.target += "?" + sample.Query
	}
	if o.method == http.MethodPost {
		s.body = w.renewed(t, sample.Body)
	}
	w.send(t, s, true)
}

// asPrinted is a call as it is printed, but for its query.
func (w *rover) asPrinted(o walked, sample dialecttest.Sample) sent {
	s := sent{operation: o, header: w.holder(o.key()), target: "/v1" + o.path, body: sample.Body}
	if sample.Path != "" {
		s.target = sample.Path
	}
	if o.method == http.MethodPost {
		s.header.Set("Content-Type", "application/json")
	}
	return s
}

// callPrinted calls an operation that chance left out, as it is printed, in a world
// in which nothing else happened.
func (w *rover) callPrinted(t *testing.T, o walked) {
	t.Helper()
	sample, ok := w.printed[o.name]
	if !ok {
		return
	}
	s := w.asPrinted(o, sample)
	if sample.Query != "" {
		s.target += "?" + sample.Query
	}
	w.send(t, s, true)
	w.audit(t)
}

// renewed is a printed body in which the ids of things are, mostly, those of others.
func (w *rover) renewed(t *rapid.T, body string) string {
	var fields map[string]any
	if body == "" || json.Unmarshal([]byte(body), &fields) != nil {
		return body
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if _, isText := fields[name].(string); !isText || odd(t, 3) {
			continue
		}
		if id, ok := w.standing(t, name+"s"); ok {
			fields[name] = id
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(text)
}

// fail makes a gateway fail in one of its ways.
func (w *rover) fail(t *rapid.T) {
	bank := w.Banks[rapid.SampledFrom([]string{"zarinpal", "shepa"}).Draw(t, "bank")]
	how := rapid.SampledFrom([]string{
		"refuses", "is silent", "denies returns", "loses returns", "loses an answer", "says nothing",
		"vault refuses", "vault loses",
	}).Draw(t, "how")
	if mood, ok := strings.CutPrefix(how, "vault "); ok {
		w.vault(mood)
		return
	}
	if !bank.Behave(how) {
		t.Fatalf("no bank %s", how)
	}
}

// recover makes all gateways well again.
func (w *rover) recover(*rapid.T) { w.mend() }

func (w *rover) mend() {
	w.vault("")
	for _, form := range banks {
		bank := w.Banks[form.Name]
		for _, how := range []string{"opens", "gives back", "loses no answer", "speaks"} {
			bank.Behave(how)
		}
	}
}

func (w *rover) vault(mood string) {
	v := w.Gateways["vault"].(*vault) //nolint:forcetypeassert // It is the one that vaults made.
	v.mu.Lock()
	defer v.mu.Unlock()
	v.mood = mood
}

// settle lets the gateways recover and the worker ask until nothing is open, and
// wants the books to have each receipt that the banks gave, once, and no other.
func (w *rover) settle(t fatal) {
	t.Helper()
	w.mend()
	for range 12 {
		w.Wait(time.Hour)
		w.work(t)
	}
	w.audit(t)
	views, _, err := w.App.Invoices(w.judge.t.Context(), w.Shop, app.Page{Limit: 100_000})
	if err != nil {
		t.Fatalf("%v", err)
	}
	booked := map[string]int{}
	for _, v := range views {
		for _, p := range v.Payments {
			if receipt := p.Attempt.Receipt; strings.HasPrefix(receipt, p.Attempt.Gateway+"-R") {
				booked[receipt]++
			}
		}
	}
	taken := 0
	for _, bank := range w.Banks {
		taken += bank.Taken()
	}
	for receipt, times := range booked {
		if times != 1 {
			t.Fatalf("%s is booked %d times", receipt, times)
		}
	}
	if len(booked) != taken || taken == 0 {
		t.Fatalf("the banks took %d payments, and %d are on record", taken, len(booked))
	}
}
