package sqlstore

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/wallet"
)

// gathered is how many rows one question asks for at most.
const gathered = 256

// questions is how many are under way at once at most, of one table: a row that comes
// from the disk keeps those behind it waiting.
const questions = 2

// gatherer finds rows of one table by their keys, those of many callers in one
// question. Who comes while a question may begin is asked for at once; who comes while
// none may is in the next one. So nobody waits for company, and nobody is answered by a
// question that began before he came.
type gatherer[T any] struct {
	db    *DB
	query string
	scan  func(row) (T, error)

	mu      sync.Mutex
	waiting []*sought[T]
	asking  int // questions that are under way
	most    int // of these
}

// gatherers are those of one database, of the rows that use cases begin with.
type gatherers struct {
	invoices  *gatherer[invoice.Invoice]
	payments  *gatherer[payment.Payment]
	customers *gatherer[wallet.Customer]
	keys      *gatherer[merchant.Key] // by hash, whoever's they are; nil on SQLite
}

// newGatherers makes those of an engine.
func newGatherers(e engine, o Options) gatherers {
	g := gatherers{
		invoices:  newGatherer(e, o, invoices, scanInvoice),
		payments:  newGatherer(e, o, payments, scanPayment),
		customers: newGatherer(e, o, customers, scanCustomer),
	}
	if p, ok := e.(*postgresEngine); ok {
		g.keys = &gatherer[merchant.Key]{
			db: &DB{engine: finding{p}, options: o}, query: keysByHash, scan: scanKey, most: questions,
		}
	}
	return g
}

// newGatherer makes a gatherer of one table.
func newGatherer[T any](e engine, o Options, t *table, scan func(row) (T, error)) *gatherer[T] {
	g := &gatherer[T]{scan: scan, most: questions}
	switch e := e.(type) {
	case *postgresEngine:
		g.db, g.query = &DB{engine: finding{e}, options: o}, findMany(t)
	case *sqliteEngine:
		g.db, g.query = &DB{engine: sqliteFinding{e, new(sync.Map)}, options: o}, sqliteFindMany(t)
	}
	return g
}

// sought is a row that somebody waits for.
type sought[T any] struct {
	id, merchant string

	gone  bool // nobody waits any more; guarded by the gatherer
	found T
	here  bool
	err   error
	done  chan struct{}
}

// byKey finds the row with a key.
func byKey[T any](ctx context.Context, g *gatherer[T], missing fault.Code, merchantID, id string) (T, error) {
	found, here, err := g.find(ctx, merchantID, id)
	if err == nil && !here {
		err = fault.New(missing, "", "")
	}
	return found, err
}

// find waits for one row, or for the caller to go away.
func (g *gatherer[T]) find(ctx context.Context, merchantID, id string) (found T, here bool, err error) {
	s := &sought[T]{id: id, merchant: merchantID, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, s)
	if g.asking < g.most {
		g.asking++
		go g.run()
	}
	g.mu.Unlock()
	select {
	case <-s.done:
		return s.found, s.here, s.err
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		s.gone = true
		return found, false, g.db.readFault(ctx, ctx.Err())
	}
}

// run asks until nobody waits. Before each question it lets everybody come who is
// ready to: where the rows are read by this process itself, nobody else has the time.
func (g *gatherer[T]) run() {
	for {
		runtime.Gosched()
		all := g.take()
		if len(all) == 0 {
			return
		}
		err := g.ask(all)
		for _, s := range all {
			if s.err == nil && !s.here {
				s.err = err
			}
			close(s.done)
		}
	}
}

// take takes those who wait, up to the limit of a question.
func (g *gatherer[T]) take() (all []*sought[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.waiting) > 0 && len(all) < gathered {
		if s := g.waiting[0]; !s.gone {
			all = append(all, s)
		}
		g.waiting = g.waiting[1:]
	}
	if len(all) == 0 {
		g.asking--
	}
	return all
}

// ask asks for some rows. Whoever is not there afterwards has no row, or shares
// the error. A caller who goes away must not take the rows of the others along.
func (g *gatherer[T]) ask(all []*sought[T]) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			g.db.options.Log.Error("read panicked", "panic", p, "stack", string(debug.Stack()))
			err = fault.New(fault.CodeInternal, "", "").With(fmt.Errorf("read panicked: %v", p))
		}
	}()
	ids, merchants := make([]string, len(all)), make([]string, len(all))
	for i, s := range all {
		ids[i], merchants[i] = s.id, s.merchant
	}
	_, err = many(ctx, g.db, func(r row) (struct{}, error) {
		p := placed{row: r}
		found, err := g.scan(&p)
		if p.place == 0 {
			return struct{}{}, err
		}
		s := all[p.place-1]
		if err != nil { // of this row alone
			s.err = g.db.readFault(ctx, err)
			return struct{}{}, nil
		}
		s.found, s.here = found, true
		return struct{}{}, nil
	}, g.query, ids, merchants)
	return err
}

// placed is a row with the place of its key among those that were asked for in
// front, counted from one.
type placed struct {
	row

	place int64
}

// Scan reads the place and then what the row is asked for.
func (p *placed) Scan(into ...any) error {
	return p.row.Scan(append([]any{&p.place}, into...)...)
}
