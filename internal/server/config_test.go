package server

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files anew")

func TestDefaultsMakeAServer(t *testing.T) {
	t.Parallel()
	got, err := Config{Data: "/var/lib/purser"}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Listen: "127.0.0.1:8080", PublicURL: "http://127.0.0.1:8080", Data: "/var/lib/purser",
		DatabaseConnections: 10, CommitQueue: 4096, CallsPerSecond: 100, KeysetFile: "/var/lib/purser/keyset.json",
		LogFormat: "json", LogLevel: "info", Traces: "off",
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 75 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16384, StopLimit: time.Minute,
		ResolveInterval: 5 * time.Second, ExpireInterval: 30 * time.Second, RejectInterval: 2 * time.Second,
		SweepInterval: 10 * time.Minute, AuditInterval: 2 * time.Second, SampleInterval: 15 * time.Second,
		OnBrokenBooks: "stop",
		SealInterval:  15 * time.Minute, KeepDeliveries: 90 * 24 * time.Hour,
		KeepContacts: 90 * 24 * time.Hour, WebhookLook: time.Second,
		ReadyLink:     "http://127.0.0.1:8080/payment/readyToPay",
		OpenLink:      "http://127.0.0.1:8080/payment/readyToPayDynamic",
		ExtensionLink: "http://127.0.0.1:8080/invoice/amountExtensionReadyToPay", PayrefundCurrency: "EUR",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("difference (-want +got):\n%s", diff)
	}
}

// What cannot work names its key.
func TestComplaintsNameTheKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "missing")
	tests := []struct {
		key    string
		config Config
	}{
		{"data", Config{}},
		{"public_url", Config{Data: "d", Listen: "0.0.0.0:80"}},
		{"on_broken_books", Config{Data: "d", OnBrokenBooks: "panic"}},
		{"keep_deliveries", Config{Data: "d", KeepDeliveries: time.Hour}},
		{"keep_contacts", Config{Data: "d", KeepDeliveries: 24 * time.Hour, KeepContacts: time.Hour}},
		{"public_url", Config{Data: "d", PublicURL: "pay.example"}},
		{"public_url", Config{Data: "d", PublicURL: "https://pay.example/under"}},
		{"public_url", Config{Data: "d", PublicURL: "https://user:word@pay.example"}},
		{"extra_public_urls", Config{Data: "d", ExtraPublicURLs: []string{"https://api.example", "api.example"}}},
		{"extra_public_urls", Config{Data: "d", ExtraPublicURLs: []string{"https://api.example/v1"}}},
		{"ready_link", Config{Data: "d", ReadyLink: "/payment"}},
		{"listen", Config{Data: "d", Listen: "8080"}},
		{"payments_listen", Config{Data: "d", PaymentsListen: "1111"}},
		{"refunds_listen", Config{Data: "d", RefundsListen: "nowhere"}},
		{"payrefund_currency", Config{Data: "d", PayrefundCurrency: "EURO"}},
		{"listen", Config{Data: "d", ExtraListen: []string{"nowhere"}, PublicURL: "https://pay.example"}},
		{"admin_listen", Config{Data: "d", AdminListen: "9090"}},
		{"listen", Config{Data: "d", Listen: "127.0.0.1:99999"}},
		{"listen", Config{Data: "d", Listen: "127.0.0.1:-1"}},
		{"listen", Config{Data: "d", Listen: "127.0.0.1:no-such-port"}},
		{"listen", Config{Data: "d", ExtraListen: []string{"127.0.0.1:65536"}}},
		{"payments_listen", Config{Data: "d", PaymentsListen: "127.0.0.1:65536"}},
		{"refunds_listen", Config{Data: "d", RefundsListen: "127.0.0.1:65536"}},
		{"admin_listen", Config{Data: "d", AdminListen: "127.0.0.1:65536"}},
		{"admin_listen", Config{Data: "d", Listen: "127.0.0.1:1", AdminListen: "127.0.0.1:1"}},
		{"extra_listen", Config{Data: "d", Listen: "127.0.0.1:1", ExtraListen: []string{"127.0.0.1:1"}}},
		{"proxies", Config{Data: "d", Proxies: []string{"10.0.0.0/99"}}},
		{"log_format", Config{Data: "d", LogFormat: "xml"}},
		{"log_level", Config{Data: "d", LogLevel: "loud"}},
		{"database", Config{Database: "mysql://localhost/x", Keyset: "k"}},
		{"database_file", Config{DatabaseFile: file}},
		{"database_file", Config{DatabaseFile: file, Database: "postgres://localhost/x"}},
		{"keyset_file", Config{Database: "postgres://localhost/x"}},
	}
	for _, test := range tests {
		_, err := test.config.Complete()
		wrong, ok := errors.AsType[*SettingError](err)
		if !ok || wrong.Key != test.key || !strings.HasPrefix(err.Error(), test.key+" ") {
			t.Errorf("%+v: got %v, want an error that names %s", test.config, err, test.key)
		}
	}
}

// TestLeastDurations wants no loop to go without a pause, nor a time in which nothing can be
// done, whatever durations are added.
func TestLeastDurations(t *testing.T) {
	t.Parallel()
	var durations int
	for _, s := range (&Config{}).Settings() {
		if s.Kind != "duration" || s.Key == "stop_delay" {
			continue
		}
		durations++
		for text, good := range map[string]bool{"1ns": false, "999us": false, "24h": true} {
			c := Config{Data: "d"}
			if err := c.Set(s.Key, text); err != nil {
				t.Fatal(err)
			}
			_, err := c.Complete()
			if wrong, ok := errors.AsType[*SettingError](err); good != (err == nil) || ok && wrong.Key != s.Key {
				t.Errorf("%s=%s: got %v, is it good? want %v", s.Key, text, err, good)
			}
		}
	}
	if durations < 15 {
		t.Errorf("got %d durations, want at least 15", durations)
	}
}

func TestDatabaseFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "database")
	if err := os.WriteFile(file, []byte("postgres://u:secret@localhost/x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Config{DatabaseFile: file, Keyset: "k"}.Complete()
	if err != nil || c.Database.Reveal() != "postgres://u:secret@localhost/x" {
		t.Errorf("got %q, %v, want the file's content without its line end", c.Database.Reveal(), err)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	var c Config
	for key, texts := range map[string][]string{
		"listen": {"[::1]:80"}, "extra_listen": {"a:1, b:2", "c:3"}, "database": {"postgres://x"},
		"commit_queue": {"7"}, "stop_limit": {"1m30s"}, "webhook_loopback": {"true"},
	} {
		if err := c.Set(key, texts...); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	want := Config{
		Listen: "[::1]:80", ExtraListen: []string{"a:1", "b:2", "c:3"}, Database: "postgres://x",
		CommitQueue: 7, StopLimit: 90 * time.Second, WebhookLoopback: true,
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("difference (-want +got):\n%s", diff)
	}
	for key, texts := range map[string][]string{
		"lisen": {"x"}, "listen": {"a", "b"}, "commit_queue": {"many"}, "database_connections": {"0"},
		"stop_limit": {"soon"}, "idle_timeout": {"-1s"}, "webhook_loopback": {"yes"},
	} {
		err := c.Set(key, texts...)
		if wrong, ok := errors.AsType[*SettingError](err); !ok || wrong.Key != key {
			t.Errorf("%s = %v: got %v, want an error that names the key", key, texts, err)
		}
	}
	for text, want := range map[string]string{
		"9999999h": "is too long", "2562047h60m": "is too long", "+.5h9999999h": "is too long",
		"9999999999999s1us": "is too long",
		"-9999999h":         "must be a duration", "9999999": "must be a duration", "0s": "must be a duration",
		"9999999hours": "must be a duration", "": "must be a duration",
	} {
		if err := c.Set("keep_contacts", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("keep_contacts = %s: got %v, want that it %s", text, err, want)
		}
	}
}

// Whatever prints a configuration must not print what is secret in it.
func TestSecretsStayHidden(t *testing.T) {
	t.Parallel()
	c := Config{Database: "postgres://u:canary@localhost/x", Keyset: "canary", Data: "d"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, c); strings.Contains(text, "canary") {
			t.Errorf("%s shows a secret: %s", verb, text)
		}
	}
	shown := 0
	for _, s := range c.Settings() {
		if strings.Contains(s.Value, "canary") {
			t.Errorf("%s shows its secret", s.Key)
		}
		if s.Value == "[redacted]" {
			shown++
		}
	}
	if shown != 2 {
		t.Errorf("got %d secrets shown as [redacted], want 2", shown)
	}
}

// The page of settings is made from the struct and its comments.
func TestConfigPage(t *testing.T) {
	t.Parallel()
	const path = "../../docs/operate/config.md"
	page := configPage(t)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page, string(got)); diff != "" {
		t.Errorf("%s is stale, run \"make gen\" (-want +got):\n%s", path, diff)
	}
}

func configPage(t *testing.T) string {
	t.Helper()
	words := fieldComments(t)
	var page strings.Builder
	page.WriteString(configHead)
	var c Config
	kinds := reflect.TypeFor[Config]()
	for i, s := range c.Settings() {
		name := kinds.Field(i).Name
		text := strings.Join(strings.Fields(strings.TrimPrefix(words[name], name+" ")), " ")
		text = strings.TrimPrefix(strings.TrimPrefix(text, "is "), "are ")
		if text == "" || s.Key == "" {
			t.Errorf("%s has no comment or no key", name)
			continue
		}
		value := s.Default
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(&page, "| `%s` | `%s` | %s | %s | %s |\n", s.Key, s.Variable, s.Kind, value,
			strings.ToUpper(text[:1])+text[1:])
	}
	return page.String()
}

const configHead = `# Settings

<!-- Made from the Config struct in internal/server/config.go by "make gen": change it there. -->

A setting comes from the first of these places that has it:

1. flags of the command line: ` + "`--data`, `--database`, `--listen`, ..., and `--set KEY=VALUE`" + ` for every key;
2. the environment: the key in capitals behind ` + "`PURSER_`" + `;
3. the configuration file (YAML) that ` + "`--config FILE` or `PURSER_CONFIG`" + ` names;
4. the default.

A key that is not in this table is an error wherever it stands, and so is a name in the environment that begins with
` + "`PURSER_`" + ` and is no key. Secrets are refused in the file. ` + "`purser config check`" + ` says whether every
setting is good, and opens nothing; ` + "`purser config print`" + ` shows every value and where it comes from,
with secrets as [redacted]. Every duration but ` + "`stop_delay`" + ` is at least 1ms, where no more is said.

` + "```yaml" + `
listen: 127.0.0.1:8080
extra_listen: [127.0.0.1:3000]
public_url: https://pay.example
data: /var/lib/purser
` + "```" + `

| key | environment | kind | default | meaning |
|---|---|---|---|---|
`

// fieldComments are the comments of the struct's fields, by name.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Config" {
			return true
		}
		if fields, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range fields.Fields.List {
				words[field.Names[0].Name] = field.Doc.Text()
			}
		}
		return false
	})
	return words
}
