package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// checkLine is a line of the benchmark's output.
var checkLine = regexp.MustCompile(`(?m)^BenchmarkVerify/(\w+?)(?:-\d+)?\s+\d+\s+([0-9.]+) ns/op`)

// check is what one way of checking a signature takes.
type check struct {
	what    string
	limited bool // the target is about it
	took    time.Duration
}

// checkNames are the ways of checking. The load signs what it sends; the other
// way comes on top for clients whose own encoder writes something else.
var checkNames = []struct {
	name string
	check
}{
	{"sent", check{what: "of the bytes as they were sent", limited: true}},
	{"fields", check{what: "of the fields, for clients that sign another form"}},
}

// benchmark runs one benchmark of a package and gives its output.
func benchmark(ctx context.Context, name, of string, flags ...string) (string, error) {
	args := append([]string{"test", "-run=^$", "-bench=^" + name + "$", "-timeout=10m"}, flags...)
	//nolint:gosec // the arguments are spelled out where this is called
	out, err := exec.CommandContext(ctx, "go", append(args, "github.com/purserhq/purser/internal/"+of)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("run %s: %w\n%s", name, err, out)
	}
	return string(out), nil
}

// measureChecks runs the benchmark of the dialect's own check.
func measureChecks(ctx context.Context) ([]check, error) {
	out, err := benchmark(ctx, "BenchmarkVerify", "dialect/zipay", "-count=7", "-benchtime=200ms")
	if err != nil {
		return nil, err
	}
	return readChecks(out)
}

// readChecks reads the median of each way.
func readChecks(out string) ([]check, error) {
	took := map[string][]float64{}
	for _, found := range checkLine.FindAllStringSubmatch(out, -1) {
		n, err := strconv.ParseFloat(found[2], 64)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", found[0], err)
		}
		took[found[1]] = append(took[found[1]], n)
	}
	all := make([]check, len(checkNames))
	for i, c := range checkNames {
		if len(took[c.name]) == 0 {
			return nil, fmt.Errorf("the benchmark of signatures reported nothing for %q:\n%s", c.name, out)
		}
		all[i] = c.check
		all[i].took = time.Duration(median(took[c.name])) * time.Nanosecond
	}
	return all, nil
}
