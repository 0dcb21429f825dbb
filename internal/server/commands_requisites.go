package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// requisiteView is a requisite as programs see it.
type requisiteView struct {
	ID       string `json:"id"`
	Merchant string `json:"merchant"`
	Trader   string `json:"trader"`
	Option   string `json:"option"`
	Method   string `json:"method"`
	Number   string `json:"number"` // its end, unless the whole is asked for
	Holder   string `json:"holder"`
	Unit     string `json:"unit"`
	Least    string `json:"least"`
	Most     string `json:"most"`
	DaySum   string `json:"day_sum,omitempty"`
	DayCount int    `json:"day_count,omitempty"`
	From     string `json:"from,omitempty"`
	Until    string `json:"until,omitempty"`
	State    string `json:"state"`
}

// endOf is as much of a personal number as tells it from others; whole is all.
func endOf(number string, whole bool) string {
	const end = 4
	all := []rune(number)
	if whole {
		return number
	}
	if len(all) <= end {
		return "..."
	}
	return "..." + string(all[len(all)-end:])
}

func viewRequisite(q deal.Requisite, whole bool) requisiteView {
	view := requisiteView{
		ID: q.ID, Merchant: q.Merchant, Trader: q.Trader, Option: q.Option, Method: q.Method,
		Number: endOf(q.Number, whole), Holder: q.Holder, Unit: string(q.Least.Unit()), Least: q.Least.Text(),
		Most: q.Most.Text(), DayCount: q.DayCount, State: string(q.Standing()),
	}
	if q.DaySum.Valid() {
		view.DaySum = q.DaySum.Text()
	}
	if q.From != q.Until {
		view.From, view.Until = clockText(q.From), clockText(q.Until)
	}
	return view
}

func (v requisiteView) row() []string {
	day, hours := "-", "-"
	if v.DaySum != "" || v.DayCount > 0 {
		count := "-"
		if v.DayCount > 0 {
			count = strconv.Itoa(v.DayCount)
		}
		day = dash(v.DaySum) + " / " + count
	}
	if v.From != "" {
		hours = v.From + "-" + v.Until
	}
	return []string{
		v.ID, v.Trader, v.Option, v.Method, v.Number, dash(v.Holder), v.Least + "-" + v.Most + " " + v.Unit, day, hours,
		v.State,
	}
}

var requisiteHead = []string{
	"REQUISITE", "TRADER", "OPTION", "METHOD", "NUMBER", "HOLDER", "OF A DEAL", "OF A DAY", "HOURS (UTC)", "STATE",
}

// clockText is a time of day.
func clockText(at time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(at.Hours()), int(at.Minutes())%60)
}

// clockOf reads a time of day, 00:00 to 24:00.
func clockOf(flag, text string) (time.Duration, error) {
	const day = 24 * time.Hour
	if text == "24:00" {
		return day, nil
	}
	at, err := time.Parse("15:04", text)
	if err != nil {
		return 0, settingError(flag, "must be a time of day in UTC such as 08:00, not "+strconv.Quote(text))
	}
	return at.Sub(at.Truncate(day)), nil
}

// RequisiteTerms are what an operator says of a requisite; what is nil stays as
// it is or, of a new one, is as usual.
type RequisiteTerms struct {
	Merchant, Trader, Unit         string // of a new one
	ID                             string // of one that is changed
	Option, Method, Number, Holder *string
	Least, Most                    *string
	DaySum                         *string // "0" = no limit
	DayCount                       *int    // 0 = no limit
	From, Until                    *string // times of day in UTC; the same = at any time
	Disabled                       *bool
	Operator                       string
}

// in are the terms with their amounts in a unit.
func (n RequisiteTerms) in(unit money.Info) (app.RequisiteTerms, error) {
	terms := app.RequisiteTerms{
		Merchant: n.Merchant, ID: n.ID, Trader: n.Trader, DayCount: n.DayCount, Disabled: n.Disabled, Operator: n.Operator,
	}
	put(&terms.Option, n.Option)
	put(&terms.Method, n.Method)
	put(&terms.Number, n.Number)
	put(&terms.Holder, n.Holder)
	for _, a := range []struct {
		flag string
		text *string
		into *money.Amount
	}{{"least", n.Least, &terms.Least}, {"most", n.Most, &terms.Most}, {"day-sum", n.DaySum, &terms.DaySum}} {
		if a.text == nil {
			continue
		}
		amount, err := amountOf(a.flag, *a.text, unit)
		if err != nil {
			return terms, err
		}
		*a.into = amount
	}
	for _, at := range []struct {
		flag string
		text *string
		into **time.Duration
	}{{"from", n.From, &terms.From}, {"until", n.Until, &terms.Until}} {
		if at.text == nil {
			continue
		}
		clock, err := clockOf(at.flag, *at.text)
		if err != nil {
			return terms, err
		}
		*at.into = &clock
	}
	if n.DayCount != nil && *n.DayCount < 0 {
		return terms, settingError("day-count", "must not be below zero")
	}
	return terms, nil
}

// AddRequisite adds an account of a trader that payers can send money to.
func (c Commands) AddRequisite(ctx context.Context, n RequisiteTerms) error {
	unit, err := unitOf(n.Unit)
	if err != nil {
		return err
	}
	return c.with(ctx, forWriting, func(k *core) error {
		if _, err := k.app.Merchant(ctx, n.Merchant); err != nil {
			return err
		}
		return c.putRequisite(ctx, k, n, unit)
	})
}

// SetRequisite changes a requisite. Deals that are live keep what their payers
// were shown; its trader and its currency stay.
func (c Commands) SetRequisite(ctx context.Context, n RequisiteTerms) error {
	return c.with(ctx, forWriting, func(k *core) error {
		now, err := k.requisite(ctx, n.ID)
		if err != nil {
			return err
		}
		unit, err := money.Lookup(now.Least.Unit())
		if err != nil {
			return err
		}
		n.Merchant = now.Merchant
		return c.putRequisite(ctx, k, n, unit)
	})
}

func (c Commands) putRequisite(ctx context.Context, k *core, n RequisiteTerms, unit money.Info) error {
	terms, err := n.in(unit)
	if err != nil {
		return err
	}
	q, err := k.app.PutRequisite(ctx, terms)
	switch {
	case fault.Is(err, fault.CodeNotFound):
		return errors.New("this merchant has no trader " + n.Trader + ": purser trader list --merchant " + n.Merchant +
			" shows them")
	case fault.Is(err, fault.CodeAmountInvalid):
		return settingError("least", "must be above zero and not above most")
	case err != nil:
		return err
	}
	view := viewRequisite(q, false)
	return c.Terminal.show(view, requisiteHead, [][]string{view.row()})
}

// requisite finds a requisite of any merchant.
func (k *core) requisite(ctx context.Context, id string) (deal.Requisite, error) {
	owner, err := k.store.Owner(ctx, event.Requisite, id)
	if err == nil {
		var q deal.Requisite
		if q, err = k.store.Requisite(ctx, owner, id); err == nil {
			return q, nil
		}
	}
	if fault.Is(err, fault.CodeNotFound) {
		err = errors.New("there is no requisite " + id + ": purser requisite list --merchant ID shows them")
	}
	return deal.Requisite{}, err
}

// WhichRequisites selects requisites: a merchant's or a trader's.
type WhichRequisites struct {
	Merchant string // may be empty with a trader
	Trader   string
	Whole    bool // show the whole numbers
	Limit    int  // the newest so many
}

// Requisites lists requisites, newest first.
func (c Commands) Requisites(ctx context.Context, w WhichRequisites) error {
	return c.with(ctx, forReading, func(k *core) error {
		if w.Trader != "" {
			owner, err := k.traderOwner(ctx, w.Trader)
			if err != nil {
				return err
			}
			if w.Merchant != "" && w.Merchant != owner {
				return errors.New("trader " + w.Trader + " is another merchant's")
			}
			w.Merchant = owner
		}
		if _, err := k.app.Merchant(ctx, w.Merchant); err != nil {
			return err
		}
		found, err := newest(w.Limit, func(p app.Page) ([]deal.Requisite, error) {
			return k.app.Requisites(ctx, w.Merchant, app.RequisiteFilter{Trader: w.Trader}, p)
		})
		if err != nil {
			return err
		}
		views, rows := make([]requisiteView, len(found)), make([][]string, len(found))
		for n, q := range found {
			views[n] = viewRequisite(q, w.Whole)
			rows[n] = views[n].row()
		}
		return c.Terminal.show(views, requisiteHead, rows)
	})
}
