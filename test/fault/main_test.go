//go:build fault

package fault

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/pgtest"
)

var (
	seedFlag   = flag.Uint64("seed", 0, "repeat the choices of an earlier run; 0 draws new ones")
	roundsFlag = flag.Int("rounds", 30, "how often the server is killed, on each database")
)

// programs are what the tests run, built once.
var programs struct {
	folder string
	plain  string
	racing func() (string, error) // built when it is first asked for
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	folder, err := os.MkdirTemp("", "purser-fault-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }() // it is in the temporary folder
	programs.folder = folder
	if programs.plain, err = build(folder, "purser", "-ldflags=-s"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	programs.racing = sync.OnceValues(func() (string, error) { return build(folder, "purser-race", raced...) })
	return pgtest.Run(m)
}

// raced are the flags of a program with the race detector: those of the Makefile, so
// that what it has compiled serves again. SQLite works on memory that the detector
// does not look at.
var raced = []string{
	"-race", "-ldflags=-s", "-gcflags=all=-dwarf=false", "-gcflags=modernc.org/sqlite/lib=-race=false",
	"-gcflags=modernc.org/libc=-race=false", "-gcflags=modernc.org/memory=-race=false",
}

// build makes a program with failpoints in it.
func build(folder, name string, flags ...string) (string, error) {
	program := filepath.Join(folder, name)
	arguments := append([]string{"build", "-tags", "fault", "-o", program}, flags...)
	out, err := exec.Command("go", append(arguments, "github.com/purserhq/purser/cmd/purser")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
}

// seedOf is what every choice of a test comes from; a failure shows it.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed=%d", seed)
	return seed
}

// eachEngine runs a test once per database.
func eachEngine(t *testing.T, test func(t *testing.T, database string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.Database(t))
	})
}

// wait looks again and again until something is so, and fails the test when it
// is not in time.
func wait(t *testing.T, limit time.Duration, what string, isSo func() bool) {
	t.Helper()
	deadline := time.After(limit)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !isSo() {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("after %s still waiting for %s", limit, what)
		}
	}
}
