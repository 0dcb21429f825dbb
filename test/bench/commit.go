package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// commits is what the benchmark of Commit reports for one engine, by the name
// of the figure.
type commits struct {
	engine  string
	figures map[string]float64
}

// commitLine is a line of the benchmark's output.
var commitLine = regexp.MustCompile(`(?m)^BenchmarkCommit/(\w+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// measureCommits runs the benchmark of the store, which alternates between
// groups and one transaction per change and counts the rows afterwards.
func measureCommits(ctx context.Context) ([]commits, error) {
	out, err := benchmark(ctx, "BenchmarkCommit", "store/sqlstore", "-count=1")
	if err != nil {
		return nil, err
	}
	return readCommits(out)
}

// readCommits reads the lines of both engines.
func readCommits(out string) ([]commits, error) {
	names := map[string]string{"postgres": postgres, "sqlite": sqlite}
	var all []commits
	for _, found := range commitLine.FindAllStringSubmatch(out, -1) {
		c := commits{engine: names[found[1]], figures: map[string]float64{}}
		fields := strings.Fields(found[2])
		for i := 0; i+1 < len(fields); i += 2 {
			n, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("read %q: %w", found[0], err)
			}
			c.figures[fields[i+1]] = n
		}
		all = append(all, c)
	}
	if len(all) != len(names) {
		return nil, fmt.Errorf("the benchmark of Commit reported %d engines instead of %d:\n%s", len(all), len(names), out)
	}
	slices.SortFunc(all, func(a, b commits) int { return strings.Compare(a.engine, b.engine) })
	return all, nil
}
