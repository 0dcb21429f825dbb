package sqlstore

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Nearly every batch comes out as could be foreseen: its keys are free, nothing changed
// since it was read, what is taken from an account is there, and nobody else counted on
// with the merchant's numbers. So all of that is assumed, and the whole batch goes to the
// server in one trip, which finds everything as it was assumed, or writes nothing (ADR 0038).

// assumptions are what is remembered from one batch to the next. Where they were wrong, a
// while goes by before anything is assumed again: another node may serve the same merchants.
type assumptions struct {
	mu     sync.Mutex
	counts map[string]count // by merchant, as the last batch left them
	wrong  int              // how often lately
	right  int              // batches since then that came out as foreseen
	pause  int              // batches to come for which nothing is assumed
}

// Bounds of what is remembered, and of a pause, which doubles each time.
const (
	mostCounts  = 10_000
	mostDoubled = 6
)

// assumed is a batch as it comes out if everything is as is assumed.
type assumed struct {
	want

	known    // with the counts that the batch leaves
	plan     plan
	versions map[nounKey]int64 // those at which everything was read
}

// assume foresees a batch. It is not ok if some change of it cannot be made true in any case,
// if nothing may be assumed, or if no event would tell whether it was committed when the
// connection breaks: until a batch of two trips is told to commit, that is certain.
func (a *assumptions) assume(b *batch, w want) (s assumed, ok bool) {
	s = assumed{want: w, known: newKnown(w)}
	if b.carefully || !a.counted(w, s.counts) {
		return s, false
	}
	for _, c := range w.claims {
		s.fresh[claimKey{c[0].(string), c[1].(string), c[2].(string)}] = true
	}
	for _, r := range w.answers {
		s.fresh[claimKey{r[0].(string), answerKind, r[1].(string)}] = true
	}
	for _, o := range b.orders {
		for _, n := range o.nouns {
			if _, twice := s.known.versions[n.nounKey]; n.read > 0 && !twice {
				s.known.versions[n.nounKey] = n.read
			}
		}
	}
	for _, account := range w.floors {
		s.balances[account] = math.MaxInt64
	}
	s.versions = maps.Clone(s.known.versions)
	s.plan = b.decide(s.known)
	if s.plan.accepted < len(b.orders) || len(s.plan.events) == 0 {
		return s, false
	}
	s.floors = s.unguarded()
	return s, true
}

// unguarded are the accounts whose balances have to be looked at. Where a batch leads to its
// deepest point in the end, the server refuses it by itself if that is below the floor.
func (s assumed) unguarded() (all []accountKey) {
	for _, a := range s.floors {
		if m := s.plan.moved[a]; !m.account.Floored() || m.needs != -m.steps {
			all = append(all, a)
		}
	}
	return all
}

// counted fills in the counts of a batch's merchants, if all of them are known.
func (a *assumptions) counted(w want, into map[string]count) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pause > 0 {
		a.pause--
		return false
	}
	for _, t := range w.tallies {
		merchant := t[0].(string)
		n, ok := a.counts[merchant]
		if !ok {
			return false
		}
		into[merchant] = n
	}
	return true
}

// learn remembers the counts that a committed batch left, and whether they were assumed.
func (a *assumptions) learn(counts map[string]count, foreseen bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if foreseen {
		a.right++
	}
	if a.right > 1<<a.wrong { // luck between two mistakes is no reason to trust again
		a.wrong, a.right = max(0, a.wrong-1), 0
	}
	if a.counts == nil || len(a.counts)+len(counts) > mostCounts {
		a.counts = make(map[string]count, len(counts))
	}
	maps.Copy(a.counts, counts)
}

// mistaken forgets the counts of a batch that the server did not find as was assumed.
func (a *assumptions) mistaken(w want) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wrong, a.right = min(a.wrong+1, mostDoubled), 0
	a.pause = 1 << a.wrong
	for _, t := range w.tallies {
		delete(a.counts, t[0].(string))
	}
}

// foreseen commits a batch in one trip. It is not done if the server found something
// otherwise than was assumed: then nothing was written, and it is asked.
func (e *postgresEngine) foreseen(ctx context.Context, conn *pgxpool.Conn, s assumed) (done bool, err error) {
	t := trip{stage: e.options.stage}
	t.add("foreseen", "begin")
	t.assert(s)
	t.writes(s.plan)
	err = t.send(ctx, conn)
	if err == nil {
		e.assumed.learn(s.counts, true)
		return true, nil
	}
	if isUncertain(err) {
		e.assumed.mistaken(s.want)
		return true, errors.Join(errUncertain, err)
	}
	e.rollback(ctx, conn)
	e.assumed.mistaken(s.want)
	if isReadOnly(err) {
		e.reset()
	}
	return t.injected != nil || !isOtherwise(err), err
}

// isOtherwise says that the server found something otherwise than was assumed: a key that is
// taken, a balance that is too low, or what it was asked to look at.
func isOtherwise(err error) bool {
	failed, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch failed.Code {
	case "23505":
		return failed.TableName == claims.name || failed.TableName == answers.name
	case "23514":
		return strings.HasSuffix(failed.Message, belowFloor)
	}
	return failed.Code == "22P02" && strings.Contains(failed.Message, otherwise)
}

// belowFloor is how the error of the trigger account_floor ends.
const belowFloor = "would fall below its floor"

// otherwise is what the server's error says then; it stands in the server's log.
const otherwise = "purser assumed something else: "

// only is a condition on how many rows were found, which fails the statement.
func only(found string, at int) string {
	return "case when " + found + " = " + place(at) + "::bigint then 1 else ('" + otherwise + "' || " + found +
		")::int end"
}

// tallyAssumed counts on, and wants to come to the numbers behind the first ones.
var tallyAssumed = "with done as (" + insertMany(tallies) + addTally + " returning " + tallies.names() + ") select " +
	only("count(*)", 2*len(tallies.columns)) + " from done join (" + rowsOf(tallies.columns, len(tallies.columns)) +
	") as n (" + tallies.names() + ") using (" + tallies.names() + ")"

// assert queues what takes the merchants' locks, and fails unless everything is as is
// assumed. Every statement has a snapshot of its own: the second sees what others committed
// before they gave the locks up. That the keys are free shows when they are inserted.
func (t *trip) assert(s assumed) {
	var left []record
	for _, of := range s.tallies {
		merchant := of[0].(string)
		left = append(left, record{merchant, s.counts[merchant].events, s.counts[merchant].invoices})
	}
	t.rows("tally", tallyAssumed, tallies.columns, s.tallies,
		append(arrays(tallies.columns, left), int64(len(left)))...)
	p := premises{trip: t}
	p.insert("claims", claims, s.claims)
	p.insert("answers", answers, s.answers)
	p.look(s)
	if len(p.args) > 0 {
		t.batch.Queue(p.text(), append(p.args, p.wanted)...)
	}
}

// premises are what one statement claims and looks at, and how many rows it is to find.
type premises struct {
	*trip

	with, counted []string
	args          []any
	wanted        int64
}

// insert inserts rows, whose keys are to be free.
func (p *premises) insert(stage string, t *table, rows []record) {
	if len(rows) == 0 {
		return
	}
	p.pass(stage)
	p.with = append(p.with, stage+" as ("+insertBehind(t, len(p.args))+")")
	p.args = append(p.args, arrays(t.columns, rows)...)
}

// look looks for nouns at the versions at which they were read, and for accounts from
// which enough may be taken.
func (p *premises) look(s assumed) {
	if len(s.want.versions)+len(s.floors) > 0 {
		p.pass("look")
	}
	for _, t := range slices.Concat(looked...) {
		ids, merchants := s.keysOf(t)
		if len(ids) == 0 {
			continue
		}
		least, met := make([]int64, len(ids)), "t.version = n.least"
		for n, id := range ids {
			least[n] = s.versions[nounKey{t, id, merchants[n]}]
		}
		if t == accounts {
			met = "t.balance >= n.least"
			for n, id := range ids {
				least[n] = s.plan.moved[accountKey{id, merchants[n]}].needs
			}
		}
		columns := append(slices.Clone(t.columns[:t.key]), field{"least", number})
		p.counted = append(p.counted, "select count(*) as n from ("+rowsOf(columns, len(p.args))+
			") as n ("+t.keyNames()+", least) join "+t.name+" t on "+matches(t, "t")+" and "+met)
		p.args = append(append(p.args, []any{ids, merchants}[:t.key]...), least)
		p.wanted += int64(len(ids))
	}
}

// text is the statement, behind whose arguments stands how many rows are wanted.
func (p *premises) text() string {
	with := ""
	if len(p.with) > 0 {
		with = "with " + strings.Join(p.with, ", ") + " "
	}
	if len(p.counted) == 0 {
		return with + "select " + place(len(p.args)) + "::bigint"
	}
	return with + "select " + only("sum(n)", len(p.args)) + " from (" + strings.Join(p.counted, " union all ") + ") found"
}
