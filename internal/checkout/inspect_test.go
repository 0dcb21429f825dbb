package checkout_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/checkout"
)

// Every page, in every state, is as it was built, and so is what it loads: the
// files of the list, by their hashes, and nothing else.
func TestPagesAreAsBuilt(t *testing.T) {
	t.Parallel()
	b, sights := everySight(t)
	scripts := 0
	for _, s := range sights {
		got := b.do(s.handler, http.MethodGet, s.address, "")
		if got.status == http.StatusSeeOther {
			continue
		}
		if wrong := checkout.Inspect("", got.header, []byte(got.body)); len(wrong) > 0 {
			t.Errorf("%s: %q", s.name, wrong)
		}
		scripts += strings.Count(got.body, "<script")
	}
	if scripts == 0 {
		t.Error("no page has a script: the list of them was not tested")
	}
	for _, f := range checkout.Files() {
		got := b.get(f.Path).want(http.StatusOK)
		if !f.Same([]byte(got.body)) || f.Same([]byte(got.body+" ")) {
			t.Errorf("%s is not what its hash %s says", f.Name, f.Integrity)
		}
		if f.Purpose == "" {
			t.Errorf("nobody says what %s is for", f.Name)
		}
	}
	if wrong := checkout.Inspect("", b.get("/pay/none").header, []byte(b.get("/pay/none").body)); len(wrong) > 0 {
		t.Errorf("the page that says that there is none: %q", wrong)
	}
}

// Whatever somebody puts between us and a payer's browser is found.
func TestSpoiltPagesAreFound(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	page := b.look(b.bill(nil).ID)
	put := func(text string) func(*http.Header, *string) {
		return func(_ *http.Header, body *string) { *body = strings.Replace(*body, "</body>", text+"</body>", 1) }
	}
	without := func(name string) func(*http.Header, *string) {
		return func(h *http.Header, _ *string) { h.Del(name) }
	}
	policy, script := page.header.Get("Content-Security-Policy"), checkout.Files()[0].Path
	saying := func(text string) func(*http.Header, *string) {
		return func(h *http.Header, _ *string) { h.Set("Content-Security-Policy", text) }
	}
	for name, c := range map[string]struct {
		spoil func(*http.Header, *string)
		want  string
	}{
		"a script of its own":     {put("<script>steal()</script>"), `<script> of ""`},
		"a foreign script":        {put(`<SCRIPT SRC="https://evil.example/x.js"></SCRIPT>`), "none of its files"},
		"our script elsewhere":    {put(`<script src="//evil.example` + script + `"></script>`), "none of its files"},
		"an event":                {put(`<img src="data:," onerror="steal()">`), "onerror"},
		"an address that runs":    {put(`<a href=" JavaScript:steal()">x</a>`), "JavaScript:steal()"},
		"a frame":                 {put(`<iframe src="/x"></iframe>`), "<iframe>"},
		"a document in a frame":   {put(`<iframe srcdoc="x"></iframe>`), "srcdoc"},
		"another base":            {put(`<base href="https://evil.example/">`), "<base>"},
		"a style of its own":      {put(`<style>input{}</style>`), "<style>"},
		"an inline style":         {put(`<p style="x">x</p>`), "style="},
		"a foreign style":         {put(`<link rel="stylesheet" href="https://evil.example/x.css">`), "none of its files"},
		"a button of a stranger":  {put(`<button formaction="https://evil.example/">x</button>`), "formaction"},
		"another page":            {func(_ *http.Header, body *string) { *body = "<p>hello" }, "no page of ours"},
		"no policy":               {without("Content-Security-Policy"), "no Content-Security-Policy"},
		"no referrer policy":      {without("Referrer-Policy"), "Referrer-Policy"},
		"frames are allowed":      {without("X-Frame-Options"), "X-Frame-Options"},
		"it is stored":            {without("Cache-Control"), "Cache-Control"},
		"sniffing":                {without("X-Content-Type-Options"), "X-Content-Type-Options"},
		"any script":              {saying(policy + " 'unsafe-inline'"), "'unsafe-inline'"},
		"a policy for an analyst": {saying(policy + "; script-src-elem https://evil.example"), "evil.example"},
		"a policy cut short":      {saying("default-src 'none'"), "lacks frame-ancestors"},
		"another script": {func(_ *http.Header, body *string) {
			*body = regexp.MustCompile(`(js" integrity=")sha384-..`).ReplaceAllString(*body, "${1}sha384-AA")
		}, "integrity"},
	} {
		header, body := page.header.Clone(), page.body
		c.spoil(&header, &body)
		if got := strings.Join(checkout.Inspect("", header, []byte(body)), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q in it", name, got, c.want)
		}
	}
}
