package sqlstore

import (
	"math/big"
	"strings"
)

// weighedOf reads a sum that the server made: a whole number of any size.
func weighedOf(text []byte) (weighed, error) {
	var n, high big.Int
	if _, ok := n.SetString(string(text), 10); !ok {
		return weighed{}, errPacked
	}
	negative := n.Sign() < 0
	n.Abs(&n)
	const half = 64
	high.Rsh(&n, half)
	w := weighed{high.Uint64(), n.Uint64()} // the lowest bits
	if !negative {
		return w, nil
	}
	var less weighed
	less.less(w)
	return less, nil
}

// signed is a hash as the server adds it up: a number with a sign.
func signed(hash uint64) (w weighed) {
	w.add(1, int64(hash)) //nolint:gosec // all 64 bits count
	return w
}

// half is how many bits a half of a weight has.
const half = 32

// above is the sum with zeros in its lower half.
func (w weighed) above() weighed { return weighed{w.high<<half | w.low>>half, w.low << half} }

// sheet is what is asked of the rows of a table, column by column, and what is done with
// what the server says.
type sheet struct {
	*evidence

	columns []string
	takes   []func(value packed, column int) error
}

// ask adds a column.
func (s *sheet) ask(expression string, take func(value packed, column int) error) {
	s.columns, s.takes = append(s.columns, expression), append(s.takes, take)
}

// sum asks for a sum of whole numbers.
func (s *sheet) sum(numbers, where string, take func(weighed)) {
	filter := ""
	if where != "true" {
		filter = " filter (where " + where + ")"
	}
	s.ask("coalesce(sum("+numbers+")"+filter+", 0)::text", func(value packed, column int) error {
		w, err := weighedOf(value[column])
		take(w)
		return err
	})
}

// doubt asks whether something is so of some row.
func (s *sheet) doubt(condition string, d doubt) {
	s.ask("bool_or("+condition+")", func(value packed, column int) error {
		s.doubtIf(value.is(column), d)
		return nil
	})
}

// never asks for what cannot be packed if it is so.
func (s *sheet) never(condition string) {
	s.ask("bool_or("+condition+")", func(value packed, column int) error {
		if value.is(column) {
			return errDoubt
		}
		return nil
	})
}

// weigh adds up amounts, each times a weight. No product is too large for the server: it
// multiplies halves, and what comes of these is put together here.
func (s *sheet) weigh(into sumName, sign int, weight, amount, where string) {
	s.lower(into, sign, weight, amount, where)
	s.upper(into, sign, weight, amount, where)
}

// lower adds up the lower halves of amounts, and upper the others.
func (s *sheet) lower(into sumName, sign int, weight, amount, where string) {
	s.halves(weight, "("+amount+" & 4294967295)", where, func(w weighed) { s.into(into, sign, w) })
}

func (s *sheet) upper(into sumName, sign int, weight, amount, where string) {
	s.halves(weight, "("+amount+" >> 32)", where, func(w weighed) { s.into(into, sign, w.above()) })
}

// halves multiplies with either half of a weight.
func (s *sheet) halves(weight, by, where string, take func(weighed)) {
	s.sum("("+weight+" & 2147483647) * "+by, where, take)
	s.sum("(("+weight+" >> 32) & 2147483647) * "+by, where, func(w weighed) { take(w.above()) })
}

func (s *sheet) into(sum sumName, sign int, w weighed) {
	if sign < 0 {
		s.sums[sum].less(w)
		return
	}
	s.sums[sum].plus(w)
}

// take does what is to be done with what the server says.
func (s *sheet) take(value packed) error {
	if len(value) != len(s.takes) {
		return errPacked
	}
	for column, take := range s.takes {
		if err := take(value, column); err != nil {
			return err
		}
	}
	return nil
}

// query asks it all of some rows.
func (s *sheet) query(rows string) string {
	return "select " + strings.Join(s.columns, ", ") + " from (" + rows + " offset 0) r"
}
