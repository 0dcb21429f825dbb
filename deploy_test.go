package purser

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// read is the text of a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fromYAML parses a file into a value that has to take every key of it.
func fromYAML(t *testing.T, path string, into any) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(read(t, path)))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

var (
	figureRow = regexp.MustCompile("(?m)^\\| `(purser_[a-z_]+)` \\| ([a-z]+) \\| (.*?) \\|")
	figureUse = regexp.MustCompile(`\b(purser|process|go)_[a-z_]+\b`)
	labelUse  = regexp.MustCompile(`(?:\{|,\s*)([a-z]+)(?:=~|!=|=)"`)
	byUse     = regexp.MustCompile(`by \(([a-z, ]+)\)`)
)

// theirs are the figures of the libraries that we use.
var theirs = []string{"process_resident_memory_bytes", "go_goroutines"}

// figures are all that a server shows, with their labels.
func figures(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, row := range figureRow.FindAllStringSubmatch(read(t, "docs/operate/metrics.md"), -1) {
		all[row[1]] = row[3]
		if row[2] == "histogram" {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				all[row[1]+part] = row[3] + " `le`"
			}
		}
	}
	if len(all) < 20 {
		t.Fatalf("docs/operate/metrics.md: got %d figures, want all of them", len(all))
	}
	return all
}

// queryFaults says what a query asks for that no server shows.
func queryFaults(known map[string]string, query string) []string {
	var faults []string
	labels := " `job` `instance` "
	for _, name := range figureUse.FindAllString(query, -1) {
		has, ok := known[name]
		if !ok && !slices.Contains(theirs, name) {
			faults = append(faults, "no server shows "+name)
		}
		labels += has
	}
	var used []string
	for _, m := range labelUse.FindAllStringSubmatch(query, -1) {
		used = append(used, m[1])
	}
	for _, m := range byUse.FindAllStringSubmatch(query, -1) {
		used = append(used, strings.Split(m[1], ", ")...)
	}
	for _, label := range used {
		if !strings.Contains(labels, "`"+label+"`") {
			faults = append(faults, "it has no label "+label)
		}
	}
	if strings.Count(query, "(") != strings.Count(query, ")") || strings.Count(query, "{") != strings.Count(query, "}") {
		faults = append(faults, "its brackets do not match")
	}
	return faults
}

// TestQueryFaults wants the test of queries to find what it is for.
func TestQueryFaults(t *testing.T) {
	t.Parallel()
	known := figures(t)
	for query, wrong := range map[string]bool{
		`max by (noun) (purser_due)`: false, `purser_due{noun="payment"}`: false, `up{job="purser"}`: false,
		`rate(purser_request_seconds_bucket[5m])`: false, `purser_nothing`: true, `purser_due{merchant="m"}`: true,
		`sum by (route) (purser_due)`: true, `sum(purser_due`: true, `purser_due_bucket`: true,
	} {
		if got := queryFaults(known, query); (len(got) > 0) != wrong {
			t.Errorf("%s: got %q, want faults: %v", query, got, wrong)
		}
	}
}

// TestAlerts wants every alert to ask for what a server shows, and to have its
// section of what to do.
func TestAlerts(t *testing.T) {
	t.Parallel()
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	fromYAML(t, "deploy/alerts.yaml", &rules)
	known, page := figures(t), read(t, "docs/operate/alerts.md")
	length := regexp.MustCompile(`^\d+[mh]$`)
	var names []string
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			names = append(names, r.Alert)
			for _, f := range queryFaults(known, r.Expr) {
				t.Errorf("%s: %s", r.Alert, f)
			}
			section, _, _ := strings.Cut(page[strings.Index(page, "## "+r.Alert+"\n")+1:], "\n## ")
			if !strings.HasPrefix(section, "# "+r.Alert+"\n") || len(section) < 120 {
				t.Errorf("%s: docs/operate/alerts.md does not say what to do", r.Alert)
			}
			if r.Expr == "" || !length.MatchString(r.For) || r.Annotations["summary"] == "" ||
				!slices.Contains([]string{"page", "ticket"}, r.Labels["severity"]) ||
				!strings.HasSuffix(r.Annotations["runbook"], "docs/operate/alerts.md#"+strings.ToLower(r.Alert)) {
				t.Errorf("%s: something is missing: %+v", r.Alert, r)
			}
		}
	}
	for _, heading := range regexp.MustCompile(`(?m)^## (\w+)$`).FindAllStringSubmatch(page, -1) {
		if !slices.Contains(names, heading[1]) {
			t.Errorf("docs/operate/alerts.md is about %s, which is no alert", heading[1])
		}
	}
	if len(names) < 10 || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
		t.Errorf("got the alerts %q, want some, and each once", names)
	}
}

// TestAlertsAreTried wants every alert to be set off by something that was tried, and
// by nothing a moment before; make alerts tries it.
func TestAlertsAreTried(t *testing.T) {
	t.Parallel()
	var rules struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	if err := yaml.Unmarshal([]byte(read(t, "deploy/alerts.yaml")), &rules); err != nil {
		t.Fatal(err)
	}
	var tried struct {
		Tests []struct {
			Name  string
			Rules []struct {
				Alert string `yaml:"alertname"`
				Fires []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "deploy/alerts.test.yaml")), &tried); err != nil {
		t.Fatal(err)
	}
	sets, quiet := map[string]bool{}, map[string]int{}
	for _, test := range tried.Tests {
		for _, r := range test.Rules {
			sets[r.Alert] = sets[r.Alert] || len(r.Fires) > 0
			if len(r.Fires) == 0 {
				quiet[r.Alert]++
			}
		}
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if !sets[r.Alert] || quiet[r.Alert] < 2 {
				t.Errorf("%s: nothing sets it off, or there is no time when it has to be silent", r.Alert)
			}
		}
	}
}

// TestDashboard wants every panel to ask for what a server shows.
func TestDashboard(t *testing.T) {
	t.Parallel()
	var board struct {
		Title  string
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "deploy/dashboard.json")), &board); err != nil {
		t.Fatal(err)
	}
	known, ids := figures(t), map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || len(p.Targets) == 0 {
			t.Errorf("%s: its id %d is another's, or it shows nothing", p.Title, p.ID)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			for _, f := range queryFaults(known, target.Expr) {
				t.Errorf("%s: %s: %s", p.Title, target.Expr, f)
			}
		}
	}
	if len(board.Panels) < 10 {
		t.Errorf("got %d panels, want the whole picture", len(board.Panels))
	}
}

// TestContainers wants the containers to be locked up, and nothing of the
// operators to be published beyond this machine.
func TestContainers(t *testing.T) {
	t.Parallel()
	var compose struct {
		Services map[string]struct {
			Ports       []string
			ReadOnly    bool     `yaml:"read_only"`
			CapDrop     []string `yaml:"cap_drop"`
			Environment map[string]string
			Build       struct{ Args map[string]string }
		}
		Networks map[string]any
		Secrets  map[string]struct{ File string }
	}
	if err := yaml.Unmarshal([]byte(read(t, "deploy/compose.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	for name, s := range compose.Services {
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s to everybody", name, port)
			}
		}
		for key, value := range s.Environment {
			if strings.Contains(key, "PASSWORD") && !strings.HasPrefix(value, "/run/secrets/") {
				t.Errorf("%s has a password in %s", name, key)
			}
		}
	}
	ours := compose.Services["purser"]
	settings := read(t, "docs/operate/config.md")
	for key := range ours.Environment {
		if !strings.Contains(settings, "`"+key+"`") {
			t.Errorf("%s is no setting", key)
		}
	}
	if !ours.ReadOnly || !slices.Equal(ours.CapDrop, []string{"ALL"}) || len(compose.Secrets) != 3 {
		t.Errorf("got %+v, want it to be locked up, and its secrets in files", ours)
	}
	if !strings.Contains(ours.Build.Args["VERSION"], "${VERSION:?") {
		t.Errorf("got the arguments %v, want the build to be told which version it is", ours.Build.Args)
	}
	for _, list := range []string{".gitignore", ".dockerignore"} {
		for _, kept := range []string{"/secrets/", "/deploy/.env"} {
			if !strings.Contains(read(t, list), "\n"+kept+"\n") {
				t.Errorf("%s lets %s through", list, kept)
			}
		}
	}
	asked := regexp.MustCompile(`\$\{(\w+)`).FindAllStringSubmatch(read(t, "deploy/compose.yaml"), -1)
	example := read(t, "deploy/.env.example")
	for _, name := range asked {
		if !strings.Contains(example, "\n"+name[1]+"=\n") {
			t.Errorf("deploy/.env.example lacks %s, or has a value for it", name[1])
		}
	}
	if len(asked) < 3 {
		t.Errorf("got %d variables, want at least 3", len(asked))
	}
	var scrape map[string]any
	fromYAML(t, "deploy/prometheus.yaml", &scrape)
	if scrape["rule_files"] == nil || scrape["scrape_configs"] == nil {
		t.Errorf("got %v, want rules and a server", scrape)
	}
	file := read(t, "deploy/Containerfile")
	for _, want := range []string{
		"CGO_ENABLED=0", "FROM scratch", "ARG VERSION", "server.stamped=$VERSION",
		"USER 65532:65532", "HEALTHCHECK", `"/purser", "ready"`, "STOPSIGNAL SIGTERM",
	} {
		if !strings.Contains(file, want) {
			t.Errorf("deploy/Containerfile lacks %s", want)
		}
	}
}

// TestUnit wants the service to be nobody who can do more than serve.
func TestUnit(t *testing.T) {
	t.Parallel()
	unit := read(t, "deploy/purser.service")
	for line := range strings.Lines(unit) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "[") && !strings.Contains(line, "=") {
			t.Errorf("the line %q is no setting", line)
		}
	}
	for _, want := range []string{
		"User=purser", "NoNewPrivileges=yes", "CapabilityBoundingSet=\n", "ProtectSystem=strict", "PrivateDevices=yes",
		"MemoryDenyWriteExecute=yes", "SystemCallFilter=@system-service", "LimitCORE=0", "TimeoutStopSec=90",
		"RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
	} {
		if !strings.Contains(unit, want) {
			t.Errorf("deploy/purser.service lacks %s", want)
		}
	}
}

// TestNightly wants what timers start to be locked up as the server is, and started.
func TestNightly(t *testing.T) {
	t.Parallel()
	lockedUp := func(path string) string {
		_, rest, _ := strings.Cut(read(t, path), "# What it cannot do.\n")
		hardening, _, found := strings.Cut(rest, "LimitCORE=0\n")
		if !found {
			t.Errorf("%s does not say what it cannot do", path)
		}
		return hardening
	}
	for name, command := range map[string]string{
		"purser-audit":  "ExecStart=/usr/local/bin/purser audit --config /etc/purser/purser.yaml\n",
		"purser-backup": "/usr/local/bin/purser backup --config /etc/purser/purser.yaml",
	} {
		path := "deploy/" + name + ".service"
		if got, want := lockedUp(path), lockedUp("deploy/purser.service"); got != want {
			t.Errorf("%s: got what it cannot do as\n%s\nwant it as of the server:\n%s", path, got, want)
		}
		for _, want := range []string{command, "Type=oneshot\n", "User=purser\n", "UMask=0077\n"} {
			if !strings.Contains(read(t, path), want) {
				t.Errorf("%s lacks %s", path, want)
			}
		}
		timer := read(t, "deploy/"+name+".timer")
		for _, want := range []string{"OnCalendar=", "Persistent=true\n", "WantedBy=timers.target\n"} {
			if !strings.Contains(timer, want) {
				t.Errorf("deploy/%s.timer lacks %s", name, want)
			}
		}
	}
}
