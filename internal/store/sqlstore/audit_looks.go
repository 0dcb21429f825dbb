package sqlstore

import (
	"bytes"
	"context"
	"hash/maphash"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/purserhq/purser/internal/store"
)

// Most checks are about tables that have a row for every payment and more, and a query
// for each of them would read these over and over. So the large tables are read once, in
// two looks at the same time, and what many checks ask is gathered on the way. That a look
// shows nothing wrong is proof enough; whatever it leaves in doubt is asked in the check's
// own words, which find out how much is wrong and where.

// doubt is what a look could not prove.
type doubt uint32

// The doubts.
const (
	doubtEntries   doubt = 1 << iota // an entry does not balance or lacks postings
	doubtAccounts                    // a posting or an account is not as its key says
	doubtSeals                       // a seal differs
	doubtReturned                    // more than was taken
	doubtAsked                       // an invoice took more than was asked for
	doubtOrphans                     // without its invoice or its payment
	doubtReceipts                    // two receipts may be one
	doubtReturns                     // there are returns, whose receipts only a query compares
	doubtSuspense                    // there is money on its way back from suspense
	doubtSettled                     // there are settled payments
	doubtKept                        // there are refunds that a statement may show
	doubtPart                        // there are invoices with a part of their money
	doubtVerify                      // a paid invoice has no time
	doubtCounted                     // a merchant's invoices are counted wrong
	doubtPayouts                     // there are payouts
	doubtExchanges                   // there are exchanges
	doubtLies                        // there is or was money in suspense
	doubtTransit                     // there is money on its way back
)

// sumName is one of the sums that must be zero.
type sumName int

// The sums, each of one table's amounts less those of another.
const (
	sumBalances  sumName = iota // accounts less postings
	sumTaken                    // entries that take money less collected payments
	sumCaptured                 // invoices less payments
	sumReserved                 // invoices less payments
	sumReturned                 // payments less refunds that succeeded
	sumReturning                // payments less refunds that are under way
	sumReleased                 // payments less refunds of held money
	sumPending                  // accounts less paid invoices
	sumHeld                     // accounts less authorized payments
	sumNumbers                  // numbers of invoices less those that there should be
	sumTransfers                // entries less transfers
	sumLegs                     // postings less what transfers say
	sumsAll
)

// proof is what has to be so for a check to hold: sums that are zero, and nothing in
// doubt.
type proof struct {
	doubts doubt
	sums   []sumName
}

// proofs are those of the checks that looks may prove, by what these say.
var proofs = map[string]proof{
	everyEntryBalances: {doubts: doubtEntries},
	"every entry has at least two postings and every posting an entry": {doubts: doubtEntries},
	"every balance is the sum of its postings":                         {doubtAccounts | doubtEntries, zero(sumBalances)},
	"every posting has the unit of its account":                        {doubts: doubtAccounts | doubtEntries},

	"no payment gives back more than it took, pending refunds counted": {doubts: doubtReturned},
	"every payment agrees with its refunds":                            {sums: zero(sumReturned, sumReturning)},
	"no more goes back from suspense than came in for the payment":     {doubts: doubtSuspense},
	"every invoice agrees with its payments":                           {sums: zero(sumCaptured, sumReserved)},
	"no invoice has taken more than was asked for":                     {doubts: doubtAsked},
	"every payment has its invoice and every refund its payment":       {doubts: doubtOrphans},

	"every collected payment was captured once in the books, and no other was": {sums: zero(sumTaken)},
	"no gateway's receipt belongs to two payments":                             {doubts: doubtReceipts},
	"no gateway's return of a payment's money belongs to two refunds":          {doubts: doubtReturns},
	"every settled payment was settled once in the books, and no other was":    {doubts: doubtSettled},
	"what was settled of a payment is what was captured, no more and no less":  {doubts: doubtSettled},
	"what a gateway kept of refunds is what its statements showed":             {doubts: doubtReturns | doubtKept},

	"what waits to be verified is what paid invoices took":        {doubtPart, zero(sumPending)},
	"every paid invoice has a time by which it must be verified":  {doubts: doubtVerify},
	"what payers' banks hold is what authorized payments are for": {sums: zero(sumHeld)},
	"what was let go before it was taken is what refunds say":     {sums: zero(sumReleased)},
	inSuspense: {doubts: doubtLies},
	allIsOwed:  {doubts: doubtLies},
	inTransit:  {doubts: doubtTransit},

	"every payout that is paid was paid for once in the books, and no other is":            {doubts: doubtPayouts},
	"a payout has a deal that is not decided when a trader has taken it, and no other has": {doubts: doubtPayouts},

	"every transfer is in the books once, and no other is": {sums: zero(sumTransfers, sumLegs)},
	"every exchange is in the books once, and no other is": {doubts: doubtExchanges},

	"the invoices of every merchant are counted right":          {doubts: doubtCounted},
	"the invoices of every merchant are numbered without a gap": {sums: zero(sumNumbers)},

	sealsHold: {doubts: doubtSeals},
}

// zero lists sums that must be.
func zero(all ...sumName) []sumName { return all }

// evidence is what one look gathers, or one of its readers.
type evidence struct {
	weights

	sums   [sumsAll]weighed
	doubts doubt
	rows   map[string]int64 // of each table that was read to its end
	read   func(rows int)
	unread int // rows that it was not told yet
}

// newEvidence begins with nothing. Looks whose sums are to be added have one seed.
func newEvidence(seed maphash.Seed, read func(rows int)) *evidence {
	return &evidence{weights: weights{seed: seed}, rows: map[string]int64{}, read: read}
}

// forReaders is one for each reader, to be added.
func (e *evidence) forReaders(from source) []*evidence {
	all := make([]*evidence, from.readers())
	for n := range all {
		all[n] = newEvidence(e.seed, e.read)
		all[n].server, all[n].packed = e.server, e.packed
	}
	return all
}

// forget begins again.
func (e *evidence) forget() {
	e.sums, e.doubts = [sumsAll]weighed{}, 0
	clear(e.rows)
}

// plus adds what others have gathered.
func (e *evidence) plus(others ...*evidence) {
	for _, other := range others {
		for n := range e.sums {
			e.sums[n].plus(other.sums[n])
		}
		e.doubts |= other.doubts
		for table, rows := range other.rows {
			e.rows[table] += rows
		}
	}
}

// proves says whether a check holds for all that is known; without evidence nothing
// does.
func (e *evidence) proves(says string) bool {
	p, ok := proofs[says]
	if e == nil || !ok || e.doubts&p.doubts != 0 {
		return false
	}
	for _, s := range p.sums {
		if e.sums[s] != (weighed{}) {
			return false
		}
	}
	return true
}

// finding is that of a check which holds.
func (e *evidence) finding(id, says, table string) (f store.Finding, ok bool) {
	if !e.proves(says) {
		return f, false
	}
	rows, ok := e.rows[table]
	return store.Finding{ID: id, Checks: says, Rows: rows}, ok
}

// doubtIf notes a doubt.
func (e *evidence) doubtIf(wrong bool, d doubt) {
	if wrong {
		e.doubts |= d
	}
}

// ahead is a stream and its next row; nil at its end.
type ahead struct {
	stream
	row   tuple
	rows  int64
	table string
	e     *evidence
}

// open begins to read.
func (e *evidence) open(rows stream, of scan) (*ahead, error) {
	a := &ahead{stream: rows, table: of.table.name, e: e}
	return a, a.skip()
}

// skip goes on to the next row.
func (a *ahead) skip() (err error) {
	if a.row, err = a.next(); a.row == nil {
		a.e.rows[a.table] += a.rows
		a.rows = 0
		return err
	}
	a.rows++
	const some = 1 << 10
	if a.e.unread++; a.e.unread == some {
		a.e.read(some)
		a.e.unread = 0
	}
	return nil
}

// is says that the next row is of an entry.
func (a *ahead) is(entry tuple) bool {
	return a.row != nil && bytes.Equal(a.row[0].text, entry[0].text) && bytes.Equal(a.row[1].text, entry[1].text)
}

// each looks at every row of a part of a table.
func (e *evidence) each(part stream, of scan, look func(tuple) error) error {
	a, err := e.open(part, of)
	for err == nil && a.row != nil {
		if err = look(a.row); err == nil {
			err = a.skip()
		}
	}
	return err
}

// bothLooks gathers what can be.
func bothLooks(ctx context.Context, from []snapshot, progress func(percent int)) (*evidence, []store.Finding, error) {
	if servers := postgresSnapshots(from); servers != nil {
		return packedLooks(ctx, servers, progress)
	}
	books, things, err := from[0].sources(ctx, from)
	if err != nil {
		return nil, nil, err
	}
	steps, err := newPace(ctx, from[0], progress)
	if err != nil {
		return nil, nil, err
	}
	seed := maphash.MakeSeed()
	b, h := newBooksLook(newEvidence(seed, steps.read)), newEvidence(seed, steps.read)
	var found []store.Finding
	group, ctx := errgroup.WithContext(ctx)
	if books == things { // one after the other
		group.SetLimit(1)
	}
	group.Go(func() error { return b.all(ctx, books) })
	group.Go(func() (err error) {
		found, err = histories{most: rememberMost, evidence: h}.proveAll(ctx, things)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	b.plus(h)
	return b.evidence, found, nil
}

// pace tells how much of what is to be read was read.
type pace struct {
	done, all atomic.Int64
	tell      func(percent int)
}

// newPace estimates how many rows there are, from what is counted anyway.
func newPace(ctx context.Context, q querier, tell func(percent int)) (*pace, error) {
	s := &pace{tell: tell}
	var events, invoices, sealed int64
	err := each(ctx, q, `select coalesce(sum(events), 0), coalesce(sum(invoices), 0),
		(select coalesce(sum(entries + entries + postings), 0) from seal) from tally`,
		func(r row) error { return r.Scan(&events, &invoices, &sealed) })
	s.all.Store(max(1, events+2*invoices+sealed))
	return s, err
}

// read adds rows; the looks are most of an audit, and its checks the rest.
func (s *pace) read(rows int) {
	const looks = 95
	s.tell(int(min(looks, looks*s.done.Add(int64(rows))/s.all.Load())))
}
