package sqlstore

import (
	"context"

	"github.com/purserhq/purser/internal/merchant"
)

// terminalDetail is what no statement asks of a terminal. Its number is its id.
type terminalDetail struct {
	Number   int64    `json:"number,omitzero"`
	Name     string   `json:"name,omitzero"`
	Origins  []string `json:"origins,omitzero"`
	Form     string   `json:"form,omitzero"`
	Endpoint string   `json:"endpoint,omitzero"`
	VerifyIn span     `json:"verify_in,omitzero"`
	PayIn    span     `json:"pay_in,omitzero"`
	RefundIn span     `json:"refund_in,omitzero"`
	DealFee  string   `json:"deal_fee,omitzero"`
	DealIn   span     `json:"deal_in,omitzero"`
	Disabled bool     `json:"disabled,omitzero"`

	HoldUnusual bool `json:"hold_unusual,omitzero"`
}

// terminalRecord writes a terminal at its next version.
func terminalRecord(t merchant.Terminal) (record, error) {
	detail, err := pack(terminalDetail{
		Number: t.Number, Name: t.Name, Origins: t.Origins, Form: t.Form, Endpoint: t.Endpoint,
		VerifyIn: spanOf(t.VerifyIn), PayIn: spanOf(t.PayIn), RefundIn: spanOf(t.RefundIn), Disabled: t.Disabled,
		DealFee: t.DealFee.Text(), DealIn: spanOf(t.DealIn), HoldUnusual: t.HoldUnusual,
	})
	return record{
		numbered(t.Number), t.Merchant, t.Version + 1, micros(t.CreatedAt), micros(t.UpdatedAt), detail,
	}, err
}

// scanTerminal reads what terminalRecord wrote.
func scanTerminal(r row) (merchant.Terminal, error) {
	var (
		t                merchant.Terminal
		id, detail       string
		created, updated int64
		d                terminalDetail
	)
	if err := r.Scan(&id, &t.Merchant, &t.Version, &created, &updated, &detail); err != nil {
		return t, err
	}
	if err := unpack(detail, &d); err != nil {
		return t, err
	}
	var err error
	t.DealFee, err = rateOf(d.DealFee)
	t.DealIn, t.HoldUnusual = d.DealIn.duration(), d.HoldUnusual
	t.Number, t.Name, t.Origins, t.Form, t.Endpoint = d.Number, d.Name, d.Origins, d.Form, d.Endpoint
	t.VerifyIn, t.PayIn, t.RefundIn = d.VerifyIn.duration(), d.PayIn.duration(), d.RefundIn.duration()
	t.Disabled, t.CreatedAt, t.UpdatedAt = d.Disabled, instant(created), instant(updated)
	return t, err
}

// Terminals are a merchant's by Number.
func (d *DB) Terminals(ctx context.Context, merchantID string) ([]merchant.Terminal, error) {
	return many(ctx, d, scanTerminal,
		selectFrom(terminals, "merchant_id = $1 order by cast(id as bigint)"), merchantID)
}
