package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// held is a body that does not come before it is let go.
type held struct {
	begin        sync.Once
	began, letGo chan struct{}
}

// Read says that somebody waits for the body, and waits too.
func (h *held) Read([]byte) (int, error) {
	h.begin.Do(func() { close(h.began) })
	<-h.letGo
	return 0, io.EOF
}

// TestLargeBodiesWaitOutside wants no more large bodies at one time than the memory
// is for, none of one merchant to keep those of all others out, and small ones and
// those without a good key never to be counted.
func TestLargeBodiesWaitOutside(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{Stage: stage})
	if err := openMarket(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	h := w.Handler(open(t, w))
	ask := func(key string, length int64, body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/settlements", body)
		r.ContentLength = length
		r.Header.Set("Authorization", "Bearer "+w.Keys[key])
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		return answer
	}
	status := func(key string, length int64) int {
		return ask(key, length, strings.NewReader("{}")).Code
	}
	const large = 20 << 20
	hold := func(key string, length int64) (end func()) {
		body, over := &held{began: make(chan struct{}), letGo: make(chan struct{})}, make(chan int)
		go func() { over <- ask(key, length, body).Code }()
		<-body.began
		return func() {
			close(body.letGo)
			if got := <-over; got != http.StatusBadRequest { // nothing came
				t.Errorf("%s of %d: got %d at the end", key, length, got)
			}
		}
	}
	first := hold("operator", large)
	late := ask("operator", large, strings.NewReader("{}"))
	if late.Code != http.StatusTooManyRequests || late.Header().Get("Retry-After") != "5" {
		t.Errorf("got %d %v, want to be told to wait", late.Code, late.Header())
	}
	if got := status("operator", -1); got != http.StatusTooManyRequests {
		t.Errorf("a body of nobody knows what length: got %d", got)
	}
	if got := status("operator", 200); got != http.StatusBadRequest {
		t.Errorf("a small body: got %d", got)
	}
	if got := status("key", large); got != http.StatusForbidden {
		t.Errorf("a key that may not: got %d", got)
	}
	second := hold("otheroperator", large)
	if got := status("otheroperator", 8<<20); got != http.StatusTooManyRequests {
		t.Errorf("more than there is room for: got %d", got)
	}
	first()
	if got := status("operator", large); got != http.StatusBadRequest {
		t.Errorf("once there is room: got %d", got)
	}
	second()
}

// TestLargeSettlementFile wants a file of 10 MB to be read, and a larger one to be
// refused by its name.
func TestLargeSettlementFile(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{Stage: stage})
	if err := openMarket(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	h := w.Handler(open(t, w))
	header := http.Header{"Authorization": {"Bearer {{operator}}"}, "Content-Type": {"application/json"}}
	const most = 10_000_000
	head, line := `receipt,amount,note\n`, `x,1,`+strings.Repeat("n", 999_900)+`\n`
	file := head + strings.Repeat(line, 9)
	fill := func(size int) string {
		written := len(file) - strings.Count(file, `\n`) // which is two characters here and one there
		return `{"operator":"Sam","gateway":"zarinpal","file":"` + file + strings.Repeat("n", size-written) + `"}`
	}
	a := w.Ask(h, http.MethodPost, "/v1/settlements/check", header, fill(most))
	if a.Status != http.StatusOK || !strings.Contains(a.Body, `"rows":10,`) {
		t.Errorf("got %d %.200s", a.Status, a.Body)
	}
	for _, path := range []string{"/v1/settlements/check", "/v1/settlements"} {
		a = w.Ask(h, http.MethodPost, path, header, fill(most+1))
		if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, `"param":"file"`) {
			t.Errorf("%s: got %d %.200s", path, a.Status, a.Body)
		}
	}
}
