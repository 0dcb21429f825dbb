package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	endian "encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// A row costs more on its way through the socket than in the server. So the server packs
// what is asked of many rows into one: their numbers side by side, their texts with line
// breaks between them, and sums.

// atOnce is how much is packed together: pages of a table, a megabyte and a half, and entries.
var atOnce = struct{ pages, entries int }{192, 2048}

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
	const textType = 25
	types := make([]uint32, len(words))
	for n := range types {
		types[n] = textType
	}
	return onlyRow(s.tx.Conn().PgConn().ExecParams(ctx, query, words, types, nil, binaryResults))
}

// binaryResults is the form of every result.
var binaryResults = []int16{1}

// onlyRow is that of a result.
func onlyRow(result *pgconn.ResultReader) (all packed, err error) {
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

// prepared is a query that is asked for many parts and planned once.
type prepared struct {
	conn *pgconn.PgConn
	name string
}

// preparedOnes counts them, for their names.
var preparedOnes atomic.Uint64

// prepare has the server plan a query. Whoever has it ends it.
func (s postgresSnapshot) prepare(ctx context.Context, query string) (prepared, error) {
	p := prepared{s.tx.Conn().PgConn(), "audit_" + strconv.FormatUint(preparedOnes.Add(1), 10)}
	if _, err := p.conn.Prepare(ctx, p.name, query, nil); err != nil {
		return p, fmt.Errorf("pack: %w", err)
	}
	return p, nil
}

// pack asks it.
func (p prepared) pack(ctx context.Context, words ...[]byte) (packed, error) {
	return onlyRow(p.conn.ExecPrepared(ctx, p.name, words, nil, binaryResults))
}

// end has the server forget it, with the error that there was before.
func (p prepared) end(ctx context.Context, before error) error {
	return cmp.Or(before, p.conn.Deallocate(ctx, p.name))
}

// pagesOf counts the parts of a table that are packed one by one.
func (s postgresSnapshot) pagesOf(ctx context.Context, t *table) (parts int, err error) {
	of, err := s.pack(ctx, "select pg_relation_size('"+t.name+"') / current_setting('block_size')::bigint")
	if err != nil {
		return 0, err
	}
	return int(of.number(0))/atOnce.pages + 1, nil
}

// inPages is a condition for the rows of a part, and pagesIn says which those are. The last
// part has no end.
const inPages = "ctid >= $1 and ctid < $2"

func pagesIn(part, parts int) [][]byte {
	const behindAll = 1<<32 - 1
	place := func(page int) []byte { return []byte("(" + strconv.Itoa(page) + ",0)") }
	until := (part + 1) * atOnce.pages
	if part == parts-1 {
		until = behindAll
	}
	return [][]byte{place(part * atOnce.pages), place(until)}
}

// answer is what was asked about a part.
type answer struct {
	packed
	err error
}

// inTurn asks a query about one part of a table after another, on several connections and
// ahead of whoever takes the answers, in their order.
func inTurn(
	ctx context.Context, from []postgresSnapshot, first, parts int, query string, take func(int, packed) error,
) error {
	answers := make([]chan answer, len(from))
	stop := make(chan struct{})
	var asking sync.WaitGroup
	defer asking.Wait()
	defer close(stop)
	for i, s := range from {
		answers[i] = make(chan answer, 1)
		asking.Go(func() {
			if err := s.eachPart(ctx, first+i, parts, len(from), query, func(a answer) bool {
				select {
				case answers[i] <- a:
					return true
				case <-stop:
					return false
				}
			}); err != nil {
				select {
				case answers[i] <- answer{err: err}:
				case <-stop:
				}
			}
		})
	}
	for n := first; n < parts; n++ {
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

// eachPart asks a query about every so many-th part, as long as the answers are wanted.
func (s postgresSnapshot) eachPart(
	ctx context.Context, first, parts, step int, query string, give func(answer) (more bool),
) error {
	p, err := s.prepare(ctx, query)
	for n := first; n < parts && err == nil; n += step {
		var all packed
		if all, err = p.pack(ctx, pagesIn(n, parts)...); err == nil && !give(answer{packed: all}) {
			break
		}
	}
	return p.end(ctx, err)
}
