package api

import (
	"bytes"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// chapter is one resource: a group of operations, and the things that they answer.
type chapter struct {
	Name, About string
	Operations  []section
	Things      []*thing
}

// Address is that of the page of the chapter.
func (c chapter) Address() string { return toDocs + "/" + c.Name }

// section is one operation.
type section struct {
	*huma.Operation

	Address  string
	Route    string
	Words    []string
	Inputs   []fieldLine
	Body     []fieldLine
	Send     string
	Status   int
	Answer   *answerLine
	Receive  string
	Problems []problemLine
}

// answerLine is the thing that is answered, or a list of it.
type answerLine struct {
	*thing

	Listed bool
}

// problemLine is one status that is an error.
type problemLine struct {
	Status int
	Words  string
	Codes  []fault.Code
}

// thing is an object that is answered. It is described once, with the first group
// that answers it; other things that have it in them only point there.
type thing struct {
	Name   string
	Fields []fieldLine

	home   string // the name of that group
	schema *huma.Schema
}

// Address is where it is described.
func (t thing) Address() string { return toDocs + "/" + t.home + "#" + t.Name }

// fieldLine is one field, those of inner objects under their path.
type fieldLine struct {
	Name, Type, Words string
	Mark              string // of one that is not left out
	Values            []any
	Thing             *thing // what it is or what it lists; nil = the lines after it say so
}

// The marks of fields that are not left out, of what is asked for and of what is answered.
const (
	needed = "needed"
	always = "always there"
)

// manual is the API as people read it, while it is drawn.
type manual struct {
	*desk

	things map[*huma.Schema]*thing
}

// drawDocs draws the page of every group under its name, and the first page under none.
func (d *desk) drawDocs(all []operation) (map[string][]byte, error) {
	chapters, err := manual{d, map[*huma.Schema]*thing{}}.chapters(all)
	if err != nil {
		return nil, err
	}
	view := struct {
		Title, Introduction, Server, Home string
		Style                             template.CSS
		Guide                             []lesson
		Units                             []money.Info
		Codes                             []codeLine
		Kinds                             []kinds
		Chapters                          []*chapter
		Here                              *chapter // nil on the first page
	}{
		Title: "Purser " + base, Introduction: introduction, Server: d.PublicURL + base, Home: toDocs,
		Style: template.CSS(docsStyle), //nolint:gosec // It is our own file.
		Guide: guide, Units: money.Units(), Codes: codeLines(), Kinds: eventKinds(), Chapters: chapters,
	}
	set, err := template.New("docs").Parse(docsPages)
	if err != nil {
		return nil, err
	}
	pages := map[string][]byte{}
	for _, here := range append([]*chapter{nil}, chapters...) {
		name := ""
		if view.Here = here; here != nil {
			name = here.Name
		}
		var out bytes.Buffer
		if err := set.Execute(&out, view); err != nil {
			return nil, err
		}
		pages[name] = out.Bytes()
	}
	return pages, nil
}

// chapters are all resources.
func (m manual) chapters(all []operation) ([]*chapter, error) {
	for _, o := range all { // first, since every thing may be in every other one
		if t := m.answered(o); t != nil && t.home == "" {
			t.home = o.of.name
		}
	}
	var chapters []*chapter
	for _, o := range all {
		if n := len(chapters); n == 0 || chapters[n-1].Name != o.of.name {
			chapters = append(chapters, &chapter{Name: o.of.name, About: o.of.about})
		}
		last := chapters[len(chapters)-1]
		s, err := m.section(o)
		if err != nil {
			return nil, err
		}
		last.Operations = append(last.Operations, s)
		if t := s.Answer; t != nil && t.home == last.Name && t.Fields == nil {
			t.Fields = m.lines(nil, t.schema, "", always)
			last.Things = append(last.Things, t.thing)
		}
	}
	return chapters, nil
}

// answered is what an operation answers; nil = a file. Of a list it is what is in it.
func (m manual) answered(o operation) *answerLine {
	if o.answer == nil {
		return nil
	}
	of, isList := o.answer, listing(o.answer)
	if isList {
		of = reflect.TypeOf(reflect.Zero(of).Interface().(listed).items()).Elem()
	}
	ref := m.registry.Schema(of, true, "")
	s := m.resolve(ref)
	if m.things[s] == nil {
		m.things[s] = &thing{Name: strings.TrimPrefix(ref.Ref, toSchemas), schema: s}
	}
	return &answerLine{m.things[s], isList}
}

// section draws one operation.
func (m manual) section(o operation) (section, error) {
	e := m.entry(o)
	s := section{
		Operation: e, Address: toDocs + "/" + o.of.name + "#" + o.id, Route: o.name(),
		Words: strings.Split(e.Description, "\n\n"), Status: o.status, Answer: m.answered(o),
	}
	for _, p := range e.Parameters {
		line := fieldLine{Name: p.Name, Type: p.In + ", " + kind(p.Schema), Words: p.Description, Values: p.Schema.Enum}
		if p.Required {
			line.Mark = needed
		}
		s.Inputs = append(s.Inputs, line)
	}
	codes := o.codes()
	for _, status := range slices.Sorted(maps.Keys(codes)) {
		s.Problems = append(s.Problems, problemLine{status, http.StatusText(status), codes[status]})
	}
	var err error
	if o.answer != nil {
		if s.Receive, err = pretty(e.Responses[strconv.Itoa(o.status)].Content["application/json"].Example); err != nil {
			return s, err
		}
	}
	if e.RequestBody == nil {
		return s, nil
	}
	asked := e.RequestBody.Content["application/json"]
	s.Body = m.lines(nil, asked.Schema, "", needed)
	s.Send, err = pretty(asked.Example)
	return s, err
}

// lines adds the fields of a schema to a list; those that are not left out get the mark.
func (m manual) lines(list []fieldLine, s *huma.Schema, under, mark string) []fieldLine {
	s = m.resolve(s)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		inner := s.Properties[name]
		line := fieldLine{Name: under + name, Words: inner.Description}
		if slices.Contains(s.Required, name) {
			line.Mark = mark
		}
		inner = m.resolve(inner)
		below, prefix := line.Name+".", ""
		if inner.Type == huma.TypeArray {
			inner = m.resolve(inner.Items)
			below, prefix = line.Name+"[].", "list of "
		}
		line.Type, line.Values, line.Thing = prefix+kind(inner), inner.Enum, m.things[inner]
		if line.Thing != nil {
			line.Type = prefix
		}
		list = append(list, line)
		if line.Thing == nil {
			list = m.lines(list, inner, below, mark)
		}
	}
	return list
}

// kind is what a value of a schema is.
func kind(s *huma.Schema) string {
	if s.Format == "" {
		return s.Type
	}
	return s.Type + ", " + s.Format
}

// codeLine is one code of the catalogue.
type codeLine struct {
	Code       fault.Code
	Status     int
	Words, Doc string
}

func codeLines() []codeLine {
	var list []codeLine
	for _, e := range fault.Catalogue {
		list = append(list, codeLine{e.Code, statusOf(fault.New(e.Code, "", "")), e.Words, e.Doc})
	}
	return list
}

// pretty is an example as people read it.
func pretty(example any) (string, error) {
	raw, err := dialect.JSON(example)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = json.Indent(&out, raw, "", "  ")
	return out.String(), err
}
