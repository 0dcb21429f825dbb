package store

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/event"
)

// DeliveryFilter selects deliveries; an empty field selects all.
type DeliveryFilter struct {
	Endpoint string
	Subject  string
	Type     string // such as "payment.captured"
	State    event.State
}

// DeliveryReader finds endpoints and deliveries. They have no events of their
// own: a delivery is its own record.
type DeliveryReader interface {
	// Endpoints are a merchant's, in order of creation, disabled ones too.
	Endpoints(ctx context.Context, merchantID string) ([]event.Endpoint, error)
	// Delivery finds one. Error: not_found.
	Delivery(ctx context.Context, merchantID, id string) (event.Delivery, error)
	// Deliveries are a merchant's, newest first, without their bodies: to be
	// shown, never to be stored again.
	Deliveries(ctx context.Context, merchantID string, filter DeliveryFilter, page Page) ([]event.Delivery, error)
	// ListDeliveries are the same, part by part.
	ListDeliveries(ctx context.Context, merchantID string, filter DeliveryFilter, part Older) ([]event.Delivery, error)
	// DeliveryDepth is when the delivery was made that so many of the part lie before, in
	// one state or in all; zero where there are not so many. Who selects by what no index
	// has looks no further at once.
	DeliveryDepth(ctx context.Context, merchantID string, state event.State, part Older, looks int) (time.Time, error)
	// Contacts are those with gateways about one thing, in the order in which they were had.
	Contacts(ctx context.Context, merchantID, subject string, limit int) ([]event.Contact, error)
	// ContactsHad is how many there are about one thing, counted as far as a number.
	ContactsHad(ctx context.Context, merchantID, subject string, most int) (int, error)
	// DueDeliveries are those whose RunAt has passed, of any merchant: the
	// longest due of every queue, at most perQueue of each and limit in all. A
	// queue with a long backlog hides no other one.
	DueDeliveries(ctx context.Context, now time.Time, perQueue, limit int) ([]event.Delivery, error)
}
