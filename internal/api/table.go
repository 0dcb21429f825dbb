package api

import (
	"context"
	"encoding/csv"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// The tables that are written at one time, for all callers and for one merchant; how
// long whoever does not fit is told to wait; and how long a caller may take to accept
// one part of a table.
const (
	tablesAll   = 16
	tablesEach  = 4
	tablesPause = 5 * time.Second
	partLimit   = 30 * time.Second
)

// table answers with a list as a table, to its end, however long it is: part after
// part, each of which is a read of its own. The first part is read before anything is
// written; when a later one cannot be read the connection is cut, so that nobody takes
// a part for the whole. Error: rate_limited, with the time to wait.
func table[Query, Out any](c *call, o operation, q Query, do func(*call, Query) (Out, error)) (dialect.Reply, error) {
	if limit := param(&q, "limit"); limit.IsValid() {
		limit.SetInt(mostLimit)
	}
	if expand := param(&q, "expand"); expand.IsValid() && !expand.IsZero() && !roomy(o.answer) {
		return dialect.Reply{}, fault.New(fault.CodeParameterInvalid, "expand", "A table has no room for it.")
	}
	leave, ok := c.desk.tables.enter(c.Merchant, 1)
	if !ok {
		return dialect.Reply{}, &dialect.Later{
			Fault: fault.New(fault.CodeRateLimited, "", "Too many tables are being written. Ask again later."),
			Wait:  tablesPause,
		}
	}
	begun := false
	defer func() {
		if !begun {
			leave()
		}
	}()
	first, err := do(c, q)
	if err != nil {
		return dialect.Reply{}, err
	}
	begun = true
	return dialect.Reply{Page: func(w http.ResponseWriter, r *http.Request) {
		defer leave()
		begin(w.Header(), o)
		if c.Head {
			return
		}
		out := newSheet(w)
		part := any(first).(listed)
		columns := columns(reflect.TypeOf(part.items()).Elem())
		for out.write(columns, part.items()) {
			name, value := part.rest()
			if name == "" {
				out.end(r.Context())
				return
			}
			advance(param(&q, name), value)
			next, err := further(c, r.Context(), q, do)
			if err != nil {
				break
			}
			part, columns = any(next).(listed), nil
		}
		panic(http.ErrAbortHandler)
	}}, nil
}

// further reads the next part of a table, which may take as long as any call.
func further[Query, Out any](c *call, of context.Context, q Query, do func(*call, Query) (Out, error)) (Out, error) {
	ctx, cancel := context.WithTimeout(of, timeLimit)
	defer cancel()
	c.ctx = ctx
	next, err := do(c, q)
	if err != nil && of.Err() == nil { // else nobody is there any more to read it
		c.desk.Log.WarnContext(ctx, "table was cut off", slog.String("request_id", c.ID),
			slog.String("error", fault.Detail(err)))
	}
	return next, err
}

// sheet writes a table to a caller that may be slow, but not too slow: the limits of
// the server are for answers of a usual length, and each part gets one of its own.
type sheet struct {
	out        *csv.Writer
	connection *http.ResponseController
}

func newSheet(w http.ResponseWriter) sheet {
	s := sheet{out: csv.NewWriter(w), connection: http.NewResponseController(w)}
	s.out.UseCRLF = true
	// The server's would end the call in the middle; whoever hangs up is noticed anyway.
	_ = s.connection.SetReadDeadline(time.Time{})
	return s
}

// write sends the items of a part, with a first line where there is one. False means
// that nobody takes them.
func (s sheet) write(columns []string, items any) bool {
	if s.connection.SetWriteDeadline(time.Time{}) == nil {
		slow := time.AfterFunc(partLimit, func() { _ = s.connection.SetWriteDeadline(time.Unix(1, 0)) })
		defer slow.Stop()
	}
	if columns != nil {
		_ = s.out.Write(columns) // it keeps its first error
	}
	lines(s.out, items)
	if s.out.Flush(); s.out.Error() != nil {
		return false
	}
	_ = s.connection.Flush() // what fails is known by the next write
	return true
}

// end gives a caller as long for the last bytes, which the server sends when the call is
// over. A connection goes by the clock of the system, as contexts do.
func (s sheet) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, partLimit)
	defer cancel()
	if until, ok := ctx.Deadline(); ok {
		_ = s.connection.SetWriteDeadline(until)
	}
}
