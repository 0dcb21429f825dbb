package gatewaytest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
)

// compare lets go-cmp see into amounts.
var compare = cmp.Comparer(func(a, b money.Amount) bool { return a == b })

func (k Kit) info(t *testing.T) {
	i := k.open(t, "http://127.0.0.1:1", patient).Info()
	if i.Connector == "" || i.Title == "" || len(i.Methods) == 0 || i.Lifetime <= 0 {
		t.Errorf("got %+v, want a name, a title, methods and a lifetime", i)
	}
	if _, err := money.Lookup(i.Unit); err != nil || i.Min.Unit() != i.Unit || i.Min.Sign() <= 0 {
		t.Errorf("got unit %q and minimum %v, want a registered unit and a minimum in it", i.Unit, i.Min)
	}
	if i.Max.Valid() {
		if more, err := i.Max.Cmp(i.Min); err != nil || more < 0 {
			t.Errorf("got maximum %v below minimum %v", i.Max, i.Min)
		}
	}
}

func (k Kit) settings(t *testing.T) {
	const base = "http://127.0.0.1:1"
	refused := func(name, param string, change func(*gateway.Config)) {
		c := k.config(base)
		change(&c)
		_, err := k.New(c, nil)
		if !fault.Is(err, fault.CodeSettingInvalid) || fault.From(err).Param != param {
			t.Errorf("%s: got %v, want setting_invalid of %s", name, err, param)
		}
		k.silent(t, name, err)
	}
	refused("unknown setting", "base_ulr", func(c *gateway.Config) { c.Settings["base_ulr"] = "x" })
	refused("unknown credential", "merchantid", func(c *gateway.Config) { c.Secrets["merchantid"] = "x" })
	refused("unknown mode", "mode", func(c *gateway.Config) { c.Settings["mode"] = "tset" })
	refused("no clock", "now", func(c *gateway.Config) { c.Now = nil })
	refused("page of no time", "page_minutes", func(c *gateway.Config) { c.Settings["page_minutes"] = "0" })
	refused("minimum of no number", "min_amount", func(c *gateway.Config) { c.Settings["min_amount"] = "1e3" })
	for _, name := range k.Needed {
		refused("missing "+name, name, func(c *gateway.Config) { delete(c.Secrets, name) })
	}
	for _, name := range k.Addresses {
		for _, address := range []string{"nonsense", "ftp://127.0.0.1", "//x", "http://a:b@x.test", "http://x.test?q=1"} {
			refused("address "+address, name, func(c *gateway.Config) { c.Settings[name] = address })
		}
		refused("plain address for real money", name, func(c *gateway.Config) {
			c.Settings["mode"] = "live"
			for _, other := range k.Addresses {
				c.Settings[other] = "https://127.0.0.1:1"
			}
			c.Settings[name] = base
		})
	}
}

func (k Kit) abilities(t *testing.T) {
	g := k.open(t, "http://127.0.0.1:1", patient)
	if got := abilitiesOf(g); !slices.Equal(got, k.Abilities) {
		t.Errorf("got abilities %v, want %v", got, k.Abilities)
	}
	if h, ok := g.(gateway.Healther); ok && !h.Healthy() {
		t.Error("it is ill before its first call")
	}
	if c, ok := g.(gateway.Confirmer); ok && !c.Confirmable() {
		t.Error("it has operators and lets nobody confirm")
	}
	r, ok := g.(gateway.Refunder)
	if !ok {
		return
	}
	if !r.CanRefund() {
		t.Error("with all credentials there, CanRefund is false")
	}
	for _, name := range k.ForRefunds {
		c := k.config("http://127.0.0.1:1")
		delete(c.Secrets, name)
		delete(c.Settings, name)
		bare, err := k.New(c, nil)
		if err != nil {
			t.Errorf("without %s: %v", name, err)
			continue
		}
		r, ok := bare.(gateway.Refunder)
		if !ok || r.CanRefund() {
			t.Errorf("without %s, CanRefund is true", name)
			continue
		}
		if got := r.Refund(k.listening(t), k.back()); got.Outcome != gateway.Denied {
			t.Errorf("without %s, got %+v, want denied", name, got)
		}
	}
}

func (k Kit) start(t *testing.T) {
	p := NewProvider(t, k.Start)
	g := k.open(t, p.URL, patient)
	got := g.Start(k.listening(t), k.Attempt())
	want := gateway.Started{Outcome: gateway.Opened, Session: k.Session, Link: strings.ReplaceAll(k.Link, baseWord, p.URL)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("started (-want +got):\n%s", diff)
	}
	k.amounts(t)
	for name, a := range map[string]money.Amount{
		"no amount": {}, "nothing": money.Zero(k.unit()), "less": money.New(-1, k.unit()),
		"another unit": money.New(250_000, k.stranger()),
	} {
		before := p.Total()
		strange := k.Attempt()
		strange.Amount = a
		if got := g.Start(k.listening(t), strange); got.Outcome != gateway.Refused || got.Alarm == "" {
			t.Errorf("%s: got %+v, want refused with an alarm", name, got)
		}
		if p.Total() != before {
			t.Errorf("%s: the provider was called", name)
		}
	}
	for _, script := range k.NotBegun {
		p := NewProvider(t, script.Steps)
		if got := k.open(t, p.URL, patient).Start(k.listening(t), k.Attempt()); got.Outcome != gateway.NoAnswer {
			t.Errorf("%s: got %+v, want no answer", script.Name, got)
		}
	}
}

// amounts sends amounts from the least to the most and reads them back from
// the requests, digit by digit.
func (k Kit) amounts(t *testing.T) {
	if len(k.Start) == 0 {
		return
	}
	any := slices.Clone(k.Start)
	for i := range any {
		any[i].Body = ""
	}
	p := NewProvider(t, any)
	g := k.open(t, p.URL, patient)
	i, wire, sent := g.Info(), money.Amount.Text, sentAmount
	if k.Wire != nil {
		wire = k.Wire
	}
	if k.Sent != nil {
		sent = k.Sent
	}
	steps := []int64{i.Min.Steps(), 1_001, 12_345, 123_456_789, 499_999_999}
	if i.Max.Valid() {
		steps = append(steps, i.Max.Steps())
	}
	for _, amount := range steps {
		if amount < i.Min.Steps() || (i.Max.Valid() && amount > i.Max.Steps()) {
			continue
		}
		a := k.Attempt()
		a.Amount = money.New(amount, k.unit())
		g.Start(k.listening(t), a)
		heard := p.Heard()
		if got, want := sent(heard[len(heard)-1]), wire(a.Amount); got != want {
			t.Errorf("got %q in the request, want %s", got, want)
		}
	}
}

// sentAmount is the member amount of a JSON body.
func sentAmount(c Call) string {
	var sent struct {
		Amount json.Number `json:"amount"`
	}
	if json.Unmarshal([]byte(c.Body), &sent) != nil {
		return ""
	}
	return sent.Amount.String()
}

// questions are the ways to ask that must take what a script has: where taking
// only reads, looking is the same.
func (k Kit) questions(g gateway.Gateway) []gateway.Question {
	if i := g.Info(); i.CanLook && !i.VerifyCaptures {
		return []gateway.Question{gateway.Take, gateway.Look, gateway.Take}
	}
	return []gateway.Question{gateway.Take, gateway.Take}
}

func (k Kit) take(t *testing.T) {
	if len(k.Take) == 0 {
		return
	}
	for _, script := range []Answers{{"first", k.Take}, {"again", k.Again}} {
		if script.Steps == nil {
			continue
		}
		p := NewProvider(t, script.Steps)
		g := k.open(t, p.URL, patient)
		for _, question := range k.questions(g) {
			got := g.Resolve(k.listening(t), k.opened(), question)
			if got.Outcome != gateway.Captured || got.Receipt != k.Receipt || got.Alarm != "" || got.Doubt {
				t.Errorf("%s, %s: got %+v, want captured with receipt %s", script.Name, question, got, k.Receipt)
			}
			if got.Amount != k.Attempt().Amount {
				t.Errorf("%s: got amount %v, want %v", script.Name, got.Amount, k.Attempt().Amount)
			}
		}
	}
	k.untrue(t)
}

// untrue takes what is not ours, and what nobody understands.
func (k Kit) untrue(t *testing.T) {
	ask := func(script Answers, check func(gateway.Question, gateway.Report)) {
		for _, question := range k.questions(k.open(t, "http://127.0.0.1:1", patient)) {
			g := k.open(t, NewProvider(t, script.Steps).URL, patient)
			check(question, g.Resolve(k.listening(t), k.opened(), question))
		}
	}
	for _, script := range k.Wrong {
		ask(script, func(question gateway.Question, got gateway.Report) {
			if got.Outcome != gateway.Unknown || got.Alarm == "" || got.Receipt != "" {
				t.Errorf("%s, %s: got %+v, want unknown with an alarm", script.Name, question, got)
			}
		})
	}
	for _, script := range k.Strange {
		ask(script, func(question gateway.Question, got gateway.Report) {
			if got.Outcome != gateway.Unknown || got.Receipt != "" {
				t.Errorf("%s, %s: got %+v, want unknown", script.Name, question, got)
			}
		})
	}
}

func (k Kit) look(t *testing.T) {
	p := NewProvider(t, k.Open)
	g := k.open(t, p.URL, patient)
	want := gateway.Pending
	if !g.Info().CanLook {
		want = gateway.Unknown
	}
	got := g.Resolve(k.listening(t), k.opened(), gateway.Look)
	if got.Outcome != want || got.Alarm != "" || got.Doubt {
		t.Errorf("got %+v, want %s", got, want)
	}
	if !g.Info().CanLook && p.Total() != 0 {
		t.Error("a provider without a harmless question was called")
	}
}

// foreign gives sessions and amounts that cannot be this contract's: the
// provider must not hear of them.
func (k Kit) foreign(t *testing.T) {
	if len(k.Take) == 0 {
		return
	}
	p := NewProvider(t, nil)
	g := k.open(t, p.URL, patient)
	for _, session := range []string{"", "../../x", "1 2", `"}`, "\u06f1\u06f2", strings.Repeat("9", 400)} {
		for _, question := range []gateway.Question{gateway.Look, gateway.Take} {
			a := k.opened()
			a.Session = session
			if got := g.Resolve(k.listening(t), a, question); got.Outcome != gateway.Unknown || got.Alarm == "" {
				t.Errorf("%s of session %q: got %+v, want unknown with an alarm", question, session, got)
			}
		}
	}
	a := k.opened()
	a.Amount = money.New(250_000, k.stranger())
	if got := g.Resolve(k.listening(t), a, gateway.Take); got.Outcome != gateway.Unknown || got.Alarm == "" {
		t.Errorf("amount in another unit: got %+v, want unknown with an alarm", got)
	}
}

// returns reads what browsers bring, and shows that it proves nothing.
func (k Kit) returns(t *testing.T) {
	g := k.open(t, "http://127.0.0.1:1", patient)
	reader, ok := g.(gateway.Returner)
	if !ok {
		return
	}
	for good, query := range map[bool]map[string][]string{true: k.GoodReturn, false: k.BadReturn} {
		n, ok := reader.ReadReturn(query)
		if !ok || n.Session != k.Session || n.Good != good || n.Word == "" {
			t.Errorf("%v: got %+v %v, want session %s and good = %v", query, n, ok, k.Session, good)
		}
		for name := range query {
			less := maps.Clone(query)
			delete(less, name)
			if n, ok := reader.ReadReturn(less); ok && n.Good && n.Session != k.Session {
				t.Errorf("without %s: got %+v", name, n)
			}
		}
	}
	for _, query := range []map[string][]string{
		nil, {}, {"a": {"b"}}, {"status": {"OK"}}, {"token": {"x y"}, "status": {""}},
	} {
		if n, ok := reader.ReadReturn(query); ok {
			t.Errorf("%v: got %+v, want nothing", query, n)
		}
	}
	k.words(t)
}

// words shows that a browser's word neither makes a payment nor undoes one.
func (k Kit) words(t *testing.T) {
	for _, word := range []string{"OK", "success", "success 1, status 2", "success 1", "paid", "100"} {
		a := k.opened()
		a.Word = word
		p := NewProvider(t, k.Unpaid)
		if got := k.open(t, p.URL, patient).Resolve(k.listening(t), a, gateway.Take); got.Outcome == gateway.Captured {
			t.Errorf("the word %q alone captured: %+v", word, got)
		}
	}
	for _, word := range []string{"NOK", "failed", "cancel", "success 0, status 3", "nonsense"} {
		a := k.opened()
		a.Word = word
		script := k.Take
		if k.TakeBad != nil {
			script = k.TakeBad
		}
		p := NewProvider(t, script)
		if got := k.open(t, p.URL, patient).Resolve(k.listening(t), a, gateway.Take); got.Outcome != gateway.Captured {
			t.Errorf("the word %q undid a payment: %+v", word, got)
		}
	}
}

func (k Kit) goesBack(t *testing.T) {
	if k.Refund != nil {
		p := NewProvider(t, k.Refund)
		r, _ := k.open(t, p.URL, patient).(gateway.Refunder)
		got := r.Refund(k.listening(t), k.back())
		if (got.Outcome != gateway.Done && got.Outcome != gateway.Underway) || got.Alarm != "" {
			t.Errorf("refund: got %+v, want done or under way", got)
		}
	}
	if k.Reverse != nil {
		p := NewProvider(t, k.Reverse)
		r, _ := k.open(t, p.URL, patient).(gateway.Reverser)
		want := gateway.ReturnReport{Outcome: gateway.Done, Undone: true}
		if got := r.Reverse(k.listening(t), k.back()); got != want {
			t.Errorf("reverse: got %+v, want %+v", got, want)
		}
		part := k.back()
		part.Amount = money.New(k.Attempt().Amount.Steps()/250, k.unit())
		if got := r.Reverse(k.listening(t), part); got.Outcome != gateway.Denied {
			t.Errorf("reverse of a part: got %+v, want denied", got)
		}
	}
}

// together asks from many sides at once.
func (k Kit) together(t *testing.T) {
	if len(k.Take) == 0 {
		return
	}
	const callers = 16
	p := NewProvider(t, k.Take)
	g := k.open(t, p.URL, patient)
	first := g.Resolve(k.listening(t), k.opened(), gateway.Take)
	reports := make([]gateway.Report, callers)
	var wait sync.WaitGroup
	for n := range callers {
		wait.Go(func() {
			g.Info()
			reports[n] = g.Resolve(k.listening(t), k.opened(), gateway.Take)
		})
	}
	wait.Wait()
	for _, got := range reports {
		if diff := cmp.Diff(first, got, compare); diff != "" {
			t.Errorf("reports differ (-first +other):\n%s", diff)
		}
	}
}

// testCard is a number that passes the check of card numbers.
const testCard = "6037991234567893"

// secrets makes the provider say them, and looks for them in all that we say.
func (k Kit) secrets(t *testing.T) {
	c := k.config("http://127.0.0.1:1")
	g, err := k.New(c, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	k.silent(t, "config", c)
	k.silent(t, "gateway", g)
	if k.Refusal == nil {
		return
	}
	var all []string
	for _, secret := range c.Secrets {
		all = append(all, secret.Reveal())
	}
	const card = testCard
	words := strings.Join(all, " and ") + "\u0000\n" + card + strings.Repeat(" x", 1000)
	said, err := json.Marshal(words)
	if err != nil {
		t.Fatal(err)
	}
	p := NewProvider(t, k.Refusal(string(said)))
	got := k.open(t, p.URL, patient).Start(k.listening(t), k.Attempt())
	if got.Outcome != gateway.Refused {
		t.Errorf("got %+v, want refused", got)
	}
	k.silent(t, "refusal", got)
	if strings.Contains(got.Word, card) || strings.ContainsAny(got.Word, "\n\x00") || len([]rune(got.Word)) > 300 {
		t.Errorf("got %q, want short words on one line without a card number", got.Word)
	}
}
