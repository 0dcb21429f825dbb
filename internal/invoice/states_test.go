package invoice_test

import (
	"testing"

	"github.com/purserhq/purser/internal/invoice"
)

func TestStatesAreWhole(t *testing.T) {
	t.Parallel()
	if err := invoice.States.Check(invoice.Open, invoice.Waits); err != nil {
		t.Error(err)
	}
}
