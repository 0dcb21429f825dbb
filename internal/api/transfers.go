package api

import (
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// transferView is a transfer as callers see it.
type transferView struct {
	ID          string      `json:"id"`
	Source      int64       `json:"source"`
	Destination int64       `json:"destination"`
	Amount      string      `json:"amount"`
	Unit        string      `json:"unit"`
	Reference   string      `json:"reference,omitempty"`
	Description string      `json:"description,omitempty"`
	Expanded    *bookedMore `json:"expanded,omitempty" table:"-"`
	CreatedAt   string      `json:"created_at" format:"date-time"`
}

// bookedMore is what was booked for a thing that is shown.
type bookedMore struct {
	Entries []entryView `json:"entries,omitempty" nullable:"false"`
}

// bookedExpand is what one such thing can be shown with.
type bookedExpand struct {
	Expand []string `query:"expand"`
}

// newTransfer is the wish to send money from one account to another.
type newTransfer struct {
	Source      int64  `json:"source" minimum:"1"`
	Destination int64  `json:"destination" minimum:"1"`
	Amount      string `json:"amount" maxLength:"40"`
	Unit        string `json:"unit" maxLength:"10"`
	Reference   string `json:"reference,omitempty" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"1000"`
}

// transferList is what a list of transfers can be narrowed down to.
type transferList struct {
	dated

	Account     int64    `query:"account" minimum:"1"`
	Source      int64    `query:"source" minimum:"1"`
	Destination int64    `query:"destination" minimum:"1"`
	Reference   string   `query:"reference" maxLength:"200"`
	Unit        string   `query:"unit" maxLength:"10"`
	Expand      []string `query:"expand"`
}

var sentWords = map[string]word{
	"id":          {doc: "Its id.", example: exampleTransfer},
	"source":      {doc: "The number of the account that the money leaves; 10000 is your own.", example: 10000},
	"destination": {doc: "The number of the account that gets it.", example: 10001},
	"amount":      {doc: "What is sent, as decimal text above zero.", example: "2.50"},
	"reference":   {doc: "Your own name for it; the source has each one once.", example: "bonus 7"},
	"description": {doc: "What it is for.", example: "Welcome"},
	"expanded":    moreWord,
}

var bookedWords = words{
	"bookedMore":   {"entries": {doc: "What was booked for it, with expand=entries."}},
	"bookedExpand": {"expand": together("entries")},
}

var transferWords = words{
	"transferView": sentWords, "newTransfer": sentWords,
	"transferList": {
		"account":     {doc: "Only those that this account sent or got.", example: 10001},
		"source":      {doc: "Only those that this account sent.", example: 10000},
		"destination": {doc: "Only those that this account got.", example: 10001},
		"reference": {
			doc:     "Only those that have this name of yours; with source it is found at once, however many there are.",
			example: "bonus 7",
		},
		"unit": ofUnit, "expand": together("entries"),
	},
}

// exampleTransfer is the id of the document's transfer.
const exampleTransfer = "trf_01941f29-7c00-7000-8000-000000000001"

func (d *desk) transfers() resource {
	sent := story[transferView]{
		now: d.transferNow, often: true,
		of: func(change app.Change) (out transferView, ok bool) {
			if len(change.Transfers) != 1 {
				return out, false
			}
			return viewTransfer(change.Transfers[0]), true
		},
	}
	return resource{
		name: "transfers", about: "A transfer moves money from one of your accounts to another, at once and for good.",
		words: transferWords.and(bookedWords), example: exampleTransfer,
		operations: []operation{
			create(row{
				id: "createTransfer", path: "/transfers", scope: merchant.TransfersWrite, summary: "Create a transfer",
				about: "Sends money from one account to another. No account sends what it does not have.",
				faults: []fault.Code{
					fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeUnitUnknown, fault.CodeAccountNotFound,
					fault.CodeAccountClosed, fault.CodeInsufficientFunds, fault.CodeDuplicate,
				},
			}, "trf", d.createTransfer, sent),
			get(row{
				id: "getTransfer", path: "/transfers/{id}", scope: merchant.TransfersRead, summary: "Get a transfer",
				about: "Shows a transfer, whichever API made it.", faults: []fault.Code{fault.CodeNotFound},
			}, d.getTransfer),
			list(row{
				id: "listTransfers", path: "/transfers", scope: merchant.TransfersRead, summary: "List transfers",
				about: "Lists all transfers, whichever API made them.",
			}, d.listTransfers),
		},
	}
}

func (d *desk) createTransfer(c *call, id string, in newTransfer) (out transferView, err error) {
	amount, err := amountOf(in.Amount, in.Unit)
	if err != nil {
		return out, err
	}
	if in.Source == in.Destination {
		return out, fault.New(fault.CodeParameterInvalid, "destination", "An account cannot send money to itself.")
	}
	made, err := d.App.Transfer(c.Context(), app.NewTransfer{
		ID: id, Merchant: c.Merchant, From: in.Source, To: in.Destination, Amount: amount, Reference: in.Reference,
		Description: in.Description,
	})
	switch {
	case fault.Is(err, fault.CodeAccountNotFound):
		err = d.strangerOf(c, in)
	case fault.Is(err, fault.CodeAccountClosed):
		err = fault.New(fault.CodeAccountClosed, "source", "")
	}
	return show(viewTransfer)(made, err)
}

// strangerOf says which account of a transfer is nobody's. Error: account_not_found.
func (d *desk) strangerOf(c *call, in newTransfer) error {
	param := "destination"
	if _, err := d.App.Account(c.Context(), c.Merchant, in.Source); fault.Is(err, fault.CodeAccountNotFound) {
		param = "source"
	}
	return fault.New(fault.CodeAccountNotFound, param, "")
}

func (d *desk) transferNow(c *call, id string) (transferView, error) {
	return show(viewTransfer)(d.App.FindTransfer(c.Context(), c.Merchant, id))
}

func (d *desk) getTransfer(c *call, id string, q bookedExpand) (transferView, error) {
	view, err := d.transferNow(c, id)
	return d.transferExpansions().one(c, q.Expand, view, err)
}

// transferExpansions are what a transfer can be shown with.
func (d *desk) transferExpansions() expansions[transferView] {
	return expansions[transferView]{"entries": {merchant.LedgerRead, func(c *call, v *transferView) (err error) {
		v.Expanded, err = d.booked(c, v.ID)
		return err
	}}}
}

// booked is what was booked for a thing.
func (d *desk) booked(c *call, subject string) (*bookedMore, error) {
	found, err := d.App.EntriesOf(c.Context(), c.Merchant, subject, app.EntryList{}, app.Older{})
	more := &bookedMore{}
	for _, e := range found {
		more.Entries = append(more.Entries, viewEntry(e))
	}
	return more, err
}

func (d *desk) listTransfers(c *call, q transferList) (out pageOf[transferView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	if err := knownUnit("unit", q.Unit); err != nil {
		return out, err
	}
	wanted := app.TransferList{
		Account: q.Account, From: q.Source, To: q.Destination, Reference: q.Reference, Unit: money.Unit(q.Unit),
	}
	out, err = seek(c, q.paging, app.Transfers, wanted.Sought(), part, func(part app.Older) ([]wallet.Transfer, error) {
		return d.App.ListTransfers(c.Context(), c.Merchant, wanted, part)
	}, viewTransfer, func(t wallet.Transfer) (time.Time, string) { return t.CreatedAt, t.ID })
	return d.transferExpansions().page(c, q.Expand, out, err)
}

// viewTransfer shows a transfer.
func viewTransfer(t wallet.Transfer) transferView {
	return transferView{
		ID: t.ID, Source: t.From, Destination: t.To, Amount: t.Amount.Fixed(), Unit: string(t.Amount.Unit()),
		Reference: t.Reference, Description: t.Description, CreatedAt: moment(t.CreatedAt),
	}
}
