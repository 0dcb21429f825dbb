package dialect

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/purserhq/purser/internal/fault"
)

// Document draws the dialect's page for docs/dialects: every route with its
// inputs and behaviour, each marked as documented, observed or chosen, and the
// face of every fault. intro stands under the title.
func (d *Dialect) Document(intro string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nDrawn from the routes in `internal/dialect/%s` by `make gen`.\n\n%s\n",
		d.Title, d.Name, intro)
	b.WriteString("\n## Routes\n\n| route | credential | what it does |\n|---|---|---|\n")
	for _, r := range d.Routes {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Name(), r.Access, r.Summary)
	}
	for _, r := range d.Routes {
		fmt.Fprintf(&b, "\n### %s\n\n%s Credential: %s.\n", r.Name(), r.Summary, r.Access)
		drawParams(&b, r.Params)
		drawNotes(&b, r.Notes)
	}
	d.drawFaults(&b)
	return b.String()
}

func drawParams(b *strings.Builder, params []Param) {
	if len(params) == 0 {
		return
	}
	b.WriteString("\n| input | in | type | needed | rule | mark |\n|---|---|---|---|---|---|\n")
	for _, p := range params {
		needed, mark := "yes", p.Mark
		if p.Optional {
			needed = "no"
		}
		if mark == "" {
			mark = Documented
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", p.Name, p.In, p.Type, needed, p.Rule, mark)
	}
}

func drawNotes(b *strings.Builder, notes []Note) {
	if len(notes) == 0 {
		return
	}
	b.WriteString("\n| behaviour | mark |\n|---|---|\n")
	for _, n := range notes {
		fmt.Fprintf(b, "| %s | %s |\n", strings.ReplaceAll(n.Text, "|", `\|`), n.Mark)
	}
}

// drawFaults shows what each code of the catalogue looks like on this wire.
func (d *Dialect) drawFaults(b *strings.Builder) {
	b.WriteString("\n## Faults\n\nHow each code of [errors.md](../errors.md) is answered.\n\n" +
		"| code | status | body |\n|---|---|---|\n")
	for _, e := range fault.Catalogue {
		status, body := d.Face(fault.New(e.Code, "", ""))
		fmt.Fprintf(b, "| `%s` | %d | `%s` |\n", e.Code, status, body)
	}
}

// Face is what an error looks like on this wire, for documents and tests; the
// call behind it is GET /unknown.
func (d *Dialect) Face(err error) (status int, body string) {
	call := &Request{Request: &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/unknown"}}}
	reply := d.Fault(call, err)
	encodedBody, failure := encoded(reply.Body)
	if failure != nil {
		return 0, failure.Error()
	}
	raw, _ := encodedBody.([]byte)
	return reply.Status, string(raw)
}
