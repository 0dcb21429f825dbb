package sqlstore

import (
	"context"
	"errors"
	"slices"
)

// snapshot reads at one moment.
type snapshot interface {
	querier
	// sources are what the two looks read, side by side or one after the other where they
	// are the same, of this snapshot and the others of its moment. There is none of the
	// books where there are too few for it.
	sources(ctx context.Context, all []snapshot) (books, things source, err error)
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
