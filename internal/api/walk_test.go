package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// TestAnyCalls walks over all operations in any order, on each engine, while the
// gateways refuse, lose answers and say nothing. What earlier calls answered goes
// into later ones, so that it gets to things which have lived; bodies are well made
// and ill made. After every call: nothing broke, the answer is one that the document
// has, with a code that it names, and nobody saw what is another's. On the way and after
// every walk the books agree, and in the end they agree with the gateways'. An operation
// that chance left out is called as it is printed, so that none is never answered well.
// The walks are the same every time and few; with -rapid.checks=800 -rapid.seed=0 they are
// many, and others. One that fails is walked again with the seed that is printed then.
func TestAnyCalls(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			answered := map[string]int{}
			rapid.Check(t, func(r *rapid.T) {
				if engine == "postgres" && !odd(r, 4) {
					return // the slower engine has a part of the walks
				}
				w := walkFrom(t, database)
				w.walk(r)
				w.settle(r)
				for name, times := range w.answered {
					answered[name] += times
				}
			})
			if engine == "postgres" {
				return
			}
			for _, o := range walkFrom(t, database).operations {
				if answered[o.name] > 0 {
					continue
				}
				t.Logf("%s was left out", o.name)
				alone := walkFrom(t, database)
				if alone.callPrinted(t, o); alone.answered[o.name] == 0 {
					t.Errorf("%s was never answered well", o.name)
				}
			}
		})
	}
}

// TestSameWalk wants a seed to say all of a walk: every call and every answer.
func TestSameWalk(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			walks := rapid.Custom(func(r *rapid.T) []string {
				w := walkFrom(t, database)
				w.walk(r)
				return w.told
			})
			const seed = 6
			first, second := walks.Example(seed), walks.Example(seed)
			if len(first) < 100 || len(first) != len(second) {
				t.Fatalf("%d calls, and then %d; want as many, and at least 100", len(first), len(second))
			}
			for n := range first {
				if first[n] != second[n] {
					t.Fatalf("call %d of %d was\n%s\nand then\n%s", n+1, len(first), first[n], second[n])
				}
			}
		})
	}
}

// The lengths of walks, in calls and the like: they are so long because things that have
// lived are in more states, and end because those that have lived long are in few.
const (
	longWalk = "180" // on average
	auditsAt = 30    // the books are looked at so often on the way
)

// fewWalks sets how many walks there are where no flag says it, and how long they are.
func fewWalks() error {
	walks := "10"
	if racing {
		walks = "6"
	}
	return errors.Join(flag.Set("rapid.checks", walks), flag.Set("rapid.steps", longWalk), flag.Set("rapid.seed", "1"))
}

// walk walks on from where the world is.
func (w *rover) walk(r *rapid.T) {
	w.first = rapid.IntRange(0, len(w.operations)-1).Draw(r, "first")
	steps := 0
	r.Repeat(map[string]func(*rapid.T){
		"call": w.call, "call more": w.call, "call again": w.again, "go on": w.goOn, "go on with it": w.goOn,
		"call what is seldom answered": w.callSeldom, "call a seldom one": w.callSeldom,
		"call another seldom one": w.callSeldom, "call one more": w.callSeldom, "a payer pays": w.pay,
		"time passes": w.pass, "a gateway fails": w.fail, "gateways recover": w.recover,
		"": func(t *rapid.T) {
			if steps++; steps%auditsAt == 0 {
				w.audit(t)
			}
		},
	})
	w.audit(r)
}

// walked is an operation as the document has it.
type walked struct {
	*openapi3.Operation

	method, path, name string
	resource           string
}

// rover is a world whose API is called at random.
type rover struct {
	*dialecttest.World

	handler    http.Handler
	judge      contract
	operations []walked
	good       map[string]map[string]any      // bodies, by operation
	printed    map[string]dialecttest.Sample  // good calls, by operation
	states     map[string]map[string][]string // ids of things, by resource and by how they stand
	known      map[string][]any               // what answers said, by the name of its place
	last       *sent                          // the last named call that went well
	answered   map[string]int                 // good answers, by operation
	first      int                            // of the operations, where all are answered as seldom
	told       []string                       // all calls and their answers
	names      int
	fresh      thing            // what the last call was about
	follow     bool             // the present call is about the same
	wild       bool             // the present call may have what fits nowhere
	gifts      map[string]int64 // what the audit says of money that nobody brought, by its check
}

// sent is a call with its answer.
type sent struct {
	operation    walked
	target, body string
	header       http.Header
	status       int
	answer       string
}

// fatal is what a testing.T and a rapid.T have in common.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// walkFrom makes a world with a thing of every kind in it.
func walkFrom(t *testing.T, database func(testing.TB) string) *rover {
	t.Helper()
	extras := kit(t).Extras
	extras.Watch, extras.Database = nil, database // every answer is looked at here
	extras.Seeded = true
	world := dialecttest.NewWorld(t, banks, extras)
	w := &rover{
		World: world, handler: world.Handler(open(t, world)), judge: contract{t}, known: map[string][]any{},
		answered: map[string]int{}, gifts: map[string]int64{},
		good: map[string]map[string]any{}, printed: map[string]dialecttest.Sample{}, states: map[string]map[string][]string{},
	}
	for _, sample := range kit(t).Samples {
		var body map[string]any
		name := strings.Replace(sample.Route, " /v1", " ", 1)
		w.printed[name] = sample
		if json.Unmarshal([]byte(sample.Body), &body) == nil {
			w.good[name] = body
		}
	}
	world.Play(t, w.handler, dialecttest.Story(prepared))
	doc := document(t)
	for _, path := range doc.Paths.InMatchingOrder() {
		for method, o := range doc.Paths.Value(path).Operations() {
			w.operations = append(w.operations, walked{o, method, path, method + " " + path, o.Tags[0]})
		}
	}
	slices.SortFunc(w.operations, func(a, b walked) int { return strings.Compare(a.name, b.name) })
	for _, o := range w.operations {
		if o.method == http.MethodGet && !strings.Contains(o.path, "{") && !o.needs() {
			w.send(t, sent{operation: o, target: "/v1" + o.path, header: w.holder(o.key())}, true)
		}
	}
	for _, f := range w.findings(t) {
		w.gifts[f.Checks] = f.Wrong
	}
	return w
}

// needs says that an operation cannot be called without parameters.
func (o walked) needs() bool {
	return slices.ContainsFunc(o.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Required })
}

// key is the name of a key that is good for an operation.
func (o walked) key() string {
	if strings.HasSuffix(o.Description, " scope operator.") {
		return "operator"
	}
	return "admin"
}

func (w *rover) holder(key string) http.Header {
	return http.Header{"Authorization": {"Bearer " + w.Keys[key]}}
}

// audit proves the books: nothing is wrong but the gifts with which the world began.
func (w *rover) audit(t fatal) {
	t.Helper()
	for _, f := range w.findings(t) {
		if f.Wrong != w.gifts[f.Checks] {
			t.Fatalf("audit %s: %d wrong, not %d, first %s (%s)", f.ID, f.Wrong, w.gifts[f.Checks], f.Example, f.Checks)
		}
	}
}

func (w *rover) findings(t fatal) []store.Finding {
	t.Helper()
	books, ok := w.Store.(store.Auditor)
	if !ok {
		t.Fatalf("the database cannot be audited")
	}
	findings, err := books.Audit(w.judge.t.Context(), func(int) {})
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	return findings
}

// thing is one thing of a resource.
type thing struct{ resource, id string }

// takes says that an operation wants to know such a thing.
func (o walked) takes(it thing) bool {
	if o.resource == it.resource && strings.Contains(o.path, "{id}") {
		return true
	}
	if o.RequestBody == nil {
		return false
	}
	fields := o.RequestBody.Value.Content["application/json"].Schema.Value.Properties
	return fields[strings.TrimSuffix(it.resource, "s")] != nil
}

// call calls any operation.
func (w *rover) call(t *rapid.T) { w.callOne(t, w.operations) }

// goOn calls an operation about what the last call was about.
func (w *rover) goOn(t *rapid.T) {
	var fit []walked
	for _, o := range w.operations {
		if o.takes(w.fresh) && (o.method == http.MethodPost || odd(t, 6)) {
			fit = append(fit, o)
		}
	}
	if len(fit) == 0 {
		t.Skip("nothing goes on from there")
	}
	w.follow = true
	defer func() { w.follow = false }()
	w.callOne(t, fit)
}

func (w *rover) callOne(t *rapid.T, operations []walked) {
	names := make([]string, 0, len(operations))
	for _, o := range operations {
		names = append(names, o.name)
	}
	name := rapid.SampledFrom(names).Draw(t, "operation")
	w.wild = odd(t, 4)
	w.callThis(t, operations[slices.Index(names, name)])
}

// callThis calls an operation with what is made for it.
func (w *rover) callThis(t *rapid.T, o walked) {
	key := o.key()
	if w.wild && odd(t, 3) {
		key = rapid.SampledFrom([]string{"admin", "key", "operator", "other", "otheradmin", "otheroperator"}).Draw(t, "key")
	}
	s := sent{operation: o, header: w.holder(key), target: "/v1" + o.path}
	if strings.Contains(o.path, "{id}") {
		id := fmt.Sprint(w.value(t, o.resource+".id", &openapi3.Schema{Type: &openapi3.Types{"string"}}))
		if id == "" || strings.ContainsAny(id, "/.") || !w.mayEnd(o, id) {
			t.Skip("that is another path, or the end of a key that the walk needs")
		}
		s.target = "/v1" + strings.Replace(o.path, "{id}", url.PathEscape(id), 1)
	}
	query := url.Values{}
	for _, p := range o.Parameters {
		if p.Value.In == "query" && (p.Value.Required || odd(t, 6)) {
			query.Set(p.Value.Name, queried(w.value(t, p.Value.Name, p.Value.Schema.Value)))
		}
	}
	if len(query) > 0 {
		s.target += "?" + query.Encode()
	}
	if o.method == http.MethodPost {
		s.header.Set("Content-Type", "application/json")
		if o.RequestBody != nil {
			s.body = w.text(t, o.RequestBody.Value.Content["application/json"].Schema.Value, w.good[o.name])
		}
		if rapid.Bool().Draw(t, "named") {
			w.names++
			s.header.Set("Idempotency-Key", fmt.Sprint("wish ", w.names))
		}
	}
	w.send(t, s, !strings.HasPrefix(key, "other"))
}

// mayEnd says that a walk can go on without a thing: not without its own keys, and
// not without the gateways with which it began.
func (w *rover) mayEnd(o walked, id string) bool {
	if strings.HasSuffix(o.path, "/remove") {
		return w.Banks[id] == nil && w.Gateways[id] == nil
	}
	return o.resource != "keys" || strings.Contains(id, "_0000")
}

// again sends the last named call once more: it gets the same answer, and is no
// second effect, which the audit could not tell.
func (w *rover) again(t *rapid.T) {
	if w.last == nil {
		t.Skip("nothing was named yet")
	}
	before := *w.last
	after := w.send(t, before, true)
	if after.status != before.status || after.answer != before.answer {
		t.Fatalf("%s %s %s: got %d %s, then %d %s, want the same", before.operation.name, before.target, before.body,
			before.status, before.answer, after.status, after.answer)
	}
}

// pay lets a payer pay on a bank's page and come back, or one of the two.
func (w *rover) pay(t *rapid.T) {
	pages := w.known["pay_url"]
	if len(pages) == 0 {
		t.Skip("no page yet")
	}
	page := fmt.Sprint(rapid.SampledFrom(pages).Draw(t, "page"))
	session := page[strings.LastIndex(page, "/")+1:]
	for _, form := range banks {
		bank := w.Banks[form.Name]
		if !strings.Contains(page, form.Name) {
			continue
		}
		if rapid.Bool().Draw(t, "pays") {
			bank.Pay(session)
		}
		if rapid.Bool().Draw(t, "returns") {
			// A payer who comes back too late is told so; what becomes of the money is proved by the audit.
			_, _ = w.App.ReturnPayer(w.judge.t.Context(), map[string][]string{
				form.SessionParam: {session}, form.WordParam: {form.Good},
			})
		}
	}
}

// pass lets time go by, and does what the worker does then.
func (w *rover) pass(t *rapid.T) {
	w.Wait(time.Duration(rapid.SampledFrom([]int{1, 1, 1, 60, 700}).Draw(t, "seconds")) * time.Second)
	w.work(t)
}

func (w *rover) work(t fatal) {
	t.Helper()
	for _, work := range []func() (int, error){
		func() (int, error) { return w.App.ResolveDue(w.judge.t.Context(), 100) },
		func() (int, error) { return w.App.RejectOverdue(w.judge.t.Context(), 100) },
		func() (int, error) { return w.App.ExpireDue(w.judge.t.Context(), 100) },
	} {
		if _, err := work(); err != nil {
			t.Fatalf("work: %v", err)
		}
	}
}

// send sends a call, looks at its answer, and learns from it where it is the shop's.
func (w *rover) send(t fatal, s sent, ours bool) sent {
	t.Helper()
	r := httptest.NewRequestWithContext(w.judge.t.Context(), s.operation.method, s.target, strings.NewReader(s.body))
	r.Header = s.header.Clone()
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	s.status, s.answer = recorder.Code, recorder.Body.String()
	w.told = append(w.told, fmt.Sprintf("%s %s %v %s\n%d %v %s", s.operation.method, s.target, s.header, s.body, s.status,
		recorder.Header(), s.answer))
	wrong := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("%s %s\n%.2000s\n%d %.2000s\n%s", s.operation.method, s.target, s.body, s.status, s.answer,
			fmt.Sprintf(format, args...))
	}
	if s.status >= http.StatusInternalServerError && !passing(s) {
		wrong("something broke")
	}
	if err := w.judge.judge(r, withoutNulls([]byte(s.body)), recorder); err != nil {
		wrong("the document does not know this: %v", err)
	}
	if s.status >= http.StatusBadRequest {
		var p struct{ Code string }
		documented := s.operation.Responses.Status(s.status)
		if json.Unmarshal([]byte(s.answer), &p) != nil || documented == nil || documented.Value.Description == nil ||
			!slices.Contains(strings.FieldsFunc(*documented.Value.Description, func(r rune) bool {
				return r == ' ' || r == ',' || r == ':'
			}), p.Code) {
			wrong("the document does not name the code %s", p.Code)
		}
		return s
	}
	if !ours {
		// No filter and no reference of a body is among them: those may find nothing.
		if path, _, _ := strings.Cut(s.target, "?"); strings.Contains(path, "_00000000-") {
			wrong("another merchant got at this")
		}
		return s
	}
	w.answered[s.operation.name]++
	w.learn(s)
	return s
}

// passing says that an answer is about a moment: in the next, a gateway that the walk
// made fail may be well. What the caller sent, what nobody set up, and that no trader
// is free, is answered otherwise.
func passing(s sent) bool {
	var p struct{ Code fault.Code }
	return s.status == http.StatusServiceUnavailable && json.Unmarshal([]byte(s.answer), &p) == nil &&
		slices.Contains([]fault.Code{fault.CodeGatewayUnavailable, fault.CodeGatewayUnknownOutcome}, p.Code)
}

// withoutNulls is a body without the fields that are null: they are not there.
func withoutNulls(body []byte) []byte {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return body
	}
	var strip func(value any)
	strip = func(value any) {
		object, _ := value.(map[string]any)
		for name, inner := range object {
			if inner == nil {
				delete(object, name)
			}
			strip(inner)
		}
	}
	strip(value)
	text, err := json.Marshal(value)
	if err != nil {
		return body
	}
	return text
}

// learn keeps what an answer says for later calls.
func (w *rover) learn(s sent) {
	if s.header.Get("Idempotency-Key") != "" {
		w.last = &s
	}
	var answer map[string]any
	decoder := json.NewDecoder(bytes.NewReader([]byte(s.answer)))
	decoder.UseNumber()
	if decoder.Decode(&answer) != nil {
		return // it is a table
	}
	if s.operation.method == http.MethodPost {
		if id, ok := answer["id"].(string); ok {
			w.fresh = thing{s.operation.resource, id}
		}
	}
	things := []any{answer}
	if data, ok := answer["data"].([]any); ok {
		things = append(things, data...)
	}
	for _, thing := range things {
		object, ok := thing.(map[string]any)
		if !ok {
			continue
		}
		for _, name := range []string{"id", "account", "terminal", "market", "name"} {
			if id, ok := object[name]; ok {
				w.keep(s.operation.resource+".id", id)
				break
			}
		}
		w.stand(s.operation.resource, object)
		for _, name := range slices.Sorted(maps.Keys(object)) {
			w.keep(name, object[name])
		}
	}
}

// keep remembers a plain value, for some time.
func (w *rover) keep(place string, value any) {
	const most = 12
	switch value.(type) {
	case string, json.Number:
	default:
		return
	}
	list := w.known[place]
	if slices.Contains(list, value) {
		return
	}
	w.known[place] = append(list[max(0, len(list)-most+1):len(list):len(list)], value)
}
