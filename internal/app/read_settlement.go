package app

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// What a settlement file may have at most.
const (
	maxSettlementSize = 64 << 20
	maxSettlementLine = 64 << 10
	maxSettlementRows = 1_000_000
)

// The names that the columns of a settlement file have where nobody says
// otherwise. A fee or a date under another name must be there.
const (
	usualReceipt = "receipt"
	usualAmount  = "amount"
	usualFee     = "fee"
	usualDate    = "date"
)

// SettlementColumns are the names of the columns of a settlement file, in
// whatever case; all others are left alone.
type SettlementColumns struct {
	Receipt   string // the gateway's id of the money movement; empty = "receipt"
	Amount    string // all that was moved, the fee included; below zero = given back; empty = "amount"
	Fee       string // what the gateway keeps of it; empty = not read
	Date      string // when it was settled; empty = not read
	Currency  string // must be the gateway's unit; empty = not read
	Kind      string // payment or refund; empty = the amount says
	Delimiter rune   // between the columns; 0 = a comma
}

// settlementRow is one row of a settlement file.
type settlementRow struct {
	line    int
	receipt string
	refund  bool
	amount  money.Amount // in the gateway's unit
	fee     money.Amount // the same; not valid = the file does not say
	at      time.Time    // when it was settled; zero = the file does not say
	wrong   DifferenceKind
	theirs  string // what the file says, where something is wrong with it
}

// settlementLine is one line of the file, which may be a part of a row.
type settlementLine struct {
	number int
	text   string
	long   bool // longer than a line may be; the text is empty
}

// settlementReader reads a settlement file row by row. What is wrong with one
// row, such as a stray quotation mark, does not reach the rows after it.
type settlementReader struct {
	source  *bufio.Reader
	comma   rune
	unit    money.Unit
	columns settlementPlaces
	size    int64
	line    int
	rows    int
	back    []settlementLine // lines that were read too far
	record  *bufio.Reader    // of one row, used again and again
}

// settlementPlaces are the columns by number; -1 = not read.
type settlementPlaces struct {
	receipt, amount, fee, date, currency, kind, width int
}

// readSettlement reads the head of a file whose amounts are in a unit.
// Error: parameter_invalid, with the name of what is missing.
func readSettlement(source io.Reader, columns SettlementColumns, unit money.Unit) (*settlementReader, error) {
	r := &settlementReader{
		source: bufio.NewReaderSize(source, maxSettlementLine), comma: cmp.Or(columns.Delimiter, ','), unit: unit,
		record: bufio.NewReader(nil),
	}
	for {
		head, err := r.take()
		if errors.Is(err, io.EOF) {
			return nil, unreadableFile("The file is empty.")
		}
		if err != nil {
			return nil, err
		}
		text := strings.TrimPrefix(head.text, "\ufeff")
		if !head.long && strings.TrimSpace(text) == "" {
			continue
		}
		fields, err := r.split(text)
		if err != nil || head.long {
			return nil, unreadableFile("The first line does not name the columns.")
		}
		r.columns, err = columns.among(fields)
		return r, err
	}
}

func unreadableFile(words string) error { return fault.New(fault.CodeParameterInvalid, "file", words) }

// among finds the columns in the head of a file.
func (c SettlementColumns) among(head []string) (settlementPlaces, error) {
	at := settlementPlaces{width: len(head)}
	for _, wanted := range []struct {
		flag, name string
		usual      bool // it may be missing
		place      *int
	}{
		{"receipt", cmp.Or(c.Receipt, usualReceipt), false, &at.receipt},
		{"amount", cmp.Or(c.Amount, usualAmount), false, &at.amount},
		{"fee", c.Fee, strings.EqualFold(c.Fee, usualFee), &at.fee},
		{"date", c.Date, strings.EqualFold(c.Date, usualDate), &at.date},
		{"currency", c.Currency, false, &at.currency},
		{"kind", c.Kind, false, &at.kind},
	} {
		*wanted.place = -1
		if wanted.name == "" {
			continue
		}
		for n, name := range head {
			if !strings.EqualFold(strings.TrimSpace(name), strings.TrimSpace(wanted.name)) {
				continue
			}
			if *wanted.place >= 0 {
				return at, fault.Newf(fault.CodeParameterInvalid, wanted.flag, "The file has two columns %q.", wanted.name)
			}
			*wanted.place = n
		}
		if *wanted.place < 0 && !wanted.usual {
			return at, fault.Newf(fault.CodeParameterInvalid, wanted.flag,
				"The file has no column %q. Its columns are: %s.", wanted.name, quoted(strings.Join(head, ", ")))
		}
	}
	return at, nil
}

// read are the columns that are read.
func (p settlementPlaces) read() []int {
	return slices.DeleteFunc([]int{p.receipt, p.amount, p.fee, p.date, p.currency, p.kind},
		func(place int) bool { return place < 0 })
}

// next reads a row. Errors: io.EOF after the last one, parameter_invalid when
// the file is too large.
func (r *settlementReader) next() (settlementRow, error) {
	for {
		first, err := r.take()
		if err != nil {
			return settlementRow{}, err
		}
		if !first.long && strings.TrimSpace(first.text) == "" {
			continue
		}
		if r.rows++; r.rows > maxSettlementRows {
			return settlementRow{}, unreadableFile("The file has more than " + strconv.Itoa(maxSettlementRows) +
				" rows: split it. What was read until there is done.")
		}
		if first.long {
			return unreadable(first.number, "the line is longer than 64 kB"), nil
		}
		fields, why, err := r.fields(first)
		if err != nil {
			return settlementRow{}, err
		}
		if why != "" {
			return unreadable(first.number, why), nil
		}
		return r.row(first.number, fields), nil
	}
}

func unreadable(line int, why string) settlementRow {
	return settlementRow{line: line, wrong: Unreadable, theirs: why}
}

// take reads a line without its end.
func (r *settlementReader) take() (settlementLine, error) {
	if len(r.back) > 0 {
		first := r.back[0]
		r.back = r.back[1:]
		return first, nil
	}
	text, err := r.source.ReadSlice('\n')
	r.line++
	line := settlementLine{number: r.line, text: string(text)}
	r.size += int64(len(text))
	for errors.Is(err, bufio.ErrBufferFull) {
		line.long, line.text = true, ""
		text, err = r.source.ReadSlice('\n')
		r.size += int64(len(text))
		if r.size > maxSettlementSize {
			break
		}
	}
	switch {
	case r.size > maxSettlementSize:
		return line, unreadableFile("The file is larger than 64 MB: split it. What was read until there is done.")
	case errors.Is(err, io.EOF) && len(text) == 0 && !line.long:
		return line, io.EOF
	case err != nil && !errors.Is(err, io.EOF):
		return line, unreadableFile("The file cannot be read: " + err.Error())
	}
	line.text = strings.TrimRight(line.text, "\r\n")
	return line, nil
}

// fields reads the row that begins with a line. A quoted field may go on in the
// lines below; if they do not make a row together, the first line alone is
// unreadable, and why says how.
func (r *settlementReader) fields(first settlementLine) (fields []string, why string, err error) {
	text, open := first.text, oddQuotes(first.text)
	var more []settlementLine
	for open && len(text) < maxSettlementLine {
		next, err := r.take()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", err
		}
		more = append(more, next)
		text += "\n" + next.text
		open = open != oddQuotes(next.text) && !next.long
	}
	fields, err = r.split(text)
	switch {
	case err != nil:
		why = "a quotation mark is out of place"
	case len(fields) != r.columns.width:
		why = "it has " + strconv.Itoa(len(fields)) + " columns, and the first line " + strconv.Itoa(r.columns.width)
	case slices.ContainsFunc(r.columns.read(), func(n int) bool { return strings.Contains(fields[n], "\n") }):
		why = "a quotation mark is out of place"
	default:
		return fields, "", nil
	}
	r.back = append(more, r.back...)
	return nil, why, nil
}

func oddQuotes(text string) bool { return strings.Count(text, `"`)%2 == 1 }

// split takes one row apart.
func (r *settlementReader) split(text string) ([]string, error) {
	r.record.Reset(strings.NewReader(text))
	reader := csv.NewReader(r.record)
	reader.Comma, reader.FieldsPerRecord = r.comma, -1
	return reader.Read()
}

// row reads what the columns say.
func (r *settlementReader) row(line int, fields []string) settlementRow {
	cell := func(place int) string {
		if place < 0 {
			return ""
		}
		return strings.TrimSpace(fields[place])
	}
	row := settlementRow{line: line, receipt: cell(r.columns.receipt)}
	if why := wrongReceipt(row.receipt); why != "" {
		return unreadable(line, why)
	}
	amount := cell(r.columns.amount)
	row.refund = strings.HasPrefix(amount, "-")
	bad := func(why string) settlementRow {
		row.wrong, row.theirs = Unreadable, why
		return row
	}
	if r.columns.kind >= 0 {
		var known bool
		if row.refund, known = isRefund(cell(r.columns.kind)); !known {
			return bad("the kind " + quoted(cell(r.columns.kind)) + " is neither payment, charge or sale nor refund")
		}
	}
	if unit := cell(r.columns.currency); r.columns.currency >= 0 && !strings.EqualFold(unit, string(r.unit)) {
		row.wrong, row.theirs = OtherCurrency, quoted(amount+" "+unit)
		return row
	}
	var why string
	if row.amount, why = r.amount("amount", amount); why != "" {
		return bad(why)
	}
	if row.refund && row.amount.Sign() < 0 {
		var err error
		if row.amount, err = row.amount.Neg(); err != nil {
			return bad("the amount is too large")
		}
	}
	if fee := cell(r.columns.fee); fee != "" {
		if row.fee, why = r.amount("fee", fee); why != "" {
			return bad(why)
		}
	}
	if date := cell(r.columns.date); date != "" {
		if row.at, why = settlementDate(date); why != "" {
			return bad(why)
		}
	}
	return row
}

// wrongReceipt says why a text is no gateway's id; empty when it may be one.
func wrongReceipt(text string) string {
	switch {
	case text == "":
		return "it names no receipt"
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "its receipt is not readable text"
	}
	return ""
}

// isRefund reads a kind; known is false for any other word.
func isRefund(kind string) (refund, known bool) {
	switch strings.ToLower(kind) {
	case "payment", "charge", "sale":
		return false, true
	case "refund":
		return true, true
	}
	return false, false
}

// amount reads a decimal text in the gateway's unit, or says why it is none.
func (r *settlementReader) amount(what, text string) (money.Amount, string) {
	if strings.ContainsAny(text, ",'\u066c\u2019") || strings.ContainsFunc(text, unicode.IsSpace) {
		return money.Amount{}, "the " + what + " " + quoted(text) + " has a comma or a thousands separator: " +
			"amounts are like 1234.56"
	}
	amount, err := money.Parse(text, r.unit)
	switch {
	case fault.Is(err, fault.CodeAmountOverflow):
		return amount, "the " + what + " " + quoted(text) + " is too large"
	case err != nil:
		return amount, "the " + what + " " + quoted(text) + " is no decimal number of " + string(r.unit)
	}
	return amount, ""
}

// settlementDate reads a date, which is in UTC unless it says otherwise. A date
// of another calendar would be read as one long past, and is refused.
func settlementDate(text string) (at time.Time, why string) {
	for _, form := range []string{
		time.DateOnly, time.DateTime, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04", "2006/01/02",
	} {
		if at, err := time.Parse(form, text); err == nil && at.Year() >= 2000 {
			return at.UTC().Truncate(time.Microsecond), "" // as it comes back from the database
		}
	}
	return time.Time{}, "the date " + quoted(text) + " is not like 2026-05-02 or 2026-05-02T10:00:00Z; " +
		"with --date= dates are not read"
}

// quoted is a text of the file, as a message may show it.
func quoted(text string) string { return strconv.Quote(shortened(text)) }

// shortened keeps a message readable whatever the file holds.
func shortened(text string) string {
	const most = 100
	if len(text) <= most {
		return strings.ToValidUTF8(text, "\ufffd")
	}
	return strings.ToValidUTF8(text[:most], "\ufffd") + "…"
}
