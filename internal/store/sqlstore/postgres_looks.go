package sqlstore

import (
	"context"
	"crypto/rand"
	endian "encoding/binary"
	"errors"
	"hash/maphash"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/purserhq/purser/internal/store"
)

// packedLooks are both looks at rows that the server packs. There is no evidence where it
// hashes otherwise than is known.
func packedLooks(ctx context.Context, from []postgresSnapshot, tell func(percent int)) (
	e *evidence, found []store.Finding, err error,
) {
	steps, err := newPace(ctx, from[0], tell)
	if err != nil {
		return nil, nil, err
	}
	seed, server := maphash.MakeSeed(), newServerSeed()
	b, h := newBooksLook(newEvidence(seed, steps.read)), histories{
		most: rememberMost, evidence: newEvidence(seed, steps.read),
	}
	b.server, h.evidence.server = server, server
	if alike, err := from[0].hashesAlike(ctx, server); err != nil {
		return nil, nil, err
	} else if !alike {
		found, err := histories{most: rememberMost}.proveAll(ctx, from[0].alone())
		return nil, found, err
	}
	things := from
	group, ctx := errgroup.WithContext(ctx)
	if len(from) == 1 { // one after the other
		group.SetLimit(1)
	} else {
		things = from[1:min(len(from), 1+max(2, runtime.GOMAXPROCS(0)))] // another one would only wait for a processor
	}
	group.Go(func() error {
		err := newPackedBooks(b, from[0]).all(ctx)
		if errors.Is(err, errDoubt) {
			b.doubtAll()
			err = nil
		}
		return err
	})
	group.Go(func() (err error) {
		found, err = h.provePacked(ctx, things)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	b.plus(h.evidence)
	return b.evidence, found, nil
}

// postgresSnapshots are those of a server, if they are.
func postgresSnapshots(from []snapshot) (all []postgresSnapshot) {
	for _, s := range from {
		if p, ok := s.(postgresSnapshot); ok {
			all = append(all, p)
		}
	}
	return all
}

// alone is a source for what is not packed.
func (s postgresSnapshot) alone() source { return &streams{[]streamer{s}} }

// newServerSeed is one that nobody can know before.
func newServerSeed() uint64 {
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // it never fails
	return endian.LittleEndian.Uint64(seed[:]) | 1
}

// doubtAll proves nothing.
func (e *evidence) doubtAll() {
	e.doubts = ^doubt(0)
	for n := range e.sums {
		e.sums[n] = weighed{1, 1}
	}
}

// hashesAlike says that the server's hashes are those that we make.
func (s postgresSnapshot) hashesAlike(ctx context.Context, seed uint64) (bool, error) {
	const word, number = "what the server and we hash alike", int64(-1) << 40
	all, err := s.pack(ctx, "select "+hashOf(seed, "$1")+", hashint8extended($2::bigint, "+literalHash(seed)+")",
		[]byte(word), []byte("-1099511627776"))
	if err != nil {
		return false, err
	}
	return all.numbers(0).at(0) == hashText([]byte(word), seed) && all.numbers(1).at(0) == hashNumber(number, seed), nil
}

// provePacked proves the feed and the history of states from what the server packs. Where
// that leaves a doubt it looks at every event in its order, which says what is wrong.
func (h histories) provePacked(ctx context.Context, from []postgresSnapshot) ([]store.Finding, error) {
	size, err := h.roomFor(ctx, from[0])
	if err != nil {
		return nil, err
	}
	for shards, most := uint64(1), (room{h.most, h.most}); ; {
		h.evidence.packed = true
		found, err := h.packedOnce(ctx, from, shards, size)
		h.evidence.packed = false
		if err == nil {
			return []store.Finding{found.gaps, found.present, found.allowed}, nil
		}
		h.evidence.forget()
		switch {
		case errors.Is(err, errFull) && size == most:
			shards *= 2
		case errors.Is(err, errFull):
			size = most
		case errors.Is(err, errDoubt):
			return h.proveAll(ctx, from[0].alone())
		default:
			return nil, err
		}
	}
}

// packedOnce looks at the events once for every part of the subjects.
func (h histories) packedOnce(
	ctx context.Context, from []postgresSnapshot, shards uint64, size room,
) (*historyFindings, error) {
	found := newHistoryFindings()
	for _, s := range from {
		if err := s.plainly(ctx); err != nil {
			return nil, err
		}
	}
	for shard := range shards {
		p, err := newPackedLook(h.look(shards, shard, false, size, found), from)
		if err != nil {
			return nil, err
		}
		if err := p.all(ctx); err != nil {
			return nil, err
		}
	}
	for _, s := range from {
		if err := s.asUsual(ctx); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// all looks at the events, and at what they are about.
func (p *packedLook) all(ctx context.Context) error {
	p.rows[events.name] = 0
	if err := p.events(ctx); err != nil {
		return err
	}
	return p.things(ctx)
}
