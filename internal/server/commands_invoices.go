package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
)

// WhichInvoices selects invoices of a list.
type WhichInvoices struct {
	Merchant string
	Held     bool // only those that wait for a confirmation
	Limit    int
}

// listedInvoice is an invoice of a list.
type listedInvoice struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	Held      bool   `json:"held"`
	Amount    string `json:"amount"`
	Terminal  int64  `json:"terminal,omitempty"`
	Reference string `json:"reference,omitempty"`
	CreatedAt string `json:"created_at"`
}

// row is the same for people.
func (v listedInvoice) row() []string {
	state, terminal := v.State, ""
	if v.Held {
		state += ", held"
	}
	if v.Terminal != 0 {
		terminal = strconv.FormatInt(v.Terminal, 10)
	}
	return []string{v.ID, state, v.Amount, dash(terminal), dash(v.Reference), v.CreatedAt}
}

// Invoices lists a merchant's invoices, the newest first.
func (c Commands) Invoices(ctx context.Context, w WhichInvoices) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, w.Merchant); err != nil {
			return err
		}
		var wanted app.InvoiceList
		if w.Held {
			wanted.Held = new(true)
		}
		views, rows, part := []listedInvoice{}, [][]string{}, app.Older{}
		for len(views) < w.Limit {
			part.Limit = min(pageSize, w.Limit-len(views))
			found, err := k.app.ListInvoices(ctx, w.Merchant, wanted, part)
			if err != nil {
				return err
			}
			for _, of := range found {
				i := of.Invoice
				view := listedInvoice{
					ID: i.ID, State: string(i.State), Held: i.Held && i.State == invoice.Open, Amount: i.Amount.String(),
					Terminal: i.Terminal, Reference: i.Reference, CreatedAt: moment(i.CreatedAt),
				}
				views, rows = append(views, view), append(rows, view.row())
				part.At, part.ID = i.CreatedAt, i.ID
			}
			if len(found) < part.Limit {
				break
			}
		}
		return c.Terminal.show(views, []string{"INVOICE", "STATE", "AMOUNT", "TERMINAL", "REFERENCE", "CREATED"}, rows)
	})
}

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
