package store

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/event"
)

// Key names one row among those of all merchants; zero = before the first.
type Key struct{ ID, Merchant string }

// AnswerHead is how much of a body EveryAnswer reads.
const AnswerHead = 16

// Walker reads what all merchants have, in the order of the keys: what changes
// meanwhile is neither left out nor read twice.
type Walker interface {
	// EveryDelivery are the deliveries behind a key, without their bodies: to be looked
	// at, never to be stored again.
	EveryDelivery(ctx context.Context, after Key, limit int) ([]event.Delivery, error)
	// EveryAnswer are the stored replies behind a key that have not expired, with the
	// first bytes of their bodies.
	EveryAnswer(ctx context.Context, after Key, now time.Time, limit int) ([]Answer, error)
}
