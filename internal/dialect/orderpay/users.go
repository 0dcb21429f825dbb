package orderpay

import (
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
)

// role is what a user is at the merchant's; a higher one may whatever a lower
// one may.
type role int

const (
	customer role = iota
	seller
	admin
	superAdmin
)

// roles are the words for them.
var roles = map[string]role{
	"CUSTOMER": customer, "SELLER": seller, "ADMIN": admin, "SUPER_ADMIN": superAdmin,
}

// String is the word for the role.
func (r role) String() string {
	for word, known := range roles {
		if known == r {
			return word
		}
	}
	return ""
}

// user is who asks.
type user struct {
	merchant string
	id       string // UUID
	role     role
	email    string
}

// userKey is under which the user of a call is kept.
type userKey struct{}

// userOf is the user of an admitted call.
func userOf(r *dialect.Request) user {
	who, _ := r.Context().Value(userKey{}).(user)
	return who
}

// The members of the bag of an order.
const (
	bagUser   = invoice.OwnerWord
	bagSeller = "seller" // who made it
)

// isOrder says that an invoice was made as an order, for one of the merchant's users,
// or through our own API, which need not name one. What that made at a terminal is
// the terminal's shop's, and a deposit the customer's; what other copied APIs made is
// theirs: nobody meant it for those who have a token of this shop.
func isOrder(i invoice.Invoice) bool {
	return i.Owner() != "" || dialect.Native(dialect.NativeInvoice, i.ID) && i.Terminal == 0 && i.Account == 0
}

// sees says whether the user may see an order and pay it.
func (u user) sees(order invoice.Invoice) bool {
	return u.role >= admin || order.Owner() == u.id || u.role == seller && order.Bag[bagSeller] == u.id
}

// honoured is the state that a claim makes, where the word of the user is
// enough for it. Whoever pays cannot say that it is paid.
func (u user) honoured(claim status) (state payment.State, ok bool) {
	if u.role < seller {
		return "", false
	}
	switch claim {
	case completed:
		return payment.Captured, true
	case failed:
		return payment.Failed, true
	case cancelled:
		return payment.Canceled, true
	case pending, refunded:
	}
	return "", false
}
