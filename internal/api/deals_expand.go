package api

import (
	"github.com/purserhq/purser/internal/merchant"
)

// dealMore is what a deal is shown with.
type dealMore struct {
	Invoice   *invoiceView   `json:"invoice,omitempty"`
	Payment   *paymentView   `json:"payment,omitempty"`
	Payout    *payoutView    `json:"payout,omitempty"`
	Trader    *traderView    `json:"trader,omitempty"`
	Requisite *requisiteView `json:"requisite,omitempty"`
}

// dealExpand is what one deal can be shown with.
type dealExpand struct {
	Expand []string `query:"expand"`
}

// What the document says of them.
var (
	dealExpandWord = together("invoice", "payment", "payout", "requisite", "trader")
	dealMoreWords  = map[string]word{
		"invoice": {doc: "The invoice that it pays."}, "payment": {doc: "The payment that it is."},
		"payout": {doc: "The payout that it carries out."}, "trader": {doc: "The trader, for operators."},
		"requisite": {doc: "Where the trader receives the money, for operators."},
	}
)

func (d *desk) getDeal(c *call, id string, q dealExpand) (dealView, error) {
	view, err := d.dealNow(c, id)
	return d.dealExpansions().one(c, q.Expand, view, err)
}

// dealExpansions are what a deal can be shown with. Who the traders are, and what
// they have, is for whoever runs the server.
func (d *desk) dealExpansions() expansions[dealView] {
	return expansions[dealView]{
		"invoice": {merchant.InvoicesRead, func(c *call, v *dealView) error {
			view, err := d.invoiceNow(c, v.Invoice)
			if err == nil {
				more(&v.Expanded).Invoice = &view
			}
			return err
		}},
		"payment": {merchant.PaymentsRead, func(c *call, v *dealView) error {
			view, err := show(d.viewPayment)(d.App.Payment(c.Context(), c.Merchant, v.Payment))
			if err == nil {
				more(&v.Expanded).Payment = &view
			}
			return err
		}},
		"payout": {merchant.PayoutsRead, func(c *call, v *dealView) error {
			view, err := d.payoutNow(c, v.Payout)
			if err == nil {
				more(&v.Expanded).Payout = &view
			}
			return err
		}},
		"trader": {merchant.Operator, func(c *call, v *dealView) error {
			view, err := d.traderNow(c, v.Trader)
			if err == nil {
				more(&v.Expanded).Trader = &view
			}
			return err
		}},
		"requisite": {merchant.Operator, func(c *call, v *dealView) error {
			one, err := d.App.Deal(c.Context(), c.Merchant, v.ID)
			if err != nil {
				return err
			}
			view, err := d.requisiteNow(c, one.Requisite)
			if err == nil {
				more(&v.Expanded).Requisite = &view
			}
			return err
		}},
	}
}
