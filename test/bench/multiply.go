package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// multiplying makes many payments of the few that Purser made itself: every row of
// a life is written again, with ids, names and times of its own, and what is counted
// or added up is brought up to date. Nothing else tells the copies from the others.
type multiplying struct {
	lives   []lifeRows
	tallies map[string]*tallied // by merchant
	made    int
	every   int // so many lives are between two that are remembered
	sample  []sampled
	columns map[string][]string
	booked  map[[2]string]int64 // by account and merchant
}

// sampled is a payment of a merchant.
type sampled struct{ id, merchant string }

// tallied is what is counted of a merchant.
type tallied struct{ events, invoices int64 }

// lifeTables are the tables in which a life leaves rows, in an order in which they
// may be written.
var lifeTables = []string{"invoice", "payment", "claim", "posting", "entry", "event"}

// lifeRows are the rows that one life left, table by table, as they are to be
// written again.
type lifeRows struct {
	merchant string
	begun    int64
	rows     map[string][][]cell
}

// cell is one value: the same in every copy, or made of pieces.
type cell struct {
	same   any
	pieces []piece // of a text
	sort   cellSort
	after  int64 // the time since the life began
}

// cellSort says how a value is made.
type cellSort int

const (
	sameCell cellSort = iota
	textCell
	timeCell
	seqCell    // of an event
	numberCell // of an invoice
)

// piece is a text, and the name of what follows it; empty = nothing does.
type piece struct {
	text, name string
	after      int64
}

// copied is one copy of a life.
type copied struct {
	at    int64
	names map[string]string
}

// text is a cell's text in a copy.
func (c copied) text(of cell) string {
	var b strings.Builder
	for _, p := range of.pieces {
		b.WriteString(p.text)
		switch p.name {
		case "":
		case timeName:
			b.WriteString(strconv.FormatInt(c.at+p.after, 10))
		default:
			b.WriteString(c.names[p.name])
		}
	}
	return b.String()
}

// The names of what differs between two lives, and how a detail has it.
const timeName = "time"

var detailNames = map[string]*regexp.Regexp{
	"session": regexp.MustCompile(`"session":"([^"]+)"`), "receipt": regexp.MustCompile(`"receipt":"([^"]+)"`),
	"token": regexp.MustCompile(`"token":"([^"]+)"`), "short": regexp.MustCompile(`"short":"([^"]+)"`),
	"batch": regexp.MustCompile(`"batch":"([^"]+)"`),
}

// instantForm finds the times in a detail, in microseconds.
var instantForm = regexp.MustCompile(`\b1[78][0-9]{14}\b`)

// cells takes a row apart. words are what differs between two lives, by the word.
func (l lifeRows) cells(columns []string, row []any, words map[string]string) []cell {
	cells := make([]cell, len(row))
	for i, value := range row {
		cells[i] = cell{same: value}
		number, isNumber := value.(int64)
		switch column := columns[i]; {
		case column == "seq":
			cells[i].sort = seqCell
		case column == "number":
			cells[i].sort = numberCell
		case isNumber && (column == "at" || strings.HasSuffix(column, "_at")):
			cells[i].sort, cells[i].after = timeCell, number-l.begun
		case isNumber || value == nil:
		default:
			if text, ok := value.(string); ok {
				cells[i].pieces = l.pieces(text, words)
			}
			if len(cells[i].pieces) > 1 {
				cells[i].sort = textCell
			}
		}
	}
	return cells
}

// pieces takes a text apart at everything that differs.
func (l lifeRows) pieces(text string, words map[string]string) []piece {
	type cut struct {
		from, to int
		piece
	}
	var cuts []cut
	for word, name := range words {
		for from := 0; ; {
			at := strings.Index(text[from:], word)
			if at < 0 {
				break
			}
			cuts = append(cuts, cut{from + at, from + at + len(word), piece{name: name}})
			from += at + len(word)
		}
	}
	if strings.HasPrefix(text, "{") {
		for _, at := range instantForm.FindAllStringIndex(text, -1) {
			instant, err := strconv.ParseInt(text[at[0]:at[1]], 10, 64)
			if err == nil {
				cuts = append(cuts, cut{at[0], at[1], piece{name: timeName, after: instant - l.begun}})
			}
		}
	}
	slices.SortFunc(cuts, func(a, b cut) int { return cmp.Compare(a.from, b.from) })
	var all []piece
	end := 0
	for _, c := range cuts {
		c.text = text[end:c.from]
		all, end = append(all, c.piece), c.to
	}
	return append(all, piece{text: text[end:]})
}

// newMultiplying reads the lives that are in a database.
func newMultiplying(ctx context.Context, database string) (*multiplying, error) {
	m := &multiplying{
		tallies: map[string]*tallied{}, columns: map[string][]string{}, booked: map[[2]string]int64{},
	}
	found := map[string][][]any{}
	for table, condition := range map[string]string{
		"invoice": "id like 'inv_%'", "payment": "id like 'pay_%' and state = 'captured'",
		"claim": "subject like 'pay_%'", "entry": "subject like 'pay_%'",
		"event":   "subject like 'pay_%' or subject like 'inv_%'",
		"posting": "entry_id in (select id from entry where subject like 'pay_%')",
		"tally":   "true",
	} {
		var err error
		query := "select * from " + table + " where " + condition
		if m.columns[table], found[table], err = readRows(ctx, database, query); err != nil {
			return nil, err
		}
	}
	by := map[string]map[string][][]any{} // table, and what the rows are about
	for table, column := range map[string]string{
		"invoice": "id", "claim": "subject", "entry": "subject", "event": "subject", "posting": "entry_id",
	} {
		by[table] = map[string][][]any{}
		for _, row := range found[table] {
			key := m.value(table, row, column).(string)
			by[table][key] = append(by[table][key], row)
		}
	}
	for _, row := range found["tally"] {
		m.tallies[m.value("tally", row, "merchant_id").(string)] = &tallied{
			m.value("tally", row, "events").(int64), m.value("tally", row, "invoices").(int64),
		}
	}
	for _, row := range found["payment"] {
		l, err := m.life(row, by)
		if err != nil {
			return nil, err
		}
		m.lives = append(m.lives, l)
	}
	if len(m.lives) == 0 {
		return nil, errors.New("there is no payment to multiply")
	}
	return m, nil
}

// value is one value of a row.
func (m *multiplying) value(table string, row []any, column string) any {
	return row[slices.Index(m.columns[table], column)]
}

// life gathers the rows of one life.
func (m *multiplying) life(payment []any, by map[string]map[string][][]any) (lifeRows, error) {
	of := func(column string) string { return m.value("payment", payment, column).(string) }
	id, invoice := of("id"), of("invoice_id")
	entries := by["entry"][id]
	if len(entries) != 1 || len(by["invoice"][invoice]) != 1 {
		return lifeRows{}, fmt.Errorf("payment %s has %d entries and %d invoices, and not one of each", id, len(entries),
			len(by["invoice"][invoice]))
	}
	entry := m.value("entry", entries[0], "id").(string)
	words := map[string]string{id: "payment", invoice: "invoice", entry: "entry"}
	for name, form := range detailNames {
		found := form.FindStringSubmatch(of("detail"))
		if found == nil {
			return lifeRows{}, fmt.Errorf("payment %s has no %s", id, name)
		}
		words[found[1]] = name
	}
	l := lifeRows{
		merchant: of("merchant_id"), rows: map[string][][]cell{},
		begun: m.value("invoice", by["invoice"][invoice][0], "created_at").(int64),
	}
	events := slices.Concat(by["event"][id], by["event"][invoice])
	slices.SortFunc(events, func(a, b []any) int {
		return cmp.Compare(m.value("event", a, "seq").(int64), m.value("event", b, "seq").(int64))
	})
	for table, rows := range map[string][][]any{
		"invoice": by["invoice"][invoice], "payment": {payment}, "claim": by["claim"][id], "entry": entries,
		"posting": by["posting"][entry], "event": events,
	} {
		for _, row := range rows {
			l.rows[table] = append(l.rows[table], l.cells(m.columns[table], row, words))
		}
	}
	return l, nil
}

// copies makes the rows of the next lives, table by table.
func (m *multiplying) copies(n int, begin, step int64) map[string][][]any {
	all := make(map[string][][]any, len(lifeTables))
	for range n {
		l := m.lives[m.made%len(m.lives)]
		c := copied{at: begin + int64(m.made)*step, names: names(m.made, begin+int64(m.made)*step)}
		count := m.tallies[l.merchant]
		for table, rows := range l.rows {
			for _, cells := range rows {
				all[table] = append(all[table], c.row(cells, count))
			}
		}
		m.book(all["posting"][len(all["posting"])-len(l.rows["posting"]):])
		if m.made%m.every == 0 {
			m.sample = append(m.sample, sampled{c.names["payment"], l.merchant})
		}
		m.made++
	}
	return all
}

// book adds postings to their accounts.
func (m *multiplying) book(postings [][]any) {
	for _, row := range postings {
		account := [2]string{
			m.value("posting", row, "account").(string), m.value("posting", row, "merchant_id").(string),
		}
		m.booked[account] += m.value("posting", row, "amount").(int64)
	}
}

// row makes one row of a copy.
func (c copied) row(cells []cell, count *tallied) []any {
	row := make([]any, len(cells))
	for i, of := range cells {
		switch of.sort {
		case sameCell:
			row[i] = of.same
		case textCell:
			row[i] = c.text(of)
		case timeCell:
			row[i] = c.at + of.after
		case seqCell:
			count.events++
			row[i] = count.events
		case numberCell:
			count.invoices++
			row[i] = count.invoices
		}
	}
	return row
}

// names are the ids of the n-th copy, in the forms that Purser and the bank give
// them, and the payer's token.
func names(n int, at int64) map[string]string {
	ms := time.UnixMicro(at).UnixMilli()
	random := func() uint64 { return rand.Uint64() } //nolint:gosec // nobody may guess them, and nobody tries
	uuid := func(ms int64) string {
		a, b := random(), random()
		return fmt.Sprintf("%08x-%04x-7%03x-%04x-%012x", ms>>16, ms&0xffff, a&0xfff, 0x8000|b&0x3fff, a>>16)
	}
	own := func(ms int64) string { return fmt.Sprintf("%012x%04x%016x", ms, n&0xffff, random()) }
	const scramble, most = 2654435761, 1<<43 - 1 // a bank's sessions are in no order
	return map[string]string{
		"invoice": "inv_" + uuid(ms), "payment": "pay_" + uuid(ms+20), "batch": own(ms + 20), "entry": own(ms + 200),
		"session": fmt.Sprintf("4%013d", uint64(n)*scramble&most), //nolint:gosec // it counts from zero
		"receipt": fmt.Sprintf("5%011d", n), "token": fmt.Sprintf("%016x%016x", random(), random()),
		"short": fmt.Sprintf("S%014d", n),
	}
}
