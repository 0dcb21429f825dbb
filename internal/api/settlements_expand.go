package api

import "github.com/purserhq/purser/internal/merchant"

// settlementRowMore is what a row of a settlement file is shown with.
type settlementRowMore struct {
	Payment *paymentView `json:"payment,omitempty"`
	Refund  *refundView  `json:"refund,omitempty"`
}

// rowExpansions are what a row of a settlement file can be shown with.
func (d *desk) rowExpansions() expansions[settlementRowView] {
	return expansions[settlementRowView]{
		"payment": {merchant.PaymentsRead, func(c *call, v *settlementRowView) error {
			if v.Payment == "" {
				return nil
			}
			view, err := show(d.viewPayment)(d.App.Payment(c.Context(), c.Merchant, v.Payment))
			if err == nil {
				more(&v.Expanded).Payment = &view
			}
			return err
		}},
		"refund": {merchant.RefundsRead, func(c *call, v *settlementRowView) error {
			if v.Refund == "" {
				return nil
			}
			view, err := show(viewRefund)(d.App.Refund(c.Context(), c.Merchant, v.Refund))
			if err == nil {
				more(&v.Expanded).Refund = &view
			}
			return err
		}},
	}
}
