package sqlstore

import (
	"cmp"
	"context"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

func (postgresSnapshot) sources(_ context.Context, all []snapshot) (books, things source, err error) {
	var from []streamer
	for _, of := range all {
		if other, ok := of.(postgresSnapshot); ok {
			from = append(from, other)
		}
	}
	books, things = streamSources(from)
	return books, things, nil
}

// plainly has the server read a table as it lies or through its key, on one processor:
// what it saves by more of them and by sorting is less than what it costs. A query that is
// asked for part after part is planned once.
const plainly = "set local synchronize_seqscans = off; set local enable_sort = off;" +
	" set local max_parallel_workers_per_gather = 0; set local plan_cache_mode = force_generic_plan"

// asUsual ends that.
const asUsual = "set local synchronize_seqscans to default; set local enable_sort to default;" +
	" set local max_parallel_workers_per_gather to default; set local plan_cache_mode to default"

func (s postgresSnapshot) plainly(ctx context.Context) error {
	_, err := s.tx.Exec(ctx, plainly)
	return err
}

func (s postgresSnapshot) asUsual(ctx context.Context) error {
	_, err := s.tx.Exec(ctx, asUsual)
	return err
}

// stream copies a table, which is four times faster than a query.
func (s postgresSnapshot) stream(ctx context.Context, of scan) (stream, error) {
	fields, err := of.fields()
	if err != nil {
		return nil, err
	}
	query := "select " + strings.Join(of.columns, ", ") + " from " + of.table.name
	if of.ordered {
		query += " order by " + of.table.keyNames()
	}
	if err := s.plainly(ctx); err != nil {
		return nil, err
	}
	c := &copying{
		ctx: ctx, tx: s, fields: fields, values: make(tuple, len(fields)), chunks: make(chan []byte, chunksAhead),
		ended: make(chan error, 1),
	}
	go c.run(s.tx.Conn().PgConn(), "copy ("+query+") to stdout (format binary)")
	return c, c.begin()
}

// How much of a copy is under way at most.
const (
	chunk       = 128 << 10
	chunksAhead = 4
)

// copying reads what the server sends, which goes on sending meanwhile.
type copying struct {
	ctx    context.Context //nolint:containedctx // that of whoever reads
	tx     postgresSnapshot
	fields []field
	values tuple

	chunks chan []byte
	filled []byte // of the chunk that is being received
	rest   []byte // of the chunk that is being read
	ended  chan error
	err    error // once it ended
	over   bool
}

// run receives, until the end or an error.
func (c *copying) run(conn *pgconn.PgConn, query string) {
	_, err := conn.CopyTo(c.ctx, (*copied)(c), query)
	if err == nil && len(c.filled) > 0 {
		c.chunks <- c.filled
	}
	c.ended <- err
	close(c.chunks)
}

// copied takes what comes from the server.
type copied copying

// Write adds to a chunk.
func (c *copied) Write(data []byte) (int, error) {
	if len(c.filled)+len(data) > chunk && len(c.filled) > 0 {
		c.chunks <- c.filled
		c.filled = nil
	}
	if c.filled == nil {
		c.filled = make([]byte, 0, max(chunk, len(data)))
	}
	c.filled = append(c.filled, data...)
	return len(data), nil
}

// more waits for the next chunk. What is left of the one before comes first.
func (c *copying) more() error {
	received, ok := <-c.chunks
	if ok && len(c.rest) > 0 {
		received = slices.Concat(c.rest, received)
	}
	if ok {
		c.rest = received
		return nil
	}
	return cmp.Or(c.end(), io.ErrUnexpectedEOF)
}

// end is how it ended.
func (c *copying) end() error {
	if !c.over {
		c.over, c.err = true, <-c.ended
	}
	return c.err
}

// errCopy says that the server sent something else than a copy.
var errCopy = errors.New("the server's copy of a table is in a form that is not known")

// begin reads what stands before the rows.
func (c *copying) begin() error {
	const magic = "PGCOPY\n\xff\r\n\x00"
	const flags = 8
	for len(c.rest) < len(magic)+flags {
		if err := c.more(); err != nil {
			return errors.Join(err, c.close())
		}
	}
	if string(c.rest[:len(magic)]) != magic || endian.BigEndian.Uint64(c.rest[len(magic):]) != 0 {
		return errors.Join(errCopy, c.close())
	}
	c.rest = c.rest[len(magic)+flags:]
	return nil
}

// next reads one row. A chunk ends with one, as servers send them.
func (c *copying) next() (tuple, error) {
	for {
		used, err := c.read(c.rest)
		switch {
		case err != nil:
			return nil, err
		case used > 0:
			c.rest = c.rest[used:]
			return c.values, nil
		case used < 0:
			return nil, nil
		}
		if err := c.more(); err != nil {
			return nil, err
		}
	}
}

// read takes a row out of what was received, and says how many bytes it has: none where
// it is not whole yet, and fewer than none at the end.
func (c *copying) read(from []byte) (used int, err error) {
	const end, null, number = 0xffff, 0xffffffff, 8
	if len(from) < 2 {
		return 0, nil
	}
	if n := endian.BigEndian.Uint16(from); n == end {
		return -1, nil
	} else if int(n) != len(c.fields) {
		return 0, errCopy
	}
	at := 2
	for i := range c.fields {
		if len(from) < at+4 {
			return 0, nil
		}
		size := endian.BigEndian.Uint32(from[at:])
		if at += 4; size == null {
			c.values[i] = datum{null: true}
			continue
		}
		if uint64(len(from)) < uint64(at)+uint64(size) {
			return 0, nil
		}
		value := from[at : at+int(size)]
		at += int(size)
		switch {
		case c.fields[i].sort == text:
			c.values[i] = datum{text: value}
		case size != number:
			return 0, fmt.Errorf("%w: column %s", errCopy, c.fields[i].name)
		default:
			c.values[i] = datum{number: int64(endian.BigEndian.Uint64(value))} //nolint:gosec // all 64 bits count
		}
	}
	return at, nil
}

// close receives the rest, for the connection to be of use.
func (c *copying) close() error {
	for range c.chunks {
		continue
	}
	if err := c.end(); err != nil {
		return err
	}
	return c.tx.asUsual(c.ctx)
}
