package purser

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/purserhq/purser/"
	basics = "internal/money internal/fault internal/fsm "
	nouns  = basics + "internal/merchant internal/invoice internal/payment internal/refund internal/payout " +
		"internal/wallet internal/deal internal/settlement internal/ledger internal/event "
	uses = nouns + "internal/app "
	noIO = "net/http database/sql os/exec testing "
)

// layers is the architecture. A package may import what its row allows and
// nothing else of ours, and may not reach what its row denies, even through
// others. ARCHITECTURE.md shows the same table. The first match wins; a star
// stands for one folder. What only tests import is not looked at.
var layers = []struct{ pkg, may, deny string }{
	{"internal/fault", "", noIO},
	{"internal/money", "internal/fault", noIO},
	{"internal/fsm", "internal/fault", noIO},
	{"internal/merchant", basics, noIO},
	{"internal/invoice", basics, noIO},
	{"internal/payment", basics, noIO},
	{"internal/refund", basics, noIO},
	{"internal/payout", basics, noIO},
	{"internal/wallet", basics, noIO},
	{"internal/deal", basics, noIO},
	{"internal/settlement", basics, noIO},
	{"internal/ledger", basics, noIO},
	{"internal/event", basics, noIO},

	{"internal/store", nouns, noIO},
	{"internal/store/storetest", nouns + "internal/store", "net/http"},
	{"internal/store/pgtest", "", "net/http"},
	{"internal/store/sqlitetest", "internal/store/pgtest internal/store/sqlstore", "net/http"},
	{"internal/store/sqlstore", nouns + "internal/store internal/store/sqlstore/migrations", "net/http testing"},
	{"internal/store/sqlstore/migrations", "", "net/http testing"},
	{"internal/gateway", nouns, noIO},
	{"internal/gateway/gatewaytest", nouns + "internal/gateway", "database/sql"},
	{"internal/gateway/client", nouns + "internal/gateway", "database/sql testing"},
	{"internal/gateway/*", nouns + "internal/gateway internal/gateway/client", "database/sql testing"},
	{"internal/sandbox", "internal/money", "database/sql testing"},
	{"internal/sandbox/*", "internal/money internal/sandbox", "database/sql testing"},

	{"internal/app", nouns + "internal/store internal/gateway", noIO},

	{"internal/dialect", uses, "database/sql testing"},
	// The kit runs dialects on a real core, so it builds one: database, scripted banks, use cases.
	{
		"internal/dialect/dialecttest",
		uses + "internal/dialect internal/store internal/store/sqlstore internal/store/sqlitetest internal/gateway", "",
	},
	{"internal/dialect/*", uses + "internal/dialect", "database/sql testing"},
	{"internal/api", uses + "internal/dialect", "database/sql testing"},
	// What calls the API in tests is held against its document there.
	{"internal/api/apitest", "internal/fault internal/deal", "database/sql"},
	{"internal/checkout", uses, "database/sql testing"},
	{"internal/dashboard", uses, "database/sql testing"},
	{"internal/worker", uses, "database/sql testing"},
	{"internal/server", "*", "testing"},
	{"cmd/purser", "internal/server", "testing"},

	{".", "", ""},
	{"client", "", "testing database/sql os/exec"},
	{"test/e2e", "*", ""},
	{"test/browser", "*", ""},
	{"test/fault", "*", ""},
	{"test/bench", "*", ""},
}

// reasons says why a package may be out of reach; a failure shows it.
var reasons = map[string]string{
	"net/http":     "rules must not know a wire: HTTP belongs to dialects, pages, connectors and the server",
	"database/sql": "the database is reached through internal/store only, so that one rule serves both engines",
	"os/exec":      "a decision must not depend on other programs",
	"testing":      "code that runs in production must not carry the test framework",
}

// strangers are the words that only drivers may know. If the core needs one, it
// lacks a word of its own.
var strangers = regexp.MustCompile(`(?i)\b(ipg|p2p)\b|zipay|payrefund|orderpay|` +
	`zarinpal|shepa|zibal|bkash|nagad|sslcommerz|ifthenpay|stripe`)

// listed is what the tests need of one entry of "go list -json".
type listed struct {
	ImportPath, Dir, Doc   string
	GoFiles, Imports, Deps []string
}

// name is the import path without the module.
func (l listed) name() string {
	if l.ImportPath+"/" == module {
		return "."
	}
	return strings.TrimPrefix(l.ImportPath, module)
}

func TestLayers(t *testing.T) {
	t.Parallel()
	for _, l := range list(t) {
		for _, problem := range breaches(l) {
			t.Error(problem)
		}
	}
}

// breaches says in whole sentences what is wrong with one package.
func breaches(l listed) []string {
	name := l.name()
	row := slices.IndexFunc(layers, func(r struct{ pkg, may, deny string }) bool {
		ok, err := path.Match(r.pkg, name)
		return ok && err == nil
	})
	if row < 0 {
		return []string{name + " is in no layer: add it to layers in arch_test.go and to ARCHITECTURE.md"}
	}
	var problems []string
	if len(l.GoFiles) > 0 && l.Doc == "" {
		problems = append(problems, name+" has no package comment: say in one to five lines what it is in the world")
	}
	may := strings.Fields(layers[row].may)
	for _, imported := range l.Imports {
		ours, ok := strings.CutPrefix(imported, module)
		if ok && !slices.Contains(may, ours) && !slices.Contains(may, "*") {
			problems = append(problems, fmt.Sprintf("%s may not import %s: its layer allows only [%s]", name, ours,
				strings.Join(may, " ")))
		}
	}
	for _, denied := range strings.Fields(layers[row].deny) {
		if slices.Contains(l.Deps, denied) {
			problems = append(problems, fmt.Sprintf("%s may not reach %s: %s (\"go list -deps\" shows the way)", name,
				denied, reasons[denied]))
		}
	}
	return problems
}

// A rule that cannot fail protects nothing, so each kind of breach is shown once.
func TestBreaches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		listed listed
		want   string
	}{
		{"no layer", listed{ImportPath: module + "internal/util", Doc: "x"}, "is in no layer"},
		{"no comment", listed{ImportPath: module + "internal/fsm", GoFiles: []string{"fsm.go"}}, "has no package comment"},
		{
			"noun to noun",
			listed{ImportPath: module + "internal/invoice", Imports: []string{module + "internal/payment"}},
			"internal/invoice may not import internal/payment",
		},
		{
			"dialect to store",
			listed{ImportPath: module + "internal/dialect/ipg", Imports: []string{module + "internal/store"}},
			"internal/dialect/ipg may not import internal/store",
		},
		{
			"dialect to dialect",
			listed{ImportPath: module + "internal/dialect/ipg", Imports: []string{module + "internal/dialect/p2p"}},
			"internal/dialect/ipg may not import internal/dialect/p2p",
		},
		{
			"connector to connector",
			listed{ImportPath: module + "internal/gateway/zibal", Imports: []string{module + "internal/gateway/shepa"}},
			"internal/gateway/zibal may not import internal/gateway/shepa",
		},
		{
			"app to http through others",
			listed{ImportPath: module + "internal/app", Deps: []string{"context", "net/http"}},
			"internal/app may not reach net/http: rules must not know a wire",
		},
		{"allowed", listed{ImportPath: module + "internal/app", Imports: []string{module + "internal/store"}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(breaches(test.listed), "\n")
			if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}

// Every denied package must have its reason, or a failure explains nothing.
func TestReasons(t *testing.T) {
	t.Parallel()
	for _, row := range layers {
		for _, denied := range strings.Fields(row.deny) {
			if reasons[denied] == "" {
				t.Errorf("%s is denied %s without a reason in reasons", row.pkg, denied)
			}
		}
	}
}

func TestCoreKnowsNoForeignNames(t *testing.T) {
	t.Parallel()
	core := append(strings.Fields(nouns), "internal/app")
	for _, l := range list(t) {
		if !slices.Contains(core, l.name()) {
			continue
		}
		for _, file := range l.GoFiles {
			text, err := os.ReadFile(filepath.Join(l.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(text), "\n") {
				if word := strangers.FindString(line); word != "" {
					t.Errorf("%s/%s:%d: the core does not know %q: give it a word of its own, or move this to the dialect "+
						"or connector", l.name(), file, i+1, word)
				}
			}
		}
	}
}

// list asks the go command for the packages of this module.
func list(t *testing.T) []listed {
	t.Helper()
	var complaint bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", "list", "-tags=browser,fault",
		"-json=ImportPath,Dir,Doc,GoFiles,Imports,Deps", "./...")
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, complaint.String())
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		err := decoder.Decode(&l)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatalf("read the answer of go list: %v", err)
		}
		packages = append(packages, l)
	}
}
