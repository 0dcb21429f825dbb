// Package clients drives the emulated providers with the client packages that the public uses, so that an emulator
// and our connector for it are not only right about each other. The packages are installed for the test and are no
// part of what Purser ships.
package clients

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
	"github.com/purserhq/purser/internal/sandbox/shepa"
	"github.com/purserhq/purser/internal/sandbox/zarinpal"
	"github.com/purserhq/purser/internal/sandbox/zibal"
)

// emulator is what the three have in common.
type emulator interface {
	http.Handler
	Books() sandbox.Books
	Journal() []sandbox.Entry
}

// opened makes an emulator, or fails the test.
func opened[E emulator](t *testing.T, open func(sandbox.Options) (E, error), o sandbox.Options) emulator {
	t.Helper()
	made, err := open(o)
	if err != nil {
		t.Fatalf("make emulator: %v", err)
	}
	return made
}

func TestPublicClients(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, script string
		provider     string
		environment  []string
		switches     map[string]string
		books        sandbox.Books // what the script's business must leave behind
	}{
		{
			name: "zarinpal-node-sdk", script: "zarinpal-node-sdk.mjs", provider: "zarinpal",
			books: sandbox.Books{Payments: 3, Charged: 500_000, Captured: 500_000, Reversed: 250_000, Refunded: 100_000},
		},
		{
			name: "zarinpal-pay, errors under 422", script: "zarinpal-pay.mjs", provider: "zarinpal",
			environment: []string{"ERROR_STATUS=422"}, switches: map[string]string{"error-status": "422"},
			books: sandbox.Books{Payments: 2, Charged: 500_000, Captured: 500_000, Reversed: 250_000},
		},
		{
			name: "zarinpal-pay, errors under 200", script: "zarinpal-pay.mjs", provider: "zarinpal",
			environment: []string{"ERROR_STATUS=200"}, switches: map[string]string{"error-status": "200"},
			books: sandbox.Books{Payments: 2, Charged: 500_000, Captured: 500_000, Reversed: 250_000},
		},
		{
			name: "zibal", script: "zibal.mjs", provider: "zibal",
			books: sandbox.Books{Payments: 2, Charged: 250_000, Captured: 250_000},
		},
		{
			name: "shepa-payment-getaway", script: "shepa.mjs", provider: "shepa",
			environment: []string{"REPEAT_VERIFY=same-result"},
			books:       sandbox.Books{Payments: 3, Charged: 250_000, Captured: 250_000},
		},
		{
			name: "shepa-payment-getaway, one verify only", script: "shepa.mjs", provider: "shepa",
			environment: []string{"REPEAT_VERIFY=error"}, switches: map[string]string{"repeat-verify": "error"},
			books: sandbox.Books{Payments: 3, Charged: 250_000, Captured: 250_000},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			install(t)
			server := httptest.NewUnstartedServer(nil)
			address := "http://" + server.Listener.Addr().String()
			live := provider(t, test.provider, sandbox.Options{
				PublicURL: address, Now: time.Now, Switches: test.switches,
			})
			server.Config.Handler = live
			server.Start()
			defer server.Close()
			run(t, test.script, append(slices.Clone(test.environment), "EMULATOR_URL="+address))
			if got := live.Books(); got != test.books {
				t.Errorf("books: got %+v, want %+v", got, test.books)
			}
			for _, entry := range live.Journal() {
				if entry.Call == "unknown" {
					t.Errorf("the client called %s %s, which the emulator does not have", entry.Method, entry.Path)
				}
			}
		})
	}
}

// provider makes the emulator of one provider.
func provider(t *testing.T, name string, o sandbox.Options) emulator {
	t.Helper()
	switch name {
	case "zarinpal":
		return opened(t, zarinpal.New, o)
	case "shepa":
		return opened(t, shepa.New, o)
	default:
		return opened(t, zibal.New, o)
	}
}

// run runs one script to its end. A failed assertion ends it with its message and a status other than zero.
func run(t *testing.T, script string, environment []string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("node is needed to run the public clients: %v", err)
	}
	command := exec.CommandContext(t.Context(), node, script)
	command.Env = append(os.Environ(), environment...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, output)
	}
}

// install fetches the packages that the lock file names, unless they are there already. It runs no script of theirs.
var install = func() func(t *testing.T) {
	var once sync.Once
	var output []byte
	var failure error
	return func(t *testing.T) {
		t.Helper()
		once.Do(func() { output, failure = installOnce(t) })
		if failure != nil {
			t.Fatalf("install the public clients with npm: %v\n%s", failure, output)
		}
	}
}()

func installOnce(t *testing.T) ([]byte, error) {
	t.Helper()
	if fresh(filepath.Join("node_modules", ".package-lock.json"), "package-lock.json") {
		return nil, nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, err
	}
	// Not bound to one test's context: the packages are there for all of them.
	command := exec.Command(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	return command.CombinedOutput()
}

// fresh tells whether a file is there and not older than another one.
func fresh(file, than string) bool {
	made, err := os.Stat(file)
	if err != nil {
		return false
	}
	source, err := os.Stat(than)
	return err == nil && !made.ModTime().Before(source.ModTime())
}
