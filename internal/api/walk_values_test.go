package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"
)

// odd is true in one of so many cases.
func odd(t *rapid.T, of int) bool { return rapid.IntRange(1, of).Draw(t, "odd") == of }

// hostile are values that fit nowhere, or nearly.
var hostile = []any{
	"", " ", "0", "-1", "1e3", "0.000000001", "99999999999999999999999", "null", "ID'; --", "a\x00b", "\u202eabc",
	"\ufffd", "../..", "%00", "يک", "2026-13-45T99:99:99Z", strings.Repeat("x", 300), strings.Repeat("٣", 1200),
	0, -1, 1 << 31, json.Number("9223372036854775807"), json.Number("9223372036854775808"), json.Number("1.5"),
	json.Number("1e400"), true, nil,
	[]any{},
	[]any{nil},
	map[string]any{},
	map[string]any{"a": map[string]any{}},
}

// usual are values of places whose schema is only a text.
var usual = map[string][]any{
	"amount":  {"1", "10", "1000", "5000", "2.50", "100000000"},
	"unit":    {"IRR", "IRR", "IRR", "EUR", "USD", "USDT", "RUB", "RUB"},
	"to":      {"USD", "EUR", "USDT"},
	"of":      {"EUR"},
	"events":  {"payment.*", "invoice.paid", "nothing.*"},
	"scopes":  {"invoices:read", "payments:write", "operator"},
	"url":     {"https://shop.example/hook", "http://127.0.0.1/hook", "https://[::1]/"},
	"network": {"TRX"}, "number": {"7", "79967779977"}, "from": {"08:00"}, "until": {"22:00"},
	"due_at": {"2027-01-01T00:00:00Z"}, "email": {"ada@example.com"}, "terminal": {1001},
	"expires_in": {3600}, "base": {"EUR", "USDT"}, "quote": {"USD", "RUB"}, "buy": {"1.2", "100"}, "sell": {"1.1", "90"},
	"operator": {"Sam", "Olga"}, "address": {"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"}, "receipt": {"r1", "r2"},
	"login":   {"10001", "10001", "ada@example.com"},
	"pin":     {"471100", "471100", "4711"},
	"method":  {"iranian_card", "sberbank"},
	"option":  {"SBP"},
	"gateway": {"zarinpal", "shepa"},
	"limit":   {1, 2, 100},
	"after":   {0, 3},
}

// places are where the value of a place is found that has another name.
var places = map[string][]string{
	"ledger.id": {"customers.id", "account"}, "accounts.id": {"customers.id"}, "account": {"customers.id"},
	"source": {"customers.id", "account"}, "destination": {"customers.id"},
	"cursor":  {"next_cursor"},
	"subject": {"id"}, "day_sum": {"amount"}, "least": {"amount"}, "most": {"amount"}, "paid": {"amount"},
}

// value makes a value for a place: one that an answer gave, the document's example,
// one that the schema allows, or something else altogether.
func (w *rover) value(t *rapid.T, place string, s *openapi3.Schema) any {
	if w.wild && odd(t, 8) {
		return rapid.SampledFrom(hostile).Draw(t, place)
	}
	if w.follow && (place == w.fresh.resource+".id" || place+"s" == w.fresh.resource) {
		return w.fresh.id
	}
	if of, isID := strings.CutSuffix(place, ".id"); (isID || w.states[place+"s"] != nil) && odd(t, 2) {
		if !isID {
			of = place + "s"
		}
		if id, ok := w.standing(t, of); ok {
			return id
		}
	}
	if len(s.Enum) > 0 {
		return rapid.SampledFrom(s.Enum).Draw(t, place)
	}
	candidates := usual[place]
	if len(candidates) == 0 {
		candidates = slices.Concat(w.known[place+"s.id"], w.known[place+"s.id"], w.known[place])
	}
	for _, other := range places[place] {
		candidates = append(candidates, slices.Concat(usual[other], w.known[other])...)
	}
	switch {
	case s.Type.Is("object"):
		return w.object(t, s)
	case s.Type.Is("array"):
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			list = append(list, w.value(t, place, s.Items.Value))
		}
		return list
	case s.Type.Is("boolean"):
		return rapid.Bool().Draw(t, place)
	}
	if len(candidates) > 0 && (!w.wild || !odd(t, 5)) {
		return rapid.SampledFrom(candidates).Draw(t, place)
	}
	if len(s.Examples) > 0 && (!w.wild || !odd(t, 3)) {
		return rapid.SampledFrom(s.Examples).Draw(t, place)
	}
	if s.Type.Is("integer") {
		return rapid.Int64().Draw(t, place)
	}
	most := 50
	if s.MaxLength != nil {
		most = int(min(*s.MaxLength, 300))
	}
	return rapid.StringN(0, most, -1).Draw(t, place)
}

// queried is a value as it stands in a query.
func queried(value any) string {
	list, several := value.([]any)
	if !several {
		return fmt.Sprint(value)
	}
	texts := make([]string, len(list))
	for n, one := range list {
		texts[n] = fmt.Sprint(one)
	}
	return strings.Join(texts, ",")
}

// object makes one whose fields are mostly those that the schema wants.
func (w *rover) object(t *rapid.T, s *openapi3.Schema) map[string]any {
	made := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		wanted := rapid.IntRange(1, 3).Draw(t, "has "+name) == 3
		if slices.Contains(s.Required, name) {
			wanted = !w.wild || !odd(t, 15)
		}
		if wanted {
			made[name] = w.value(t, name, s.Properties[name].Value)
		}
	}
	if inner := s.AdditionalProperties.Schema; inner != nil && rapid.Bool().Draw(t, "more") {
		made[rapid.StringN(0, 50, -1).Draw(t, "name")] = w.value(t, "", inner.Value)
	}
	if w.wild && odd(t, 15) {
		made["nobody_knows"] = 1
	}
	return made
}

// text makes a body of a schema, mostly one that is JSON; in half of the cases a
// good one of which some fields are made anew.
func (w *rover) text(t *rapid.T, s *openapi3.Schema, good map[string]any) string {
	made := w.object(t, s)
	if good != nil && rapid.Bool().Draw(t, "like a good one") {
		other := made
		made = maps.Clone(good)
		for _, name := range slices.Sorted(maps.Keys(other)) {
			if _, ok := good[name]; ok && (w.known[name+"s.id"] != nil || odd(t, 4)) {
				made[name] = other[name]
			}
		}
	}
	raw, err := json.Marshal(made)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if !w.wild || !odd(t, 10) {
		return string(raw)
	}
	return rapid.SampledFrom([]string{
		"", "null", "[]", "{", `"`, string(raw[:len(raw)/2]), string(raw) + string(raw), "[" + string(raw) + "]",
		strings.Repeat("[", 5000), `{"amount":"1","amount":"2"}`, "{}\x00", "\xff\xfe", strings.Repeat(" ", 2<<20) + "{}",
	}).Draw(t, "body")
}
