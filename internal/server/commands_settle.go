package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// ErrFileDiffers says that a settlement file and the books differ, which was
// shown.
var ErrFileDiffers = errors.New("the file and the books differ: nothing was booked for what differs; " +
	"find out why before you count on the money")

// Statement is a gateway's settlement file and how to read it.
type Statement struct {
	Merchant string
	Gateway  string
	File     string
	// Names of columns; an empty one is not read, but for the first two.
	Receipt, Amount, Fee, Date, Currency, Kind string
	Delimiter                                  string // ",", ";" or "tab"; empty = a comma
	From, Until                                string // dates; empty = as the file
	Check                                      bool   // book nothing
	Operator                                   string
}

// settlementView is an import as programs see it. The amounts are in the
// gateway's unit.
type settlementView struct {
	File           string           `json:"file"`
	Agrees         bool             `json:"agrees"`
	Checked        bool             `json:"checked_only"` // nothing was booked
	Rows           int              `json:"rows"`
	Payments       int              `json:"payments"`
	PaymentsBefore int              `json:"payments_settled_before"`
	Refunds        int              `json:"refunds"`
	RefundsBefore  int              `json:"refunds_settled_before"`
	Taken          string           `json:"taken"`
	Fees           string           `json:"fees"`
	Returned       string           `json:"returned"`
	PaidOut        string           `json:"paid_out"` // what must have come to the bank for it
	From           string           `json:"from,omitempty"`
	Until          string           `json:"until,omitempty"`
	Counts         map[string]int   `json:"counts"` // of differences, by kind
	Differences    []differenceView `json:"differences"`
}

type differenceView struct {
	Kind    string `json:"kind"`
	Line    int    `json:"line,omitempty"`
	Receipt string `json:"receipt,omitempty"`
	Payment string `json:"payment,omitempty"`
	Ours    string `json:"ours,omitempty"`
	Theirs  string `json:"theirs,omitempty"`
}

// Settle reads a settlement file: what it and the books agree on is settled,
// whatever differs is shown. Error: ErrFileDiffers.
func (c Commands) Settle(ctx context.Context, s Statement) error {
	wish, err := s.wish()
	if err != nil {
		return err
	}
	file, size, err := openStatement(s.File)
	if err != nil {
		return err
	}
	var view settlementView
	err = c.with(ctx, forWriting, func(k *core) error {
		show, clear := c.Terminal.progress("reading " + wish.Name)
		wish.Source = &watched{source: file, size: size, show: show}
		done, err := k.app.Settle(ctx, wish)
		clear()
		if fault.Is(err, fault.CodeGatewayNotFound) {
			return fmt.Errorf("this merchant has no gateway %s: purser gateway list --merchant %s shows them",
				strconv.Quote(s.Gateway), s.Merchant)
		}
		if err != nil && done.Rows == 0 {
			return err
		}
		var wrong error
		if view, wrong = viewSettlement(wish, done); wrong == nil {
			wrong = c.showSettlement(view)
		}
		return cmp.Or(err, wrong)
	})
	if err = errors.Join(err, file.Close()); err == nil && !view.Agrees {
		return ErrFileDiffers
	}
	return err
}

// wish is the statement as the use case takes it, but for what is in the file.
func (s Statement) wish() (app.Settlement, error) {
	w := app.Settlement{
		Merchant: s.Merchant, Gateway: s.Gateway, Name: filepath.Base(s.File), Check: s.Check, Operator: s.Operator,
		Columns: app.SettlementColumns{
			Receipt: s.Receipt, Amount: s.Amount, Fee: s.Fee, Date: s.Date, Currency: s.Currency, Kind: s.Kind,
		},
	}
	switch s.Delimiter {
	case "", ",":
	case ";":
		w.Columns.Delimiter = ';'
	case "tab", "\t":
		w.Columns.Delimiter = '\t'
	default:
		return w, settingError("delimiter", `must be "," or ";" or tab, not `+strconv.Quote(s.Delimiter))
	}
	var err error
	if w.From, err = dayOf("from", s.From, false); err != nil {
		return w, err
	}
	if w.Until, err = dayOf("until", s.Until, true); err != nil {
		return w, err
	}
	if !w.From.IsZero() && !w.Until.IsZero() && w.Until.Before(w.From) {
		return w, settingError("until", "must not be before from")
	}
	return w, nil
}

// dayOf reads a date, of which a whole day is meant, or a moment; empty is none.
func dayOf(flag, text string, end bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return at, settingError(flag, "must be a date in UTC such as 2026-05-02, or a moment such as "+
			"2026-05-02T10:00:00Z, not "+strconv.Quote(text))
	}
	if end {
		at = at.AddDate(0, 0, 1).Add(-time.Microsecond)
	}
	return at, nil
}

// openStatement opens a file to be read from its beginning. Its size is 0
// where it has none, such as a pipe.
func openStatement(path string) (*os.File, int64, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, 0, settingError("file", "cannot be read: "+err.Error())
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder")
	}
	if err != nil {
		return nil, 0, errors.Join(settingError("file", "cannot be read: "+err.Error()), file.Close())
	}
	return file, info.Size(), nil
}

// watched shows how far a file has been read.
type watched struct {
	source io.Reader
	size   int64
	read   int64
	show   func(percent int)
}

// Read reads on.
func (w *watched) Read(into []byte) (int, error) {
	n, err := w.source.Read(into)
	w.read += int64(n)
	if w.size > 0 {
		w.show(int(min(w.read*100/w.size, 100)))
	}
	return n, err
}

func viewSettlement(w app.Settlement, s app.Settled) (settlementView, error) {
	back, err := money.Sum(s.Taken.Unit(), s.Fees, s.Returned)
	if err != nil {
		return settlementView{}, err
	}
	paidOut, err := s.Taken.Sub(back)
	view := settlementView{
		File: w.Name, Agrees: len(s.Differences) == 0, Checked: w.Check, Rows: s.Rows,
		Payments: s.Payments, PaymentsBefore: s.PaymentsBefore, Refunds: s.Refunds, RefundsBefore: s.RefundsBefore,
		Taken: s.Taken.String(), Fees: s.Fees.String(), Returned: s.Returned.String(), PaidOut: paidOut.String(),
		Counts: map[string]int{}, Differences: []differenceView{},
	}
	if !s.From.IsZero() {
		view.From, view.Until = moment(s.From), moment(s.Until)
	}
	for _, d := range s.Differences {
		view.Counts[string(d.Kind)]++
		view.Differences = append(view.Differences, differenceView{
			Kind: string(d.Kind), Line: d.Line, Receipt: d.Receipt, Payment: d.Payment, Ours: d.Ours, Theirs: d.Theirs,
		})
	}
	return view, err
}

// showSettlement shows what differs, and then the sums.
func (c Commands) showSettlement(view settlementView) error {
	if c.Terminal.JSON {
		return c.Terminal.show(view, nil, nil)
	}
	rows := make([][]string, len(view.Differences))
	for n, d := range view.Differences {
		line := "-"
		if d.Line > 0 {
			line = strconv.Itoa(d.Line)
		}
		rows[n] = []string{line, d.Kind, dash(d.Receipt), dash(d.Payment), dash(d.Ours), dash(d.Theirs)}
	}
	if len(rows) == 0 {
		if err := c.Terminal.tell("The file and the books agree."); err != nil {
			return err
		}
	} else if err := c.Terminal.show(nil, []string{
		"LINE", "DIFFERENCE", "RECEIPT", "PAYMENT", "WE HAVE", "THE FILE SAYS",
	}, rows); err != nil {
		return err
	}
	if err := c.Terminal.also("Sums", []string{"WHAT", "ROWS", "AMOUNT"}, view.sums()); err != nil {
		return err
	}
	if view.From != "" {
		if err := c.Terminal.tell("\nWhat is missing was taken from %s until %s.", view.From, view.Until); err != nil {
			return err
		}
	}
	if view.Checked {
		return c.Terminal.tell("\nThis was a check: nothing was booked.")
	}
	return nil
}

// sums are the rows of the summary.
func (v settlementView) sums() [][]string {
	settled := "settled"
	if v.Checked {
		settled = "to settle"
	}
	rows := [][]string{
		{"in the file", strconv.Itoa(v.Rows), ""},
		{"payments " + settled, strconv.Itoa(v.Payments), v.Taken},
		{"fees of them", "", v.Fees},
		{"refunds " + settled, strconv.Itoa(v.Refunds), v.Returned},
		{"paid out for them", "", v.PaidOut},
		{"payments settled before", strconv.Itoa(v.PaymentsBefore), ""},
		{"refunds settled before", strconv.Itoa(v.RefundsBefore), ""},
	}
	for _, kind := range app.DifferenceKinds {
		if n := v.Counts[string(kind)]; n > 0 {
			rows = append(rows, []string{string(kind), strconv.Itoa(n), ""})
		}
	}
	return rows
}
