package app_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/purserhq/purser/internal/store/pgtest"
)

// TestMain lowers the number of random histories where nobody asked for one:
// each of them runs a whole shop on a real database.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", "10"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(pgtest.Run(m)) // which stops the shared PostgreSQL after the tests
}
