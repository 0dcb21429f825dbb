package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// Acts are sealed as entries are, in a chain of their own: a seal names those that it
// covers. The numbers of a merchant's events are given in the order of their commits,
// so what is not sealed yet is behind the last act of the merchant that is, and an act
// before it was not there when the seal was made.

// unsealedActs are acts behind the last one of their merchant that a seal covers.
var unsealedActs = "select " + prefixed("e", events) + ` from tally t
	cross join event e
	where e.merchant_id = t.merchant_id
		and e.seq > coalesce((select max(s.seq) from sealed_act s where s.merchant_id = t.merchant_id), 0)
		and ` + isAct + `
	order by e.merchant_id, e.seq limit $1`

// printAct is the hash of an act with all that it says.
func printAct(e event.Event) []byte {
	c := newContent()
	addWords(c, "act", e.Merchant, string(e.Noun), e.Subject, e.Trigger, e.From, e.To, e.Actor, e.Note)
	c.numbers(e.Seq, micros(e.At))
	return c.hash()
}

// actSeal is a seal over acts, by their hashes.
type actSeal struct {
	number, acts, at int64
	previous, hash   []byte
}

// over is the hash of the seal over the acts that were added to a content.
func (s actSeal) over(c *content) []byte {
	head := newContent()
	addWords(head, "purser seal of acts", string(s.previous), string(c.hash()))
	head.numbers(s.number, s.at, s.acts)
	return head.hash()
}

// addAct takes the next act that a seal covers, by its hash.
func addAct(c *content, merchant string, seq int64, print []byte) {
	c.entries++
	addWords(c, merchant, string(print))
	c.numbers(seq)
}

// SealActs covers acts that no seal covers.
func (d *DB) SealActs(ctx context.Context, limit int) (store.Seal, error) {
	limit = max(1, min(limit, mostSealed))
	now := d.options.Now()
	found, err := many(ctx, d, scanEvent, unsealedActs, limit)
	if err != nil || len(found) == 0 {
		return store.Seal{At: now, OfActs: true}, err
	}
	before, err := d.ActSealOf(ctx, 0)
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		return store.Seal{}, err
	}
	s := actSeal{
		number: before.Number + 1, acts: int64(len(found)), at: micros(now), previous: append([]byte{}, before.Hash...),
	}
	c, named := newContent(), []any{s.number}
	values := make([]string, len(found))
	for n, e := range found {
		print := printAct(e)
		addAct(c, e.Merchant, e.Seq, print)
		named = append(named, e.Merchant, e.Seq, print)
		values[n] = "(" + place(3*n+1) + ", " + place(3*n+2) + ", " + place(3*n+3) + ", $1)"
	}
	s.hash = s.over(c)
	err = d.engine.housekeep(ctx, func(h hand) error {
		if err := d.options.stage("seal acts"); err != nil {
			return err
		}
		if _, err := h.exec(ctx, "insert into act_seal (number, acts, at, previous, hash) values ($1, $2, $3, $4, $5)",
			s.number, s.acts, s.at, s.previous, s.hash); err != nil {
			return err
		}
		_, err := h.exec(ctx, "insert into sealed_act (merchant_id, seq, hash, seal) values "+strings.Join(values, ", "),
			named...)
		return err
	})
	if err == nil {
		return store.Seal{Number: s.number, Entries: s.acts, At: now, Hash: s.hash, OfActs: true}, nil
	}
	if v := d.engine.verdict(err); v == taken || v == hindered {
		return store.Seal{At: now, OfActs: true}, nil // another process was first
	}
	return store.Seal{}, d.readFault(ctx, err)
}

// ActSealOf finds a seal over acts by its number, or the last.
func (d *DB) ActSealOf(ctx context.Context, number int64) (store.Seal, error) {
	return one(ctx, d, fault.CodeNotFound, func(r row) (store.Seal, error) {
		s, at := store.Seal{OfActs: true}, int64(0)
		err := r.Scan(&s.Number, &s.Entries, &at, &s.Hash)
		s.At = instant(at)
		return s, err
	}, "select number, acts, at, hash from act_seal where cast($1 as bigint) in (0, number)"+
		" order by number desc limit 1", number)
}

// sealedActs proves that the record of acts is what its seals say.
type sealedActs struct{}

// actsHold is what seals over acts prove.
const actsHold = "no act that was sealed was changed or removed, none was put before it, and no seal of acts was either"

// proven is never so: acts are few, and no look reads all of an event.
func (sealedActs) proven(*evidence) (f store.Finding, ok bool) { return f, false }

// prove compares each act with its hash, the hashes with the seals, and looks for acts
// that came in later.
func (sealedActs) prove(ctx context.Context, q querier) (store.Finding, error) {
	f := store.Finding{ID: "I13", Checks: actsHold}
	wrong := func(format string, args ...any) {
		if f.Wrong == 0 {
			f.Example = fmt.Sprintf(format, args...)
		}
		f.Wrong++
	}
	under := map[int64]*content{}
	err := each(ctx, q, `select s.merchant_id, s.seq, s.hash, s.seal, case when e.seq is null then 0 else 1 end,
			coalesce(e.noun, ''), coalesce(e.subject, ''), coalesce(e.trigger, ''), coalesce(e.from_state, ''),
			coalesce(e.to_state, ''), coalesce(e.actor, ''), coalesce(e.note, ''), coalesce(e.at, 0)
		from sealed_act s left join event e on e.seq = s.seq and e.merchant_id = s.merchant_id
		order by s.merchant_id, s.seq`, func(r row) error {
		var (
			e               event.Event
			print           []byte
			seal, there, at int64
		)
		if err := r.Scan(&e.Merchant, &e.Seq, &print, &seal, &there, &e.Noun, &e.Subject, &e.Trigger, &e.From, &e.To,
			&e.Actor, &e.Note, &at); err != nil {
			return err
		}
		f.Rows++
		if under[seal] == nil {
			under[seal] = newContent()
		}
		addAct(under[seal], e.Merchant, e.Seq, print)
		e.At = instant(at)
		switch {
		case there == 0:
			wrong("act %d of merchant %s is gone", e.Seq, e.Merchant)
		case string(printAct(e)) != string(print):
			wrong("act %d of merchant %s is not what was sealed", e.Seq, e.Merchant)
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	if err := judgeActSeals(ctx, q, under, wrong); err != nil {
		return f, err
	}
	return f, findLateActs(ctx, q, wrong)
}

// findLateActs looks for acts before one that was sealed which no seal covers.
func findLateActs(ctx context.Context, q querier, wrong func(format string, args ...any)) error {
	return each(ctx, q, `select e.merchant_id, e.seq from (
			select merchant_id, max(seq) as last from sealed_act group by merchant_id
		) s join event e on e.merchant_id = s.merchant_id and e.seq < s.last
		where `+isAct+` and not exists (
			select 1 from sealed_act x where x.merchant_id = e.merchant_id and x.seq = e.seq
		) order by e.merchant_id, e.seq`, func(r row) error {
		var (
			merchant string
			seq      int64
		)
		err := r.Scan(&merchant, &seq)
		wrong("act %d of merchant %s was put in later", seq, merchant)
		return err
	})
}

// judgeActSeals compares the seals over acts with what they cover, as it was found.
func judgeActSeals(
	ctx context.Context, q querier, under map[int64]*content, wrong func(format string, args ...any),
) error {
	previous, next := "", int64(1)
	err := each(ctx, q, "select number, acts, at, previous, hash from act_seal order by number", func(r row) error {
		var s actSeal
		if err := r.Scan(&s.number, &s.acts, &s.at, &s.previous, &s.hash); err != nil {
			return err
		}
		name, c := "seal of acts "+strconv.FormatInt(s.number, 10), under[s.number]
		switch {
		case s.number != next:
			wrong("seal of acts %d is gone", next)
		case string(s.previous) != previous:
			wrong("%s does not follow the one before it", name)
		case c == nil:
			wrong("%s covers nothing any more", name)
		case c.entries != s.acts || string(s.over(c)) != string(s.hash):
			wrong("%s of %s", name, instant(s.at).Format(time.RFC3339))
		}
		delete(under, s.number)
		previous, next = string(s.hash), s.number+1
		return nil
	})
	for number := range under {
		wrong("seal of acts %d is gone", number)
	}
	return err
}
