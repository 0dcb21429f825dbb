//go:build fault

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/purserhq/purser/internal/store"
)

// Files in the data folder of a server that was built with the tag "fault".
const (
	// FailpointsName holds a FailpointPlan. Only a server that finds it at its
	// start can be harmed; SIGUSR1 makes it read the plan again.
	FailpointsName = "failpoints.json"
	// PassedName lists the points that were passed, each once, by line.
	PassedName = "failpoints.passed"
)

// FailpointPlan says where a server of the fault build ends, and how late it
// believes it is.
type FailpointPlan struct {
	Point string        `json:"point,omitempty"` // where SIGKILL strikes; empty = nowhere
	Hit   int           `json:"hit,omitempty"`   // at which pass, counted from 1 since the plan was read
	Ahead time.Duration `json:"ahead,omitempty"` // of the server's clock before the real one, in nanoseconds
}

// failpoints are the places where a test may end the process. The zero value
// is harmless.
type failpoints struct{ *armed }

// armed is what a plan has made of a process.
type armed struct {
	folder string
	log    *slog.Logger
	ahead  atomic.Int64

	mu     sync.Mutex
	plan   FailpointPlan
	hits   int
	passed map[string]bool
}

// openFailpoints reads the plan, if there is one and the process is to write.
func openFailpoints(c Config, p purpose, log *slog.Logger) (failpoints, error) {
	if c.Data == "" || p == forReading || !exists(filepath.Join(c.Data, FailpointsName)) {
		return failpoints{}, nil
	}
	a := &armed{folder: c.Data, log: log, passed: map[string]bool{}}
	if err := a.read(); err != nil {
		return failpoints{}, err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		for range signals {
			if err := a.read(); err != nil {
				log.Error("plan of failpoints cannot be read", slog.Any("error", err))
			}
		}
	}()
	return failpoints{a}, nil
}

// read takes the plan from its file and counts anew.
func (a *armed) read() error {
	text, err := os.ReadFile(filepath.Join(a.folder, FailpointsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var plan FailpointPlan
	if err == nil {
		err = json.Unmarshal(text, &plan)
	}
	if err != nil {
		return fmt.Errorf("read plan of failpoints: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.plan, a.hits = plan, 0
	a.ahead.Store(int64(plan.Ahead))
	return nil
}

// hit passes a point, or ends the process there as a power cut would: nothing
// that runs after it has any effect.
func (a *armed) hit(point string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.passed[point] {
		a.passed[point] = true
		a.note(point)
	}
	if point != a.plan.Point {
		return
	}
	if a.hits++; a.hits < a.plan.Hit {
		return
	}
	a.log.Warn("killed at a failpoint", slog.String("point", point))
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err) // a process may always kill itself
	}
	select {} // until the signal arrives; the lock keeps everybody else here
}

// note writes a point down that was never passed before.
func (a *armed) note(point string) {
	file, err := os.OpenFile(filepath.Join(a.folder, PassedName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(point + "\n")
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		a.log.Error("failpoint cannot be written down", slog.Any("error", err))
	}
}

// clock runs ahead as far as the plan says.
func (f failpoints) clock(now func() time.Time) func() time.Time {
	if f.armed == nil {
		return now
	}
	return func() time.Time { return now().Add(time.Duration(f.ahead.Load())) }
}

// stages has a point at every step of a commit inside the database.
func (f failpoints) stages() func(string) error {
	if f.armed == nil {
		return nil
	}
	return func(stage string) error {
		f.hit("database " + stage)
		return nil
	}
}

// store has a point before and after every kind of commit.
func (f failpoints) store(s store.Store) store.Store {
	if f.armed == nil {
		return s
	}
	return brittleStore{s, f.armed}
}

type brittleStore struct {
	store.Store

	points *armed
}

// Commit dies before the change is made, or when it is durable and nobody has
// been told.
func (b brittleStore) Commit(ctx context.Context, c store.Change) error {
	kind := kindOfChange(c)
	b.points.hit("before " + kind)
	err := b.Store.Commit(ctx, c)
	if err == nil {
		b.points.hit("after " + kind)
	}
	return err
}

// kindOfChange names a change by the first thing that happens in it.
func kindOfChange(c store.Change) string {
	if len(c.Events) == 0 {
		return "silent change"
	}
	return string(c.Events[0].Noun) + " " + c.Events[0].Trigger
}

// transport has a point before and after every call to a provider.
func (f failpoints) transport(t http.RoundTripper) http.RoundTripper {
	if f.armed == nil {
		return t
	}
	return brittleTransport{t, f.armed}
}

type brittleTransport struct {
	next   http.RoundTripper
	points *armed
}

// RoundTrip dies before the provider hears of it, or when it has answered and
// nobody has read the answer.
func (b brittleTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	call := "call " + path.Base(r.URL.Path)
	b.points.hit("before " + call)
	response, err := b.next.RoundTrip(r)
	if err == nil {
		b.points.hit("after " + call)
	}
	return response, err
}
