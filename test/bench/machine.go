package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// machine is what the figures were measured on, as lines of a list.
type machine []string

// describe looks at the machine, its disk and its programs.
func describe(ctx context.Context, dir, database string) (machine, error) {
	flush, err := flushTime(dir)
	if err != nil {
		return nil, err
	}
	version, err := databaseVersion(ctx, database)
	if err != nil {
		return nil, err
	}
	return machine{
		fmt.Sprintf("processor: %d cores, %s", runtime.NumCPU(), field("/proc/cpuinfo", "model name")),
		"memory: " + memory(),
		"kernel: " + kernel(),
		fmt.Sprintf("file system: %s; a flushed write of 4 KiB takes %d us (median of 200)", fileSystem(dir),
			flush.Microseconds()),
		"Go: " + runtime.Version(),
		"PostgreSQL: " + version,
		"purser: " + revision(ctx),
		priority(),
	}, nil
}

// field is the value behind a name in a file of /proc.
func field(file, name string) string {
	text, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// priority is how this process and all that it starts stand to other programs.
func priority() string {
	kernels, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0) // 20 less the nice value
	switch {
	case err != nil:
		return "priority: unknown"
	case kernels == 20:
		return "priority: that of any other program"
	default:
		return fmt.Sprintf("priority: nice %d, where other programs have 0", 20-kernels)
	}
}

// memory is how much the machine has.
func memory() string {
	number, _, _ := strings.Cut(field("/proc/meminfo", "MemTotal"), " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<20))
}

func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	return "Linux " + strings.TrimSpace(string(text))
}

// fileSystem is the kind of file system that a folder is on.
func fileSystem(dir string) string {
	text, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return "unknown"
	}
	kind, longest := "unknown", 0
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 3 || len(words[1]) < longest {
			continue
		}
		if at := strings.TrimSuffix(words[1], "/"); dir == at || strings.HasPrefix(dir, at+"/") {
			kind, longest = words[2], len(words[1])
		}
	}
	return kind
}

// revision is the commit that was measured.
func revision(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--tags").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// flushTime is how long the disk takes to make a small write durable: every
// figure here hangs on it.
func flushTime(dir string) (median time.Duration, err error) {
	file, err := os.Create(filepath.Join(filepath.Clean(dir), "flush"))
	if err != nil {
		return 0, fmt.Errorf("make a file: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	block := make([]byte, 4096)
	times := make([]time.Duration, 200)
	for i := range times {
		began := time.Now()
		if _, err := file.Write(block); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		times[i] = time.Since(began)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// databaseVersion is PostgreSQL's version with the settings that make it durable.
func databaseVersion(ctx context.Context, url string) (text string, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	err = conn.QueryRow(ctx, "select split_part(version(), ' ', 2) || ', ' || string_agg(name || ' = ' ||"+
		" current_setting(name), ', ' order by name) from pg_settings where name in ('fsync', 'full_page_writes',"+
		" 'synchronous_commit', 'shared_buffers', 'max_wal_size')").Scan(&text)
	return text, err
}
