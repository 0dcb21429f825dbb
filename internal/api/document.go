package api

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// everywhere are the faults that every operation may answer.
var everywhere = []fault.Code{
	fault.CodeKeyMissing, fault.CodeKeyInvalid, fault.CodeScopeMissing, fault.CodeParameterInvalid,
	fault.CodeRateLimited, fault.CodeInternal, fault.CodeDatabaseUnavailable, fault.CodeBodyUnreadable,
}

// ofChanges are the faults that every operation may answer that changes something.
var ofChanges = []fault.Code{
	fault.CodeParameterMissing, fault.CodeBodyTooLarge, fault.CodeMediaTypeUnsupported, fault.CodeIdempotencyKeyReuse,
	fault.CodeIdempotencyInProgress, fault.CodeBooksBroken, fault.CodeSecretUnreadable,
}

// document describes all operations.
func (d *desk) document(all []operation) *huma.OpenAPI {
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Purser", Version: "1", Description: overview(),
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			Contact: &huma.Contact{Name: "Purser", URL: "https://github.com/purserhq/purser"},
		},
		Servers: []*huma.Server{{URL: d.PublicURL + base, Description: "This server"}},
		Components: &huma.Components{
			Schemas: d.registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"key": {Type: "http", Scheme: "bearer", Description: "A secret key of the merchant: sk_..."},
			},
		},
		Security: []map[string][]string{{"key": {}}},
	}
	for _, o := range all {
		if n := len(doc.Tags); n == 0 || doc.Tags[n-1].Name != o.of.name {
			doc.Tags = append(doc.Tags, &huma.Tag{Name: o.of.name, Description: o.of.about})
		}
		doc.AddOperation(d.entry(o))
	}
	d.addWebhooks(doc)
	return doc
}

// entry is the operation as the document knows it.
func (d *desk) entry(o operation) *huma.Operation {
	e := &huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Tags: []string{o.of.name}, Summary: o.summary,
		Description: o.about + "\n\nNeeds a key with the scope " + string(o.scope) + ".",
		Responses:   map[string]*huma.Response{},
	}
	if strings.Contains(o.path, "{id}") {
		id := &huma.Param{
			Name: "id", In: "path", Required: true, Description: "Its id.",
			Schema: &huma.Schema{Type: huma.TypeString}, Example: o.of.example,
		}
		if o.example != "" {
			id.Example = o.example
		}
		e.Parameters = append(e.Parameters, id)
	}
	for _, f := range queryFields(o.query) {
		s := o.params[f.Tag.Get("query")]
		if f.Type.Kind() == reflect.Slice { // the document has a text, and its words name the values
			text := *s
			text.Items, s = nil, &text
		}
		p := &huma.Param{
			Name: f.Tag.Get("query"), In: "query", Required: f.Tag.Get("required") == "true", Description: s.Description,
			Schema: s,
		}
		if len(s.Examples) > 0 {
			p.Example = s.Examples[0]
		}
		e.Parameters = append(e.Parameters, p)
	}
	if o.method == http.MethodPost {
		longest := longestKey
		e.Parameters = append(e.Parameters, &huma.Param{
			Name: keyHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &longest},
			Description: "Your name for this wish: however often it is sent, it comes true once.",
			Example:     "2f5c1a52-8f0d-4d0e-9d4e-6b7c2f1b9a10",
		})
	}
	if o.body != nil {
		s := d.registry.Schema(o.body, true, "")
		e.RequestBody = &huma.RequestBody{
			Required: len(d.resolve(s).Required) > 0,
			Content:  map[string]*huma.MediaType{"application/json": {Schema: s, Example: d.example(s)}},
		}
	}
	e.Responses[strconv.Itoa(o.status)] = d.good(o)
	d.addProblems(e, o.codes())
	return e
}

// codes are what an operation may answer that is an error, by status.
func (o operation) codes() map[int][]fault.Code {
	codes := slices.Concat(everywhere, o.faults)
	if strings.Contains(o.path, "{id}") {
		codes = append(codes, fault.CodeNotFound) // an id that no database can hold is nobody's
	}
	if slices.Contains(codes, fault.CodeAmountInvalid) {
		codes = append(codes, fault.CodeAmountOverflow) // whatever is text can be too large
	}
	if o.method == http.MethodPost {
		codes = append(codes, ofChanges...)
	}
	by := map[int][]fault.Code{}
	for _, code := range codes {
		status := statusOf(fault.New(code, "", ""))
		if !slices.Contains(by[status], code) {
			by[status] = append(by[status], code)
		}
	}
	return by
}

// good is what an operation answers when all went well.
func (d *desk) good(o operation) *huma.Response {
	r := &huma.Response{Description: http.StatusText(o.status), Content: map[string]*huma.MediaType{}}
	for _, mediaType := range o.files {
		r.Content[mediaType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	if o.answer == nil {
		return r
	}
	s := d.registry.Schema(o.answer, true, "")
	r.Content["application/json"] = &huma.MediaType{Schema: s, Example: d.example(s)}
	if listing(o.answer) {
		d.addTable(r, o.answer)
	}
	return r
}

// addTable says that a list can be written as a table.
func (d *desk) addTable(r *huma.Response, answer reflect.Type) {
	part := reflect.Zero(answer).Interface().(listed)
	names := columns(reflect.TypeOf(part.items()).Elem())
	r.Content[csvType] = &huma.MediaType{
		Schema: &huma.Schema{Type: huma.TypeString}, Example: strings.Join(names, ",") + "\r\n",
	}
}

// addProblems adds an answer for every status that is an error.
func (d *desk) addProblems(e *huma.Operation, by map[int][]fault.Code) {
	s := d.registry.Schema(reflect.TypeFor[problem](), true, "")
	for _, status := range slices.Sorted(maps.Keys(by)) {
		first := fault.New(by[status][0], "", "")
		face := problemOf(&dialect.Request{ID: exampleRequest}, first).Body
		var names []string
		for _, code := range by[status] {
			names = append(names, string(code))
		}
		e.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status) + ": " + strings.Join(names, ", "),
			Content:     map[string]*huma.MediaType{problemType: {Schema: s, Example: face}},
		}
	}
}

// example makes one of the examples of a schema's properties; nil where it has
// none.
func (d *desk) example(s *huma.Schema) any {
	if s = d.resolve(s); len(s.Examples) > 0 {
		return s.Examples[0]
	}
	switch s.Type {
	case huma.TypeArray:
		if inner := d.example(s.Items); inner != nil {
			return []any{inner}
		}
		return []any{}
	case huma.TypeObject:
		whole := map[string]any{}
		for name, inner := range s.Properties {
			if name == expandedField {
				continue // nobody asked for it; and things are shown within one another
			}
			if value := d.example(inner); value != nil {
				whole[name] = value
			}
		}
		return whole
	}
	return nil
}

// params are the inputs of an operation for the kit's own table.
func (d *desk) params(o operation, body *huma.Schema) []dialect.Param {
	var list []dialect.Param
	if strings.Contains(o.path, "{id}") {
		list = append(list, dialect.Param{Name: "id", In: dialect.InPath, Type: dialect.AnyText})
	}
	for _, f := range queryFields(o.query) {
		sort := dialect.AnyText
		name := f.Tag.Get("query")
		if f.Type.Kind() != reflect.String || len(o.params[name].Enum) > 0 || name == "cursor" {
			sort = dialect.TextType
		}
		list = append(list, dialect.Param{Name: name, In: dialect.InQuery, Type: sort, Optional: f.Tag.Get("required") == ""})
	}
	if body == nil {
		return list
	}
	for _, name := range slices.Sorted(maps.Keys(body.Properties)) {
		sort := map[string]dialect.Type{
			huma.TypeString: dialect.TextType, huma.TypeInteger: dialect.IntegerType, huma.TypeObject: dialect.ObjectType,
			huma.TypeBoolean: dialect.FlagType, huma.TypeArray: dialect.ListType,
		}[d.resolve(body.Properties[name]).Type]
		if least := body.Properties[name].Minimum; sort == dialect.IntegerType && least != nil && *least == 0 {
			sort = dialect.NaturalType
		}
		list = append(list, dialect.Param{
			Name: name, In: dialect.InBody, Type: sort, Optional: !slices.Contains(body.Required, name),
		})
	}
	return list
}

// schemaName names the schema of a type: invoiceView is Invoice, newInvoice is
// NewInvoice, and a page of the one InvoicePage.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := t.Name()
	if name == "" {
		name = hint
	}
	if whole, inner, ok := strings.Cut(name, "["); ok {
		inner = strings.TrimSuffix(inner[strings.LastIndexAny(inner, "./")+1:], "]")
		name = strings.TrimSuffix(inner, "View") + map[string]string{"pageOf": "Page", "wholeOf": "List"}[whole]
	}
	name = strings.TrimSuffix(name, "View")
	return string(unicode.ToUpper(rune(name[0]))) + name[1:]
}

// unitNames are the units of the register, for the words of documents.
func unitNames() string {
	var names []string
	for _, i := range money.Units() {
		names = append(names, fmt.Sprintf("%s (%d)", i.Unit, i.Scale))
	}
	return strings.Join(names, ", ")
}
