package api_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/purserhq/purser/internal/api/apitest"
)

// published is the document as docs has it; a test wants it to be what the
// server gives.
var published = filepath.Join("..", "..", "docs", "openapi.json")

// contract holds every exchange against the document.
type contract struct{ t testing.TB }

// document reads it anew, for a test of its own.
func document(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(published)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// watching wraps a handler so that every exchange is held against the document.
func watching(t testing.TB) func(http.Handler) http.Handler {
	t.Helper()
	return func(next http.Handler) http.Handler {
		c := contract{t}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.watch(next, w, r) })
	}
}

// watch passes one call on. A call that is answered well must be one that the
// document allows, and whatever is answered must be in it.
func (c contract) watch(next http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	recorder := httptest.NewRecorder()
	next.ServeHTTP(recorder, r)
	if problem := c.judge(r, body, recorder); problem != nil {
		c.t.Errorf("%s %s: the document does not know this: %v\n%.400s\n%d %s", r.Method, r.URL, problem, body,
			recorder.Code, recorder.Body)
	}
	for name, values := range recorder.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes()) // a recorder takes everything
}

// judge says what the document does not know of an exchange.
func (c contract) judge(r *http.Request, body []byte, answer *httptest.ResponseRecorder) error {
	return apitest.Judge(r, body, apitest.Answer{
		Status: answer.Code, Header: answer.Header(), Body: answer.Body.Bytes(),
	})
}
