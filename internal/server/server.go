// Package server is the composition root: it builds a whole Purser from one
// Config, listens, and stops without losing anything. It also holds the work
// of the commands, so that cmd/purser only reads flags and files.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/worker"
)

// returnPath is where gateways send payers back to.
const returnPath = "/cb"

// maxBody bounds every request's body, above the limits that dialects have of
// their own.
const maxBody = 32 << 20

// recheckPause is how long what another node changed usually goes unnoticed.
const recheckPause = time.Second

// Server is a whole Purser.
type Server struct {
	*core

	worker      *worker.Worker
	courier     *worker.Courier
	sender      *http.Client
	watch       *lookout
	certificate *certificate // nil = plain HTTP
	handler     http.Handler
	admin       http.Handler // nil when it is part of handler
	proxies     []netip.Prefix
	stopping    atomic.Bool
	hangUp      func() // ends answers that go on for ever
	lines       *lines // nil when log lines are written at once
}

// The limits of an HTTP server that has no configuration.
const (
	headerTime = 5 * time.Second
	idleTime   = time.Minute
)

// additions are what a demo has beyond a server.
type additions struct {
	openMerchant string // whose keyless requests these are; empty = nobody's
	sandbox      []emulator
}

// New opens the database and builds everything from the configuration. The
// context is for opening alone; log lines go to w. Close it when Run was not
// called. Errors: *SettingError, which names the key, and what the database says.
func New(ctx context.Context, c Config, w io.Writer) (*Server, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	held := &lines{w: w}
	log, err := newLog(held, c.LogFormat, c.LogLevel)
	if err != nil {
		return nil, err
	}
	defer held.Flush() // what opening said does not wait for what serving says
	if err := ready(ctx, c); err != nil {
		return nil, err
	}
	if words := c.KeysetWarning(); words != "" {
		log.WarnContext(ctx, "others may use the keyset", slog.String("cause", words))
	}
	k, err := openCore(ctx, c, forWriting, log)
	if err != nil {
		return nil, advised(err)
	}
	k.tellOfPINs(ctx)
	s, err := build(k, additions{}) //nolint:contextcheck // every call to be served brings its own
	if err != nil {
		return nil, errors.Join(err, k.close())
	}
	if err := s.watch.recall(ctx); err != nil {
		return nil, errors.Join(err, k.close())
	}
	s.lines = held
	return s, nil
}

// build puts the handlers, the worker and the courier over an open core.
func build(k *core, a additions) (*Server, error) {
	s := &Server{core: k, sender: worker.NewSender(k.config.WebhookLoopback), watch: newLookout(k)}
	var err error
	if s.certificate, err = openCertificate(k.config, k.log); err != nil {
		return nil, err
	}
	s.worker = worker.New(worker.Config{
		Chores: k.app, Log: k.log,
		Resolve: k.config.ResolveInterval, Expire: k.config.ExpireInterval, Reject: k.config.RejectInterval,
		Sweep: k.config.SweepInterval, Seal: k.config.SealInterval, Halted: k.halted.Load,
		Further: slices.Concat(s.watch.chores(k.config), s.certificate.chores(), []worker.Chore{
			{Name: "recheck", Pause: recheckPause, AtOnce: true, Do: k.app.Recheck},
		}),
	})
	s.courier = worker.NewCourier(worker.CourierConfig{
		Post: k.app, Log: k.log, Now: k.now, Client: s.sender, Tried: k.metrics.tried, Look: k.config.WebhookLook,
	})
	if s.proxies, err = parseProxies(k.config.Proxies); err != nil {
		return nil, err
	}
	k.metrics.registry.MustRegister(writePath{k.store.Stats, k.store.Pool}, s.watch, gatewayHealth{k.gateways})
	routes := newRoutes()
	if k.config.AdminListen == "" {
		s.addHealth(routes, s.onlyOperators)
	} else {
		admin := newRoutes()
		s.addHealth(admin, open)
		s.admin = s.observe(admin)
	}
	if err := addDialects(routes, k, a); err != nil {
		return nil, err
	}
	addSandbox(routes, a.sandbox)
	s.handler, s.hangUp = s.observe(routes), routes.hangUp
	return s, nil
}

// observe wraps all routes. Paths are taken as they come: none is redirected.
func (s *Server) observe(r *routes) http.Handler {
	return observed{
		next: dialect.Exact(r.mux, r.unknown), log: s.log, metrics: s.metrics, now: s.now,
		sorts: newSorts(s.log, r.dialectOf), proxies: s.proxies, unnamed: new(atomic.Bool),
		tracing: s.tracing, stopping: s.stopping.Load,
	}
}

// Handler answers every request of the public listeners.
func (s *Server) Handler() http.Handler { return s.handler }

// Close closes the database after what was accepted is written. It must not
// be called while requests run; Run does it by itself.
func (s *Server) Close() error { return s.close() }

// Run listens and serves until the context ends, and then stops cleanly:
// nothing new is accepted, running requests and the worker finish, and what
// was accepted is written.
// Errors: an address that cannot be listened on, and a stop that took longer
// than stop_limit.
func (s *Server) Run(ctx context.Context) error {
	if s.lines != nil {
		defer s.lines.Flush()
	}
	open, err := listen(ctx, s.config)
	if ctx.Err() != nil && err != nil {
		return s.close() // it was told to stop before it had begun
	}
	if err != nil {
		return errors.Join(err, s.close())
	}
	return s.serve(ctx, open)
}

// door is an open address, and who it is for.
type door struct {
	net.Listener

	sort doorSort
}

// doorSort is a word for who comes through a door.
type doorSort string

const (
	everybody   doorSort = "everybody"
	refundShops doorSort = "everybody, at the port of refunds"
	operators   doorSort = "operators"
)

// ready looks for what would keep a server from starting after its database was brought
// up to date, from which there is no way back.
func ready(ctx context.Context, c Config) error {
	if c.Keyset != "" || exists(c.KeysetFile) { // what one that is not there means, the database knows
		if err := c.CheckKeyset(); err != nil {
			return err
		}
	}
	if err := c.CheckCertificate(); err != nil {
		return err
	}
	doors, err := listen(ctx, c)
	return errors.Join(err, closeAll(doors))
}

// listen opens every address of a configuration, or none.
func listen(ctx context.Context, c Config) ([]door, error) {
	var open []door
	for _, wanted := range []struct {
		sort      doorSort
		addresses []string
	}{
		{everybody, append([]string{c.Listen}, c.ExtraListen...)},
		{everybody, []string{c.PaymentsListen}},
		{refundShops, []string{c.RefundsListen}},
		{operators, []string{c.AdminListen}},
	} {
		for _, address := range wanted.addresses {
			if address == "" {
				continue
			}
			l, err := listenOn(ctx, address)
			if err != nil {
				return nil, errors.Join(err, closeAll(open))
			}
			open = append(open, door{l, wanted.sort})
		}
	}
	return open, nil
}

// listenOn opens one address.
func listenOn(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen on %s: %w (is another program there? choose another address)", address, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("listen on %s: %w (ports below 1024 are for root: choose a higher one, behind a proxy)",
			address, err)
	}
	return nil, fmt.Errorf("listen on %s: %w", address, err)
}

func closeAll[L net.Listener](open []L) error {
	errs := make([]error, len(open))
	for i, d := range open {
		errs[i] = d.Close()
	}
	return errors.Join(errs...)
}

// engine names the database for people.
func (s *Server) engine() string {
	if s.config.Database != "" {
		return "PostgreSQL"
	}
	return "SQLite"
}

// serve answers on open listeners until the context ends.
func (s *Server) serve(ctx context.Context, open []door) error {
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	sending, cutSending := context.WithCancel(context.WithoutCancel(ctx))
	defer cutSending()
	hands := hands{worked: make(chan struct{}), sent: make(chan struct{}), stop: stopWorking, cut: cutSending}
	go func() {
		defer close(hands.worked)
		s.worker.Run(working)
	}()
	go func() {
		defer close(hands.sent)
		defer s.sender.CloseIdleConnections()
		s.courier.Run(working, sending)
	}()
	behind := map[doorSort]http.Handler{
		everybody: s.handler, refundShops: refundsPort(s.handler), operators: s.admin,
	}
	s.log.InfoContext(ctx, "starting", slog.String("version", Version()), slog.String("database", s.engine()),
		slog.Int64("schema", s.store.Migrated().After))
	servers := make([]*http.Server, 0, len(open))
	failed := make(chan error, len(open))
	for _, d := range open {
		server := s.httpServer(behind[d.sort])
		servers = append(servers, server)
		go func() { failed <- s.certificate.serve(server, d) }()
		s.log.InfoContext(ctx, "listening", slog.String("address", d.Addr().String()), slog.String("for", string(d.sort)))
	}
	var cause error
	select {
	case <-ctx.Done():
		cause = s.leave(ctx, failed)
	case cause = <-failed:
	}
	if cause != nil {
		cause = fmt.Errorf("serve: %w", cause)
	}
	return errors.Join(cause, s.stop(ctx, servers, hands))
}

// leave says at /readyz that the server will stop, and serves on until those who
// send requests here may have seen it.
func (s *Server) leave(ctx context.Context, failed <-chan error) error {
	s.stopping.Store(true)
	if s.config.StopDelay == 0 {
		return nil
	}
	s.log.InfoContext(ctx, "stopping soon", slog.String("delay", s.config.StopDelay.String()))
	delay := time.NewTimer(s.config.StopDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
		return nil
	case err := <-failed:
		return err
	}
}

// httpServer has a limit on everything that a client can be slow or long with.
func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.config.ReadHeaderTimeout,
		ReadTimeout:       s.config.ReadTimeout,
		WriteTimeout:      s.config.WriteTimeout,
		IdleTimeout:       s.config.IdleTimeout,
		MaxHeaderBytes:    s.config.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
}

// hands are those who work without being asked: the worker and the courier.
type hands struct {
	worked, sent chan struct{} // closed when the one or the other has ended
	stop         func()        // nothing new is begun
	cut          func()        // what is being sent is cut off
}

// stop drains requests, worker and courier side by side, and then the committer.
func (s *Server) stop(ctx context.Context, servers []*http.Server, h hands) error {
	s.stopping.Store(true)
	begin := s.now()
	s.log.InfoContext(ctx, "stopping", slog.String("limit", s.config.StopLimit.String()))
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.StopLimit)
	defer cancel()
	h.stop()
	s.hangUp()
	drained := make(chan error, len(servers))
	for _, server := range servers {
		go func() { drained <- server.Shutdown(limit) }()
	}
	var errs []error
	for range servers {
		if err := <-drained; err != nil {
			errs = append(errs, fmt.Errorf("requests were cut off after stop_limit: %w", err))
		}
	}
	for _, server := range servers {
		_ = server.Close() // only those that Shutdown gave up on are still open
	}
	select {
	case <-h.worked:
	case <-limit.Done():
		errs = append(errs, errors.New("the worker was cut off after stop_limit"))
	}
	select {
	case <-h.sent:
	case <-limit.Done():
		// No mistake: a message whose receiver takes its time is sent again after its lease.
		h.cut()
		select {
		case <-h.sent:
		case <-time.After(time.Second):
			errs = append(errs, errors.New("messages that were being sent could not be cut off after stop_limit"))
		}
	}
	errs = append(errs, s.closeWithin(limit))
	s.log.InfoContext(ctx, "stopped", slog.Int64("took_us", s.now().Sub(begin).Microseconds()))
	return errors.Join(errs...)
}

// closeWithin waits for the committer no longer than the limit allows. What
// it had acknowledged is durable either way.
func (s *Server) closeWithin(limit context.Context) error {
	closed := make(chan error, 1)
	go func() { closed <- s.close() }()
	select {
	case err := <-closed:
		return err
	case <-limit.Done():
	}
	// The limit may have ended just as the work did.
	select {
	case err := <-closed:
		return err
	case <-time.After(time.Second):
		return errors.New("changes that waited to be written were given up after stop_limit")
	}
}
