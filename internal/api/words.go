package api

import (
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// word is what the document says of one field.
type word struct {
	doc     string
	example any
	choices []string // what it may be; none = anything
}

// wholeThing is where the word of a type stands that has an example of its own,
// because its fields' examples do not go together.
const wholeThing = ""

// words are those of the fields of types that one resource has, by the type's name.
type words map[string]map[string]word

// and adds the words of another resource, whose things are shown too.
func (w words) and(other words) words {
	all := maps.Clone(w)
	maps.Copy(all, other)
	return all
}

// The words for what lists are narrowed down to.
var (
	ofUnit    = word{doc: "Only those in this currency unit.", example: "EUR"}
	ofGateway = word{doc: "Only those of this gateway.", example: "stripe"}
)

// usual are the words of fields that mean the same wherever they stand.
var usual = map[string]word{
	"unit":        {doc: "The currency unit of the amounts beside it.", example: "EUR"},
	"description": {doc: "What it is for.", example: "Row 7, seats 11 and 12"},
	"payer":       {doc: "What is known of the person who pays."},
	"metadata": {
		doc:     "Words of your own: up to 20, keys up to 40 and values up to 500 characters.",
		example: map[string]string{"basket": "7"},
	},
	"created_at": {doc: "When it was made.", example: "2026-12-01T11:00:00Z"},
	"updated_at": {doc: "When it changed last.", example: "2026-12-01T11:00:00Z"},

	"name":   {doc: "The person's name.", example: "Ada Lovelace"},
	"mobile": {doc: "A telephone number.", example: "+351912345678"},
	"email":  {doc: "An e-mail address.", example: "ada@example.com"},

	"format": {
		doc:     "csv: all that is selected as one table, to its end. It may be asked for with Accept: text/csv too.",
		example: csvFormat, choices: []string{csvFormat, "json"},
	},
	"limit":  {doc: "How many to show at most.", example: usualLimit},
	"cursor": {doc: "The next_cursor of the page before; leave it out for the first page.", example: exampleCursor},
	"created_from": {
		doc:     "Only what was made at this time or later. In an address the + of a zone is written %2B.",
		example: "2026-12-01T00:00:00Z",
	},
	"created_until": {doc: "Only what was made before this time.", example: "2026-12-02T00:00:00Z"},
	"data":          {doc: "The newest first, unless the operation says otherwise."},
	"next_cursor": {
		doc: "Send it as cursor for the next page; null on the last page. What is made meanwhile shifts no page. " +
			"Where few of many are selected, a page before the last may be short, or empty.",
		example: exampleCursor,
	},
}

// exampleCursor is behind exampleInvoice.
var exampleCursor = cursorBehind("listInvoices", time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), exampleInvoice)

// describe puts words to the fields of a type's schema, and of those within, each
// once: things may be shown within one another. What was seen has its words.
func (d *desk) describe(t reflect.Type, w words, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	s := d.registry.Schema(t, false, "")
	for name, field := range s.Properties {
		d.say(t, name, field, w)
	}
	if whole := w[t.Name()][wholeThing]; whole.example != nil {
		s.Examples = []any{whole.example}
	}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	for _, f := range reflect.VisibleFields(t) {
		inner := f.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && f.Tag.Get("json") != "" && inner != reflect.TypeFor[time.Time]() {
			d.describe(inner, w, seen)
		}
	}
}

// say puts words to one field. The type's own words come before the usual ones.
func (d *desk) say(t reflect.Type, name string, field *huma.Schema, w words) {
	own, ok := w[t.Name()][name]
	if !ok {
		own = usual[name]
	}
	field.Description = own.doc
	if own.example != nil {
		field.Examples = []any{own.example}
	}
	if own.choices != nil {
		field.Enum = nil
		for _, choice := range own.choices {
			field.Enum = append(field.Enum, choice)
		}
	}
	field.PrecomputeMessages()
}

// querySchemas are the schemas of a query's parameters, by name.
func (d *desk) querySchemas(t reflect.Type, w words) map[string]*huma.Schema {
	schemas := map[string]*huma.Schema{}
	for _, f := range queryFields(t) {
		name := f.Tag.Get("query")
		if f.Type.Kind() != reflect.Slice {
			schemas[name] = huma.SchemaFromField(d.registry, f, "")
			d.say(t, name, schemas[name], w)
			continue
		}
		// In the document it stays a text, as it was while it had one value: a list is
		// another type to a client that is made from it.
		s := &huma.Schema{Type: huma.TypeString}
		d.say(t, name, s, w)
		if s.Items = (&huma.Schema{Enum: s.Enum}); len(s.Enum) > 1 {
			s.Enum = nil
		}
		schemas[name] = s
	}
	return schemas
}

// queriesSeen are the fields of the queries that were looked at, by reflect.Type.
var queriesSeen sync.Map

// queryFields are the fields of a query, those of embedded structs too. Whoever gets
// them changes nothing.
func queryFields(t reflect.Type) (fields []reflect.StructField) {
	if t == nil {
		return nil
	}
	if seen, ok := queriesSeen.Load(t); ok {
		fields, _ = seen.([]reflect.StructField)
		return fields
	}
	for _, f := range reflect.VisibleFields(t) {
		if f.Tag.Get("query") != "" {
			fields = append(fields, f)
		}
	}
	queriesSeen.Store(t, fields)
	return fields
}

// choices are the states of a table, in the order of the alphabet.
func choices[S ~string, V any](table map[S]V) []string {
	var list []string
	for _, state := range slices.Sorted(maps.Keys(table)) {
		list = append(list, string(state))
	}
	return list
}
