package sqlstore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/money"
)

// micros is a time as columns hold it. The zero time has a number of its own
// there and comes back as the zero time.
func micros(t time.Time) int64 { return t.UnixMicro() }

// instant is the time of a column, in UTC.
func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// perhapsMicros is null for the zero time.
func perhapsMicros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// perhapsInstant is the zero time for null.
func perhapsInstant(m *int64) time.Time {
	if m == nil {
		return time.Time{}
	}
	return instant(*m)
}

// moment is a time inside a detail; nil is the zero time.
type moment = *int64

// momentOf writes a time into a detail.
func momentOf(t time.Time) moment {
	if t.IsZero() {
		return nil
	}
	m := t.UnixMicro()
	return &m
}

// span is a length of time inside a detail, in microseconds.
type span int64

// spanOf writes a length of time into a detail.
func spanOf(d time.Duration) span { return span(d.Microseconds()) }

// duration reads a span back.
func (s span) duration() time.Duration { return time.Duration(s) * time.Microsecond }

// sum is an amount inside a detail, where its unit may differ from the row's.
type sum struct {
	Steps int64  `json:"steps"`
	Unit  string `json:"unit"`
}

// sumOf is nil for an amount that is none.
func sumOf(a money.Amount) *sum {
	if !a.Valid() {
		return nil
	}
	return &sum{Steps: a.Steps(), Unit: string(a.Unit())}
}

// amount reads a sum back.
func (s *sum) amount() (money.Amount, error) {
	if s == nil {
		return money.Amount{}, nil
	}
	return money.Of(s.Steps, money.Unit(s.Unit))
}

// errUnits says that a row would need two units.
var errUnits = errors.New("the amounts of one row are of different units")

// steps turns the amounts of one row, which share its unit column, into column
// values; an amount that is none becomes null.
func steps(amounts ...money.Amount) (unit string, columns []any, err error) {
	columns = make([]any, len(amounts))
	for i, a := range amounts {
		if !a.Valid() {
			continue
		}
		if unit != "" && unit != string(a.Unit()) {
			return "", columns, errUnits
		}
		unit, columns[i] = string(a.Unit()), a.Steps()
	}
	return unit, columns, nil
}

// amounts reads columns that share a unit back into the places given.
func amounts(unit string, columns []*int64, into ...*money.Amount) error {
	for i, steps := range columns {
		if steps == nil {
			continue
		}
		a, err := money.Of(*steps, money.Unit(unit))
		if err != nil {
			return fmt.Errorf("read an amount: %w", err)
		}
		*into[i] = a
	}
	return nil
}

// numbered is a number as the id of a row; none is no id.
func numbered(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// flag is a truth in a column of numbers, which both engines have.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// errText says that a text would not come back as it was given.
var errText = errors.New("a text is not valid UTF-8 or holds a zero byte")

// storable refuses texts that one of the engines would refuse in the middle of
// a batch or give back changed.
func storable(texts ...string) error {
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return errText
		}
	}
	return nil
}
