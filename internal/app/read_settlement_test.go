package app

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// usualColumns are those that a command asks for where nobody says otherwise.
var usualColumns = SettlementColumns{Receipt: "receipt", Amount: "amount", Fee: "fee", Date: "date"}

// readRows reads a whole file in euro cents.
func readRows(text string, c SettlementColumns) (rows []settlementRow, err error) {
	r, err := readSettlement(iotest.OneByteReader(strings.NewReader(text)), c, money.EUR)
	for err == nil {
		var row settlementRow
		if row, err = r.next(); err == nil {
			rows = append(rows, row)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return rows, err
}

func euro(cents int64) money.Amount { return money.New(cents, money.EUR) }

func TestReadSettlement(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		text    string
		columns func(*SettlementColumns)
		want    []settlementRow
	}{
		"usual columns": {
			"receipt,amount,fee,date\nr1,10.50,0.30,2026-05-02\nr2,-3,,\n", nil,
			[]settlementRow{
				{line: 2, receipt: "r1", amount: euro(1050), fee: euro(30), at: day},
				{line: 3, receipt: "r2", amount: euro(300), refund: true},
			},
		},
		"no fee, no date, other order, blank lines, a mark and the ends of Windows": {
			"\ufeff\r\n AMOUNT , x,Receipt \r\n\r\n1,ignored, r1 \r\n   \r\n2,,r2", nil,
			[]settlementRow{
				{line: 4, receipt: "r1", amount: euro(100)}, {line: 6, receipt: "r2", amount: euro(200)},
			},
		},
		"names, kinds and units": {
			"id;gross;cut;what;unit\nr1;1;0;Charge;eur\nr2;2;0;REFUND;EUR\nr3;-3;;refund;EUR\nr4;4;;fee;EUR\n" +
				"r5;5.00;;sale;USD\n",
			func(c *SettlementColumns) {
				*c = SettlementColumns{
					Receipt: "ID", Amount: "Gross", Fee: "cut", Kind: "what", Currency: "Unit", Delimiter: ';',
				}
			},
			[]settlementRow{
				{line: 2, receipt: "r1", amount: euro(100), fee: euro(0)},
				{line: 3, receipt: "r2", amount: euro(200), fee: euro(0), refund: true},
				{line: 4, receipt: "r3", amount: euro(300), refund: true},
				{line: 5, receipt: "r4", wrong: Unreadable, theirs: `the kind "fee" is neither`},
				{line: 6, receipt: "r5", wrong: OtherCurrency, theirs: `"5.00 USD"`},
			},
		},
		"tabs, and quotes over two lines": {
			"receipt\tamount\tnote\n\"r1\"\t1\t\"two\nlines, \"\"quoted\"\"\"\nr2\t2\t\n",
			func(c *SettlementColumns) { c.Delimiter = '\t' },
			[]settlementRow{{line: 2, receipt: "r1", amount: euro(100)}, {line: 4, receipt: "r2", amount: euro(200)}},
		},
		"what cannot be read does not reach the next row": {
			"receipt,amount\nr1,\"1\nr2,2\nr3,3,3\n,4\nr5\nr6,5\" nails\n\"r7,7\nr8\",8\nr\x009,9\nr\xff,10\n" +
				strings.Repeat("r", maxSettlementLine+5) + ",11\nr12,12\n\"r13,13\n", nil,
			[]settlementRow{
				{line: 2, wrong: Unreadable, theirs: "a quotation mark is out of place"},
				{line: 3, receipt: "r2", amount: euro(200)},
				{line: 4, wrong: Unreadable, theirs: "it has 3 columns, and the first line 2"},
				{line: 5, wrong: Unreadable, theirs: "it names no receipt"},
				{line: 6, wrong: Unreadable, theirs: "it has 1 columns"},
				{line: 7, wrong: Unreadable, theirs: "a quotation mark is out of place"},
				{line: 8, wrong: Unreadable, theirs: "a quotation mark is out of place"},
				{line: 9, wrong: Unreadable, theirs: "a quotation mark is out of place"},
				{line: 10, wrong: Unreadable, theirs: "its receipt is not readable text"},
				{line: 11, wrong: Unreadable, theirs: "its receipt is not readable text"},
				{line: 12, wrong: Unreadable, theirs: "the line is longer than 64 kB"},
				{line: 13, receipt: "r12", amount: euro(1200)},
				{line: 14, wrong: Unreadable, theirs: "a quotation mark is out of place"},
			},
		},
		"amounts and dates": {
			"receipt,amount,date\na,\"1,000.00\",\nb,1 000,\nc,12.345,\nd,1e3,\ne,+1,\nf,99999999999999999999,\ng,,\n" +
				"h,-92233720368547758.08,\ni,1,1405-02-12\nj,1,02/05/2026\nk,1,2026-05-02T03:30:00+03:30\nl,1.100,2026/05/02\n" +
				"m,\"1,5\",\n", nil,
			[]settlementRow{
				{line: 2, receipt: "a", wrong: Unreadable, theirs: "has a comma or a thousands separator"},
				{line: 3, receipt: "b", wrong: Unreadable, theirs: "has a comma or a thousands separator"},
				{line: 4, receipt: "c", wrong: Unreadable, theirs: "is no decimal number of EUR"},
				{line: 5, receipt: "d", wrong: Unreadable, theirs: "is no decimal number of EUR"},
				{line: 6, receipt: "e", wrong: Unreadable, theirs: "is no decimal number of EUR"},
				{line: 7, receipt: "f", wrong: Unreadable, theirs: "is too large"},
				{line: 8, receipt: "g", wrong: Unreadable, theirs: "is no decimal number of EUR"},
				{line: 9, receipt: "h", refund: true, wrong: Unreadable, theirs: "is too large"},
				{line: 10, receipt: "i", wrong: Unreadable, theirs: `the date "1405-02-12" is not like`},
				{line: 11, receipt: "j", wrong: Unreadable, theirs: `the date "02/05/2026" is not like`},
				{line: 12, receipt: "k", amount: euro(100), at: day},
				{line: 13, receipt: "l", amount: euro(110), at: day},
				{line: 14, receipt: "m", wrong: Unreadable, theirs: "has a comma or a thousands separator"},
			},
		},
		"no rows": {"receipt,amount", nil, nil},
		"dates left out": {
			"receipt,amount,date\nr1,1,someday", func(c *SettlementColumns) { c.Date = "" },
			[]settlementRow{{line: 2, receipt: "r1", amount: euro(100)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			columns := usualColumns
			if c.columns != nil {
				c.columns(&columns)
			}
			got, err := readRows(c.text, columns)
			if err != nil || len(got) != len(c.want) {
				t.Fatalf("got %d rows, %v, want %d: %+v", len(got), err, len(c.want), got)
			}
			for n, want := range c.want {
				said := got[n].theirs
				if got[n].wrong == Unreadable {
					got[n].amount, got[n].fee, got[n].at, got[n].theirs = want.amount, want.fee, want.at, want.theirs
				}
				if got[n] != want || !strings.Contains(said, want.theirs) {
					t.Errorf("row %d: got %+v (%s), want %+v", n, got[n], said, want)
				}
			}
		})
	}
}

func TestReadSettlementRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text    string
		columns SettlementColumns
		words   string
	}{
		"nothing":         {"", usualColumns, "The file is empty."},
		"blank lines":     {"\n\n \n", usualColumns, "The file is empty."},
		"no receipt":      {"id,amount\n", usualColumns, `no column "receipt". Its columns are: "id, amount"`},
		"no amount":       {"receipt\n", usualColumns, `no column "amount"`},
		"another fee":     {"receipt,amount\n", SettlementColumns{Fee: "cost"}, `no column "cost"`},
		"another date":    {"receipt,amount\n", SettlementColumns{Date: "paid"}, `no column "paid"`},
		"no currency":     {"receipt,amount\n", SettlementColumns{Currency: "unit"}, `no column "unit"`},
		"no kind":         {"receipt,amount\n", SettlementColumns{Kind: "type"}, `no column "type"`},
		"a name twice":    {"receipt,amount,Amount\n", usualColumns, `two columns "amount"`},
		"a stray quote":   {"receipt,amo\"unt\n", usualColumns, "The first line does not name the columns."},
		"a long head":     {strings.Repeat("x", maxSettlementLine+1), usualColumns, "The first line does not name"},
		"another comma":   {"receipt;amount\n", usualColumns, `no column "receipt"`},
		"escapes, hidden": {"\x1b[31m\n", usualColumns, `Its columns are: "\x1b[31m"`},
	} {
		_, err := readRows(c.text, c.columns)
		if !fault.Is(err, fault.CodeParameterInvalid) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: got %v, want %s", name, err, c.words)
		}
	}
	r, err := readSettlement(io.MultiReader(strings.NewReader("receipt,amount\nr1,1\n"),
		iotest.ErrReader(errors.New("the disk is gone"))), usualColumns, money.EUR)
	if err != nil {
		t.Fatal(err)
	}
	if row, err := r.next(); err != nil || row.receipt != "r1" {
		t.Errorf("got %+v, %v, want the row before the fault", row, err)
	}
	if _, err := r.next(); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("got %v, want the disk's fault", err)
	}
}

// repeated is a text over and over again.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(into []byte) (int, error) {
	n := copy(into, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// TestReadSettlementLimits reads files without an end.
func TestReadSettlementLimits(t *testing.T) {
	t.Parallel()
	for line, c := range map[string]struct {
		rows  int
		words string
	}{
		"r1,1\n":                              {maxSettlementRows, "more than 1000000 rows"},
		strings.Repeat("x", 1_000_000):        {0, "larger than 64 MB"},
		strings.Repeat("x", 1_000_000) + "\n": {67, "larger than 64 MB"},
	} {
		r, err := readSettlement(io.MultiReader(strings.NewReader("receipt,amount\n"), &repeated{text: line}),
			usualColumns, money.EUR)
		rows := -1
		for ; err == nil; rows++ {
			_, err = r.next()
		}
		if rows != c.rows || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%.10q: got %d rows and %v, want %d and %s", line, rows, err, c.rows, c.words)
		}
	}
}
