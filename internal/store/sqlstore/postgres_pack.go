package sqlstore

import (
	"bytes"
	"context"
	endian "encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
)

// A row costs more on its way through the socket than in the server. So the server packs
// what is asked of many rows into one: their numbers side by side, their texts with line
// breaks between them, and sums.

// atOnce is how much is packed together: pages of a table, a megabyte and a half, and entries.
var atOnce = struct{ pages, entries int }{192, 4096}

// packed is what was asked of some rows.
type packed [][]byte

// number is a value of eight bytes; zero where it is null.
func (p packed) number(column int) int64 {
	if len(p[column]) != 8 {
		return 0
	}
	return int64(endian.BigEndian.Uint64(p[column])) //nolint:gosec // all 64 bits count
}

// is says whether a condition is true of some row.
func (p packed) is(column int) bool { return len(p[column]) == 1 && p[column][0] != 0 }

// numbers are those that were packed.
func (p packed) numbers(column int) numbers { return numbers(p[column]) }

// numbers stand side by side, eight bytes each.
type numbers []byte

func (n numbers) len() int { return len(n) / 8 }

func (n numbers) at(place int) uint64 { return endian.BigEndian.Uint64(n[8*place:]) }

// errPacked says that the server packed something else than was asked for.
var errPacked = errors.New("the server packed something else than was asked for")

// texts are those that were packed, one for every row.
func (p packed) texts(column int, rows int64) ([][]byte, bool) {
	if rows == 0 {
		return nil, len(p[column]) == 0
	}
	all := bytes.Split(p[column], []byte{'\n'})
	return all, int64(len(all)) == rows
}

// pack asks a query that has one row.
func (s postgresSnapshot) pack(ctx context.Context, query string, words ...[]byte) (packed, error) {
	const binary, textType = 1, 25
	types := make([]uint32, len(words))
	for n := range types {
		types[n] = textType
	}
	var all packed
	result := s.tx.Conn().PgConn().ExecParams(ctx, query, words, types, nil, []int16{binary})
	for result.NextRow() {
		for _, value := range result.Values() {
			all = append(all, bytes.Clone(value))
		}
	}
	if _, err := result.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return all, nil
}

// pagesOf counts the parts of a table that are packed one by one.
func (s postgresSnapshot) pagesOf(ctx context.Context, t *table) (parts int, err error) {
	of, err := s.pack(ctx, "select pg_relation_size('"+t.name+"') / current_setting('block_size')::bigint")
	if err != nil {
		return 0, err
	}
	return int(of.number(0))/atOnce.pages + 1, nil
}

// inPages is a condition for the rows of a part; the last one has no end.
func inPages(part, parts int) string {
	place := func(part int) string { return "'(" + strconv.Itoa(part*atOnce.pages) + ",0)'" }
	if part == parts-1 {
		return "ctid >= " + place(part)
	}
	return "ctid >= " + place(part) + " and ctid < " + place(part+1)
}

// inTurn asks one query after another, on several connections and ahead of whoever takes
// what they give, in their order.
func inTurn(
	ctx context.Context, from []postgresSnapshot, first, queries int, ask func(n int) string, take func(int, packed) error,
) error {
	type answer struct {
		packed
		err error
	}
	answers := make([]chan answer, len(from))
	stop := make(chan struct{})
	var asking sync.WaitGroup
	defer asking.Wait()
	defer close(stop)
	for i, s := range from {
		answers[i] = make(chan answer, 1)
		asking.Go(func() {
			for n := first + i; n < queries; n += len(from) {
				all, err := s.pack(ctx, ask(n))
				select {
				case answers[i] <- answer{all, err}:
				case <-stop:
					return
				}
				if err != nil {
					return
				}
			}
		})
	}
	for n := first; n < queries; n++ {
		a := <-answers[(n-first)%len(from)]
		if a.err != nil {
			return a.err
		}
		if err := take(n, a.packed); err != nil {
			return err
		}
	}
	return nil
}
