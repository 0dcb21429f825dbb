package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
)

// routes is the one table of all paths, with the name of whoever answers.
type routes struct {
	mux     *http.ServeMux
	names   map[string]string // by pattern
	unknown http.HandlerFunc  // answers what no route knows
	hangUp  func()            // ends answers that go on for ever
}

func newRoutes() *routes {
	return &routes{mux: http.NewServeMux(), names: map[string]string{}, unknown: http.NotFound, hangUp: func() {}}
}

// handle adds one route of a dialect, or of what else has a name.
func (r *routes) handle(name, pattern string, h http.Handler) {
	r.names[pattern] = name
	r.mux.Handle(pattern, h)
}

// dialectOf names who answered under a pattern, which may be one of a mux
// behind ours.
func (r *routes) dialectOf(pattern string) string {
	if name, ok := r.names[pattern]; ok {
		return name
	}
	for known, name := range r.names {
		if strings.HasSuffix(known, "/") && strings.HasPrefix(routeOf(pattern), known) {
			return name
		}
	}
	return "none"
}

// addHealth adds what machines ask about the server. What is for operators goes
// through a guard.
func (s *Server) addHealth(r *routes, guard func(http.Handler) http.Handler) {
	r.handle("health", "GET /healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusOK, "alive")
	}))
	r.handle("health", "GET /readyz", http.HandlerFunc(s.ready))
	r.handle("health", "GET /healthz/money", guard(http.HandlerFunc(s.money)))
	r.handle("health", "GET /metrics", guard(s.metrics.handler()))
}

// open lets everybody in.
func open(h http.Handler) http.Handler { return h }

// onlyOperators is the guard of a listener that is for everybody. What a proxy
// passes on may come from anywhere, though it comes from this machine; so a
// server that the world can reach needs another listener for its operators.
func (s *Server) onlyOperators(next http.Handler) http.Handler {
	if public, err := url.Parse(s.config.PublicURL); err == nil && loopback(net.JoinHostPort(public.Hostname(), "80")) {
		return onlyLocal(next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusForbidden, "only on the listener of operators: set admin_listen")
	})
}

// ready says whether a request sent now would be served.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.stopping.Load() {
		say(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if err := s.store.Ping(ctx); err != nil {
		s.log.WarnContext(r.Context(), "database does not answer", "error", fault.Detail(err))
		say(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	say(w, http.StatusOK, "ready")
}

// AskReady asks a running server at /readyz and shows its word; anything but
// 200 is an error.
func AskReady(ctx context.Context, t Terminal, address string) error {
	const patience, words = 4 * time.Second, 4 << 10
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%s is no address: give all of it, such as http://127.0.0.1:9090/readyz", address)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/readyz"
		address = u.String()
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("no answer from %s: %w", address, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, words))
	if err != nil {
		return fmt.Errorf("no whole answer from %s: %w", address, err)
	}
	if word := strings.TrimSpace(string(text)); response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d: %s", address, response.StatusCode, word)
	}
	return t.tell("ready")
}

// say answers with one word of JSON.
func say(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": word}) // the caller has gone: nobody is left to tell
}

// addSandbox puts the emulators under /sandbox/<provider>, and their controls
// under /sandbox/<provider>/-/control.
func addSandbox(r *routes, emulators []emulator) {
	for _, e := range emulators {
		base := "/sandbox/" + e.Name()
		r.handle("sandbox", base+"/", http.StripPrefix(base, e))
		control := base + "/-/control"
		r.handle("sandbox", control+"/", onlyLocal(http.StripPrefix(control, e.Control())))
	}
}

// onlyLocal lets in who speaks from this machine, and to it.
func onlyLocal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocal(r) {
			say(w, http.StatusForbidden, "only for programs on this machine")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLocal says that a program on this machine speaks to it: the name in the Host
// header keeps out web pages that made a name of theirs lead here.
func isLocal(r *http.Request) bool {
	host := r.Host
	if !strings.Contains(host, ":") || strings.HasSuffix(host, "]") {
		host += ":80"
	}
	return loopback(r.RemoteAddr) && loopback(host) && !passedOn(r)
}

// passedOn says that a page or a proxy had a hand in a request. An empty header says so too:
// a proxy may have added a line of its own below one that its client sent.
func passedOn(r *http.Request) bool {
	return slices.ContainsFunc([]string{"Origin", "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip"},
		func(name string) bool { return len(r.Header.Values(name)) > 0 })
}

// localAddress refuses an address that others can reach.
func localAddress(address string) error {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return settingError("addr", "must be host:port: "+err.Error())
	}
	if !loopback(address) {
		return settingError("addr", "is "+address+", which others can reach: a demo answers without a key and "+
			"listens on 127.0.0.1, ::1 or localhost only (for anything else use: purser serve)")
	}
	return nil
}
