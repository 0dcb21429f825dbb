package api_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
)

// plain are the keywords of schemas that mean the same in OpenAPI 3.0 and 3.1, and those
// that nothing is held against. A type may be a list, which the library reads in both.
var plain = []string{
	"$ref", "additionalProperties", "contentMediaType", "default", "description", "enum", "examples", "format", "items",
	"maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minimum", "pattern", "properties",
	"required", "type",
}

// TestSchemasArePlain wants schemas without keywords that only 3.1 knows: contract
// would pass over them.
func TestSchemasArePlain(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct{ Schemas map[string]any }
		Paths      any
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var look func(schema any)
	look = func(schema any) {
		s, _ := schema.(map[string]any) // additionalProperties may be true or false
		for keyword, value := range s {
			seen[keyword] = true
			switch keyword {
			case "items", "additionalProperties":
				look(value)
			case "properties":
				for _, property := range value.(map[string]any) {
					look(property)
				}
			}
		}
	}
	for _, schema := range doc.Components.Schemas {
		look(schema)
	}
	var find func(part any)
	find = func(part any) { // what operations say in place
		switch p := part.(type) {
		case map[string]any:
			look(p["schema"])
			for _, inner := range p {
				find(inner)
			}
		case []any:
			for _, inner := range p {
				find(inner)
			}
		}
	}
	find(doc.Paths)
	for _, keyword := range slices.Sorted(maps.Keys(seen)) {
		if !slices.Contains(plain, keyword) {
			t.Errorf("a schema says %s, which is not held against what is answered", keyword)
		}
	}
	if !seen["properties"] || !seen["items"] || !seen["enum"] {
		t.Errorf("only %v was seen", slices.Sorted(maps.Keys(seen)))
	}
}

// TestContractFindsWhatIsWrong: the check can fail. One answer that is right is made
// wrong in each of the ways that the document can tell.
func TestContractFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	const right = `{"market":"EURUSD","base":"EUR","quote":"USD","buy":"1.2","sell":"1.1","source":"ECB",` +
		`"set_at":"2025-01-02T03:04:06.678Z","created_at":"2025-01-02T03:04:05.678Z"}`
	judge := func(path, body string, status int, kind string) error {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.WriteString(body) // a recorder takes everything
		return contract{t}.judge(r, nil, w)
	}
	const rate, rates, kind = "/v1/rates/EURUSD", "/v1/rates", "application/json; charset=utf-8"
	list := `{"data":[` + right + `],"next_cursor":null}`
	if err := errors.Join(judge(rate, right, 200, kind), judge(rates, list, 200, kind)); err != nil {
		t.Fatalf("what is right is refused: %v", err)
	}
	for what, err := range map[string]error{
		"a field more":       judge(rate, strings.Replace(right, `{`, `{"secret":"x",`, 1), 200, kind),
		"one more inside":    judge(rates, strings.Replace(list, `{"market"`, `{"secret":"x","market"`, 1), 200, kind),
		"a field missing":    judge(rate, strings.Replace(right, `"base":"EUR",`, ``, 1), 200, kind),
		"a number":           judge(rate, strings.Replace(right, `"1.2"`, `1.2`, 1), 200, kind),
		"null":               judge(rate, strings.Replace(right, `"1.2"`, `null`, 1), 200, kind),
		"null for a list":    judge(rates, `{"data":null,"next_cursor":null}`, 200, kind),
		"no moment":          judge(rate, strings.Replace(right, `2025-01-02T03:04:05.678Z`, `today`, 1), 200, kind),
		"another status":     judge(rate, right, 201, kind),
		"another type":       judge(rate, right, 200, "text/plain"),
		"an error's code":    judge(rate, `{"type":"about:blank","title":"x","status":404,"code":"nonsense"}`, 404, kind),
		"no JSON":            judge(rate, right[1:], 200, kind),
		"a list for a thing": judge(rate, `[`+right+`]`, 200, kind),
	} {
		if err == nil {
			t.Errorf("%s is not found", what)
		}
	}
}
