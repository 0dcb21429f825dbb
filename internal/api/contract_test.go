package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
)

// published is the document as docs has it; a test wants it to be what the
// server gives.
var published = filepath.Join("..", "..", "docs", "openapi.json")

// contract holds every exchange against the document.
type contract struct {
	t      testing.TB
	routes routers.Router
}

// contracts are read once.
var contracts = sync.OnceValues(func() (routers.Router, error) {
	raw, err := os.ReadFile(published)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	readFiles()
	doc.Servers = openapi3.Servers{{URL: "/v1"}}
	closeAnswers(doc)
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	// For documents of 3.1 the library makes each schema anew for every body, which takes
	// longer than all the rest of a test. What ours uses of it means the same in 3.0: see
	// TestSchemasArePlain.
	doc.OpenAPI = "3.0.3"
	return gorillamux.NewRouter(doc)
})

// document reads it anew, for a test of its own.
func document(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(published)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// readFiles lets the library read the files that are answered.
func readFiles() {
	for _, mediaType := range deal.MediaTypes() {
		openapi3filter.RegisterBodyDecoder(mediaType, openapi3filter.FileBodyDecoder)
	}
}

// closeAnswers takes back that answers may have more fields than the document
// knows: that is a promise to clients, while ours are all in it today.
func closeAnswers(doc *openapi3.T) {
	for _, s := range doc.Components.Schemas {
		if s.Value.AdditionalProperties.Has == nil && s.Value.AdditionalProperties.Schema == nil {
			closed := false
			s.Value.AdditionalProperties.Has = &closed
		}
	}
}

// watching wraps a handler so that every exchange is held against the document.
func watching(t testing.TB) func(http.Handler) http.Handler {
	t.Helper()
	return func(next http.Handler) http.Handler {
		routes, err := contracts()
		if err != nil {
			t.Fatal(err)
		}
		c := contract{t, routes}
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

// nameless says that an answer is that there is no such thing, and not what it is that
// there is not. An address with nothing behind it has no parameter.
func nameless(answer *httptest.ResponseRecorder) bool {
	var p struct{ Code, Param string }
	return answer.Code == http.StatusNotFound && json.Unmarshal(answer.Body.Bytes(), &p) == nil && p.Param == "" &&
		p.Code != string(fault.CodeRouteNotFound)
}

// judge says what the document does not know of an exchange.
func (c contract) judge(r *http.Request, body []byte, answer *httptest.ResponseRecorder) error {
	asked := r.Clone(r.Context())
	asked.Body = io.NopCloser(bytes.NewReader(body))
	if nameless(answer) {
		return errors.New("it does not say which of the parameters leads to nothing")
	}
	route, params, err := c.routes.FindRoute(asked)
	if err != nil { // a path or a method that the document does not have
		described := r.URL.Path == "/v1/openapi.json" || strings.HasPrefix(r.URL.Path, "/v1/docs")
		if answer.Code < http.StatusBadRequest && !described {
			return fmt.Errorf("the route: %w", err)
		}
		return nil
	}
	input := &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if answer.Code < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			return fmt.Errorf("the request: %w", err)
		}
	}
	return openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.Code, Header: answer.Header(),
		Body:    io.NopCloser(bytes.NewReader(answer.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
}
