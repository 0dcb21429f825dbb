package sqlstore

import (
	"context"
	"crypto/sha256"
	endian "encoding/binary"
	"hash"
	"strconv"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// An entry is closed when it can be seen: it was committed with all of its
// postings and takes no more. So a seal names the entries that it covers, one
// by one, and no clock and no order of numbers has a say in which those are.

// mostSealed is how many entries one seal covers at most, for its transaction
// to stay short.
const mostSealed = 1000

// Entries are in order of time by their ids, nearly. What is new is looked for
// behind the end of a seal that was made settled ago; what came later than that
// with an older id is found by a look through all of them, once in thorough.
const (
	settled  = time.Hour
	thorough = 24 * time.Hour
)

// mark is one line of the books as a seal sees it.
type mark struct {
	entry, merchant, rule, subject string
	at                             int64
	posting                        // zero where the entry has none
}

// posting is the part of a mark that is a posting's.
type posting struct {
	line          int64
	account, unit string
	amount        int64
}

// markColumns are those of scanMark. What is missing is told apart from all
// that can be there by the line.
const markColumns = `coalesce(e.rule, ''), coalesce(e.subject, ''), coalesce(e.at, 0),
	coalesce(p.line, -1), coalesce(p.account, ''), coalesce(p.unit, ''), coalesce(p.amount, 0)`

func (m *mark) into() []any {
	return []any{&m.entry, &m.merchant, &m.rule, &m.subject, &m.at, &m.line, &m.account, &m.unit, &m.amount}
}

// unsealed are the lines of entries from an id on that no seal covers.
func (d *DB) unsealed() string {
	return `select e.id, e.merchant_id, ` + markColumns + ` from (
		select id, merchant_id, rule, subject, at from entry where id >= $1 and not exists (
			select 1 from sealed where entry_id = entry.id and sealed.merchant_id = entry.merchant_id and entry_id >= $1)
		order by id, merchant_id limit $2
	) e ` + d.engine.withPostings() + ` order by e.id, e.merchant_id, p.line`
}

// content hashes entries with their postings, in the order of their ids. Every
// text goes with its length, so that none can be taken for another.
type content struct {
	sum               hash.Hash
	waiting           []byte // what is to be hashed next, for the hash to be asked seldom
	entries, postings int64
	last              string // the entry that was added last
	owner             string
	held              bool // nothing is hashed yet
}

func newContent() *content { return &content{sum: sha256.New()} }

// add takes the next line.
func (c *content) add(m mark) {
	if c.entries == 0 || m.entry != c.last || m.merchant != c.owner {
		c.entries++
		c.last, c.owner = m.entry, m.merchant
		addEntry(c, m.entry, m.merchant, m.rule, m.subject, m.at)
	}
	if m.line >= 0 {
		addPosting(c, m.account, m.unit, m.line, m.amount)
	}
}

// addEntry takes an entry, and addPosting a posting of it.
func addEntry[T words](c *content, id, merchant, rule, subject T, at int64) {
	addWords(c, "entry")
	addWords(c, id, merchant, rule, subject)
	c.numbers(at)
}

func addPosting[T words](c *content, account, unit T, line, amount int64) {
	c.postings++
	addWords(c, "posting")
	addWords(c, account, unit)
	c.numbers(line, amount)
}

// words are texts, as whoever read them has them.
type words interface{ string | []byte }

func addWords[T words](c *content, all ...T) {
	for _, w := range all {
		c.numbers(int64(len(w)))
		c.waiting = append(c.waiting, w...)
	}
}

func (c *content) numbers(all ...int64) {
	const enough = 1 << 10
	if len(c.waiting) >= enough && !c.held {
		c.flush()
	}
	for _, n := range all {
		c.waiting = endian.BigEndian.AppendUint64(c.waiting, uint64(n)) //nolint:gosec // all 64 bits count
	}
}

// begin ends that it is held, and hashes what waits.
func (c *content) begin() {
	if c.held {
		c.held, c.sum = false, sha256.New()
	}
	c.flush()
}

// join adds what was held and comes behind it.
func (c *content) join(next *content) {
	c.flush()
	_, _ = c.sum.Write(next.waiting) // a hash takes everything
	c.entries += next.entries
	c.postings += next.postings
	c.last = next.last
}

// flush hashes what waits.
func (c *content) flush() {
	_, _ = c.sum.Write(c.waiting) // a hash takes everything
	c.waiting = c.waiting[:0]
}

// hash is that of everything that was added.
func (c *content) hash() []byte {
	c.flush()
	return c.sum.Sum(nil)
}

// chain is the hash of a seal over this content, whose own hash is a part of it
// as is that of the seal before.
func (c *content) chain(number, at int64, previous []byte) []byte {
	head := newContent()
	addWords(head, "purser seal", string(previous), string(c.hash()), c.last)
	head.numbers(number, at, c.entries, c.postings)
	return head.hash()
}

// sealing is a look for entries that no seal covers, which goes on from seal to
// seal.
type sealing struct {
	mu     sync.Mutex // one at a time
	begun  bool
	all    bool      // it began with the first entry
	from   string    // the id that it has come to
	looked time.Time // when one that began with the first entry came to the end
}

// Seal covers entries that no seal covers.
func (d *DB) Seal(ctx context.Context, limit int) (store.Seal, error) {
	limit = max(1, min(limit, mostSealed))
	s := &d.sealing
	s.mu.Lock()
	defer s.mu.Unlock()
	// What was committed behind a look that goes on is found by one from its
	// beginning, so only such a one may say that there is nothing.
	for goesOn := s.begun; ; goesOn = false {
		made, err := d.sealOnce(ctx, s, limit)
		if err != nil || made.Entries > 0 || !goesOn || s.begun {
			return made, err
		}
	}
}

// sealOnce goes on with a look or begins one. It leaves the look as it is when
// no seal was made of what it found.
func (d *DB) sealOnce(ctx context.Context, s *sealing, limit int) (store.Seal, error) {
	now := d.options.Now()
	before, err := d.SealOf(ctx, 0)
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		return store.Seal{}, err
	}
	if !s.begun {
		if s.all, s.from = now.Sub(s.looked).Abs() >= thorough, ""; !s.all {
			if s.from, err = d.settledBefore(ctx, now); err != nil {
				return store.Seal{}, err
			}
		}
		s.begun = true
	}
	c, keys, err := d.findUnsealed(ctx, s.from, limit)
	if err != nil {
		return store.Seal{}, err
	}
	made := store.Seal{At: now}
	if c.entries > 0 {
		if made, err = d.writeSeal(ctx, c, keys, before, now); err != nil || made.Entries == 0 {
			return made, err
		}
	}
	s.from, s.begun = c.last, c.entries == int64(limit)
	if s.all && !s.begun {
		s.looked = now
	}
	return made, nil
}

// findUnsealed reads entries from an id on that no seal covers, and makes the rows that a seal
// is to have for them, but for its number.
func (d *DB) findUnsealed(ctx context.Context, from string, limit int) (c *content, keys []record, err error) {
	c = newContent()
	_, err = many(ctx, d, func(r row) (struct{}, error) {
		var m mark
		if err := r.Scan(m.into()...); err != nil {
			return struct{}{}, err
		}
		entries := c.entries
		if c.add(m); c.entries > entries {
			keys = append(keys, record{m.entry, m.merchant, int64(0)})
		}
		return struct{}{}, nil
	}, d.unsealed(), from, limit)
	return c, keys, err
}

// settledBefore is where the newest seal that is not new any more ended.
func (d *DB) settledBefore(ctx context.Context, now time.Time) (string, error) {
	found, err := many(ctx, d, scanOne[string],
		"select last_entry from seal where at <= $1 order by number desc limit 1", micros(now.Add(-settled)))
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

// writeSeal makes a seal durable. Its number keeps two processes from making
// the same one.
func (d *DB) writeSeal(
	ctx context.Context, c *content, covered []record, before store.Seal, now time.Time,
) (store.Seal, error) {
	s := store.Seal{Number: before.Number + 1, Entries: c.entries, Postings: c.postings, At: now}
	previous := append([]byte{}, before.Hash...)
	s.Hash = c.chain(s.Number, micros(now), previous)
	err := d.engine.housekeep(ctx, func(h hand) error {
		if err := d.options.stage("seal"); err != nil {
			return err
		}
		if _, err := h.exec(ctx, "insert into seal (number, entries, postings, last_entry, at, previous, hash)"+
			" values ($1, $2, $3, $4, $5, $6, $7)",
			s.Number, s.Entries, s.Postings, c.last, micros(now), previous, s.Hash); err != nil {
			return err
		}
		for _, r := range covered {
			r[len(r)-1] = s.Number
		}
		return h.insert(ctx, sealedTable, covered)
	})
	if err == nil {
		return s, nil
	}
	if v := d.engine.verdict(err); v == taken || v == hindered {
		return store.Seal{At: now}, nil // another process was first
	}
	return store.Seal{}, d.readFault(ctx, err)
}

// SealOf finds a seal by its number, or the last.
func (d *DB) SealOf(ctx context.Context, number int64) (store.Seal, error) {
	return one(ctx, d, fault.CodeNotFound, func(r row) (s store.Seal, err error) {
		var at int64
		err = r.Scan(&s.Number, &s.Entries, &s.Postings, &at, &s.Hash)
		s.At = instant(at)
		return s, err
	}, "select number, entries, postings, at, hash from seal where cast($1 as bigint) in (0, number)"+
		" order by number desc limit 1", number)
}

// Unsealed counts the entries that no seal covers yet.
func (d *DB) Unsealed(ctx context.Context) (int64, error) {
	return one(ctx, d, fault.CodeInternal, scanOne[int64],
		"select (select count(*) from entry) - (select count(*) from sealed)")
}

// UnsealedOf is how many of the entries that an audit saw no seal covers. To count them
// again would take as long as a look at them.
func UnsealedOf(audit []store.Finding) (n int64) {
	for _, f := range audit {
		switch f.Checks {
		case everyEntryBalances:
			n += f.Rows
		case sealsHold:
			n -= f.Rows
		}
	}
	return max(0, n) // sealed entries may be gone
}

// sealsHold is what seals prove.
const sealsHold = "no entry or posting that was sealed was changed or removed, nor any seal"

// sealedBooks proves that the books are what the seals say.
type sealedBooks struct{}

// storedSeal is a seal as it stands in the database.
type storedSeal struct {
	number, entries, postings, at int64
	last                          string
	previous, hash                []byte
}

func (sealedBooks) proven(e *evidence) (store.Finding, bool) {
	return e.finding("I13", sealsHold, sealedTable.name)
}

// prove goes through the sealed entries once, in the order of their ids, and
// has each seal's hash under way at the same time.
func (sealedBooks) prove(ctx context.Context, q querier) (store.Finding, error) {
	under, missing := map[int64]*content{}, map[int64]string{}
	err := each(ctx, q, `select s.entry_id, s.merchant_id, `+markColumns+`, s.seal,
			case when e.id is null then 0 else 1 end
		from sealed s left join entry e on e.id = s.entry_id and e.merchant_id = s.merchant_id
		left join posting p on p.entry_id = e.id and p.merchant_id = e.merchant_id
		order by s.entry_id, s.merchant_id, p.line`, func(r row) error {
		var (
			m           mark
			seal, there int64
		)
		if err := r.Scan(append(m.into(), &seal, &there)...); err != nil {
			return err
		}
		c := under[seal]
		if c == nil {
			c = newContent()
			under[seal] = c
		}
		if c.add(m); there == 0 && missing[seal] == "" {
			missing[seal] = m.entry
		}
		return nil
	})
	if err != nil {
		return store.Finding{}, err
	}
	return judgeSeals(ctx, q, under, missing)
}

// judgeSeals compares seals with what they cover, as it was found, and with what is
// missing of it.
func judgeSeals(
	ctx context.Context, q querier, under map[int64]*content, missing map[int64]string,
) (store.Finding, error) {
	f := store.Finding{ID: "I13", Checks: sealsHold}
	for _, c := range under {
		f.Rows += c.entries
	}
	wrong := func(example string) {
		if f.Wrong == 0 {
			f.Example = example
		}
		f.Wrong++
	}
	previous, next := "", int64(1)
	err := each(ctx, q, "select number, entries, postings, at, last_entry, previous, hash from seal order by number",
		func(r row) error {
			var s storedSeal
			if err := r.Scan(&s.number, &s.entries, &s.postings, &s.at, &s.last, &s.previous, &s.hash); err != nil {
				return err
			}
			if example := s.differs(under[s.number], previous, next); example != "" {
				if gone := missing[s.number]; gone != "" {
					example += ": entry " + gone + " is gone"
				}
				wrong(example)
			}
			delete(under, s.number)
			previous, next = string(s.hash), s.number+1
			return nil
		})
	for number := range under {
		wrong("seal " + strconv.FormatInt(number, 10) + " is gone")
	}
	return f, err
}

// differs says what is wrong about a seal; empty = nothing.
func (s storedSeal) differs(c *content, previous string, next int64) string {
	name := "seal " + strconv.FormatInt(s.number, 10)
	switch {
	case s.number != next:
		return "seal " + strconv.FormatInt(next, 10) + " is gone"
	case string(s.previous) != previous:
		return name + " does not follow the one before it"
	case c == nil:
		return name + " covers nothing any more"
	case string(c.chain(s.number, s.at, s.previous)) != string(s.hash) || s.entries != c.entries ||
		s.postings != c.postings || s.last != c.last:
		return name + " of " + instant(s.at).Format(time.RFC3339) + ", up to entry " + s.last
	}
	return ""
}
