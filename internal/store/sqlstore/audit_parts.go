package sqlstore

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"
)

// source has whole tables at one moment, which are read in parts: by several at the same
// time, where that is of use.
type source interface {
	querier
	// readers is how many may read.
	readers() int
	// divide prepares to read tables side by side, or a single one.
	divide(ctx context.Context, of ...scan) (parts, error)
}

// parts are those of some tables, in their order.
type parts interface {
	// next has a stream for each of the tables; nil at the end.
	next(ctx context.Context) ([]stream, error)
	close() error
}

// aheadOfTurn is how many parts for each reader may wait for an earlier one.
const aheadOfTurn = 2

// inParts has several readers look at the parts of tables. What they find is taken in the
// order of the parts, by one at a time.
func inParts[T any](
	ctx context.Context, from source, of []scan,
	look func(ctx context.Context, reader int, part []stream) (T, error), take func(T) error,
) (err error) {
	all, err := from.divide(ctx, of...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, all.close()) }()
	t := &turns[T]{
		all: all, take: take, found: map[int]T{}, room: make(chan struct{}, aheadOfTurn*from.readers()),
	}
	group, ctx := errgroup.WithContext(ctx)
	for reader := range from.readers() {
		group.Go(func() error {
			return t.run(ctx, func(part []stream) (T, error) { return look(ctx, reader, part) })
		})
	}
	return group.Wait()
}

// turns hands out parts and takes what is found in them.
type turns[T any] struct {
	take func(T) error
	room chan struct{} // has as much in it as was handed out and not taken

	giving sync.Mutex
	all    parts
	given  int

	mu     sync.Mutex
	found  map[int]T // out of turn
	taken  int
	taking bool
}

// run looks at one part after another.
func (t *turns[T]) run(ctx context.Context, look func([]stream) (T, error)) error {
	for {
		select {
		case t.room <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		n, part, err := t.give(ctx)
		if part == nil {
			<-t.room
			return err
		}
		found, err := look(part)
		for _, s := range part {
			err = errors.Join(err, s.close())
		}
		if err != nil {
			return err
		}
		if err := t.put(n, found); err != nil {
			return err
		}
	}
}

// give is the next part and its number.
func (t *turns[T]) give(ctx context.Context) (int, []stream, error) {
	t.giving.Lock()
	defer t.giving.Unlock()
	part, err := t.all.next(ctx)
	t.given++
	return t.given - 1, part, err
}

// put takes what was found, and what had to wait for it, unless somebody else is about it.
func (t *turns[T]) put(n int, found T) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found[n] = found
	for !t.taking {
		next, ok := t.found[t.taken]
		if !ok {
			return nil
		}
		delete(t.found, t.taken)
		t.taking = true
		t.mu.Unlock()
		err := t.take(next)
		t.mu.Lock()
		if err != nil {
			return err // and nobody takes any more
		}
		t.taking = false
		t.taken++
		<-t.room
	}
	return nil
}

// streams reads tables as streams, each from a snapshot of its own, by one reader.
type streams struct{ from []streamer }

// streamer is a snapshot that gives columns of a whole table, much faster than a query.
type streamer interface {
	snapshot

	stream(ctx context.Context, of scan) (stream, error)
}

// streamsOfBooks is how many tables the look at the books reads side by side.
const streamsOfBooks = 3

// streamSources are those of snapshots that are streamed: three for the books and one for
// the rest.
func streamSources(all []streamer) (books, things source) {
	if len(all) > streamsOfBooks {
		return &streams{all[:streamsOfBooks]}, &streams{all[streamsOfBooks:]}
	}
	return nil, &streams{all}
}

func (s *streams) query(ctx context.Context, query string, args ...any) (rows, error) {
	return s.from[0].query(ctx, query, args...)
}

func (s *streams) readers() int { return 1 }

func (s *streams) divide(ctx context.Context, of ...scan) (_ parts, err error) {
	all := &streamed{}
	defer func() {
		if err != nil {
			err = errors.Join(err, all.close())
		}
	}()
	for n, table := range of {
		opened, err := s.from[n].stream(ctx, table)
		if err != nil {
			return nil, err
		}
		all.open = append(all.open, opened)
	}
	return all, nil
}

// streamed is tables as streams: several in one part, and one by so many rows.
type streamed struct {
	open  []stream
	given bool
	over  bool
}

func (s *streamed) next(context.Context) ([]stream, error) {
	switch {
	case s.over, s.given && len(s.open) > 1:
		return nil, nil
	case len(s.open) == 1:
		return []stream{&some{of: s, left: someRows}}, nil
	}
	s.given = true
	part := make([]stream, len(s.open))
	for n, of := range s.open {
		part[n] = unclosed{of}
	}
	return part, nil
}

func (s *streamed) close() (err error) {
	for _, of := range s.open {
		err = errors.Join(err, of.close())
	}
	return err
}

// someRows is how many rows of a stream are a part.
const someRows = 8 << 10

// some is the next rows of a stream.
type some struct {
	of   *streamed
	left int
}

func (s *some) next() (tuple, error) {
	if s.left == 0 || s.of.over {
		return nil, nil
	}
	s.left--
	row, err := s.of.open[0].next()
	s.of.over = row == nil
	return row, err
}

func (s *some) close() error { return nil }

// unclosed is a stream that somebody else closes.
type unclosed struct{ stream }

func (unclosed) close() error { return nil }
