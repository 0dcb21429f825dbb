package payout_test

import (
	"testing"

	"github.com/purserhq/purser/internal/payout"
)

func TestStatesAreWhole(t *testing.T) {
	t.Parallel()
	if err := payout.States.Check(payout.Requested, payout.Waits); err != nil {
		t.Error(err)
	}
}
