package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// A run starts this program again as the servers that it compares with.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"yardstick", "profiled"}, os.Args[1]) {
		main()
		return
	}
	os.Exit(m.Run())
}

// The smallest run there can be: everything that is compared still does the same work, and
// every part comes to its row. What it measures is of no meaning.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		engine, parts string
		rows          []string
	}{
		{sqlite, "v1,life,reads,large", []string{
			"`POST /v1/transfers`, accounts all over |", "whole lives of payments through `/v1` |",
			"`GET /v1/payments/{id}` |", "`GET /v1/payments/{id}`, with ", "`purser audit`, ",
		}},
		{postgres, "invoices,life,reads", []string{"`POST /invoice/create` |", "`GET /v1/payments/{id}` |"}},
	} {
		t.Run(one.engine, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			err := run(t.Context(), []string{
				"-engine=" + one.engine, "-parts=" + one.parts, "-rounds=1", "-requests=64", "-clients=4",
				"-payments=200", "-rest=0s", "-settle=0s", "-out=",
			}, &out)
			if err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			for _, row := range one.rows {
				if !strings.Contains(out.String(), "| "+one.engine+" | "+row) {
					t.Errorf("there is no row of %q in\n%s", row, out.String())
				}
			}
		})
	}
}
