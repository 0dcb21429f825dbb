package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
)

// InvoiceWord is an operator's word about an invoice that is held.
type InvoiceWord struct {
	Invoice  string
	Operator string // who says so
	Note     string
}

// ConfirmInvoice lets an invoice be paid although its amount is unusual.
func (c Commands) ConfirmInvoice(ctx context.Context, w InvoiceWord) error {
	return c.with(ctx, forWriting, func(k *core) error {
		owner, err := k.app.InvoiceOwner(ctx, w.Invoice)
		if err != nil {
			return errors.New("there is no invoice " + w.Invoice)
		}
		i, err := k.app.ConfirmInvoice(ctx, app.ConfirmInvoice{
			Merchant: owner, Invoice: w.Invoice, Operator: w.Operator, Note: w.Note,
		})
		if fault.Is(err, fault.CodeWrongState) {
			return fmt.Errorf("invoice %s is %s: only an open one can be confirmed", i.ID, i.State)
		}
		if err != nil {
			return err
		}
		return c.Terminal.show(
			map[string]string{"id": i.ID, "state": string(i.State), "amount": i.Amount.String()},
			[]string{"INVOICE", "STATE", "AMOUNT"}, [][]string{{i.ID, string(i.State), i.Amount.String()}})
	})
}
