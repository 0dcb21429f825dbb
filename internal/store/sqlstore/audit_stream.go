package sqlstore

import (
	"context"
	"errors"
	"slices"
)

// snapshot reads at one moment.
type snapshot interface {
	querier
	// stream reads columns of a whole table, much faster than a query.
	stream(ctx context.Context, of scan) (stream, error)
	// side says that several streams may be read by turns.
	side() bool
}

// scan is what a stream reads.
type scan struct {
	table   *table
	columns []string
	ordered bool // by the key; else as the rows lie, which may be the same
}

// fields are the columns as the table has them.
func (s scan) fields() ([]field, error) {
	fields := make([]field, len(s.columns))
	for i, name := range s.columns {
		n := slices.IndexFunc(s.table.columns, func(f field) bool { return f.name == name })
		if n < 0 {
			return nil, errors.New("table " + s.table.name + " has no column " + name)
		}
		fields[i] = s.table.columns[n]
	}
	return fields, nil
}

// stream gives one row after another. Whoever has it closes it.
type stream interface {
	next() (tuple, error) // nil at the end; it stands until the next one
	close() error
}

// tuple is one row of a stream.
type tuple []datum

// datum is one value: a text, or a number, which is zero where it is null.
type datum struct {
	text   []byte
	number int64
	null   bool
}
