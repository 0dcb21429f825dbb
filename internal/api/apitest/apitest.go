// Package apitest holds exchanges with our own API against its document, for the
// tests of whatever calls it: what is answered must be described, and what is
// answered well must have been asked as the document allows.
package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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

// base is where everything of our own API begins.
const base = "/v1"

// published is where the document is; a test of the API wants it to be what the
// server gives.
func published() (string, error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("nobody knows where this file is")
	}
	return filepath.Join(filepath.Dir(here), "..", "..", "..", "docs", "openapi.json"), nil
}

// routes are read once.
var routes = sync.OnceValues(func() (routers.Router, error) {
	path, err := published()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path) //nolint:gosec // it is our own
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	for _, mediaType := range deal.MediaTypes() { // lets the library read the files that are answered
		openapi3filter.RegisterBodyDecoder(mediaType, openapi3filter.FileBodyDecoder)
	}
	doc.Servers = openapi3.Servers{{URL: base}}
	CloseAnswers(doc)
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	// For documents of 3.1 the library makes each schema anew for every body, which takes
	// longer than all the rest of a test. What ours uses of it means the same in 3.0: see
	// TestSchemasArePlain.
	doc.OpenAPI = "3.0.3"
	return gorillamux.NewRouter(doc)
})

// CloseAnswers takes back that answers may have more fields than the document
// knows: that is a promise to clients, while ours are all in it today.
func CloseAnswers(doc *openapi3.T) {
	for _, s := range doc.Components.Schemas {
		if s.Value.AdditionalProperties.Has == nil && s.Value.AdditionalProperties.Schema == nil {
			closed := false
			s.Value.AdditionalProperties.Has = &closed
		}
	}
}

// Answer is what was answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// nameless says that an answer is that there is no such thing, and not what it is that
// there is not. An address with nothing behind it has no parameter.
func (a Answer) nameless() bool {
	var p struct{ Code, Param string }
	return a.Status == http.StatusNotFound && json.Unmarshal(a.Body, &p) == nil && p.Param == "" &&
		p.Code != string(fault.CodeRouteNotFound)
}

// Judge says what the document does not know of an exchange, of which body was sent.
func Judge(r *http.Request, body []byte, a Answer) error {
	known, err := routes()
	if err != nil {
		return err
	}
	asked := r.Clone(r.Context())
	asked.Body = io.NopCloser(bytes.NewReader(body))
	if a.nameless() {
		return errors.New("it does not say which of the parameters leads to nothing")
	}
	route, params, err := known.FindRoute(asked)
	if err != nil { // a path or a method that the document does not have
		described := r.URL.Path == base+"/openapi.json" || strings.HasPrefix(r.URL.Path, base+"/docs")
		if a.Status < http.StatusBadRequest && !described {
			return fmt.Errorf("the route: %w", err)
		}
		return nil
	}
	input := &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if a.Status < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			return fmt.Errorf("the request: %w", err)
		}
	}
	return openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: a.Status, Header: a.Header,
		Body:    io.NopCloser(bytes.NewReader(a.Body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
}

// Wire carries calls as next does, and holds those of our own API against the
// document. Where hosts are named it is at those alone: providers have paths that
// begin like ours.
func Wire(t testing.TB, next http.RoundTripper, hosts ...string) http.RoundTripper {
	t.Helper()
	return wire{t, next, hosts}
}

type wire struct {
	t     testing.TB
	next  http.RoundTripper
	hosts []string // host:port; none = all
}

// RoundTrip sends a call. One whose answer breaks off is not judged: a test that
// breaks connections wants to see that itself.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.Path, base+"/") || len(w.hosts) > 0 && !slices.Contains(w.hosts, r.URL.Host) {
		return w.next.RoundTrip(r)
	}
	var sent []byte
	if r.Body != nil && r.Body != http.NoBody {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, broken := io.ReadAll(response.Body)
	if err := response.Body.Close(); err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(got), ending{broken}))
	if broken == nil && r.Method != http.MethodHead {
		if flaw := Judge(r, sent, Answer{response.StatusCode, response.Header, got}); flaw != nil {
			w.t.Errorf("%s %s: the document does not know this: %v\n%.400s\n%d %.2000s", r.Method, r.URL, flaw, sent,
				response.StatusCode, got)
		}
	}
	return response, nil
}

// CloseIdleConnections ends those of the wire below.
func (w wire) CloseIdleConnections() {
	if below, ok := w.next.(interface{ CloseIdleConnections() }); ok {
		below.CloseIdleConnections()
	}
}

// ending is how an answer ended.
type ending struct{ err error }

// Read gives the error, or that it is all.
func (e ending) Read([]byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	return 0, io.EOF
}
