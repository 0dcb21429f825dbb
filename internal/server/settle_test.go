package server

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// statementOf writes a file of the tea house's gateway for dollars.
func (x told) statementOf(t *testing.T, text string) Statement {
	t.Helper()
	path := filepath.Join(t.TempDir(), "may.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Statement{
		Merchant: x.merchant, Gateway: "manual-USD", File: path, Operator: "Sam", Receipt: "receipt", Amount: "amount",
		Fee: "fee", Date: "date",
	}
}

func TestSettleCommand(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	x.customer(t, "25.5 USD")
	x.customer(t, "10 USD")
	x.customer(t, "7 USD")
	good := x.statementOf(t, "receipt,amount,fee\ntill-10001USD,25.50,0.30\n")
	var got settlementView
	x.operate(t, &got, func(c Commands) error {
		check := good
		check.Check = true
		return c.Settle(t.Context(), check)
	})
	want := settlementView{
		File: "may.csv", Agrees: true, Checked: true, Rows: 1, Payments: 1, Taken: "25.5 USD", Fees: "0.3 USD",
		Returned: "0 USD", PaidOut: "25.2 USD", From: got.From, Until: got.Until, Counts: map[string]int{},
		Differences: []differenceView{},
	}
	if diff := cmp.Diff(want, got); diff != "" || got.From == "" {
		t.Errorf("a check (-want +got):\n%s", diff)
	}
	x.operate(t, &got, func(c Commands) error { return c.Settle(t.Context(), good) })
	want.Checked = false
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the file (-want +got):\n%s", diff)
	}
	d := newDesk(x.config)
	if err := d.Settle(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"The file and the books agree.", "payments settled before  1", "paid out for them"} {
		if !strings.Contains(d.out.String(), words) {
			t.Errorf("got %s, want %q", d.out.String(), words)
		}
	}
	bad := x.statementOf(t, "receipt,amount,fee\ntill-10002USD,11,\nx,1,\n\"\"\"\x1b\",,\n")
	bad.From, bad.Until = "2026-01-01", time.Now().UTC().Format(time.DateOnly)
	d = newDesk(x.config)
	if err := d.Settle(t.Context(), bad); !errors.Is(err, ErrFileDiffers) {
		t.Errorf("got %v, want ErrFileDiffers", err)
	}
	rows := strings.Split(d.out.String(), "\n")
	for n, words := range []string{
		"LINE DIFFERENCE RECEIPT PAYMENT WE HAVE THE FILE SAYS", "2 other_amount till-10002USD 10 USD 11 USD",
		"3 extra x - - 1 USD", "4 unreadable - - - its receipt is not readable text", "- missing till-10003USD 7 USD, taken",
	} {
		for word := range strings.FieldsSeq(words) {
			if !strings.Contains(rows[n], word) {
				t.Errorf("row %d is %q, want %q", n, rows[n], words)
			}
		}
	}
	if err := d.Audit(t.Context(), AuditWish{}); err != nil {
		t.Errorf("audit: %v: %s", err, d.out.String())
	}
}

func TestSettleCommandRefuses(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	good := x.statementOf(t, "receipt,amount\n")
	for words, change := range map[string]func(*Statement){
		"file cannot be read: open":              func(s *Statement) { s.File += "x" },
		"it is a folder":                         func(s *Statement) { s.File = filepath.Dir(s.File) },
		`delimiter must be "," or ";" or tab`:    func(s *Statement) { s.Delimiter = "|" },
		"from must be a date in UTC":             func(s *Statement) { s.From = "yesterday" },
		"until must be a date in UTC":            func(s *Statement) { s.Until = "02/05/2026" },
		"until must not be before from":          func(s *Statement) { s.From, s.Until = "2026-05-02", "2026-05-01" },
		`receipt: The file has no column "id"`:   func(s *Statement) { s.Receipt = "id" },
		`amount: The file has no column "gross"`: func(s *Statement) { s.Amount = "gross" },
		`has no gateway "none"`:                  func(s *Statement) { s.Gateway = "none" },
		"there is no such merchant":              func(s *Statement) { s.Merchant = "nobody" },
	} {
		x.refused(t, words, func(c Commands) error {
			s := good
			change(&s)
			return c.Settle(t.Context(), s)
		})
	}
	for text, want := range map[string]string{
		"2026-05-02": "2026-05-02T23:59:59.999999Z", "2026-05-02T10:00:00+02:00": "2026-05-02T08:00:00Z",
	} {
		if at, err := dayOf("until", text, true); err != nil || at.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: got %v, %v, want %s", text, at, err, want)
		}
	}
}

func TestWatched(t *testing.T) {
	t.Parallel()
	for size, want := range map[int64][]int{4: {25, 50, 75, 100, 100}, 2: {50, 100, 100, 100, 100}, 0: nil} {
		var got []int
		text, err := io.ReadAll(&watched{
			source: iotest.OneByteReader(strings.NewReader("file")), size: size,
			show: func(percent int) { got = append(got, percent) },
		})
		if err != nil || string(text) != "file" || !slices.Equal(got, want) {
			t.Errorf("of %d bytes: got %v, %q, %v, want %v", size, got, text, err, want)
		}
	}
}
