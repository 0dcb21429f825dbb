package clients

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
)

// released is the document of the last release.
var released = filepath.Join("testdata", "openapi.json")

// promised are findings that break nobody, because the document asks every client to reckon with them.
var promised = []string{
	"response-property-enum-value-added", // "fields new values, at any time: pass over what you do not know"
	"response-non-success-status-added",  // a new reason to refuse; act on the code
}

// stricter are findings that oasdiff only mentions: a program may live by them.
var stricter = map[string]checker.Level{
	checker.ResponseOptionalPropertyRemovedId:     checker.ERR,
	checker.RequestParameterDefaultValueChangedId: checker.ERR,
}

// breaks are the changes of a document that break a client of the older one, in words.
func breaks(t *testing.T, before, after []byte) []string {
	t.Helper()
	read := func(text []byte) *load.SpecInfo {
		doc, err := openapi3.NewLoader().LoadFromData(text)
		if err != nil {
			t.Fatal(err)
		}
		return &load.SpecInfo{Spec: doc, Url: "openapi.json"}
	}
	found, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), read(before), read(after))
	if err != nil {
		t.Fatal(err)
	}
	settings := checker.NewConfig(checker.GetAllChecks(), checker.WithSeverityLevels(stricter))
	var all []string
	for _, c := range checker.CheckBackwardCompatibility(settings, found, sources) {
		if !slices.Contains(promised, c.GetId()) {
			all = append(all, c.GetOperation()+" "+c.GetPath()+": "+c.GetUncolorizedText(checker.NewDefaultLocalizer())+
				" ("+c.GetId()+")")
		}
	}
	return all
}

// What a client of the last release does goes on working.
func TestNothingBreaks(t *testing.T) {
	t.Parallel()
	before, after := contents(t, released), contents(t, document)
	for _, words := range breaks(t, before, after) {
		t.Errorf("%s\nThis breaks programs that were written for the last release. Add what is new beside what is there, "+
			"and leave the old in its place. Where it must be: give the reason in an ADR and copy %s to test/clients/%s.",
			words, "docs/openapi.json", filepath.ToSlash(released))
	}
}

// A check that finds nothing proves nothing, so each kind of break is shown once.
func TestBreaksAreFound(t *testing.T) {
	t.Parallel()
	const before = `{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{
		"/a":{"post":{"operationId":"a","requestBody":{"required":true,"content":{"application/json":{"schema":
			{"type":"object","properties":{"in":{"type":"string","maxLength":9}}}}}},
			"responses":{"200":{"description":"OK","content":{"application/json":{"schema":
			{"type":"object","required":["out"],"properties":{"out":{"type":"string","enum":["x"]},
			"more":{"type":"string"}}}}}}}}},
		"/b":{"get":{"operationId":"b","responses":{"200":{"description":"OK"}}}}}}`
	for _, test := range []struct{ name, old, new string }{
		{"an operation gone", `"/b"`, `"/c"`},
		{"a field that must be sent", `"properties":{"in"`, `"required":["in"],"properties":{"in"`},
		{"a tighter limit", `"maxLength":9`, `"maxLength":8`},
		{"an answer's field gone", `"out":{"type":"string","enum":["x"]},`, ``},
		{"an answer's optional field gone", `"more"`, `"less"`},
		{"an answer's field of another type", `"more":{"type":"string"}`, `"more":{"type":"integer"}`},
	} {
		if got := breaks(t, []byte(before), []byte(strings.Replace(before, test.old, test.new, 1))); len(got) == 0 {
			t.Errorf("%s: found nothing", test.name)
		}
	}
	for _, test := range []struct{ name, old, new string }{
		{"nothing", "", ""},
		{"a new value", `["x"]`, `["x","y"]`},
		{"a new field", `"more"`, `"new":{"type":"string"},"more"`},
		{"a wider limit", `"maxLength":9`, `"maxLength":10`},
		{"a new operation", `"/b"`, `"/c":{"get":{"operationId":"c","responses":{"200":{"description":"OK"}}}},"/b"`},
	} {
		if got := breaks(t, []byte(before), []byte(strings.Replace(before, test.old, test.new, 1))); len(got) != 0 {
			t.Errorf("%s: got %q, want nothing", test.name, got)
		}
	}
}

// contents is what a file holds.
func contents(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
