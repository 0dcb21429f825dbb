package deal_test

import (
	"testing"

	"github.com/purserhq/purser/internal/deal"
)

func TestStatesAreWhole(t *testing.T) {
	t.Parallel()
	if err := deal.States.Check(deal.TransferWaiting, deal.Waits); err != nil {
		t.Error(err)
	}
}
