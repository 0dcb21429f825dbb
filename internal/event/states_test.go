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
