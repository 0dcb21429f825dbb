package dialecttest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect"
)

// jsonType is the Content-Type of the requests that the kit makes up.
const jsonType = "application/json"

// attack is one hostile request and what must come of it.
type attack struct {
	name         string
	method, path string
	header       http.Header
	body         string
	want         int    // 0 = any 4xx
	says         string // not empty: it is answered with 200 and this body
}

// runSamples proves that the samples are good, each in a world of its own: a
// hostile variant of a bad request would prove nothing.
func runSamples(t *testing.T, k Kit) {
	t.Helper()
	for _, s := range k.Samples {
		t.Run(s.Route, func(t *testing.T) {
			t.Parallel()
			w := k.world(t)
			d := k.New(t, w)
			h := w.Handler(d)
			w.Play(t, h, Story(k.Prepare))
			method, path := s.target()
			if a := w.Ask(h, method, path, k.header(s, accessOf(d, s)), s.Body); a.Status >= http.StatusBadRequest {
				t.Errorf("got %d %s, want a good answer", a.Status, a.Body)
			}
		})
	}
}

// runHostile sends what no good caller sends. Each must be refused in the
// dialect's own shape, and nothing may change.
func runHostile(t *testing.T, k Kit) {
	t.Helper()
	w := k.world(t)
	d := k.New(t, w)
	h := w.Handler(d)
	w.Play(t, h, Story(k.Prepare))
	before := w.print(t)
	for _, route := range d.Routes {
		s, ok := k.sample(route)
		if !ok {
			t.Errorf("%s has no sample", route.Name())
			continue
		}
		t.Run(route.Name(), func(t *testing.T) {
			for _, a := range k.attacks(route, s, d) {
				if err := a.judge(k, w.Ask(h, a.method, a.path, a.header, a.body)); err != nil {
					t.Errorf("%s: %v", a.name, err)
				}
			}
			if after := w.print(t); after != before {
				t.Errorf("something changed:\n%s\nbefore:\n%s", after, before)
				before = after
			}
		})
	}
	t.Run("unknown paths", func(t *testing.T) { runUnknown(t, w, d, k) })
}

// runUnknown asks for what is not there.
func runUnknown(t *testing.T, w *World, d *dialect.Dialect, k Kit) {
	t.Helper()
	h := w.Handler(d)
	for _, path := range unknownPaths(d) {
		for _, method := range methods {
			a := w.Ask(h, method, path, nil, "")
			if err := k.Face(a); a.Status != http.StatusNotFound || err != nil {
				t.Errorf("%s %s: got %d %s (%v), want the dialect's own 404", method, path, a.Status, a.Body, err)
			}
		}
	}
}

// judge says what is wrong with the answer to an attack.
func (a attack) judge(k Kit, answer Answer) error {
	if a.says != "" {
		if answer.Status != http.StatusOK || answer.Body != a.says {
			return fmt.Errorf("got %d %s, want 200 %s", answer.Status, answer.Body, a.says)
		}
		return nil
	}
	if answer.Status < 400 || answer.Status > 499 {
		return fmt.Errorf("got %d %s, want a 4xx", answer.Status, answer.Body)
	}
	if a.want != 0 && answer.Status != a.want {
		return fmt.Errorf("got %d %s, want %d", answer.Status, answer.Body, a.want)
	}
	if err := k.Face(answer); err != nil {
		return fmt.Errorf("the answer %d %s is not the dialect's own: %w", answer.Status, answer.Body, err)
	}
	return nil
}

// sample finds the route's sample. A public route without inputs needs none.
func (k Kit) sample(route dialect.Route) (Sample, bool) {
	for _, s := range k.Samples {
		if s.Route == route.Name() {
			return s, true
		}
	}
	return Sample{Route: route.Name()}, len(route.Params) == 0 && route.Access == dialect.Anyone
}

// target is the method and the address of a sample.
func (s Sample) target() (method, target string) {
	method, path, _ := strings.Cut(s.Route, " ")
	if s.Path != "" {
		path = s.Path
	}
	if s.Query != "" {
		path += "?" + s.Query
	}
	return method, path
}

// header is the headers of a sample.
func (k Kit) header(s Sample, access dialect.Access) http.Header {
	header := http.Header{}
	if s.Body != "" {
		header.Set("Content-Type", jsonType)
	}
	switch {
	case s.Key == "":
	case access == dialect.Signed:
		k.sign(header, s.Key)
	case access == dialect.Token:
		header.Set("Authorization", "Bearer {{"+s.Key+"}}")
	default:
		header.Set("X-Api-Key", "{{"+s.Key+"}}")
	}
	return header
}

// sign makes a call be signed with one of the world's keys.
func (k Kit) sign(header http.Header, key string) {
	header.Set(k.Extras.Signer.KeyHeader, "{{"+key+"}}")
	header.Set(k.Extras.Signer.SignHeader, "{{sign:"+key+"}}")
}

// accessOf is what a sample's route needs.
func accessOf(d *dialect.Dialect, s Sample) dialect.Access {
	for _, r := range d.Routes {
		if r.Name() == s.Route {
			return r.Access
		}
	}
	return dialect.Anyone
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodOptions,
}

func unknownPaths(d *dialect.Dialect) []string {
	mux := http.NewServeMux()
	dialect.Mount(mux, &dialect.Dialect{Routes: d.Routes, Fault: d.Fault})
	unknown := func(path string) bool {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return true
		}
		_, pattern := mux.Handler(&http.Request{Method: http.MethodGet, URL: u})
		return len(d.Methods(pattern)) == 0 || strings.Contains(path, "//")
	}
	paths := []string{"/no-such-thing"}
	for _, claim := range d.Claims {
		paths = append(paths, claim+"no/such/thing", "/"+claim, strings.TrimSuffix(claim, "/"))
		if len(d.Methods(claim)) == 0 {
			paths = append(paths, claim)
		}
	}
	for _, route := range d.Routes {
		if !strings.Contains(route.Path, "{") {
			paths = append(paths, route.Path+"/", route.Path+"/more", "/."+route.Path, strings.ToUpper(route.Path))
		}
	}
	return slices.DeleteFunc(paths, func(path string) bool { return !unknown(path) })
}

// attacks are the hostile variants of one good request.
func (k Kit) attacks(route dialect.Route, s Sample, d *dialect.Dialect) []attack {
	method, target := s.target()
	var list []attack
	add := func(name string, want int, change func(*attack)) {
		a := attack{name: name, method: method, path: target, header: k.header(s, route.Access), body: s.Body, want: want}
		change(&a)
		list = append(list, a)
	}
	taken := d.Methods(route.Path)
	for _, other := range methods {
		if !slices.Contains(taken, other) {
			add("method "+other, 0, func(a *attack) { a.method = other })
		}
	}
	switch route.Access {
	case dialect.Signed:
		k.attackSignature(s, add)
	case dialect.Token:
		k.attackToken(s, add)
	case dialect.Anyone, dialect.KeyIfAny, dialect.KeyOnly, dialect.AdminKey:
		k.attackKeys(route, s, add)
	}
	if s.Body != "" {
		k.attackBody(route, s, add)
	}
	for _, p := range route.Params {
		switch p.In {
		case dialect.InBody:
			attackField(p, s, add)
		case dialect.InQuery:
			attackQuery(p, s, add)
		case dialect.InPath:
		}
	}
	return list
}

// adder adds a variant of the good request.
type adder func(name string, want int, change func(*attack))

func (k Kit) attackKeys(route dialect.Route, s Sample, add adder) {
	without := func(a *attack) { a.header.Del("X-Api-Key") }
	if route.Access == dialect.KeyOnly || route.Access == dialect.AdminKey {
		add("no key", http.StatusUnauthorized, without)
		add("empty key", http.StatusUnauthorized, func(a *attack) { a.header.Set("X-Api-Key", "") })
		add("no key, broken body", http.StatusUnauthorized, func(a *attack) { without(a); a.body = "{" })
	}
	if route.Access != dialect.Anyone {
		add("wrong key", http.StatusUnauthorized, func(a *attack) { a.header.Set("X-Api-Key", "pk_wrong") })
		add("wrong bearer", http.StatusUnauthorized, func(a *attack) {
			without(a)
			a.header.Set("Authorization", "Bearer pk_wrong")
		})
		add("two keys", http.StatusUnauthorized, func(a *attack) {
			a.header.Set("X-Api-Key", "{{key}}")
			a.header.Set("Authorization", "Bearer {{other}}")
		})
	}
	if route.Access == dialect.AdminKey {
		add("ordinary key", http.StatusForbidden, func(a *attack) { a.header.Set("X-Api-Key", "{{key}}") })
	}
	if s.Owned {
		add("another merchant's key", http.StatusNotFound, func(a *attack) {
			a.header.Set("X-Api-Key", "{{"+cmp.Or(s.Rival, "otheradmin")+"}}")
			a.says = k.Missing
		})
	}
}

// attackSignature tries what only the holder of the secret may do.
func (k Kit) attackSignature(s Sample, add adder) {
	signer := k.Extras.Signer
	set := func(name, value string) func(*attack) {
		return func(a *attack) { a.header.Set(name, value) }
	}
	for _, name := range []string{signer.KeyHeader, signer.SignHeader} {
		drop := func(a *attack) { a.header.Del(name) }
		add("no "+name, http.StatusUnauthorized, drop)
		add("no "+name+", broken body", http.StatusUnauthorized, func(a *attack) { drop(a); a.body = "{" })
		add("empty "+name, http.StatusUnauthorized, set(name, ""))
		add("unknown "+name, http.StatusUnauthorized, set(name, "0123456789abcdef0123456789abcdef"))
		add("two of "+name, http.StatusUnauthorized, func(a *attack) { a.header.Add(name, a.header.Get(name)) })
	}
	add("an ordinary key", http.StatusUnauthorized, set(signer.KeyHeader, "{{key}}"))
	add("another key's signature", http.StatusUnauthorized, set(signer.SignHeader, "{{sign:"+signer.Other+"}}"))
	add("a key for the signature of another", http.StatusUnauthorized, set(signer.KeyHeader, "{{"+signer.Other+"}}"))
	for _, key := range signer.Barred {
		add("a good key that may not: "+key, http.StatusForbidden, func(a *attack) { k.sign(a.header, key) })
	}
	if s.Owned {
		add("another merchant's key", http.StatusNotFound, func(a *attack) { k.sign(a.header, signer.Other) })
	}
}

func (k Kit) attackBody(route dialect.Route, s Sample, add adder) {
	set := func(body string) func(*attack) { return func(a *attack) { a.body = body } }
	typed := func(value string) func(*attack) {
		return func(a *attack) { a.header.Set("Content-Type", value) }
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(s.Body, "{"), "}")
	name, _, _ := strings.Cut(inner, ":")
	// Where nothing is needed, nothing is a good request too, and so is a form
	// with a strange name in it.
	needy := slices.ContainsFunc(route.Params, func(p dialect.Param) bool { return p.In == dialect.InBody && !p.Optional })
	if needy {
		add("no body", 0, set(""))
	}
	if needy && !k.AnyMedia {
		add("content type of a form", 0, typed("application/x-www-form-urlencoded"))
	}
	add("oversize body", 0, set(`{"pad":"`+strings.Repeat("x", dialect.MaxBody)+`",`+inner+"}"))
	for _, broken := range []string{
		"{", "}", "[]", "[" + s.Body + "]", "null", "true", "12", `"text"`, "{" + inner + ",}", s.Body + s.Body,
		s.Body + "x", "{" + inner + `,"x":\u0000}`, "{" + inner + ",\"x\":\"\xff\xfe\"}", "\xef\xbb\xbf" + s.Body,
		"{" + inner + `,"x":NaN}`, "{" + inner + `,"x":01}`, "{'" + inner + "}", "<xml/>",
	} {
		add("bad JSON "+broken[:min(len(broken), 20)], 0, set(broken))
	}
	add("duplicate key", 0, set("{"+inner+","+name+":null}"))
	add("duplicate key inside", 0, set("{"+inner+`,"pad":{"a":1,"a":1}}`))
	add("deep lists", 0, set("{"+inner+`,"pad":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+"}"))
	add("deep objects", 0, set("{"+inner+`,"pad":`+strings.Repeat(`{"a":`, 40)+"1"+strings.Repeat("}", 40)+"}"))
	add("very deep", 0, set(strings.Repeat(`{"a":`, 50_000)+"1"+strings.Repeat("}", 50_000)))
	if k.AnyMedia {
		return
	}
	for _, media := range []string{
		"text/plain", "text/xml", "application/octet-stream", "multipart/form-data", "multipart/form-data; boundary=x",
		"application/json; charset=utf-16", "json", ";",
	} {
		add("content type "+media, 0, typed(media))
	}
	add("content coding", 0, func(a *attack) { a.header.Set("Content-Encoding", "gzip") })
}

// attackField spoils one field of the body.
func attackField(p dialect.Param, s Sample, add adder) {
	spoil := func(value string) func(*attack) {
		return func(a *attack) {
			fields := map[string]json.RawMessage{}
			_ = json.Unmarshal([]byte(s.Body), &fields) // the samples were proved to be good
			delete(fields, p.Name)
			if value != "" {
				fields[p.Name] = json.RawMessage(value)
			}
			text, _ := json.Marshal(fields)
			a.body = string(text)
		}
	}
	long := `"` + strings.Repeat("x", 100_000) + `"`
	var bad []string
	if p.Type != dialect.ListType {
		bad = []string{"[]", `["x"]`}
	}
	if p.Type != dialect.FlagType {
		bad = append(bad, "true")
	}
	if p.Type != dialect.ObjectType {
		bad = append(bad, "{}", `{"$gt":""}`)
	}
	if p.Type != dialect.AnyText {
		bad = append(bad, long)
	}
	switch p.Type {
	case dialect.AnyText:
		bad = append(bad, "12", "1.5", `"a\u0000b"`)
	case dialect.ObjectType:
		bad = append(bad, "12", `""`)
	case dialect.FlagType:
		bad = append(bad, "0", "1", `""`, `"true"`)
	case dialect.AmountType:
		bad = append(bad, badDecimals...)
		bad = append(bad, `"20.0"`, `""`)
	case dialect.NumberType:
		bad = append(bad, `"x"`, `"20.0"`, `""`, "1e3", "1E-2", "0.123456789", "9223372036854775808", "-1e999999999999",
			strings.Repeat("9", 10_000))
	case dialect.ListType:
		bad = append(bad, "12", `""`, "[{}]", "[[]]")
	case dialect.TextType:
		bad = append(bad, "12", "1.5", `"a\u0000b"`)
	case dialect.IntegerType, dialect.NaturalType:
		bad = append(bad, `"1000"`, `""`, "1000.5", "-1", "-9223372036854775808", "9223372036854775807",
			"9223372036854775808", "1e400", "1e-400", "1e999999999999", strings.Repeat("9", 10_000))
		if p.Type == dialect.IntegerType {
			bad = append(bad, "0")
		}
	case dialect.WholeType:
		bad = append(bad, badWholes...)
		bad = append(bad, "2000000001", "9223372036854775808", "1e400", `"9223372036854775808"`, strings.Repeat("9", 10_000))
	case dialect.CountType:
		bad = append(bad, badWholes...)
	case dialect.DecimalType:
		bad = append(bad, badDecimals...)
	}
	if !p.Optional {
		bad = append(bad, "null", "")
	}
	for _, value := range bad {
		add(fmt.Sprintf("%s = %.40s", p.Name, value), 0, spoil(value))
	}
}

// What is no whole number above zero, and no amount of money.
var (
	badWholes = []string{
		`"x"`, `"1.5"`, `"-1"`, `"+1"`, `"1e3"`, `" 1"`, `"0"`, `"٥"`, "1000.5", "-1", "-9223372036854775808", "1e-400", "0",
	}
	badDecimals = []string{
		`"x"`, `"-1"`, `"+1"`, `"1e3"`, `" 1"`, `"1,5"`, `".5"`, `"1."`, `"0"`, `"0.00"`, `"٥"`, `"Infinity"`, "-1", "0",
		"0.0", "1e3", "1E-2", "0.123456789", "9223372036854775808", "1e400", "-1e999999999999",
		strings.Repeat("9", 10_000), `"0.` + strings.Repeat("0", 10_000) + `1"`,
	}
)

// attackQuery spoils one parameter of the query.
func attackQuery(p dialect.Param, s Sample, add adder) {
	spoil := func(change func(url.Values)) func(*attack) {
		return func(a *attack) {
			query, _ := url.ParseQuery(s.Query)
			change(query)
			path, _, _ := strings.Cut(a.path, "?")
			a.path = path + "?" + query.Encode()
		}
	}
	long := strings.Repeat("x", 100_000)
	bad := []string{"a\x00b", "\xff"}
	if p.Type != dialect.AnyText {
		bad = append(bad, "", "x'; drop table invoice;--", "../..", long)
	}
	for _, value := range bad {
		add(fmt.Sprintf("%s = %.20q", p.Name, value), 0, spoil(func(q url.Values) { q.Set(p.Name, value) }))
	}
	add(p.Name+" twice", 0, spoil(func(q url.Values) { q[p.Name] = []string{q.Get(p.Name), q.Get(p.Name)} }))
	add(p.Name+" badly escaped", 0, func(a *attack) { a.path += "&" + p.Name + "=%zz" })
	if !p.Optional {
		add(p.Name+" missing", 0, spoil(func(q url.Values) { q.Del(p.Name) }))
	}
}

// runPanic proves that even a mistake in a handler is answered in the
// dialect's own shape, without its text.
func runPanic(t *testing.T, k Kit) {
	t.Helper()
	t.Parallel()
	w := k.world(t)
	d := k.New(t, w)
	for i := range d.Routes {
		d.Routes[i].Handle = func(*dialect.Request) (dialect.Reply, error) { panic(errCause) }
	}
	d.Enter, d.Admit = nil, nil
	h := w.Handler(d)
	for _, route := range d.Routes {
		a := w.Ask(h, route.Method, route.Path, nil, "")
		if err := k.Face(a); a.Status != http.StatusInternalServerError || err != nil {
			t.Errorf("%s: got %d %s (%v), want the dialect's own 500", route.Name(), a.Status, a.Body, err)
		}
		if strings.Contains(a.Body, errCause.Error()) {
			t.Errorf("%s shows the cause: %s", route.Name(), a.Body)
		}
		if a.Header.Get(dialect.RequestIDHeader) == "" {
			t.Errorf("%s: the answer names no request", route.Name())
		}
	}
}
