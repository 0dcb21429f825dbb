package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
)

const (
	toSchemas = "#/components/schemas/" // every reference begins so
	// inputSuffix ends the name of the schema that is asked for, where the one that
	// is answered has the plain name.
	inputSuffix = "Input"
)

// schemas are those of a written document, by name.
type schemas map[string]any

// openAnswers lets everything that is answered have more fields than the document
// knows, so that a client which checks answers goes on working when they get a new
// one. What is asked for stays strict; a schema for both becomes two.
func openAnswers(raw []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var doc map[string]any
	if err := decoder.Decode(&doc); err != nil {
		return nil, err
	}
	components := object(doc["components"])
	all := schemas(object(components["schemas"]))
	asked, answered := map[string]bool{}, map[string]bool{}
	var bodies []any
	for _, path := range object(doc["paths"]) {
		for _, o := range object(path) {
			bodies = append(bodies, object(o)["requestBody"])
			all.reach(object(o)["responses"], answered)
		}
	}
	all.reach(bodies, asked)
	both := maps.Clone(asked)
	maps.DeleteFunc(both, func(name string, _ bool) bool { return !answered[name] })
	refer(bodies, both)
	shown := schemas{}
	for name := range all {
		s := object(all[name])
		switch {
		case !answered[name]:
			refer(s, both)
			shown[name] = s
			continue
		case asked[name]:
			input := object(copied(s))
			refer(input, both)
			shown[name+inputSuffix] = input
		}
		if s["additionalProperties"] == false {
			delete(s, "additionalProperties")
		}
		shown[name] = s
	}
	components["schemas"] = shown
	return json.Marshal(doc)
}

// object is a JSON value as an object; one without members where it is none.
func object(value any) map[string]any {
	o, _ := value.(map[string]any)
	return o
}

// copied is a JSON value that shares nothing with the first one.
func copied(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, inner := range v {
			out[name] = copied(inner)
		}
		return out
	case []any:
		var out []any
		for _, inner := range v {
			out = append(out, copied(inner))
		}
		return out
	}
	return value
}

// references calls see with every object that is a reference, and the name it refers to.
func references(value any, see func(at map[string]any, name string)) {
	switch v := value.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			see(v, strings.TrimPrefix(ref, toSchemas))
		}
		for _, inner := range v {
			references(inner, see)
		}
	case []any:
		for _, inner := range v {
			references(inner, see)
		}
	}
}

// reach adds the names of all schemas that a value refers to.
func (all schemas) reach(value any, names map[string]bool) {
	references(value, func(_ map[string]any, name string) {
		if !names[name] {
			names[name] = true
			all.reach(all[name], names)
		}
	})
}

// refer lets a value refer to what is asked for, instead of what is answered under
// the same name.
func refer(value any, both map[string]bool) {
	references(value, func(at map[string]any, name string) {
		if both[name] {
			at["$ref"] = toSchemas + name + inputSuffix
		}
	})
}
