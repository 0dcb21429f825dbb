package api

import (
	"crypto/sha256"
	_ "embed" // the pages and their style are part of the program
	"encoding/base64"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

var (
	//go:embed docs.html
	docsPages string
	//go:embed docs.css
	docsStyle string
)

// toDocs is the address of the first page for people; those of the groups are below it.
const toDocs = base + "/docs"

// pages are the routes that describe the others. All is drawn once, when somebody
// asks for it: most processes are never asked, and it takes longer than all else
// here does.
func (d *desk) pages() []dialect.Route {
	written := sync.OnceValues(func() ([]byte, error) {
		again, all := d.described()
		raw, err := json.Marshal(again.document(all))
		if err != nil {
			return nil, err
		}
		return openAnswers(raw)
	})
	drawn := sync.OnceValues(func() (map[string][]byte, error) {
		again, all := d.described()
		return again.drawDocs(all)
	})
	sum := sha256.Sum256([]byte(docsStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	show := func(r *dialect.Request) (dialect.Reply, error) {
		pages, err := drawn()
		if err != nil {
			return dialect.Reply{}, err
		}
		page, ok := pages[r.PathValue("group")]
		if !ok {
			return dialect.Reply{}, fault.New(fault.CodeNotFound, "group",
				"The operations have no such group; "+toDocs+" lists those that there are.")
		}
		return dialect.Reply{Body: page, Header: http.Header{
			"Content-Type": {"text/html; charset=utf-8"}, "Content-Security-Policy": {policy},
		}}, nil
	}
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
			Method: http.MethodGet, Path: toDocs, Access: dialect.Anyone,
			Summary: "Shows people what holds for all operations, and lists them.", Handle: show,
		},
		{
			Method: http.MethodGet, Path: toDocs + "/{group}", Access: dialect.Anyone,
			Summary: "Shows people the operations of one group.", Handle: show,
			Params: []dialect.Param{{Name: "group", In: dialect.InPath, Type: dialect.AnyText}},
		},
	}
}
