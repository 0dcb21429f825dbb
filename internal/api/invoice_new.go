package api

import (
	"net/url"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
)

func (d *desk) createInvoice(c *call, id string, in newInvoice) (out invoiceView, err error) {
	amount, err := amountOf(in.Amount, in.Unit)
	if err != nil {
		return out, err
	}
	if err := checkDue(in.DueAt, d.Now()); err != nil {
		return out, err
	}
	if in.ReturnURL != "" && !isAddress(in.ReturnURL) {
		return out, fault.New(fault.CodeParameterInvalid, "return_url", "It must be an absolute http or https address.")
	}
	if err := in.Payer.check(); err != nil {
		return out, err
	}
	bag, err := packMetadata(in.Metadata)
	if err != nil {
		return out, err
	}
	if in.Owner != "" {
		if bag == nil {
			bag = map[string]string{}
		}
		bag[invoice.OwnerWord] = in.Owner
	}
	wish := app.NewInvoice{
		ID: id, Amount: amount, Reference: in.Reference, Title: in.Title, Description: in.Description,
		Payer: invoice.Payer(in.Payer), Due: in.DueAt, VerifyIn: time.Duration(in.VerifyWithin) * time.Second,
		ReturnTo: in.ReturnURL, Bag: bag, NationalID: strings.TrimSpace(in.NationalID),
	}
	if in.NationalID != "" && wish.NationalID == "" {
		return out, fault.New(fault.CodeParameterInvalid, "national_id", "It is blank.")
	}
	if in.Terminal != 0 {
		if err := d.place(c, &wish, in.Terminal); err != nil {
			return out, err
		}
	}
	return show(d.viewInvoice)(d.App.CreateInvoice(c.Context(), c.Merchant, wish))
}

// place puts a new invoice at a terminal. Errors: terminal_not_found, wrong_state
// where it is disabled, parameter_invalid for a return that it does not allow.
func (d *desk) place(c *call, wish *app.NewInvoice, number int64) error {
	t, err := d.App.Terminal(c.Context(), c.Merchant, number)
	if err != nil {
		return err
	}
	if t.Disabled {
		return fault.New(fault.CodeWrongState, "terminal", "The terminal is disabled.")
	}
	if back, err := url.Parse(wish.ReturnTo); wish.ReturnTo != "" && (err != nil || !t.Allows(back)) {
		return fault.New(fault.CodeParameterInvalid, "return_url", "It leads to none of the terminal's origins.").With(err)
	}
	if wish.Terminal = t.Number; wish.Due.IsZero() && t.PayIn > 0 {
		wish.Due = d.Now().Add(t.PayIn)
	}
	return nil
}
