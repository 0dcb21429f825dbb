package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestEveryChangeNamesItsOperator: a command on a database either only looks, or
// looks after the whole of it, or asks who says so.
func TestEveryChangeNamesItsOperator(t *testing.T) {
	t.Parallel()
	unnamed := []string{
		"serve", "config check", "config print", "migrate", "audit", "backup", "restore", "demo",
		"sandbox", "deal files", "keyset remove",
	}
	parser, err := kong.New(&commandLine{}, kong.Vars{"payouts": "", "deals": ""})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, leaf := range parser.Model.Leaves(true) {
		has := func(name string) bool {
			return slices.ContainsFunc(leaf.Flags, func(f *kong.Flag) bool { return f.Name == name })
		}
		path := strings.TrimPrefix(leaf.Path(), "purser ")
		looks := leaf.Name == "list" || leaf.Name == "show"
		switch {
		case has("operator"):
			asked++
		case has("data") && !looks && !slices.Contains(unnamed, path):
			t.Errorf("%s does not ask for an operator", path)
		}
	}
	if asked < 30 {
		t.Errorf("%d commands ask for an operator, want all that change something", asked)
	}
}
