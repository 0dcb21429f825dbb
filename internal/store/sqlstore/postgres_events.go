package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/purserhq/purser/internal/event"
)

// errDoubt says that something is not as it should be, or not as it can be packed.
var errDoubt = errors.New("what was packed leaves a doubt")

// errUnknown says that an event does what none did before.
var errUnknown = errors.New("an event has other states than those before")

// packedLook is a lookBack at rows that the server packs.
type packedLook struct {
	*lookBack

	from  []postgresSnapshot
	codes uint64 // the seed of what words are known by
	does  [small + 1]*packedMove

	merchants map[uint64]*packedFeed
	waiting   int // events that came before their turn
	total     weighed
}

// packedMove is a move, the whole hash of its words, the part of its noun in the hash of a
// subject, and how many events make it.
type packedMove struct {
	*move

	hash, noun uint64
	events     int64
}

// packedFeed is how far the events of a merchant have come. They lie in their order nearly
// always, but not quite.
type packedFeed struct {
	next  uint64
	later map[uint64]uint64
}

// Events that wait for their turn are sixteen megabytes at most.
const mostWaiting = 1 << 18

// An event has so many bits of its merchant's hash beside its number.
const (
	merchantBits = 33
	numberBits   = 64 - merchantBits
)

// newPackedLook finds codes for all that is known to happen.
func newPackedLook(l *lookBack, from []postgresSnapshot) (*packedLook, error) {
	const tries = 10_000
	for range tries {
		p := &packedLook{
			lookBack: l, from: from, codes: rand.Uint64() | 1, //nolint:gosec // the runtime's own generator
			merchants: map[uint64]*packedFeed{},
		}
		if p.learnAll() {
			return p, nil
		}
	}
	return nil, errDoubt
}

// learnAll learns what the tables of states allow.
func (p *packedLook) learnAll() bool {
	for of := range p.allowed {
		if !p.learn(of[0].noun, of[0].state, of[1].state) || !p.learn(of[0].noun, of[0].state, of[0].state) ||
			!p.learn(of[1].noun, of[1].state, of[1].state) {
			return false
		}
	}
	for of := range p.moves.starts {
		if !p.learn(of.noun, "", of.state) || !p.learn(of.noun, of.state, of.state) {
			return false
		}
	}
	for _, noun := range event.Administered {
		if !p.learn(string(noun), event.Kept, event.Kept) || !p.learn(string(noun), "", event.Kept) {
			return false
		}
	}
	return true
}

// learn gives a move its code, if no other has it.
func (p *packedLook) learn(noun, from, to string) bool {
	m := &packedMove{
		move: p.moves.move(noun+"\x00"+from+"\x00"+to, chapter{noun, from}, chapter{noun, to}),
		hash: p.codes, noun: p.ofNoun([]byte(noun)),
	}
	for _, word := range []string{noun, from, to} {
		m.hash = hashText([]byte(word), m.hash)
	}
	before := p.does[m.hash&small]
	if before == nil {
		p.does[m.hash&small] = m
	}
	return before == nil || before.hash == m.hash
}

// learnFrom learns what happened in a part of the events.
func (p *packedLook) learnFrom(ctx context.Context, part, parts int) error {
	pages := pagesIn(part, parts)
	return each(ctx, p.from[0],
		"select distinct noun, from_state, to_state from event where ctid >= $1::text::tid and ctid < $2::text::tid",
		func(r row) error {
			var noun, from, to string
			if err := r.Scan(&noun, &from, &to); err != nil {
				return err
			}
			if !p.learn(noun, from, to) {
				return errDoubt
			}
			return nil
		}, string(pages[0]), string(pages[1]))
}

// events looks at all of them.
func (p *packedLook) events(ctx context.Context) error {
	parts, err := p.from[0].pagesOf(ctx, events)
	if err != nil {
		return err
	}
	query := fmt.Sprintf(`select count(*), bit_or(seq), coalesce(sum(h), 0)::text,
			string_agg(int8send((hashtextextended(subject, m) & -%[1]d) | (h & %[2]d)), ''),
			string_agg(int8send((seq << %[3]d) | (m & %[4]d)), '')
			from (select seq, subject, %[5]s as m, %[6]s as h from event where `+inPages+` offset 0) e`,
		small+1, small, merchantBits, uint64(1)<<merchantBits-1, hashOf(p.server, "merchant_id"),
		hashOf(p.codes, "noun", "from_state", "to_state"))
	for first := 0; ; {
		err := inTurn(ctx, p.from, first, parts, query, func(part int, all packed) error {
			first = part
			return p.part(all)
		})
		if errors.Is(err, errUnknown) {
			if err = p.learnFrom(ctx, first, parts); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		return p.eventsAgree(ctx)
	}
}

// part takes a part of the events.
func (p *packedLook) part(all packed) error {
	count, words, places := all.number(0), all.numbers(3), all.numbers(4)
	seq := all.number(1) // all of them, bit by bit
	if int64(words.len()) != count || int64(places.len()) != count || seq < 0 || seq>>numberBits != 0 {
		return errDoubt
	}
	for n := range words.len() {
		if p.does[words.at(n)&small] == nil {
			return errUnknown
		}
	}
	sum, err := weighedOf(all[2])
	if err != nil {
		return err
	}
	p.total.less(sum)
	const together = 64
	for n := range words.len() {
		if n%together == 0 {
			for next := n; next < min(n+together, words.len()); next++ {
				p.last.soon(p.subject(words.at(next)))
			}
		}
		if err := p.comes(words.at(n), places.at(n)); err != nil {
			return err
		}
	}
	p.rows[events.name] += count
	p.read(int(count))
	return nil
}

// subject is what that of an event is remembered by.
func (p *packedLook) subject(word uint64) uint64 { return subjectKey(word ^ p.does[word&small].noun) }

// comes takes an event, or lets it wait for those before it.
func (p *packedLook) comes(word, place uint64) error {
	seq, merchant := place>>merchantBits, place&(1<<merchantBits-1)
	of := p.merchants[merchant]
	if of == nil {
		of = &packedFeed{next: 1, later: map[uint64]uint64{}}
		p.merchants[merchant] = of
	}
	if seq != of.next {
		if _, twice := of.later[seq]; twice || seq < of.next || p.waiting == mostWaiting {
			return errDoubt
		}
		of.later[seq] = word
		p.waiting++
		return nil
	}
	for ok := true; ok; {
		if err := p.happens(word); err != nil {
			return err
		}
		of.next++
		if word, ok = of.later[of.next]; ok {
			delete(of.later, of.next)
			p.waiting--
		}
	}
	return nil
}

// happens takes the next event.
func (p *packedLook) happens(word uint64) error {
	m := p.does[word&small]
	m.events++
	if p.shard == 0 {
		p.finding.gaps.Rows++
	}
	key := p.subject(word)
	if m.stateless || !p.has(key) {
		return nil
	}
	before, known := p.last.put(key, m.after)
	switch {
	case !known && p.last.full():
		return errFull
	case !known && !m.mayBegin, known && (before != m.fromNumber || !p.may(before, m.after)):
		return errDoubt
	case !known:
		p.present[m.to.noun]++
	}
	p.finding.allowed.Rows++
	p.finding.present.Rows++
	return nil
}

// eventsAgree wants all events to be those that are counted, and their words to be those
// that have the codes.
func (p *packedLook) eventsAgree(ctx context.Context) error {
	for _, m := range p.does {
		if m != nil {
			p.total.add(uint64(m.events), int64(m.hash)) //nolint:gosec // all 64 bits count
		}
	}
	if p.waiting > 0 || p.total != (weighed{}) {
		return errDoubt
	}
	all := len(p.merchants)
	err := each(ctx, p.from[0], "select merchant_id, events from tally", func(r row) error {
		var merchant string
		var events uint64
		if err := r.Scan(&merchant, &events); err != nil {
			return err
		}
		of := p.merchants[p.ofMerchant([]byte(merchant))&(1<<merchantBits-1)]
		if of == nil && events > 0 || of != nil && of.next != events+1 {
			return errDoubt
		}
		if of != nil {
			all--
		}
		return nil
	})
	if err == nil && all != 0 {
		return errDoubt
	}
	return err
}
