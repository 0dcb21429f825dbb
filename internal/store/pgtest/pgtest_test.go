package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// orphanVariable tells a copy of this test program to start a server and die.
const orphanVariable = "PGTEST_ORPHAN"

func TestMain(m *testing.M) {
	if os.Getenv(orphanVariable) != "" {
		leaveOrphan()
	}
	os.Exit(Run(m))
}

// leaveOrphan starts a server, prints its URL and directory, and dies as hard as
// a process can.
func leaveOrphan() {
	c, err := Start(Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(c.URL("postgres"), c.dir)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

func TestDatabaseIsEmptyAndPrivate(t *testing.T) {
	t.Parallel()
	first, second := Database(t), Database(t)
	if first == second {
		t.Fatalf("two calls gave the same database: %s", first)
	}
	execute(t, first, "create table note (words text)")
	got := ask(t, second, "select count(*)::text from pg_tables where schemaname = 'public'")
	if got != "0" {
		t.Errorf("tables in the second database: got %s, want 0", got)
	}
}

func TestDatabaseIsDroppedWithItsTest(t *testing.T) {
	var url string
	t.Run("uses it", func(t *testing.T) {
		url = Database(t)
		// Left open on purpose: a forgotten connection must not keep the database alive.
		if _, err := pgx.Connect(t.Context(), url); err != nil {
			t.Fatalf("connect: %v", err)
		}
	})
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		_ = conn.Close(t.Context())
		t.Errorf("%s still exists after its test", url)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options Options
		want    map[string]string
	}{
		{"fast", Options{}, map[string]string{
			"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "100",
		}},
		{"durable", Options{Durable: true, InMemory: true}, map[string]string{
			"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "max_connections": "100",
		}},
		{"own", Options{Settings: map[string]string{"max_connections": "7"}}, map[string]string{
			"fsync": "off", "max_connections": "7",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, test.options)
			got := map[string]string{}
			for name := range test.want {
				got[name] = ask(t, c.URL("postgres"), "show "+name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("settings differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInitArguments(t *testing.T) {
	t.Parallel()
	c := start(t, Options{InitArguments: []string{"--data-checksums"}})
	if got := ask(t, c.URL("postgres"), "show data_checksums"); got != "on" {
		t.Errorf("data_checksums: got %s, want on", got)
	}
}

func TestKillAndRestart(t *testing.T) {
	t.Parallel()
	c := start(t, Options{Durable: true})
	if err := c.CreateDatabase("books"); err != nil {
		t.Fatalf("create database: %v", err)
	}
	url := c.URL("books")
	execute(t, url, "create table note (words text)")
	for round := range 3 {
		execute(t, url, fmt.Sprintf("insert into note values ('round %d')", round))
		if err := c.Kill(); err != nil {
			t.Fatalf("kill: %v", err)
		}
		if conn, err := pgx.Connect(t.Context(), url); err == nil {
			_ = conn.Close(t.Context())
			t.Fatal("the server still answers after Kill")
		}
		if err := c.Restart(); err != nil {
			t.Fatalf("restart: %v", err)
		}
	}
	if err := c.Restart(); err != nil {
		t.Fatalf("restart of a running server: %v", err)
	}
	if got := ask(t, url, "select count(*)::text from note"); got != "3" {
		t.Errorf("rows after three crashes: got %s, want 3", got)
	}
	if !strings.Contains(c.Log(), "not properly shut down") {
		t.Errorf("the log does not speak of a crash:\n%s", c.Log())
	}
}

func TestKillLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	c := start(t, Options{})
	conn, err := pgx.Connect(t.Context(), c.URL("postgres"))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := c.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		t.Fatalf("the lock file after Kill: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := conn.Exec(ctx, "select 1"); err == nil || ctx.Err() != nil {
		t.Errorf("a connection after Kill: got error %v, want an end of the connection", err)
	}
	if err := c.Stop(); err != nil {
		t.Fatalf("stop after kill: %v", err)
	}
	numbers := strings.Fields(strings.Split(string(text), "\n")[6])
	id, err := strconv.Atoi(numbers[len(numbers)-1])
	if err != nil {
		t.Fatalf("the lock file names no shared memory: %v\n%s", err, text)
	}
	var segment unix.SysvShmDesc
	if _, err := unix.SysvShmCtl(id, unix.IPC_STAT, &segment); err == nil {
		t.Errorf("shared memory segment %d is still there after Stop", id)
	}
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	c := start(t, Options{})
	for range 2 {
		if err := c.Stop(); err != nil {
			t.Fatalf("stop: %v", err)
		}
	}
	if _, err := os.Stat(c.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s after Stop: got error %v, want it gone", c.dir, err)
	}
	if err := c.Kill(); err != nil {
		t.Errorf("kill after stop: %v", err)
	}
}

func TestServerEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatalf("find the test program: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), orphanVariable+"=1")
	out, err := cmd.Output()
	var url, dir string
	if n, _ := fmt.Sscan(string(out), &url, &dir); n != 2 {
		t.Fatalf("the child printed %q (%v), want a URL and a directory", out, err)
	}
	deadline := time.After(patience)
	for {
		conn, errConnect := pgx.Connect(t.Context(), url)
		if errConnect == nil {
			_ = conn.Close(t.Context())
		}
		_, errStat := os.Stat(dir)
		if errConnect != nil && errors.Is(errStat, os.ErrNotExist) {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("after its process died: connect gave %v, the directory %v; want both gone", errConnect, errStat)
		case <-time.After(pause):
		}
	}
}

func TestFindRefusesWrongDirectory(t *testing.T) {
	t.Setenv("PG_BINDIR", t.TempDir())
	if _, err := find(); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("find in an empty directory: got %v, want %v", err, ErrNotInstalled)
	}
}

// A missing engine must be noticed: skipped in plain words on a person's machine,
// a failure where PostgreSQL is required.
func TestDatabaseWithoutPostgres(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatalf("find the test program: %v", err)
	}
	tests := []struct {
		value, want string
		fails       bool
	}{
		{"", "--- SKIP: TestDatabaseIsEmptyAndPrivate", false},
		{"required", "--- FAIL: TestDatabaseIsEmptyAndPrivate", true},
	}
	for _, test := range tests {
		t.Run("value "+test.value, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), program, "-test.v", "-test.run=^TestDatabaseIsEmptyAndPrivate$")
			cmd.Env = append(os.Environ(), "PG_BINDIR="+t.TempDir(), Variable+"="+test.value)
			out, err := cmd.CombinedOutput()
			if fails := err != nil; fails != test.fails || !strings.Contains(string(out), test.want) {
				t.Errorf("got %v and\n%s\nwant failure %t and %q", err, out, test.fails, test.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]int{
		"/usr/lib/postgresql/9.6/bin": 0,
		"/usr/lib/postgresql/15/bin":  15,
		"/opt/bin":                    0,
	} {
		if got := version(dir); got != want {
			t.Errorf("version(%s): got %d, want %d", dir, got, want)
		}
	}
}

// start gives a test a server of its own.
func start(t *testing.T, o Options) *Cluster {
	t.Helper()
	needPostgres(t)
	c, err := Start(o)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return c
}

// needPostgres skips or fails a test just as Database does.
func needPostgres(t *testing.T) {
	t.Helper()
	if _, err := find(); err != nil {
		Database(t)
	}
}

// execute runs a statement that answers nothing.
func execute(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect to %s: %v", url, err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// ask runs a statement that answers one text.
func ask(t *testing.T, url, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect to %s: %v", url, err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var text string
	if err := conn.QueryRow(t.Context(), statement).Scan(&text); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return text
}
