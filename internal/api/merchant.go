package api

import (
	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// merchantView is the merchant of a key as it sees itself.
type merchantView struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Email        string     `json:"email,omitempty"`
	AmountGuard  string     `json:"amount_guard"`
	SplitLimit   *sumView   `json:"split_limit,omitempty"`
	PayoutLimits []sumView  `json:"payout_limits" nullable:"false"`
	Rails        []railView `json:"rails" nullable:"false"`
	CreatedAt    string     `json:"created_at" format:"date-time"`
	UpdatedAt    string     `json:"updated_at" format:"date-time"`
}

// sumView is an amount that stands for itself.
type sumView struct {
	Amount string `json:"amount"`
	Unit   string `json:"unit"`
}

// railView is a network on which coins go out.
type railView struct {
	Unit    string `json:"unit"`
	Network string `json:"network"`
	Status  string `json:"status"`
	Min     string `json:"min"`
	Fee     string `json:"fee"`
}

// merchantTerms are what a merchant can change of itself.
type merchantTerms struct {
	Email       *string `json:"email,omitempty" maxLength:"200"`
	AmountGuard string  `json:"amount_guard,omitempty"`
}

var ownEmail = word{
	doc: "The e-mail address of your own account; no customer has the same.", example: "till@shop.example",
}

// ownGuard is the same word for what is asked for at no terminal.
var ownGuard = word{
	doc: "What becomes of an unusual amount that is asked for at no terminal, as amount_guard of a terminal says for " +
		"what is asked for there.",
	example: guardWord.example, choices: guardWord.choices,
}

var merchantWords = words{
	"merchantView": {
		"id": {doc: "Its id.", example: "7KQ2M9XA"}, "name": {doc: "Its name.", example: "Shop"}, "email": ownEmail,
		"amount_guard":  ownGuard,
		"split_limit":   {doc: "A request above it is split; none where it never is."},
		"payout_limits": {doc: "Above these amounts two people have to approve a payout."},
		"rails":         {doc: "The networks on which coins go out."},
	},
	"sumView": {"amount": {doc: "How much.", example: "100000"}, "unit": {doc: "Of which unit.", example: "IRR"}},
	"railView": {
		"unit": {doc: "The unit that it carries.", example: "USDT"}, "network": {doc: "Its name.", example: "TRX"},
		"status": {doc: "Whether it can be used.", example: enabled, choices: switchWord.choices},
		"min":    {doc: "The smallest payout, fee included.", example: "2.00"},
		"fee":    {doc: "What is taken out of the amount.", example: "1.50"},
	},
	"merchantTerms": {"email": ownEmail, "amount_guard": ownGuard},
}

func (d *desk) merchant() resource {
	return resource{
		name: "merchant", about: "The merchant is whose key it is: you. Operators set its limits.",
		words: merchantWords, example: "7KQ2M9XA",
		operations: []operation{
			list(row{
				id: "getMerchant", path: "/merchant", scope: merchant.MerchantRead, summary: "Get the merchant",
				about: "Shows the merchant whose key it is, as of some seconds ago at most.",
			}, func(c *call, _ none) (merchantView, error) { return d.merchantNow(c, "") }),
			act(row{
				id: "changeMerchant", path: "/merchant", scope: merchant.MerchantWrite, summary: "Change the merchant",
				about:  "Changes what is named and leaves the rest.",
				faults: []fault.Code{fault.CodeDuplicate},
			}, d.changeMerchant, story[merchantView]{
				now: d.merchantNow, of: func(change app.Change) (out merchantView, ok bool) {
					if len(change.Merchants) != 1 {
						return out, false
					}
					return viewMerchant(change.Merchants[0]), true
				},
			}),
		},
	}
}

func (d *desk) merchantNow(c *call, _ string) (merchantView, error) {
	return show(viewMerchant)(d.App.Merchant(c.Context(), c.Merchant))
}

func (d *desk) changeMerchant(c *call, _ string, in merchantTerms) (merchantView, error) {
	terms := app.MerchantTerms{Email: in.Email}
	if in.AmountGuard != "" {
		holds := in.AmountGuard == guardHolds
		terms.HoldUnusual = &holds
	}
	return show(viewMerchant)(d.App.ChangeMerchant(c.Context(), c.Merchant, terms))
}

// viewMerchant shows a merchant.
func viewMerchant(m merchant.Merchant) merchantView {
	view := merchantView{
		ID: m.ID, Name: m.Name, Email: m.Email, PayoutLimits: []sumView{}, Rails: []railView{},
		AmountGuard: guardOf(m.HoldUnusual),
		CreatedAt:   moment(m.CreatedAt), UpdatedAt: moment(m.UpdatedAt),
	}
	if m.SplitLimit.Valid() {
		view.SplitLimit = &sumView{m.SplitLimit.Fixed(), string(m.SplitLimit.Unit())}
	}
	for _, l := range m.PayoutLimits {
		view.PayoutLimits = append(view.PayoutLimits, sumView{l.Fixed(), string(l.Unit())})
	}
	for _, r := range m.Rails {
		view.Rails = append(view.Rails, railView{
			Unit: string(r.Unit), Network: r.Network, Status: onOff(r.Active), Min: r.Min.Fixed(), Fee: r.Fee.Fixed(),
		})
	}
	return view
}
