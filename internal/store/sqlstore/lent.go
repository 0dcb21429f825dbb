package sqlstore

import (
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// The driver lets go of every buffer of more than a kilobyte once it was written, so that a
// batch, which has some dozens of them, makes a new one grow step by step each time. That was
// a third of all memory that a commit asked for.

// lent is memory that one connection has for one kind of buffer. It is in use from the
// building of a statement until that was sent; a connection does one thing at a time.
type lent struct{ memory []byte }

// mostLent is how much of it is kept; a large batch may take more for once.
const mostLent = 1 << 20

// room is out, or a copy of it, with room for so many bytes behind it. Only the last thing
// that was built on lent memory is good.
func (l *lent) room(out []byte, bytes int) []byte {
	if cap(out)-len(out) >= bytes {
		return out
	}
	if cap(l.memory) > mostLent && len(out)+bytes <= mostLent {
		l.memory = nil
	}
	l.memory = slices.Grow(append(l.memory[:0], out...), bytes)
	return l.memory
}

// messages is the key of a connection's own note of what it lends for what it sends.
const messages = "purser_messages"

// makeRoom has a connection build its next messages, of so many bytes together, in memory that
// it had before.
func makeRoom(conn *pgconn.PgConn, bytes int) {
	l, ok := conn.CustomData()[messages].(*lent)
	if !ok {
		l = new(lent)
		conn.CustomData()[messages] = l
	}
	conn.Frontend().Send(roomFor{l, bytes})
}

// roomFor is a message of no bytes, which only makes room for those that come.
type roomFor struct {
	*lent

	bytes int
}

// Frontend says that it goes to the server.
func (roomFor) Frontend() {}

// Decode is never asked for.
func (roomFor) Decode([]byte) error { return errors.ErrUnsupported }

// Encode makes the room.
func (r roomFor) Encode(out []byte) ([]byte, error) { return r.room(out, r.bytes), nil }
