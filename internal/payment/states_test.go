package payment_test

import (
	"testing"

	"github.com/purserhq/purser/internal/payment"
)

func TestStatesAreWhole(t *testing.T) {
	t.Parallel()
	if err := payment.States.Check(payment.Waiting, payment.Waits); err != nil {
		t.Error(err)
	}
}
