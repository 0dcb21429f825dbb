package p2p

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// pageOfRequisites is how many requisites are read at once.
const pageOfRequisites = 1000

// offers are the ways and banks of one currency on which payers can send money.
type offers []deal.Offer

// offers are those of a currency. Error: parameter_invalid for one in which the
// merchant settles no deals.
func (d desk) offers(ctx context.Context, merchantID string, unit money.Unit) (offers, error) {
	markets, err := d.App.Markets(ctx, merchantID)
	if err != nil {
		return nil, err
	}
	traded := false
	for _, m := range markets {
		traded = traded || m.Base == deal.Coin && m.Quote == unit
	}
	if !traded {
		return nil, fault.New(fault.CodeParameterInvalid, "currency", "currency is not a currency of this store.")
	}
	return d.offered(ctx, merchantID, unit)
}

// offered are the offers of a currency, or of all for none.
func (d desk) offered(ctx context.Context, merchantID string, unit money.Unit) (offers, error) {
	all, err := d.App.Offers(ctx, merchantID)
	if err != nil || unit == "" {
		return all, err
	}
	var found offers
	for _, o := range all {
		if o.Least.Unit() == unit {
			found = append(found, o)
		}
	}
	return found, nil
}

// requisites reads the accounts of a currency that are switched on.
func (d desk) requisites(ctx context.Context, merchantID string, unit money.Unit) ([]deal.Requisite, error) {
	var all []deal.Requisite
	for page := (app.Page{Limit: pageOfRequisites}); ; page.Offset += page.Limit {
		list, err := d.App.Requisites(ctx, merchantID, app.RequisiteFilter{Unit: unit}, page)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) < page.Limit {
			break
		}
	}
	return slices.DeleteFunc(all, func(q deal.Requisite) bool { return q.Disabled }), nil
}

// along are those of a way and a bank; empty words are any.
func (o offers) along(wish route) offers {
	var found offers
	for _, q := range o {
		if (wish.option == "" || q.Option == wish.option) && (wish.method == "" || q.Method == wish.method) {
			found = append(found, q)
		}
	}
	return found
}

// has is nil when a way and a bank are offered, whether or not one is free.
// Error: unsupported.
func (o offers) has(wish route) error {
	if wish.option == "" && wish.method == "" || len(o.along(wish)) > 0 {
		return nil
	}
	name := "paymentMethod"
	if wish.method == "" || len(o.along(route{option: wish.option})) == 0 && wish.option != "" {
		name = "paymentOption"
	}
	return fault.New(fault.CodeUnsupported, name, name+" is not available for this currency.")
}

// take is nil when the store can take an invoice. Its amount is looked at last.
// Errors: unsupported, amount_too_small, amount_too_large.
func (o offers) take(n newInvoice) error {
	wish := route{n.option, n.method}
	if err := o.has(wish); err != nil {
		return err
	}
	fitting := o.along(wish)
	if len(fitting) == 0 {
		return nil
	}
	byAmount := func(a, b money.Amount) int { return cmp.Compare(a.Steps(), b.Steps()) }
	least := slices.MinFunc(fitting, func(a, b deal.Offer) int { return byAmount(a.Least, b.Least) }).Least
	most := slices.MaxFunc(fitting, func(a, b deal.Offer) int { return byAmount(a.Most, b.Most) }).Most
	code := fault.CodeAmountTooSmall
	switch {
	case byAmount(n.amount, most) > 0:
		code = fault.CodeAmountTooLarge
	case byAmount(n.amount, least) >= 0:
		return nil
	}
	return fault.Newf(code, "amount", rangeText+" from %s to %s %s.", least.Fixed(), most.Fixed(), n.amount.Unit())
}

// variantBody is a way and a bank.
type variantBody struct {
	Option string `json:"option"`
	Method string `json:"method"`
}

// optionBody is a way that a currency has.
type optionBody struct {
	Code     string     `json:"code"`
	Name     string     `json:"name"`
	Currency money.Unit `json:"currency"`
}

// methodBody is a bank.
type methodBody struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// distinct are the different things that accounts or offers lead to, in order.
func distinct[Q any, T comparable](from []Q, of func(Q) T, order func(a, b T) int) []T {
	list := make([]T, 0, len(from))
	for _, q := range from {
		list = append(list, of(q))
	}
	slices.SortFunc(list, order)
	return slices.Compact(list)
}

// variants are the ways and banks that take an amount now.
func variants(all []deal.Requisite, amount money.Amount, now time.Time) []variantBody {
	return distinct(slices.DeleteFunc(all, func(q deal.Requisite) bool { return !q.Takes(amount, now) }),
		func(q deal.Requisite) variantBody { return variantBody{q.Option, q.Method} },
		func(a, b variantBody) int {
			return cmp.Or(strings.Compare(a.Option, b.Option), strings.Compare(a.Method, b.Method))
		})
}

func (d desk) showOptions(r *dialect.Request) (dialect.Reply, error) {
	if _, err := d.store(r); err != nil {
		return dialect.Reply{}, err
	}
	all, err := d.offered(r.Context(), r.Merchant, "")
	if err != nil {
		return dialect.Reply{}, err
	}
	return listed(distinct(all,
		func(o deal.Offer) optionBody { return optionBody{o.Option, o.Option, o.Least.Unit()} },
		func(a, b optionBody) int {
			return cmp.Or(strings.Compare(string(a.Currency), string(b.Currency)), strings.Compare(a.Code, b.Code))
		})), nil
}

func (d desk) showMethods(r *dialect.Request) (dialect.Reply, error) {
	in := &inputs{fields: r.Params}
	unit := in.unit("currency")
	if err := in.err(); err != nil {
		return dialect.Reply{}, err
	}
	if _, err := d.store(r); err != nil {
		return dialect.Reply{}, err
	}
	all, err := d.offered(r.Context(), r.Merchant, unit)
	if err != nil {
		return dialect.Reply{}, err
	}
	return listed(distinct(all,
		func(o deal.Offer) methodBody { return methodBody{o.Method, titled(o.Method)} },
		func(a, b methodBody) int { return strings.Compare(a.Code, b.Code) })), nil
}

// titled is the code of a bank as people read it.
func titled(code string) string {
	if code == "" {
		return ""
	}
	return strings.ToUpper(code[:1]) + code[1:]
}
