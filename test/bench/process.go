package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// build builds the server.
func build(ctx context.Context, binary string) error {
	//nolint:gosec // the file is in a folder of our own
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/purserhq/purser/cmd/purser")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build purser: %w\n%s", err, out)
	}
	return nil
}

// process is a server in a process of its own.
type process struct {
	cmd     *exec.Cmd
	address string
	log     string        // file of what it says
	cold    time.Duration // from its start to its first good answer
	ended   chan error
}

// startLimit is how long a server may take to answer for the first time.
const startLimit = 20 * time.Second

// start starts a program that listens on the address behind its last argument,
// and waits until it is ready.
func start(ctx context.Context, log, program string, args ...string) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile(filepath.Clean(log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer func() { _ = out.Close() }() // the process has its own handle on it
	//nolint:gosec // the program is the one that was just built, or this one
	p := &process{
		cmd:     exec.Command(program, append(args, address)...), //nolint:noctx // stop ends it in order
		address: address, log: log, ended: make(chan error, 1),
	}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	// A measurement that is killed leaves no server behind.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	if err := p.ready(ctx); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	p.cold = time.Since(began)
	return p, nil
}

// ready asks until the server says that it is ready.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	patience := time.NewTicker(time.Millisecond)
	defer patience.Stop()
	for {
		if p.answers(ctx) {
			return nil
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			text, _ := os.ReadFile(p.log) // without it the error says less
			return fmt.Errorf("a server ended at its start: %w\n%s", err, text)
		case <-ctx.Done():
			return fmt.Errorf("wait for a server: %w", ctx.Err())
		case <-patience.C:
		}
	}
}

// answers asks once.
func (p *process) answers(ctx context.Context) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, answer.Body) // the status is what was asked for
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// stop ends the process in order and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop a server: %w", err)
	}
	select {
	case err := <-p.ended:
		return err
	case <-time.After(startLimit):
		return errors.Join(errors.New("a server did not stop"), p.cmd.Process.Kill())
	}
}

// freeAddress is a port of this machine that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	var last error
	for range 100 {
		address := "127.0.0.1:" + strconv.Itoa(15000+rand.IntN(17000)) //nolint:gosec // a port is no secret
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err == nil {
			return address, l.Close()
		}
		last = err
	}
	return "", fmt.Errorf("find a free port: %w", last)
}

// tick is the unit in which Linux tells the processor time of a process.
const tick = 10 * time.Millisecond

// cpuOf is the processor time that a process has used; with those of its
// children that have ended if the process waited for them.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name of the program, in brackets, may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const utime, cstime = 11, 14 // counted from behind the name
	if len(fields) <= cstime {
		return 0, fmt.Errorf("process %d tells no times", pid)
	}
	var sum time.Duration
	for _, field := range fields[utime : cstime+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read times of process %d: %w", pid, err)
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// memoryOf is a line of a process's status that counts memory, in bytes:
// VmRSS is what is resident now, VmHWM the most that ever was.
func memoryOf(pid int, line string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, line)
}

// databaseProcess is the first process of the PostgreSQL server, the parent of
// all others.
func databaseProcess(ctx context.Context, url string) (pid int, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var backend int
	if err := conn.QueryRow(ctx, "select pg_backend_pid()").Scan(&backend); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", backend))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	return strconv.Atoi(fields[1])
}

// cpuOfAll is the processor time of a process and of all its children, those
// that have ended too.
func cpuOfAll(pid int) (time.Duration, error) {
	if pid == 0 {
		return 0, nil
	}
	sum, err := cpuOf(pid)
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		return 0, err
	}
	for _, field := range strings.Fields(string(text)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("read children of process %d: %w", pid, err)
		}
		if more, err := cpuOf(child); err == nil { // one that has just ended is counted with its parent
			sum += more
		}
	}
	return sum, nil
}

// machineTime is the processor time that all programs of the machine have used.
func machineTime() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	var busy int64
	for i, field := range strings.Fields(first) {
		n, err := strconv.ParseInt(field, 10, 64)
		const idle, waiting, guest = 4, 5, 9
		if err == nil && i != idle && i != waiting && i < guest {
			busy += n
		}
	}
	return time.Duration(busy) * tick
}
