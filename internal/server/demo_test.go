package server

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// ask makes one request without a network.
func ask(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	r.RemoteAddr, r.Host = "127.0.0.1:4000", "127.0.0.1:8080"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestDemoStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:8080", "[::]:0", "example.com:80", "8080"} {
		_, err := NewDemo(t.Context(), DemoOptions{Addr: address, Data: t.TempDir(), Log: io.Discard})
		if wrong, ok := errors.AsType[*SettingError](err); !ok || wrong.Key != "addr" {
			t.Errorf("%s: got %v, want an error that names addr", address, err)
		}
	}
}

// newDemo is a demo in a folder of its own.
func newDemo(t *testing.T) *Demo {
	t.Helper()
	d, err := NewDemo(t.Context(), DemoOptions{Addr: "127.0.0.1:0", Data: sqlitetest.Folder(t), Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// TestDemoIsForThisMachine: nothing that a page sends or a proxy passes on is done without a key.
func TestDemoIsForThisMachine(t *testing.T) {
	t.Parallel()
	d := newDemo(t)
	const here = "127.0.0.1:8080"
	tests := []struct {
		name, host string
		header     map[string]string
		want       int
	}{
		{"a program here", here, nil, http.StatusOK},
		{"a name that leads here", "evil.example", map[string]string{
			"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin",
		}, http.StatusUnauthorized},
		{"such a name alone", "evil.example:8080", nil, http.StatusUnauthorized},
		{"a page", here, map[string]string{"Origin": "https://evil.example"}, http.StatusUnauthorized},
		{"a tunnel", here, map[string]string{"X-Forwarded-For": "203.0.113.9"}, http.StatusUnauthorized},
		{"a tunnel below an empty line", here, map[string]string{"X-Forwarded-For": "|203.0.113.9"}, http.StatusUnauthorized},
		{"a page with the key", here, map[string]string{
			"Origin": "https://shop.example", "Authorization": "Bearer " + d.Info.IPG.AdminKey,
		}, http.StatusOK},
	}
	for _, path := range []string{"/api/payments", "/admin/payment/allPaymentsStatus"} {
		for _, test := range tests {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
			r.RemoteAddr, r.Host = "127.0.0.1:4000", test.host
			for name, value := range test.header {
				r.Header[name] = strings.Split(value, "|") // a line of the header each
			}
			w := httptest.NewRecorder()
			d.Handler().ServeHTTP(w, r)
			if w.Code != test.want {
				t.Errorf("%s: %s: got %d, want %d", path, test.name, w.Code, test.want)
			}
		}
	}
}

func TestDemoSandbox(t *testing.T) {
	t.Parallel()
	d := newDemo(t)
	for _, e := range emulators {
		base := "/sandbox/" + e.name
		if w := ask(t, d.Handler(), base+"/-/control/"); w.Code != http.StatusOK ||
			!strings.Contains(w.Body.String(), d.Info.SandboxURL+"/"+e.name) {
			t.Errorf("%s: got %d %s, want its overview", e.name, w.Code, w.Body.String())
		}
	}
	text := d.Welcome()
	for _, want := range []string{d.Info.BaseURL, d.Info.IPG.APIKey, d.Info.IPG.AdminKey, "curl -s", d.Folder} {
		if !strings.Contains(text, want) {
			t.Errorf("the welcome lacks %s", want)
		}
	}
	if strings.Contains(text, "%!") {
		t.Errorf("the welcome is broken: %s", text)
	}
	// The ordinary server has no sandbox, and nobody without a key.
	s, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Data: sqlitetest.Folder(t)}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, path := range []string{"/sandbox/zibal/-/control/", "/sandbox/zarinpal/"} {
		if w := ask(t, s.Handler(), path); w.Code != http.StatusNotFound {
			t.Errorf("%s: a server answered %d, want 404", path, w.Code)
		}
	}
	if w := ask(t, s.Handler(), "/admin/payment/allPaymentsStatus"); w.Code != http.StatusUnauthorized {
		t.Errorf("a server answered %d without a key, want 401", w.Code)
	}
}

// A key that was revoked, or whose file is gone, is replaced at the next
// start; the merchant and what it has stay.
func TestDemoReplacesKeys(t *testing.T) {
	t.Parallel()
	o := DemoOptions{Addr: "127.0.0.1:0", Data: sqlitetest.Folder(t), Log: io.Discard}
	first, err := NewDemo(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	key, err := first.app.Authenticate(t.Context(), first.Info.IPG.APIKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.app.RevokeKey(t.Context(), key.Merchant, key.ID); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := NewDemo(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	if second.Info.IPG.AdminKey != first.Info.IPG.AdminKey || second.Info.IPG.APIKey == first.Info.IPG.APIKey {
		t.Errorf("got keys %v after %v, want the revoked one replaced and the other kept", second.Info.IPG, first.Info.IPG)
	}
	again, err := second.app.Authenticate(t.Context(), second.Info.IPG.APIKey)
	if err != nil || again.Merchant != key.Merchant {
		t.Errorf("got merchant %s, %v, want %s", again.Merchant, err, key.Merchant)
	}
}
