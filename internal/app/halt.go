package app

import (
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// sound is books_broken while the books are known to be wrong. Whoever would ask
// a gateway to go on with money that is under way asks here first; everything
// else is stopped where it is committed, which is before a gateway hears of it.
func (a *App) sound() error {
	if a.halted != nil && a.halted() {
		return fault.New(fault.CodeBooksBroken, "", "")
	}
	return nil
}

// movesMoney says that a change books something, or brings something nearer to
// being booked. Invoices alone only ask for money, and nobody can pay them
// without a payment.
func movesMoney(c store.Change) bool {
	return len(c.Entries) > 0 || len(c.Payments) > 0 || len(c.Refunds) > 0 || len(c.Payouts) > 0 ||
		len(c.Transfers) > 0 || len(c.Exchanges) > 0 || len(c.Deals) > 0
}
