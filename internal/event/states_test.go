package event_test

import (
	"testing"

	"github.com/purserhq/purser/internal/event"
)

func TestStatesAreWhole(t *testing.T) {
	t.Parallel()
	if err := event.States.Check(event.Due, event.Waits); err != nil {
		t.Error(err)
	}
}

func TestNews(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		event event.Event
		kind  string
		news  bool
	}{
		{event.Event{Noun: event.Payment, From: "processing", To: "captured", Trigger: "capture"}, "payment.captured", true},
		{event.Event{Noun: event.Payment, From: "captured", To: "captured", Trigger: "correct"}, "payment.corrected", true},
		{event.Event{Noun: event.Deal, From: "completed", To: "completed", Trigger: "correct"}, "deal.corrected", true},
		{event.Event{Noun: event.Deal, From: "dispute", To: "dispute", Trigger: event.Attach}, "deal.attached", true},
		{event.Event{Noun: event.Deal, From: "dispute", To: "dispute", Trigger: event.GiveCode}, "deal.code_given", true},
		{event.Event{Noun: event.Invoice, To: "open", Trigger: event.Hold}, "invoice.open", true},
		{event.Event{Noun: event.Invoice, From: "open", To: "open", Trigger: event.Hold}, "invoice.held", true},
		{event.Event{Noun: event.Market, From: "set", To: "set", Trigger: "set"}, "market.set", true},
		{event.Event{Noun: event.Payment, From: "waiting", To: "waiting", Trigger: "supersede"}, "payment.waiting", false},
		{event.Event{Noun: event.Requisite, From: "active", To: "active", Trigger: "change"}, "requisite.active", false},
	} {
		if got := c.event.Type(); got != c.kind || c.event.News() != c.news {
			t.Errorf("%+v: got %s, %v, want %s, %v", c.event, got, c.event.News(), c.kind, c.news)
		}
		if err := event.CheckTypes([]string{c.event.Type()}); err != nil {
			t.Errorf("no endpoint can name %s: %v", c.event.Type(), err)
		}
	}
}
