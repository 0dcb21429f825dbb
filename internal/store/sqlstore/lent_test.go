package sqlstore

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/purserhq/purser/internal/store/pgtest"
)

// What was there stays in front, and the same memory is used until it is too small.
func TestLentRoom(t *testing.T) {
	t.Parallel()
	var l lent
	first := append(l.room([]byte("in front"), 1000), bytes.Repeat([]byte("a"), 1000)...)
	if got := string(first[:9]); got != "in fronta" {
		t.Errorf("room: got %q, want what was in front and what came behind it", got)
	}
	again := l.room([]byte("other"), 900)
	if string(again) != "other" || &again[0] != &first[0] {
		t.Errorf("room: got %q in other memory, want the same", again)
	}
	if got := l.room(again, 100); &got[0] != &again[0] {
		t.Error("room: moved what had room")
	}
	more := l.room(append(again, "more"...), 2*mostLent)
	if string(more) != "othermore" || cap(more) < 2*mostLent {
		t.Errorf("room: got %q with room for %d, want what was in front and more room", more, cap(more))
	}
	if l.room(nil, 10); cap(l.memory) > mostLent {
		t.Errorf("%d bytes are kept, want at most %d", cap(l.memory), mostLent)
	}
}

// Statements of all sizes, one after another and together, arrive as they were sent.
func TestLentMemoryKeepsStatementsApart(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if err := knowArrays(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	for _, sizes := range [][]int{{1}, {1000, 1, 30}, {2, 0, 2}, {5, 40_000, 3}, {1, 1}} {
		var batch pgx.Batch
		for n, size := range sizes {
			texts, numbers := make([]string, size), make([]record, size)
			for i := range texts {
				texts[i], numbers[i] = fmt.Sprintf("%d of %d", i, n), record{int64(i * n)}
			}
			batch.Queue("select $1::text[], $2::bigint[]", texts, array{numbers, 0, number}).QueryRow(func(r pgx.Row) error {
				var backTexts []string
				var back []int64
				if err := r.Scan(&backTexts, &back); err != nil {
					return err
				}
				if !slices.Equal(backTexts, texts) || len(back) != size {
					return fmt.Errorf("statement %d of %v came back otherwise", n, sizes)
				}
				for i := range back {
					if back[i] != int64(i*n) {
						return fmt.Errorf("number %d of statement %d of %v came back as %d", i, n, sizes, back[i])
					}
				}
				return nil
			})
		}
		makeRoom(conn.PgConn(), 10_000)
		if err := conn.SendBatch(t.Context(), &batch).Close(); err != nil {
			t.Error(err)
		}
	}
}

// What makes room is no message that a server would see.
func TestRoomIsNoMessage(t *testing.T) {
	t.Parallel()
	var sent bytes.Buffer
	f := pgproto3.NewFrontend(new(bytes.Buffer), &sent)
	f.Send(&pgproto3.Sync{})
	f.Send(roomFor{new(lent), 5000})
	f.Send(&pgproto3.Flush{})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	want := []byte{'S', 0, 0, 0, 4, 'H', 0, 0, 0, 4}
	if !bytes.Equal(sent.Bytes(), want) {
		t.Errorf("sent %v, want %v", sent.Bytes(), want)
	}
}

// An array takes no more than it says before.
func TestArraySize(t *testing.T) {
	t.Parallel()
	rows := []record{{"one", int64(1), nil, []byte(nil)}, {"دو", int64(-1), int64(5), []byte("xyz")}}
	for n, s := range []sort{text, number, perhaps, binary} {
		a := array{rows, n, s}
		written, err := arrayPlan{pgtype.TextOID, new(lent)}.Encode(a, nil)
		if err != nil || len(written) > a.size() {
			t.Errorf("column %d: took %d bytes, %v, want at most %d", n, len(written), err, a.size())
		}
	}
}
