package refund_test

import (
	"testing"

	"github.com/purserhq/purser/internal/refund"
)

func TestStatesAreWhole(t *testing.T) {
	t.Parallel()
	if err := refund.States.Check(refund.Requested, refund.Waits); err != nil {
		t.Error(err)
	}
}
