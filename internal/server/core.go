package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/wallet"
	"github.com/purserhq/purser/internal/worker"
)

// core is what a server and a command have in common: an open database and
// the use cases over it.
type core struct {
	config    Config
	log       *slog.Logger
	now       func() time.Time
	store     *sqlstore.DB
	ring      *keyring
	gateways  *directory
	app       *app.App
	metrics   *metrics
	transport *http.Transport
	points    failpoints
	tracing   *tracing    // nil = off
	halted    atomic.Bool // the audit proved that the books are wrong
}

// now is the clock of the whole server: everybody else is handed one.
func now() time.Time { return time.Now() }

// purpose says how much of a core is needed.
type purpose int

const (
	forReading purpose = iota // works beside a running server
	forWriting                // takes the database for itself, where it is SQLite
)

// openCore opens the database of a filled configuration and builds the use
// cases.
func openCore(ctx context.Context, c Config, p purpose, log *slog.Logger) (*core, error) {
	k := &core{config: c, log: log, now: now, metrics: newMetrics(Version()), transport: client.Transport()}
	worker.GuardNames(k.transport, c.WebhookLoopback)
	if err := makeFolder(c, p); err != nil {
		return nil, err
	}
	var err error
	if k.points, err = openFailpoints(c, p, log); err != nil {
		return nil, err
	}
	k.now = k.points.clock(now)
	k.store, err = sqlstore.Open(ctx, k.storeOptions(p))
	if p == forReading && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w (is this the right folder? purser serve makes a new database)", err)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, errors.New(withOwner(err))
	}
	if err != nil {
		return nil, err
	}
	if p == forReading {
		if err := readable(ctx, k.store); err != nil {
			return nil, errors.Join(err, k.close())
		}
	}
	if p == forWriting {
		if k.tracing, err = openTracing(ctx, c, log); err != nil {
			return nil, errors.Join(err, k.close())
		}
	}
	if err := k.openGateways(ctx, p); err != nil {
		return nil, errors.Join(err, k.close())
	}
	k.app = k.over(k.tracing.store(k.points.store(k.store)))
	return k, nil
}

// readable refuses a database whose schema is older than what this program reads:
// whoever only looks brings nothing up to date. A newer one is as good.
func readable(ctx context.Context, db *sqlstore.DB) error {
	const next = "run purser migrate, or use the program that serves it"
	is, needed, err := db.SchemaVersion(ctx)
	if sqlstore.HasNoSchema(err) {
		return errors.New("this is no database of purser, or an empty one: " + next)
	}
	if err == nil && is < needed {
		return fmt.Errorf("the database's schema is at version %d and this program needs %d: %s", is, needed, next)
	}
	return err
}

// over builds the use cases over a store.
func (k *core) over(s store.Store) *app.App {
	return app.New(app.Config{
		Store: s, Gateways: k.gateways, Now: k.now, Log: k.log,
		ReturnURL: k.config.PublicURL + returnPath, NoticeURL: k.config.PublicURL + noticePath,
		Returners: returners(), Sealer: k.gateways.ring, Credentials: k.gateways.ring.sealCredentials,
		Forms: forms(), PayoutForms: payoutForms(), Private: k.config.WebhookLoopback, Kept: k.config.KeepDeliveries,
		KeptContacts: k.config.KeepContacts,
		Halted:       k.halted.Load, Elsewhere: elsewhere(k.config),
	})
}

// elsewhere lets a time pass for other nodes, which only a shared database can have.
func elsewhere(c Config) func(time.Duration) {
	if c.Database == "" {
		return nil
	}
	return func(d time.Duration) { <-time.After(d) }
}

// makeFolder makes the data folder with an empty database: it holds names,
// telephone numbers and keys and is nobody else's to read.
func makeFolder(c Config, p purpose) error {
	if c.Data == "" || p == forReading {
		return nil
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return settingError("data", "cannot be used: "+withOwner(err))
	}
	if c.Database != "" {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(c.Data, databaseName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return settingError("data", "cannot be used: "+withOwner(err))
	}
	return errors.Join(file.Close(), sqlstore.GiveToFolder(file.Name()))
}

// withOwner is an error with what to do where a file is somebody else's.
func withOwner(err error) string {
	if !errors.Is(err, fs.ErrPermission) {
		return err.Error()
	}
	return err.Error() + " (run purser as the user that the files belong to, such as: sudo -u purser purser ...)"
}

// storeOptions are how the configuration's database is opened.
func (k *core) storeOptions(p purpose) sqlstore.Options {
	url := k.config.Database.Reveal()
	if url == "" {
		url = filepath.Join(k.config.Data, databaseName)
	}
	return sqlstore.Options{
		URL: url, Queue: k.config.CommitQueue, Pool: k.config.DatabaseConnections,
		Now: k.now, Log: k.log, ReadOnly: p == forReading, Fault: k.points.stages(),
	}
}

// openGateways prepares the opening of contracts. A keyset that was made just
// now cannot belong to a database that holds credentials already.
func (k *core) openGateways(ctx context.Context, p purpose) error {
	k.gateways = &directory{
		ring: &keyring{}, transport: k.points.transport(k.transport), metrics: k.metrics, now: k.now,
		tracing: k.tracing,
	}
	if p == forReading {
		return nil
	}
	if k.config.Keyset == "" && k.config.KeysetFile != "" && !exists(k.config.KeysetFile) {
		if holds, err := k.holdsSecrets(ctx); err != nil {
			return err
		} else if holds {
			return settingError("keyset_file", "is not there ("+k.config.KeysetFile+
				"), but the database holds secrets that were sealed under one: bring it back")
		}
	}
	ring, err := openKeyring(k.config)
	if err != nil {
		return err
	}
	k.ring, k.gateways.ring = ring, ring
	k.tryKeyset(ctx)
	return nil
}

// tryKeyset warns where a keyset does not open what it is tried at: it is another
// database's, or another node's. It is no reason to stop: whoever lost theirs begins with a
// new one.
func (k *core) tryKeyset(ctx context.Context) {
	if k.ring.aead == nil {
		return
	}
	opened, closed, err := k.tries(ctx)
	if err != nil && ctx.Err() == nil {
		k.log.WarnContext(ctx, "the keyset could not be tried", "error", fault.Detail(err))
	}
	switch {
	case closed > 0 && opened > 0:
		k.log.WarnContext(ctx, "some secrets in the database do not open under this keyset", "closed", closed, "opened",
			opened, "next", "purser keyset reseal --check names them; where several servers share the database, see that all "+
				"have the same keyset")
	case closed > 0:
		k.log.WarnContext(ctx, "no secret in the database opens under this keyset", "tried", closed, "next", "give the "+
			"keyset that they were sealed under; if it is lost, enter credentials again, and make endpoints, terminals and "+
			"PINs anew")
	}
}

// tellOfPINs warns where PINs are stored so that older programs can read them, which only
// whoever has replaced them all can end.
func (k *core) tellOfPINs(ctx context.Context) {
	sealed, err := k.store.PINsSealed(ctx)
	if err == nil && !sealed {
		k.log.WarnContext(ctx, "PINs are not sealed under the keyset: whoever has a backup finds them", "next",
			"purser keyset reseal, once all servers run this release")
	}
}

// fewCustomers is how many of a merchant's the keyset is tried at.
const fewCustomers = 10

// tries counts what opens under the keyset and what does not, of some merchants.
func (k *core) tries(ctx context.Context) (opened, closed int, err error) {
	const enough = 100
	merchants, err := k.store.Merchants(ctx, app.Page{Limit: enough})
	if err != nil {
		return 0, 0, err
	}
	for _, m := range merchants {
		known, err := k.store.Gateways(ctx, m.ID)
		if err != nil {
			return 0, 0, err
		}
		endpoints, err := k.store.Endpoints(ctx, m.ID)
		if err != nil {
			return 0, 0, err
		}
		customers, err := k.store.Customers(ctx, m.ID, app.Page{Limit: fewCustomers})
		if err != nil {
			return 0, 0, err
		}
		good, bad := k.ring.tries(known, endpoints, customers)
		opened, closed = opened+good, closed+bad
	}
	return opened, closed, nil
}

// holdsSecrets says whether any merchant has some.
func (k *core) holdsSecrets(ctx context.Context) (bool, error) {
	for offset := 0; ; offset += pageSize {
		merchants, err := k.store.Merchants(ctx, app.Page{Limit: pageSize, Offset: offset})
		if err != nil {
			return false, err
		}
		for _, m := range merchants {
			if holds, err := k.merchantHoldsSecrets(ctx, m.ID); holds || err != nil {
				return holds, err
			}
		}
		if len(merchants) < pageSize {
			return false, nil
		}
	}
}

// merchantHoldsSecrets looks at contracts, signing keys, issuers, endpoints, among which
// are those that sign for terminals, and PINs.
func (k *core) merchantHoldsSecrets(ctx context.Context, id string) (bool, error) {
	known, err := k.store.Gateways(ctx, id)
	if err != nil {
		return false, err
	}
	keys, err := k.store.Keys(ctx, id)
	if err != nil {
		return false, err
	}
	endpoints, err := k.store.Endpoints(ctx, id)
	if err != nil {
		return false, err
	}
	if len(endpoints) > 0 || slices.ContainsFunc(keys, func(k merchant.Key) bool { return len(k.Sealed) > 0 }) ||
		slices.ContainsFunc(known, func(g merchant.Gateway) bool { return len(g.Sealed) > 0 }) {
		return true, nil
	}
	return k.holdsPINs(ctx, id)
}

// holdsPINs says whether any customer of a merchant has a sealed PIN.
func (k *core) holdsPINs(ctx context.Context, merchantID string) (bool, error) {
	for below := int64(0); ; {
		list, err := k.store.ListCustomers(ctx, merchantID, store.CustomerList{}, below, store.Older{Limit: pageSize})
		if err != nil {
			return false, err
		}
		for _, c := range list {
			if _, ok := wallet.SealOfPIN(c.PIN); ok {
				return true, nil
			}
			below = c.Number
		}
		if len(list) < pageSize {
			return false, nil
		}
	}
}

// pageSize is how many merchants or customers are read at once.
const pageSize = 500

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// close waits for what was accepted and closes the database.
func (k *core) close() error {
	k.transport.CloseIdleConnections()
	var failed error
	if err := k.store.Close(); err != nil {
		failed = fmt.Errorf("close database: %w", err)
	}
	if err := k.tracing.close(); err != nil { // a collector that is away is no reason to fail
		k.log.Warn("spans were given up", "error", err)
	}
	return failed
}

// explain is an error in words for the operator, with what to do next.
func explain(err error) error {
	if err == nil {
		return nil
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return advised(err)
	}
	// Where a stranger's words would say too little, the operator is told the cause.
	if cause := errors.Unwrap(f); f.Code == fault.CodeInternal && cause != nil {
		return explain(cause)
	}
	if f.Code == fault.CodeSettingInvalid || f.Kind == fault.Invalid && f.Param != "" {
		return fmt.Errorf("%s: %s", f.Param, f.Words)
	}
	if f.Code == fault.CodeMerchantNotFound {
		return errors.New("there is no such merchant: purser merchant list shows them")
	}
	return withAdvice(errors.New(fault.Detail(err)), sqlstore.Advice(err))
}

// advised is an error with what to do about it, where that is known.
func advised(err error) error { return withAdvice(err, sqlstore.Advice(err)) }

// withAdvice puts advice on a line of its own behind an error.
func withAdvice(err error, advice string) error {
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w\n%s", err, advice)
}

// commandLog is where a command says what goes wrong on the way.
func commandLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: maskAttr}))
}
