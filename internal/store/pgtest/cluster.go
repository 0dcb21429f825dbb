package pgtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// patience is how long one step of a server's life may take before it counts
	// as failed. A start takes about a second; a loaded machine needs more.
	patience = 30 * time.Second
	// pause lies between two looks at a server that is starting or ending.
	pause = 10 * time.Millisecond
)

// errEnded says that a server ended while somebody waited for its first answer.
var errEnded = errors.New("the server ended during its start")

// Options says what kind of server a test needs. The zero value is a fast one
// that loses data when the machine stops, not when only the server is killed.
type Options struct {
	// Durable leaves fsync, full_page_writes and synchronous_commit on, as a
	// production server has them and as Purser demands at its start.
	Durable bool
	// InMemory keeps the files in /dev/shm if that has room, where a flush costs
	// nothing. It changes no setting; figures measured so say nothing about disks.
	InMemory bool
	// Settings are further settings of the server, such as max_connections.
	Settings map[string]string
	// InitArguments are further arguments of initdb, such as --locale-provider=icu.
	InitArguments []string
}

// Cluster is one PostgreSQL server with its data. Its methods are for one
// goroutine at a time; the databases in it may be used by any number.
type Cluster struct {
	programs string // where initdb and postgres are
	dir      string // everything this server ever writes
	port     int
	settings []string
	warden   *warden
	process  *exec.Cmd
	ended    chan struct{} // closed when process has ended
}

// Start creates a cluster and returns when it answers. The error is
// ErrNotInstalled where the machine has no PostgreSQL. The caller stops it.
func Start(o Options) (*Cluster, error) {
	programs, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := newDir(o.InMemory)
	if err != nil {
		return nil, err
	}
	c := &Cluster{programs: programs, dir: dir, settings: settings(o)}
	if c.warden, err = newWarden(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.initialise(o.InitArguments); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	if err := c.begin(); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// URL returns the address of a database of this cluster, as pgx and psql read it.
// It stays the same over Kill and Restart.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

// Log returns what the server has written to its log so far.
func (c *Cluster) Log() string {
	text, err := os.ReadFile(c.logFile())
	if err != nil {
		return fmt.Sprintf("read the server's log: %v", err)
	}
	return string(text)
}

// Stop ends the server, cutting open connections off, and removes its data.
// Stopping twice is allowed.
func (c *Cluster) Stop() error {
	return errors.Join(c.shutDown(), freeSegment(c.data()), os.RemoveAll(c.dir), c.warden.dismiss())
}

// Kill ends the server and every connection's process with SIGKILL at once, as a
// crash does. The data stays for Restart, which has to recover it.
func (c *Cluster) Kill() error {
	if !c.running() {
		return nil
	}
	server := c.process.Process
	// The server is halted first, so that it starts no process while they are counted.
	if err := server.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("halt PostgreSQL: %w", err)
	}
	for _, pid := range children(server.Pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // one that has just ended by itself is no error
	}
	if err := server.Kill(); err != nil {
		return fmt.Errorf("kill PostgreSQL: %w", err)
	}
	<-c.ended
	return nil
}

// Restart starts the server again on the same port and data, after Kill or, if it
// still runs, after an orderly end.
func (c *Cluster) Restart() error {
	if err := c.shutDown(); err != nil {
		return err
	}
	// A killed server's processes may hold its shared memory for another moment, and
	// a new server refuses to start beside them.
	deadline := time.After(patience)
	for {
		err := c.launch()
		if !errors.Is(err, errEnded) {
			return err
		}
		select {
		case <-deadline:
			return err
		case <-time.After(pause):
		}
	}
}

// shutDown ends a running server in order and waits for it: at once when it keeps
// its connections longer than we are patient.
func (c *Cluster) shutDown() error {
	if !c.running() {
		return nil
	}
	if err := c.process.Process.Signal(syscall.SIGINT); err != nil {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	select {
	case <-c.ended:
		return nil
	case <-time.After(patience):
		return c.Kill()
	}
}

// running reports whether the server was started and has not ended.
func (c *Cluster) running() bool {
	if c.process == nil {
		return false
	}
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// initialise lays the data directory out.
func (c *Cluster) initialise(further []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	arguments := append([]string{
		"-D", c.data(), "-U", "postgres", "-A", "trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8",
	}, further...)
	cmd, err := c.command(ctx, "initdb", arguments)
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run initdb: %w\n%s", err, out)
	}
	return nil
}

// begin starts the server for the first time, on a port that is free.
func (c *Cluster) begin() (err error) {
	// Between the look for a free port and the server's own bind another process
	// may take the port; another number is tried then.
	for range 3 {
		if c.port, err = freePort(); err != nil {
			return err
		}
		if err = c.launch(); !errors.Is(err, errEnded) {
			return err
		}
	}
	return err
}

// launch starts the server and waits for its first answer. The error is errEnded
// where the server gave up by itself.
func (c *Cluster) launch() error {
	log, err := os.OpenFile(c.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	defer func() { _ = log.Close() }() // the server has its own handle on it
	arguments := slices.Concat([]string{"-D", c.data(), "-c", "port=" + strconv.Itoa(c.port)}, c.settings)
	cmd, err := c.command(context.Background(), "postgres", arguments)
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	c.process, c.ended = cmd, make(chan struct{})
	c.warden.watch(cmd.Process.Pid)
	go c.await(cmd, c.ended)
	return c.ready()
}

// await collects the server's end and tells the warden that the number of the
// process is no longer ours to signal.
func (c *Cluster) await(cmd *exec.Cmd, ended chan struct{}) {
	_ = cmd.Wait() // how it ended is in its log; that it ended is what callers ask
	c.warden.watch(0)
	close(ended)
}

// ready waits until the server answers on its port, and makes sure that it is
// this server that answers and not another one on the same port.
func (c *Cluster) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := c.ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.ended:
			return fmt.Errorf("%w:\n%s", errEnded, c.Log())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for PostgreSQL: %w\n%s", err, c.Log()), c.Kill())
		case <-time.After(pause):
		}
	}
}

// ask connects once and compares the data directory of who answers with ours.
func (c *Cluster) ask(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // the answer is already read
	var data string
	if err := conn.QueryRow(ctx, "show data_directory").Scan(&data); err != nil {
		return fmt.Errorf("ask for the data directory: %w", err)
	}
	if data != c.data() {
		return fmt.Errorf("another server, of %s, answers on port %d", data, c.port)
	}
	return nil
}

func (c *Cluster) data() string    { return filepath.Join(c.dir, "data") }
func (c *Cluster) logFile() string { return filepath.Join(c.dir, "postgres.log") }

// settings turns the options into arguments of the server.
func settings(o Options) []string {
	values := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "",
		// In files below the data directory, which are removed with it: a killed server
		// would leave its shared memory behind.
		"dynamic_shared_memory_type": "mmap",
		"max_connections":            "100",
		"shared_buffers":             "64MB",
		"max_wal_size":               "256MB",
		"timezone":                   "UTC",
		"log_line_prefix":            "%m [%p] ",
	}
	durable := "off"
	if o.Durable {
		durable = "on"
	}
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		values[name] = durable
	}
	for name, value := range o.Settings {
		values[name] = value
	}
	var arguments []string
	for name, value := range values {
		arguments = append(arguments, "-c", strings.Join([]string{name, value}, "="))
	}
	return arguments
}

// freePort finds a port nobody listens on, below the range that outgoing
// connections take theirs from, so that it is still free after a Kill.
func freePort() (int, error) {
	var last error
	for range 100 {
		port := 15000 + rand.IntN(17000) //nolint:gosec // a port number is no secret
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("find a free port: %w", last)
}
