//go:build fault

package fault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a child of this test. It does not outlive it.
type process struct {
	cmd    *exec.Cmd
	ended  chan struct{} // closed when it has ended
	out    io.ReadCloser
	stderr *tail
}

// spawn starts a program. Its standard output is for the caller to read.
func spawn(t *testing.T, program string, arguments ...string) *process {
	t.Helper()
	// Its end is ours to choose, by signals; a context would only say kill.
	p := &process{
		cmd: exec.CommandContext(context.Background(), program, arguments...), ended: make(chan struct{}), stderr: &tail{},
	}
	p.cmd.Stderr = p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Env = append(p.cmd.Environ(), "GORACE=halt_on_error=1")
	var err error
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its state
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%v wrote:\n%s", arguments[0], p.stderr)
		}
	})
	return p
}

// kill ends the process as a power cut would, and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // one that has ended already is no error
	<-p.ended
}

// stop asks the process to end in order, and says how it did.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stop: %v", err)
	}
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Error("the process did not stop in time")
		p.kill()
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("stop: got exit code %d, want 0:\n%s", code, p.stderr)
	}
}

// running says that it has not ended.
func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// outcome is what a command said and how it ended.
type outcome struct {
	code        int
	out, errors string
}

// command runs a program to its end.
func command(t *testing.T, program string, arguments ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("run %v: %v", arguments, err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// tail keeps the end of what a process wrote.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write forgets the beginning of a long text.
func (t *tail) Write(text []byte) (int, error) {
	const most = 16 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text...)
	if extra := len(t.text) - most; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(text), nil
}

// String is what is kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
