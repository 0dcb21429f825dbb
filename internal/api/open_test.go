package api_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// What is asked for is strict, and what is answered may get new fields.
func TestAnswersAreOpen(t *testing.T) {
	t.Parallel()
	doc := document(t)
	seen := map[string]int{}
	for _, path := range doc.Paths.Map() {
		for _, o := range path.Operations() {
			if o.RequestBody != nil {
				seen["asked"] += walk(t, o.OperationID, o.RequestBody.Value.Content, true)
			}
			for _, answer := range o.Responses.Map() {
				seen["answered"] += walk(t, o.OperationID, answer.Value.Content, false)
			}
		}
	}
	if seen["asked"] == 0 || seen["answered"] == 0 {
		t.Errorf("got %v schemas, want some of both", seen)
	}
}

// walk wants all objects below a content to be strict, or open, and counts them.
func walk(t *testing.T, where string, content openapi3.Content, strict bool) (count int) {
	t.Helper()
	var look func(name string, s *openapi3.SchemaRef)
	seen := map[*openapi3.Schema]bool{} // things are shown within one another
	look = func(name string, s *openapi3.SchemaRef) {
		if s == nil || seen[s.Value] {
			return
		}
		seen[s.Value] = true
		if more := s.Value.AdditionalProperties; len(s.Value.Properties) > 0 {
			count++
			if closed := more.Has != nil && !*more.Has; closed != strict {
				t.Errorf("%s: %s %s: got strict %v, want %v", where, name, s.Ref, closed, strict)
			}
		}
		for inner, p := range s.Value.Properties {
			look(name+"."+inner, p)
		}
		look(name+"[]", s.Value.Items)
	}
	for kind, media := range content {
		look(kind, media.Schema)
	}
	return count
}
