package sandbox

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed shared.html
var sharedText string

// sharedParts are the parts that the pages have in common: the head with its style, the buttons and the last words.
var sharedParts = template.Must(template.New("shared").Parse(sharedText))

// Template reads a page, which may use the parts of shared.html.
func Template(text string) *template.Template {
	return template.Must(template.Must(sharedParts.Clone()).New("page").Parse(text))
}

// Render answers a person with a page, which may load nothing.
func Render(page *template.Template, view any) Reply {
	var body bytes.Buffer
	if err := page.Execute(&body, view); err != nil {
		// The templates and their views are all ours; tests render them.
		panic("sandbox: render page: " + err.Error())
	}
	return Reply{Status: http.StatusOK, Type: "text/html; charset=utf-8", Body: body.Bytes(), policy: pagePolicy}
}

// NoSuchPage answers a person who asks for the page of a payment that is not there.
func NoSuchPage() Reply { return Text(http.StatusNotFound, "The sandbox knows no such payment.") }

// Text answers a person with one plain sentence.
func Text(status int, words string) Reply {
	return Reply{Status: status, Type: "text/plain; charset=utf-8", Body: []byte(words)}
}
