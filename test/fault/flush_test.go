//go:build fault

package fault

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/pgtest"
)

// The disk says once that it could not keep what it was given, and would take
// the next flush: the server tells nobody that a write is safe from then on,
// because nobody knows what the disk holds. What it had acknowledged before is
// there after a new start.
func TestFlushFails(t *testing.T) {
	t.Parallel()
	needStrace(t)
	w := open(t, plot{})
	s := w.shops[0]
	written := newJournal(t)
	// The first commit makes the log and flushes its folder, its head and itself.
	const opening = 3
	// strace counts the flushes of each thread for itself.
	for _, n := range []int{opening, 10, 25} {
		// What is not traced cannot be made to fail either.
		server := w.startTraced("-o", "/dev/null", "-e", "trace=fdatasync,fsync",
			"-e", fmt.Sprintf("inject=fdatasync,fsync:error=EIO:when=%d", n))
		acknowledged := writeUntilRefused(s, written)
		if n > opening && acknowledged == 0 {
			t.Errorf("flush %d: nothing was acknowledged before it: the test has shown nothing", n)
		}
		ready, err := s.call(http.MethodGet, "/readyz", nil)
		if err != nil || ready.status != http.StatusServiceUnavailable {
			t.Errorf("flush %d: /readyz: got status %d, %v, want 503: %s", n, ready.status, err, ready.body)
		}
		if !server.running() {
			t.Errorf("flush %d: the server is gone, want one that goes on reading", n)
		}
		acks := written.read(t)
		wantKept(t, s, acks) // of the server that only reads
		server.end(syscall.SIGKILL)
		w.start()
		wantKept(t, s, acks)
		s.invoice(50_000)
		if held := w.audit(); len(held) != 0 {
			t.Errorf("flush %d: got %v, want nothing that waits for a person", n, held)
		}
		w.stop()
		t.Logf("flush %d of a thread failed: %d writes were acknowledged before it", n, acknowledged)
	}
}

// writeUntilRefused lets clients make invoices until each of them was refused
// several times, and says how many were acknowledged. None may be that was
// asked for after the first refusal.
func writeUntilRefused(s *shop, written *journal) int64 {
	s.t.Helper()
	const clients, enough = 8, 5
	const amount = 50_000
	const patience = 20 * time.Second
	judge := refusals{t: s.t}
	var acknowledged atomic.Int64
	var broken atomic.Bool
	deadline := time.Now().Add(patience)
	var crowd sync.WaitGroup
	for n := range clients {
		crowd.Go(func() {
			for refused := 0; refused < enough; {
				if time.Now().After(deadline) {
					s.t.Errorf("client %d: after %s still not refused: no flush has failed", n, patience)
					return
				}
				late := broken.Load()
				id, a, err := s.tryInvoice(amount)
				switch {
				case err != nil:
					s.t.Errorf("client %d: %v", n, err)
					return
				case a.status != http.StatusOK:
					judge.clear(a)
					broken.Store(true)
					refused++
					continue
				case late:
					s.t.Errorf("client %d: invoice %s was acknowledged after a flush had failed", n, id)
					return
				}
				acknowledged.Add(1)
				if err := written.write(ack{Client: n, What: "invoice", ID: id, Amount: amount}); err != nil {
					s.t.Error(err)
					return
				}
			}
		})
	}
	crowd.Wait()
	return acknowledged.Load()
}

// tryInvoice asks for an invoice that may be refused.
func (s *shop) tryInvoice(total int64) (id string, a answer, err error) {
	var made struct {
		ID string `json:"_id"`
	}
	a, err = s.call(http.MethodPost, "/invoice/create", object{"title": "Two tickets", "totalAmount": total})
	if err == nil && a.status == http.StatusOK {
		err = a.into(&made)
	}
	return made.ID, a, err
}

// Each write of a shop that is alone is flushed to the disk before its answer,
// so that the test above fails what really happens.
func TestEveryWriteIsFlushed(t *testing.T) {
	t.Parallel()
	needStrace(t)
	w := open(t, plot{})
	s := w.shops[0]
	calls := filepath.Join(t.TempDir(), "flushes")
	server := w.startTraced("-y", "-o", calls, "-e", "trace=fdatasync,fsync")
	const writes = 20
	before := flushes(t, calls, w.data)
	for range writes {
		s.invoice(50_000)
	}
	if got := flushes(t, calls, w.data) - before; got < writes {
		t.Errorf("%d writes, one after the other: got %d flushes of the database, want at least one for each", writes, got)
	}
	if code := server.end(syscall.SIGTERM); code != 0 {
		t.Errorf("stop: got exit code %d, want 0:\n%s", code, server.stderr)
	}
	w.start()
	if got := len(s.invoices()); got != writes {
		t.Errorf("got %d invoices, want %d", got, writes)
	}
	w.audit()
	w.stop()
}

// flushes counts the flushes of the database's files in what strace wrote.
func flushes(t *testing.T, calls, data string) int {
	t.Helper()
	text, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		// The second half of a call that another thread interrupted names no file.
		if strings.Contains(line, "sync(") && strings.Contains(line, filepath.Join(data, "purser.db")) {
			n++
		}
	}
	return n
}

// mortal begins the command of a process that ends when strace does, which of
// itself would leave it running.
var mortal = []string{"setpriv", "--pdeathsig", "KILL"}

// needStrace skips a test where strace is not there or may not be used, unless
// the environment wants every test to run.
func needStrace(t *testing.T) {
	t.Helper()
	arguments := append([]string{"-f", "-o", "/dev/null", "-e", "trace=none"}, mortal...)
	out, err := exec.CommandContext(t.Context(), "strace", append(arguments, "true")...).CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv(pgtest.Variable) == "required":
		t.Fatalf("strace cannot be used: %v: %s", err, out)
	case errors.Is(err, exec.ErrNotFound):
		t.Skip("strace is not installed, so no flush was made to fail: install the package strace")
	default:
		t.Skipf("strace may not look at processes here, so no flush was made to fail: %v: %s", err, out)
	}
}

// traced is a server under strace. The process is strace.
type traced struct {
	*process
	world  *world
	server *os.Process
}

// startTraced starts the server under strace and waits for its first answer.
func (w *world) startTraced(options ...string) *traced {
	w.t.Helper()
	// The shell tells the number of the process that it then becomes: whoever
	// only ends strace does not know when the server is gone.
	arguments := append([]string{"-f", "-qq", "-e", "signal=none"}, options...)
	arguments = append(arguments, "sh", "-c", `echo $$; exec "$@"`, "sh")
	arguments = append(arguments, mortal...)
	arguments = append(arguments, w.program)
	arguments = append(arguments, w.arguments("serve", "--listen", w.address, "--log-level", "warn",
		"--set", "calls_per_second=1000000")...)
	for _, s := range w.settings {
		arguments = append(arguments, "--set", s)
	}
	p := spawn(w.t, "strace", arguments...)
	var pid int
	if _, err := fmt.Fscanln(bufio.NewReader(p.out), &pid); err != nil {
		w.t.Fatalf("read the server's process number: %v\n%s", err, p.stderr)
	}
	server, err := os.FindProcess(pid)
	if err != nil {
		w.t.Fatal(err)
	}
	t := &traced{process: p, world: w, server: server}
	w.t.Cleanup(func() { t.end(syscall.SIGKILL) })
	w.mu.Lock()
	w.server = p
	w.mu.Unlock()
	wait(w.t, 20*time.Second, "the first answer of the traced server", func() bool { return w.answers() || !p.running() })
	if !p.running() {
		w.t.Fatalf("the server ended at its start:\n%s", p.stderr)
	}
	return t
}

// end ends the server, and with it strace, which ends as the server did. It
// gives the exit code.
func (t *traced) end(signal syscall.Signal) int {
	t.world.t.Helper()
	if t.running() {
		_ = t.server.Signal(signal) // one that has just ended is no error
	}
	select {
	case <-t.ended:
	case <-time.After(20 * time.Second):
		t.world.t.Errorf("the server did not end in time:\n%s", t.stderr)
		t.kill()
	}
	return t.cmd.ProcessState.ExitCode()
}
