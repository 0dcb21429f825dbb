package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style are part of the program
	"encoding/base64"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

var (
	//go:embed docs.html
	docsPage string
	//go:embed docs.css
	docsStyle string
)

// pages are the routes that describe the others. Each is drawn once, when somebody
// asks for it: most processes are never asked, and it takes longer than all else
// here does.
func (d *desk) pages(all []operation) []dialect.Route {
	doc := d.document(all) // now, since it names schemas that calls are held against
	written := sync.OnceValues(func() ([]byte, error) {
		raw, err := json.Marshal(doc)
		if err != nil {
			return nil, err
		}
		return openAnswers(raw)
	})
	drawn := sync.OnceValues(func() ([]byte, error) { return d.drawDocs(doc, all) })
	sum := sha256.Sum256([]byte(docsStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return []dialect.Route{
		{
			Method: http.MethodGet, Path: base + "/openapi.json", Access: dialect.Anyone,
			Summary: "Gives the OpenAPI document of this API.",
			Handle: func(*dialect.Request) (dialect.Reply, error) {
				raw, err := written()
				return dialect.Reply{Body: raw}, err
			},
		},
		{
			Method: http.MethodGet, Path: base + "/docs", Access: dialect.Anyone,
			Summary: "Shows the document to people.",
			Handle: func(*dialect.Request) (dialect.Reply, error) {
				page, err := drawn()
				return dialect.Reply{Body: page, Header: http.Header{
					"Content-Type": {"text/html; charset=utf-8"}, "Content-Security-Policy": {policy},
				}}, err
			},
		},
	}
}

// chapter is one resource of the page.
type chapter struct {
	Name, About string
	Operations  []section
}

// section is one operation of the page.
type section struct {
	*huma.Operation

	Route    string
	Status   string
	Body     *fields
	Answer   *fields
	Send     string
	Receive  string
	Problems []problemLine
}

// problemLine is one status that is an error.
type problemLine struct{ Status, Words string }

// fields are the properties of a schema, those of inner ones under their path.
type fields []fieldLine

type fieldLine struct {
	Name, Type, Words string
	Needed            bool
}

// drawDocs draws the page.
func (d *desk) drawDocs(doc *huma.OpenAPI, all []operation) ([]byte, error) {
	view := struct {
		Title    string
		Overview []string
		Server   string
		Style    template.CSS
		Chapters []*chapter
		Codes    []codeLine
	}{
		Title: doc.Info.Title + " " + base, Overview: strings.Split(overview, "\n\n"), Server: doc.Servers[0].URL,
		Style: template.CSS(docsStyle), Codes: codeLines(), //nolint:gosec // It is our own file.
	}
	for _, o := range all {
		if n := len(view.Chapters); n == 0 || view.Chapters[n-1].Name != o.of.name {
			view.Chapters = append(view.Chapters, &chapter{Name: o.of.name, About: o.of.about})
		}
		s, err := d.section(o)
		if err != nil {
			return nil, err
		}
		last := view.Chapters[len(view.Chapters)-1]
		last.Operations = append(last.Operations, s)
	}
	page, err := template.New("docs").Parse(docsPage)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, view)
	return out.Bytes(), err
}

// section draws one operation.
func (d *desk) section(o operation) (section, error) {
	e := d.entry(o)
	s := section{Operation: e, Route: o.method + " " + base + o.path}
	for _, status := range slices.Sorted(maps.Keys(e.Responses)) {
		answer := e.Responses[status]
		good := answer.Content["application/json"]
		if good == nil && status == strconv.Itoa(o.status) { // a file
			s.Status = status
			continue
		}
		if good == nil {
			s.Problems = append(s.Problems, problemLine{status, answer.Description})
			continue
		}
		s.Status, s.Answer = status, d.lines(good.Schema)
		var err error
		if s.Receive, err = pretty(good.Example); err != nil {
			return s, err
		}
	}
	if e.RequestBody == nil {
		return s, nil
	}
	asked := e.RequestBody.Content["application/json"]
	s.Body = d.lines(asked.Schema)
	var err error
	s.Send, err = pretty(asked.Example)
	return s, err
}

// lines are the fields of a schema.
func (d *desk) lines(s *huma.Schema) *fields {
	list := &fields{}
	d.addLines(list, s, "")
	return list
}

func (d *desk) addLines(list *fields, s *huma.Schema, under string) {
	s = d.resolve(s)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		inner := s.Properties[name]
		line := fieldLine{Name: under + name, Words: inner.Description, Needed: slices.Contains(s.Required, name)}
		inner = d.resolve(inner)
		below := under + name + "."
		line.Type = inner.Type
		if inner.Type == huma.TypeArray {
			below = under + name + "[]."
			inner = d.resolve(inner.Items)
			line.Type = "list of " + inner.Type
		}
		if inner.Format != "" {
			line.Type += ", " + inner.Format
		}
		*list = append(*list, line)
		if !strings.HasSuffix(under, expandedField+".") { // things are shown within one another
			d.addLines(list, inner, below)
		}
	}
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
