package api

import (
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

// requisiteView is a requisite as operators see one.
type requisiteView struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	Trader    string `json:"trader"`
	Option    string `json:"option"`
	Method    string `json:"method"`
	Number    string `json:"number"`
	Holder    string `json:"holder,omitempty"`
	Least     string `json:"least"`
	Most      string `json:"most"`
	DaySum    string `json:"day_sum,omitempty"`
	Unit      string `json:"unit"`
	DayCount  int64  `json:"day_count,omitempty"`
	From      string `json:"from,omitempty"`
	Until     string `json:"until,omitempty"`
	CreatedAt string `json:"created_at" format:"date-time"`
	UpdatedAt string `json:"updated_at" format:"date-time"`
}

// requisiteList is what a list of requisites can be narrowed down to.
type requisiteList struct {
	dated

	Status string `query:"status"`
	Trader string `query:"trader" maxLength:"200"`
	Unit   string `query:"unit" maxLength:"10"`
}

// arrival is money that came to a requisite, as a bank's message tells.
type arrival struct {
	Amount string `query:"amount" required:"true" maxLength:"40"`
}

// newRequisite is the wish to add a requisite.
type newRequisite struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
	Trader   string `json:"trader" minLength:"1" maxLength:"200"`
	Option   string `json:"option" minLength:"1" maxLength:"50"`
	Method   string `json:"method" minLength:"1" maxLength:"50"`
	Number   string `json:"number" minLength:"1" maxLength:"300"`
	Holder   string `json:"holder,omitempty" maxLength:"200"`
	Least    string `json:"least" maxLength:"40"`
	Most     string `json:"most" maxLength:"40"`
	DaySum   string `json:"day_sum,omitempty" maxLength:"40"`
	Unit     string `json:"unit" maxLength:"10"`
	DayCount int64  `json:"day_count,omitempty" minimum:"0" maximum:"1000000"`
	From     string `json:"from,omitempty" maxLength:"5"`
	Until    string `json:"until,omitempty" maxLength:"5"`
}

// requisiteTerms are what can be changed of a requisite.
type requisiteTerms struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
	Option   string `json:"option,omitempty" minLength:"1" maxLength:"50"`
	Method   string `json:"method,omitempty" minLength:"1" maxLength:"50"`
	Number   string `json:"number,omitempty" minLength:"1" maxLength:"300"`
	Holder   string `json:"holder,omitempty" minLength:"1" maxLength:"200"`
	Least    string `json:"least,omitempty" maxLength:"40"`
	Most     string `json:"most,omitempty" maxLength:"40"`
	DaySum   string `json:"day_sum,omitempty" maxLength:"40"`
	DayCount *int64 `json:"day_count,omitempty" minimum:"0" maximum:"1000000"`
	From     string `json:"from,omitempty" maxLength:"5"`
	Until    string `json:"until,omitempty" maxLength:"5"`
}

// exampleRequisite is the id of the document's requisite.
const exampleRequisite = "rqs_01941f29-7c00-7000-8000-000000000001"

var requisiteFields = map[string]word{
	"id": {doc: "Its id.", example: exampleRequisite}, "status": standingWord, "operator": operatorWord,
	"trader": {doc: "The id of the trader whose it is.", example: exampleTrader},
	"option": optionWord, "method": methodWord, "number": numberWord, "holder": holderWord,
	"least": {doc: "The least that one deal may be of.", example: "100.00"},
	"most":  {doc: "The most that one deal may be of.", example: "60000.00"},
	"day_sum": {
		doc: "What all deals that begin on one day may come to, but those that are canceled on it; in a change 0 takes the " +
			"limit away.",
		example: "500000.00",
	},
	"day_count": {
		doc:     "How many deals may begin on one day, but those that are canceled on it; 0 is as many as there are.",
		example: 20,
	},
	"from": {doc: "The time of day, in UTC, from which on deals may begin; with until.", example: "08:00"},
	"until": {
		doc:     "The time of day at which that ends, which may be after midnight; the same as from is never.",
		example: "22:00",
	},
}

var requisiteWords = words{
	"arrival":       {"amount": {doc: "What came, in the unit of the requisite.", example: "1000.00"}},
	"requisiteView": requisiteFields, "newRequisite": requisiteFields, "requisiteTerms": requisiteFields,
	"switched": traderWords["switched"],
	"requisiteList": {
		"trader": {doc: "Only those of this trader.", example: exampleTrader},
		"unit":   {doc: "Only those that take this unit.", example: "RUB"},
		"status": inStanding,
	},
}

func (d *desk) requisites() resource {
	told := story[requisiteView]{now: d.requisiteNow, of: func(change app.Change) (out requisiteView, ok bool) {
		if len(change.Requisites) == 0 { // behind its own, that which had the number before
			return out, false
		}
		return viewRequisite(change.Requisites[0]), true
	}}
	missing := []fault.Code{fault.CodeNotFound}
	sums := []fault.Code{
		fault.CodeNotFound, fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeUnitUnknown, fault.CodeDuplicate,
	}
	return resource{
		name: "requisites", about: "A requisite is an account of a trader that payers send money to. All of it is for " +
			"whoever runs the server.",
		words: requisiteWords.and(dealWords), example: exampleRequisite,
		operations: []operation{
			create(row{
				id: "createRequisite", path: "/requisites", scope: merchant.Operator, summary: "Add a requisite",
				about: "Adds an account to which payers are sent from now on. One number is that of one requisite at a time, " +
					"for the same way, bank and unit: while another has it that is not disabled, or on which deals are not " +
					"decided, duplicate is answered.",
				faults: sums,
			}, "rqs", d.createRequisite, told),
			get(row{
				id: "getRequisite", path: "/requisites/{id}", scope: merchant.Operator, summary: "Get a requisite",
				about: "Shows a requisite.", faults: missing,
			}, plain(d.requisiteNow)),
			list(row{
				id: "listRequisites", path: "/requisites", scope: merchant.Operator, summary: "List requisites",
				about:  "Lists all requisites of the merchant, disabled ones too.",
				faults: []fault.Code{fault.CodeUnitUnknown},
			}, d.listRequisites),
			get(row{
				id: "matchRequisite", path: "/requisites/{id}/match", scope: merchant.Operator,
				summary: "Find the deal that money belongs to",
				about: "Finds the live deal of this very sum on a requisite, when a bank tells that money came: no two have the " +
					"same. Complete it when it is right.",
				faults: append(missing, fault.CodeDealNotFound, fault.CodeAmountInvalid, fault.CodeAmountTooSmall),
			}, d.matchRequisite),
			act(row{
				id: "changeRequisite", path: "/requisites/{id}", scope: merchant.Operator, summary: "Change a requisite",
				about: "Changes what is named and leaves the rest. Deals that are live keep what their payers were shown. " +
					"A number that another requisite has is refused, as for a new one.",
				faults: sums,
			}, d.changeRequisite, told),
			act(row{
				id: "disableRequisite", path: "/requisites/{id}/disable", scope: merchant.Operator,
				summary: "Disable a requisite", about: "Lets no new deal begin on it.", faults: missing,
			}, d.disableRequisite, told),
			act(row{
				id: "enableRequisite", path: "/requisites/{id}/enable", scope: merchant.Operator,
				summary: "Enable a requisite", about: "Lets deals begin on it again, unless another has its number now.",
				faults: append(missing, fault.CodeDuplicate),
			}, d.enableRequisite, told),
		},
	}
}

func (d *desk) matchRequisite(c *call, id string, q arrival) (out dealView, err error) {
	on, err := d.App.Requisite(c.Context(), c.Merchant, id)
	if err != nil {
		return out, err
	}
	amount, err := amountOf(q.Amount, string(on.Least.Unit()))
	if err != nil {
		return out, err
	}
	came := app.Transfer{Merchant: c.Merchant, Requisite: id, Amount: amount}
	return show(d.viewDeal)(d.App.MatchDeal(c.Context(), came))
}

func (d *desk) createRequisite(c *call, id string, in newRequisite) (out requisiteView, err error) {
	terms := app.RequisiteTerms{
		Merchant: c.Merchant, NewID: id, Trader: in.Trader, Option: in.Option, Method: in.Method, Number: in.Number,
		Holder: in.Holder, Operator: in.Operator,
	}
	count := int(in.DayCount)
	terms.DayCount = &count
	if err := limitsOf(&terms, in.Unit, in.Least, in.Most, in.DaySum); err != nil {
		return out, err
	}
	if err := hoursOf(&terms, in.From, in.Until); err != nil {
		return out, err
	}
	return show(viewRequisite)(d.App.PutRequisite(c.Context(), terms))
}

func (d *desk) changeRequisite(c *call, id string, in requisiteTerms) (out requisiteView, err error) {
	q, err := d.App.Requisite(c.Context(), c.Merchant, id)
	if err != nil {
		return out, err
	}
	terms := app.RequisiteTerms{
		Merchant: c.Merchant, ID: id, Option: in.Option, Method: in.Method, Number: in.Number, Holder: in.Holder,
		Operator: in.Operator,
	}
	if in.DayCount != nil {
		count := int(*in.DayCount)
		terms.DayCount = &count
	}
	if err := limitsOf(&terms, string(q.Least.Unit()), in.Least, in.Most, in.DaySum); err != nil {
		return out, err
	}
	if err := hoursOf(&terms, in.From, in.Until); err != nil {
		return out, err
	}
	return show(viewRequisite)(d.App.PutRequisite(c.Context(), terms))
}

// limitsOf reads the limits of a requisite; what is empty is not said.
// Errors: unit_unknown, amount_invalid, amount_too_small, amount_overflow.
func limitsOf(terms *app.RequisiteTerms, unit, least, most, daySum string) error {
	var wrong fault.List
	for _, limit := range []struct {
		name, text string
		into       *money.Amount
	}{{"least", least, &terms.Least}, {"most", most, &terms.Most}} {
		if limit.text == "" && terms.ID != "" {
			continue
		}
		amount, err := amountOf(limit.text, unit)
		switch f := fault.From(err); {
		case err == nil:
			*limit.into = amount
		case f.Param == "unit":
			return err
		default:
			wrong.Add(fault.New(f.Code, limit.name, f.Words))
		}
	}
	if daySum != "" {
		amount, err := money.Parse(daySum, money.Unit(unit))
		if f := fault.From(err); err != nil {
			wrong.Add(fault.New(f.Code, "day_sum", f.Words))
		} else if amount.Sign() < 0 {
			wrong.Add(fault.New(fault.CodeAmountTooSmall, "day_sum", ""))
		}
		terms.DaySum = amount
	}
	return wrong.Err()
}

// clock is how a time of day is written.
const clock = "15:04"

// hoursOf reads the times of day between which deals may begin; they are said
// together. Errors: parameter_invalid, parameter_missing.
func hoursOf(terms *app.RequisiteTerms, from, until string) error {
	if from == "" && until == "" {
		return nil
	}
	for _, hour := range []struct {
		name, text string
		into       **time.Duration
	}{{"from", from, &terms.From}, {"until", until, &terms.Until}} {
		if hour.text == "" {
			return fault.New(fault.CodeParameterMissing, hour.name, "")
		}
		at, err := time.Parse(clock, hour.text)
		if err != nil {
			return fault.New(fault.CodeParameterInvalid, hour.name, "It has to be a time of day such as 08:00.")
		}
		since := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
		*hour.into = &since
	}
	return nil
}

func (d *desk) requisiteNow(c *call, id string) (requisiteView, error) {
	return show(viewRequisite)(d.App.Requisite(c.Context(), c.Merchant, id))
}

func (d *desk) listRequisites(c *call, q requisiteList) (out pageOf[requisiteView], err error) {
	if err := knownUnit("unit", q.Unit); err != nil {
		return out, err
	}
	part, err := q.after()
	if err != nil {
		return out, err
	}
	found, err := d.App.ListRequisites(c.Context(), c.Merchant,
		app.RequisiteFilter{Trader: q.Trader, Unit: money.Unit(q.Unit), Standing: deal.Standing(q.Status)}, part)
	return paged(q.paging, found, viewRequisite,
		func(q deal.Requisite) (time.Time, string) { return q.CreatedAt, q.ID }), err
}

func (d *desk) disableRequisite(c *call, id string, in switched) (requisiteView, error) {
	return d.switchRequisite(c, id, in, true)
}

func (d *desk) enableRequisite(c *call, id string, in switched) (requisiteView, error) {
	return d.switchRequisite(c, id, in, false)
}

func (d *desk) switchRequisite(c *call, id string, in switched, off bool) (requisiteView, error) {
	return show(viewRequisite)(d.App.PutRequisite(c.Context(), app.RequisiteTerms{
		Merchant: c.Merchant, ID: id, Disabled: &off, Operator: in.Operator,
	}))
}

// viewRequisite shows a requisite.
func viewRequisite(q deal.Requisite) requisiteView {
	view := requisiteView{
		ID: q.ID, Status: string(q.Standing()), Trader: q.Trader, Option: q.Option, Method: q.Method, Number: q.Number,
		Holder: q.Holder, Least: q.Least.Fixed(), Most: q.Most.Fixed(), Unit: string(q.Least.Unit()),
		DayCount: int64(q.DayCount), CreatedAt: moment(q.CreatedAt), UpdatedAt: moment(q.UpdatedAt),
	}
	if q.DaySum.Valid() {
		view.DaySum = q.DaySum.Fixed()
	}
	if q.From != q.Until {
		midnight := time.Time{}
		view.From, view.Until = midnight.Add(q.From).Format(clock), midnight.Add(q.Until).Format(clock)
	}
	return view
}
