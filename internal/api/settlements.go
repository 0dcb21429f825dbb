package api

import (
	"cmp"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/settlement"
)

// settlementView is a settlement file as callers see it. Who read it is for
// operators.
type settlementView struct {
	ID             string `json:"id"`
	Status         string `json:"status"`
	Gateway        string `json:"gateway"`
	Name           string `json:"name,omitempty"`
	Rows           int64  `json:"rows"`
	Payments       int64  `json:"payments"`
	PaymentsBefore int64  `json:"payments_before"`
	Refunds        int64  `json:"refunds"`
	RefundsBefore  int64  `json:"refunds_before"`
	Differences    int64  `json:"differences"`
	Taken          string `json:"taken"`
	Fees           string `json:"fees"`
	Returned       string `json:"returned"`
	PaidOut        string `json:"paid_out"`
	Unit           string `json:"unit"`
	From           string `json:"from,omitempty" format:"date-time"`
	Until          string `json:"until,omitempty" format:"date-time"`
	EndedAt        string `json:"ended_at,omitempty" format:"date-time"`
	CreatedAt      string `json:"created_at" format:"date-time"`
	UpdatedAt      string `json:"updated_at" format:"date-time"`
}

// settlementRowView is what came of one row of a settlement file.
type settlementRowView struct {
	Number  int64  `json:"number"`
	Kind    string `json:"kind"`
	Line    int64  `json:"line,omitempty"`
	Receipt string `json:"receipt,omitempty"`
	Payment string `json:"payment,omitempty"`
	Refund  string `json:"refund,omitempty"`
	Amount  string `json:"amount,omitempty"`
	Fee     string `json:"fee,omitempty"`
	Unit    string `json:"unit,omitempty"`
	Ours    string `json:"ours,omitempty"`
	Theirs  string `json:"theirs,omitempty"`

	Expanded *settlementRowMore `json:"expanded,omitempty" table:"-"`
}

// newSettlement is the wish to read a settlement file into the books.
type newSettlement struct {
	Operator  string        `json:"operator" minLength:"1" maxLength:"100"`
	Gateway   string        `json:"gateway" minLength:"1" maxLength:"100"`
	File      string        `json:"file" minLength:"1" maxLength:"10000000"`
	Name      string        `json:"name,omitempty" maxLength:"200"`
	Columns   columnsOfFile `json:"columns,omitzero"`
	Delimiter string        `json:"delimiter,omitempty"`
	From      time.Time     `json:"from,omitzero"`
	Until     time.Time     `json:"until,omitzero"`
}

// columnsOfFile are the names of the columns of a settlement file.
type columnsOfFile struct {
	Receipt  string  `json:"receipt,omitempty" maxLength:"100"`
	Amount   string  `json:"amount,omitempty" maxLength:"100"`
	Fee      *string `json:"fee,omitempty" maxLength:"100"`
	Date     *string `json:"date,omitempty" maxLength:"100"`
	Currency string  `json:"currency,omitempty" maxLength:"100"`
	Kind     string  `json:"kind,omitempty" maxLength:"100"`
}

// settlementList is what a list of settlement files can be narrowed down to.
type settlementList struct {
	dated

	Gateway string `query:"gateway" maxLength:"100"`
	Status  string `query:"status"`
}

// settlementRowList is what a list of rows can be narrowed down to.
type settlementRowList struct {
	paging

	Kind   string   `query:"kind"`
	Expand []string `query:"expand"`
}

// The states of a settlement file, and the word for every kind of difference.
const (
	fileReading = "reading"
	fileDone    = "done"
	differs     = "difference"
)

// exampleSettlement is the id of the document's settlement file.
const exampleSettlement = "set_01941f29-7c00-7000-8000-000000000001"

// mostOfFile bounds the body that brings a settlement file, in bytes: quoted as
// JSON it may be twice as long.
const mostOfFile = 20 << 20

// rowKinds are all kinds of rows, and the word for every difference last.
func rowKinds() []string {
	kinds := []string{string(settlement.Payment), string(settlement.Refund)}
	for _, k := range settlement.Differences {
		kinds = append(kinds, string(k))
	}
	return kinds
}

var settlementWords = words{
	"settlementView": {
		"id": {doc: "Its id.", example: exampleSettlement},
		"status": {
			doc:     "reading: it is being read, or that was broken off and it has to be read again. done: all of it was read.",
			example: fileDone, choices: []string{fileDone, fileReading},
		},
		"gateway":         {doc: "Your name for the gateway whose file it is.", example: "stripe"},
		"name":            {doc: "The name of the file.", example: "may.csv"},
		"rows":            {doc: "How many rows it has; this and what follows is there when it is done.", example: 120},
		"payments":        {doc: "How many payments it settled.", example: 110},
		"payments_before": {doc: "How many it names that were settled already.", example: 2},
		"refunds":         {doc: "How many refunds it settled.", example: 5},
		"refunds_before":  {doc: "How many it names that were settled already.", example: 0},
		"differences":     {doc: "In how many places it and the books differ. Nothing is booked for those.", example: 3},
		"taken":           {doc: "What payers paid for the payments that it settled.", example: "1100.00"},
		"fees":            {doc: "What the gateway kept of it.", example: "13.20"},
		"returned":        {doc: "The sum of the refunds that it settled.", example: "50.00"},
		"paid_out":        {doc: "What must have come to your bank for all of it.", example: "1036.80"},
		"from": {
			doc: "Payments that were taken since then and are not in it are missing.", example: "2026-12-01T00:00:00Z",
		},
		"until":    {doc: "And those that were taken until then.", example: "2026-12-02T00:00:00Z"},
		"ended_at": {doc: "When all of it had been read.", example: "2026-12-03T12:00:00Z"},
	},
	"settlementRowView": {
		"number": {doc: "Its number; what the file does not name comes after all lines.", example: 2},
		"kind": {
			doc: "payment, refund: it settled that. extra: we know no such receipt. missing: the file does not name what we " +
				"took. other_amount, other_fee, other_currency: both know it and say different things. other_state: it cannot " +
				"be settled as it stands. repeated: the file names it a second time. unreadable: the row makes no sense.",
			example: string(settlement.Payment), choices: rowKinds(),
		},
		"line":    {doc: "Its line in the file.", example: 2},
		"receipt": {doc: "The gateway's id of the movement of money.", example: "ch_1"},
		"payment": {doc: "The id of the payment, where one is known.", example: examplePayment},
		"refund":  {doc: "The id of the refund that it settled.", example: exampleRefund},
		"amount":  {doc: "What was settled.", example: "12.50"},
		"fee":     {doc: "What the gateway kept of it.", example: "0.15"},
		"ours":    {doc: "What the books say, where the file says something else.", example: "12.50 EUR"},
		"theirs":  {doc: "What the file says.", example: "12.05 EUR"},

		"expanded": moreWord,
	},
	"settlementRowMore": {
		"payment": {doc: "The payment, with expand=payment."},
		"refund":  {doc: "The refund, with expand=refund."},
	},
	"newSettlement": {
		"operator": operatorWord,
		"gateway":  {doc: "The merchant's name for the gateway whose file it is.", example: "stripe"},
		"file": {
			doc: "The file as text: CSV, with the names of the columns in the first line. A larger one is for the command " +
				"purser settle.",
			example: "receipt,type,gross,fee,currency,date\nch_1,charge,12.50,0.15,EUR,2026-12-01\n",
		},
		"name":      {doc: "The name of the file, for the record.", example: "may.csv"},
		"columns":   {doc: "The names of its columns, in whatever case; all others are left alone."},
		"delimiter": {doc: "What stands between the columns.", example: ",", choices: []string{",", ";", "tab"}},
		"from": {
			doc:     "What was taken since then must be in the file; leave it out for since its first payment.",
			example: "2026-12-01T00:00:00Z",
		},
		"until": {
			doc:     "And what was taken until then, inclusive; leave it out for until its last one.",
			example: "2026-12-02T00:00:00Z",
		},
	},
	"columnsOfFile": {
		"receipt": {
			doc:     "The gateway's id of the payment, or of the refund; receipt unless you say so.",
			example: "receipt",
		},
		"amount": {doc: "All that the payer paid; below zero it is a refund. amount unless you say so.", example: "gross"},
		"fee": {
			doc:     "What the gateway kept of it; fee, if there is one, unless you say so. Empty: none.",
			example: "fee",
		},
		"date": {
			doc:     "The day of the settlement; date, if there is one, unless you say so. Empty: none.",
			example: "date",
		},
		"currency": {doc: "The currency unit, which must be the gateway's; none unless you say so.", example: "currency"},
		"kind":     {doc: "payment, charge, sale or refund; none unless you say so.", example: "type"},
	},
	"settlementList": {
		"gateway": ofGateway,
		"status":  {doc: "Only those in this state.", example: fileDone, choices: []string{fileDone, fileReading}},
	},
	"settlementRowList": {
		"kind": {
			doc: "Only those of this kind; difference: all in which the file and the books differ.", example: differs,
			choices: append(rowKinds(), differs),
		},
		"expand": together("payment", "refund"),
	},
}

func (d *desk) settlements() resource {
	return resource{
		name:  "settlements",
		about: "A settlement is a file by which a gateway says what it has paid out, compared with the books.",
		words: settlementWords.and(checkWords()), example: exampleSettlement,
		operations: []operation{
			create(row{
				id: "createSettlement", path: "/settlements", scope: merchant.Operator, summary: "Read a settlement file",
				about: "Settles every payment and refund on which the file and the books agree, one by one, and lists whatever " +
					"differs. The same file again settles nothing twice, so one that breaks off is sent again. While too many " +
					"large files are being read it answers rate_limited, with the time to wait.",
				faults: []fault.Code{fault.CodeGatewayNotFound}, most: mostOfFile,
			}, "set", d.createSettlement, story[settlementView]{now: d.settlementTold}),
			d.settlementCheck(),
			get(row{
				id: "getSettlement", path: "/settlements/{id}", scope: merchant.SettlementsRead, summary: "Get a settlement",
				about: "Shows what came of a settlement file.", faults: []fault.Code{fault.CodeNotFound},
			}, plain(d.settlementNow)),
			list(row{
				id: "listSettlements", path: "/settlements", scope: merchant.SettlementsRead, summary: "List settlements",
				about: "Lists all settlement files that were read.",
			}, d.listSettlements),
			get(row{
				id: "listSettlementRows", path: "/settlements/{id}/rows", scope: merchant.SettlementsRead,
				summary: "List the rows of a settlement",
				about: "Lists what came of the rows of a settlement file, in its order: what each settled, and in what it and " +
					"the books differ. What was settled before has no row.",
				faults: []fault.Code{fault.CodeNotFound},
			}, d.listSettlementRows),
		},
	}
}

func (d *desk) createSettlement(c *call, id string, in newSettlement) (out settlementView, err error) {
	if _, err := d.settle(c, app.Settlement{ID: id}, in); err != nil {
		return out, err
	}
	return d.settlementNow(c, id)
}

// settle reads a settlement file, in the way that the wish says.
func (d *desk) settle(c *call, wish app.Settlement, in newSettlement) (done app.Settled, err error) {
	if !in.From.IsZero() && in.Until.Before(in.From) && !in.Until.IsZero() {
		return done, fault.New(fault.CodeParameterInvalid, "until", "It must not be before from.")
	}
	wish.Merchant, wish.Gateway, wish.Source, wish.Name = c.Merchant, in.Gateway, strings.NewReader(in.File), in.Name
	wish.Operator, wish.From, wish.Until, wish.Columns = in.Operator, in.From, in.Until, in.Columns.named()
	switch in.Delimiter {
	case ";":
		wish.Columns.Delimiter = ';'
	case "tab":
		wish.Columns.Delimiter = '\t'
	}
	if done, err = d.App.Settle(c.Context(), wish); err != nil {
		f := fault.From(err)
		if name, ok := columnParams[f.Param]; ok && f.Code == fault.CodeParameterInvalid {
			return done, fault.New(f.Code, name, f.Words)
		}
	}
	return done, err
}

// columnParams are our names of what the core calls by the column alone.
var columnParams = map[string]string{
	"receipt": "columns.receipt", "amount": "columns.amount", "fee": "columns.fee", "date": "columns.date",
	"currency": "columns.currency", "kind": "columns.kind",
}

// named are the columns as the core knows them.
func (n columnsOfFile) named() app.SettlementColumns {
	fee, date := "fee", "date"
	return app.SettlementColumns{
		Receipt: n.Receipt, Amount: n.Amount, Fee: *cmp.Or(n.Fee, &fee), Date: *cmp.Or(n.Date, &date),
		Currency: n.Currency, Kind: n.Kind,
	}
}

func (d *desk) settlementNow(c *call, id string) (settlementView, error) {
	f, err := d.App.SettlementFile(c.Context(), c.Merchant, id)
	if err != nil {
		return settlementView{}, err
	}
	return viewSettlement(f)
}

// settlementTold is a file that an earlier call read. Error:
// idempotency_in_progress while it is being read.
func (d *desk) settlementTold(c *call, id string) (settlementView, error) {
	view, err := d.settlementNow(c, id)
	if err == nil && view.Status == fileReading {
		return settlementView{}, fault.New(fault.CodeIdempotencyInProgress, "", "")
	}
	return view, err
}

func (d *desk) listSettlements(c *call, q settlementList) (out pageOf[settlementView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	wanted := app.SettlementList{Gateway: q.Gateway}
	if q.Status != "" {
		ended := q.Status == fileDone
		wanted.Ended = &ended
	}
	found, err := d.App.ListSettlements(c.Context(), c.Merchant, wanted, part)
	return paged(q.paging, found, func(f settlement.File) settlementView {
		view, wrong := viewSettlement(f)
		err = cmp.Or(err, wrong)
		return view
	}, func(f settlement.File) (time.Time, string) { return f.CreatedAt, f.ID }), err
}

func (d *desk) listSettlementRows(c *call, id string, q settlementRowList) (out pageOf[settlementRowView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	wanted := app.SettlementRows{File: id, Limit: part.Limit, Kind: settlement.Kind(q.Kind)}
	if q.Kind == differs {
		wanted.Kind, wanted.Differing = "", true
	}
	if part.ID != "" {
		if part.ID != id {
			return out, wrongCursor()
		}
		wanted.After = part.At.UnixMicro()
	}
	if _, err := d.App.SettlementFile(c.Context(), c.Merchant, id); err != nil {
		return out, err
	}
	found, err := d.App.ListSettlementRows(c.Context(), c.Merchant, wanted)
	return d.rowExpansions().page(c, q.Expand, paged(q.paging, found, viewSettlementRow,
		func(r settlement.Row) (time.Time, string) { return time.UnixMicro(r.Number), r.File }), err)
}

// viewSettlement shows a settlement file.
func viewSettlement(f settlement.File) (settlementView, error) {
	view := settlementView{
		ID: f.ID, Status: fileReading, Gateway: f.Gateway, Name: f.Name, Rows: f.Rows, Payments: f.Payments,
		PaymentsBefore: f.PaymentsBefore, Refunds: f.Refunds, RefundsBefore: f.RefundsBefore, Differences: f.Differences,
		Taken: f.Taken.Fixed(), Fees: f.Fees.Fixed(), Returned: f.Returned.Fixed(), Unit: string(f.Taken.Unit()),
		From: moment(f.From), Until: moment(f.Until), EndedAt: moment(f.EndedAt), CreatedAt: moment(f.CreatedAt),
		UpdatedAt: moment(f.UpdatedAt),
	}
	if f.Ended() {
		view.Status = fileDone
	}
	kept, err := money.Sum(f.Taken.Unit(), f.Fees, f.Returned)
	if err != nil {
		return view, err
	}
	paidOut, err := f.Taken.Sub(kept)
	view.PaidOut = paidOut.Fixed()
	return view, err
}

// viewSettlementRow shows what came of a row.
func viewSettlementRow(r settlement.Row) settlementRowView {
	view := settlementRowView{
		Number: r.Number, Kind: string(r.Kind), Line: r.Line, Receipt: r.Receipt, Payment: r.Payment, Refund: r.Refund,
		Ours: r.Ours, Theirs: r.Theirs,
	}
	if r.Amount.Valid() {
		view.Amount, view.Unit = r.Amount.Fixed(), string(r.Amount.Unit())
	}
	if r.Fee.Valid() {
		view.Fee = r.Fee.Fixed()
	}
	return view
}
