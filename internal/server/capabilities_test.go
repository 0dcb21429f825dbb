package server

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/sandbox"
)

const capabilitiesHead = `# What can be done where

Drawn from the connectors and from what each API asks of the core, by ` + "`make gen`" + `. A cell is empty where
nothing of the kind is there.

## Gateways

`

const capabilitiesMiddle = `
A refund may be of a part of a payment; an undoing is always of all of it. Where credentials are named, a
contract can do it only with them. A gateway whose server tells us nothing is asked by the worker. Files in which
providers say what they paid out are read by ` + "`purser settle`" + ` for any of them
([settlement](operate/settlement.md)).
No provider's papers document a call that sends a payout: an operator or a trader sends it, and says so.

## APIs

Which API can ask for what. What one of them made is seen through ` + "`/v1`" + ` whole.

`

// TestCapabilities draws the document.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	const path = "../../docs/capabilities.md"
	page := capabilitiesHead + gatewayTable(t) + capabilitiesMiddle + dialectTable(t)
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != page {
		t.Errorf("%s is stale: run `make gen` and read the difference", path)
	}
}

// row is a line of a table.
func row(cells ...string) string {
	return strings.TrimRight("| "+strings.Join(cells, " | "), " ") + " |\n"
}

func table(head ...string) string {
	return row(head...) + "|" + strings.Repeat("---|", len(head)) + "\n"
}

// sample is a contract of the demo, which has all credentials that there are.
type sample struct {
	t        *testing.T
	open     func(gateway.Config, http.RoundTripper) (gateway.Gateway, error)
	settings map[string]string
	secrets  map[string]Secret
}

// with opens the contract without a secret or a setting of it, or with another setting.
func (s sample) with(without, name, value string) (gateway.Gateway, error) {
	settings, secrets := maps.Clone(s.settings), map[string]gateway.Secret{}
	for name, secret := range s.secrets {
		secrets[name] = secret
	}
	delete(secrets, without)
	delete(settings, without)
	if name != "" {
		settings[name] = value
	}
	return s.open(gateway.Config{Settings: settings, Secrets: secrets, Now: time.Now}, http.DefaultTransport)
}

// needs says that a contract can do something, and the credentials without which it cannot.
func (s sample) needs(can func(gateway.Gateway) bool) string {
	s.t.Helper()
	whole, err := s.with("", "", "")
	if err != nil {
		s.t.Fatal(err)
	}
	if !can(whole) {
		return ""
	}
	var needed []string
	for _, name := range slices.Sorted(maps.Keys(s.secrets)) {
		if g, err := s.with(name, "", ""); err == nil && !can(g) {
			needed = append(needed, "`"+name+"`")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		if g, err := s.with(name, "", ""); err == nil && !can(g) {
			needed = append(needed, "`"+name+"`")
		}
	}
	if len(needed) == 0 {
		return "yes"
	}
	return "with " + strings.Join(needed, ", ")
}

// units are those that a contract can be of.
func (s sample) units() string {
	s.t.Helper()
	found := map[string]bool{}
	for _, u := range money.Units() {
		for _, name := range []string{"", "unit", "currency"} {
			if g, err := s.with("", name, string(u.Unit)); err == nil {
				found[string(g.Info().Unit)] = true
			}
		}
	}
	if len(found) > 6 {
		return fmt.Sprintf("any of %d", len(found))
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), ", ")
}

// methods are those of the contract, and those that a setting can give it.
func (s sample) methods(g gateway.Gateway) string {
	found := slices.Clone(g.Info().Methods)
	for m := range payment.Methods {
		if other, err := s.with("", "methods", string(m)); err == nil {
			found = append(found, other.Info().Methods...)
		}
	}
	slices.Sort(found)
	var names []string
	for _, m := range slices.Compact(found) {
		names = append(names, "`"+string(m)+"`")
	}
	return strings.Join(names, ", ")
}

func has[A any](g gateway.Gateway) bool { _, ok := g.(A); return ok }

func yesIf(ok bool, word string) string {
	if ok {
		return word
	}
	return ""
}

// way is how a payer pays.
func way(c connector, i gateway.Info, byHand bool) string {
	return cmp.Or(yesIf(byHand, "by hand"), yesIf(c.returner != nil, "on its page"), yesIf(i.Poll > 0, "on a phone"))
}

func gatewayTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(table("gateway", "units", "methods", "the payer pays", "card given to us", "hold, take, let go",
		"change what is held", "undo", "refund", "payout", "its server tells us", "lists what is unclaimed"))
	keys := nagadOfTest(t)
	samples := demoGateways(below("http://127.0.0.1:1"), keys)
	for _, c := range connectors {
		at := slices.IndexFunc(samples, func(g demoGateway) bool { return g.name == c.name })
		if at < 0 {
			t.Fatalf("the demo has no gateway %s", c.name)
		}
		s := sample{t, c.open, samples[at].settings, samples[at].secrets}
		g, err := s.with("", "", "")
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		b.WriteString(row("`"+c.name+"`", s.units(), s.methods(g), way(c, g.Info(), has[gateway.Confirmer](g)),
			yesIf(has[gateway.Charger](g), "yes"), yesIf(has[gateway.Capturer](g), "yes"),
			yesIf(has[gateway.Adjuster](g), "yes"), yesIf(has[gateway.Reverser](g), "yes"),
			cmp.Or(yesIf(has[gateway.Confirmer](g) && has[gateway.Refunder](g), "by hand"),
				s.needs(func(g gateway.Gateway) bool { r, ok := g.(gateway.Refunder); return ok && r.CanRefund() })),
			s.needs(func(g gateway.Gateway) bool { d, ok := g.(gateway.Disburser); return ok && d.CanDisburse() }),
			s.needs(func(g gateway.Gateway) bool { n, ok := g.(gateway.Notifier); return ok && n.Notifies() }),
			yesIf(has[gateway.Sweeper](g), "yes")))
	}
	return b.String()
}

func nagadOfTest(t *testing.T) nagadKeys {
	t.Helper()
	for _, e := range emulators {
		if e.name != "nagad" {
			continue
		}
		made, err := e.open(sandbox.Options{Now: time.Now, PublicURL: "http://127.0.0.1:1"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := made.Close(); err != nil {
				t.Error(err)
			}
		})
		if keys, ok := made.(nagadKeys); ok {
			return keys
		}
	}
	t.Fatal("no emulator has the keys of Nagad")
	return nil
}

// wants are what APIs can ask for, by how the code asks the core or the pages for it.
var wants = []struct {
	what  string
	asked *regexp.Regexp
}{
	{"invoices", calls("CreateInvoice")},
	{"open a payment at a gateway", calls("RequestPayment|DirectPayment")},
	{"a page of ours to pay on", regexp.MustCompile(`\.Pages\.(Invoice|Link)\b|\.Hosted\(\)|\bInvoiceURL\b`)},
	{"links that anybody can pay", calls("OpenLink|Deposit")},
	{"a card that is given to us", calls("Charge")},
	{"hold and take", calls("CapturePayment")},
	{"change what is held", calls("AdjustPayment")},
	{"record what was paid elsewhere", calls("RecordPayment|AttestPayment")},
	{"verify in time, or it goes back", calls("VerifyInvoice")},
	{"give back a payment", calls("RefundPayment")},
	{"give back an invoice", calls("RefundInvoice")},
	{"customers and their accounts", calls("Account|FindAccount|CreateCustomer")},
	{"transfers", calls("Transfer")},
	{"exchanges", calls("Exchange")},
	{"payouts from accounts", calls("RequestPayout")},
	{"deals with traders", calls("StartDeal")},
	{"payouts that traders send", calls("RequestSending")},
	{"disputes of deals", calls("DisputeDeal")},
	{"tell an address that a call or a terminal names", regexp.MustCompile(`\bNotice\b`)},
	{"endpoints for events", calls("CreateEndpoint")},
	{"set up keys, gateways, terminals, rates", calls("AddGateway")},
	{"the books", calls("ListEntries")},
}

// calls finds a call of a use case.
func calls(names string) *regexp.Regexp { return regexp.MustCompile(`\.App\.(` + names + `)\b`) }

// dialectTable reads what the packages of the APIs ask for.
func dialectTable(t *testing.T) string {
	t.Helper()
	folders, err := filepath.Glob("../dialect/*/dialect.go")
	if err != nil || len(folders) == 0 {
		t.Fatalf("dialects: %d, %v", len(folders), err)
	}
	head, codes := []string{"", "`/v1`"}, [][]byte{codeOf(t, "../api")}
	for _, f := range folders {
		name := filepath.Base(filepath.Dir(f))
		head = append(head, "["+name+"](dialects/"+name+".md)")
		codes = append(codes, codeOf(t, filepath.Dir(f)))
	}
	var b strings.Builder
	b.WriteString(table(head...))
	for _, w := range wants {
		cells, anybody := []string{w.what}, false
		for _, code := range codes {
			can := w.asked.Match(code)
			cells, anybody = append(cells, yesIf(can, "yes")), anybody || can
		}
		if !anybody {
			t.Errorf("nobody asks for %s any more: %s", w.what, w.asked)
		}
		b.WriteString(row(cells...))
	}
	return b.String()
}

var comments = regexp.MustCompile(`(?m)//.*$`)

// codeOf is the code of a package without its tests and comments.
func codeOf(t *testing.T, folder string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, comments.ReplaceAll(text, nil)...)
	}
	return all
}
