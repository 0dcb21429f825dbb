package api

import (
	"context"
	"mime"
	"net/http"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// row is what is written down of an operation by hand.
type row struct {
	id      string         // such as "createInvoice"; for the document and the clients that are made from it
	method  string         // given by get, list, create and act
	path    string         // below /v1, with at most one name in it: "/invoices/{id}"
	scope   merchant.Scope // what the key must be good for
	summary string         // a few words
	about   string         // whole sentences
	faults  []fault.Code   // what it answers beyond what every operation may
	example string         // of the id in its path; empty = that of the resource
	secret  bool           // its answer shows a secret
	ends    bool           // what it makes ends no later than the key that asks
	most    int64          // bytes of its body; 0 = as many as usual
	card    string         // the field of its body that holds a payer's card
	pin     string         // the field of its body that holds a PIN
	newPIN  bool           // that PIN is a new one, and another one is another wish

	may func(*call) error // refuses a key that is good for the scope, before an earlier answer is told; nil = none
}

// resource is one chapter of the document: a thing, and what can be done with it.
type resource struct {
	name       string
	about      string // whole sentences
	words      words
	example    any // an id
	operations []operation
}

// operation is one operation: a row, the types of what goes in and comes out,
// and what is done.
type operation struct {
	row

	status int
	query  reflect.Type // of a struct with query tags; nil = none
	body   reflect.Type // of a struct with json tags; nil = none
	answer reflect.Type // nil = a file
	files  []string     // the media types of the file that is answered
	run    func(*call, operation) (dialect.Reply, error)

	of     *resource
	params map[string]*huma.Schema // of the query, by name
}

// name is that of the route, such as "POST /v1/invoices".
func (o operation) name() string { return o.method + " " + base + o.path }

// call is one call, as the handler of an operation sees it.
type call struct {
	*dialect.Request

	ctx    context.Context //nolint:containedctx // in place of the request's: a copy of that would cost more
	desk   *desk
	body   *huma.Schema
	params map[string]*huma.Schema
	secret string // that was made for this call
	public string // what goes with it and is no secret
	// resent shows what this call sends again.
	resent func([]event.Delivery) resent
}

// Context is what the call is done under.
func (c *call) Context() context.Context { return c.ctx }

// none is for operations without a query or without a body.
type none struct{}

// typeOf is the type of a struct, or nil for none.
func typeOf[T any]() reflect.Type {
	t := reflect.TypeFor[T]()
	if t == reflect.TypeFor[none]() {
		return nil
	}
	return t
}

// get is an operation that shows the thing whose id is in the path.
func get[Query, Out any](r row, do func(c *call, id string, q Query) (Out, error)) operation {
	return list(r, func(c *call, q Query) (out Out, err error) {
		id, err := c.id()
		if err != nil {
			return out, err
		}
		return do(c, id, q)
	})
}

// plain is what get does where there is nothing to choose.
func plain[Out any](now func(c *call, id string) (Out, error)) func(*call, string, none) (Out, error) {
	return func(c *call, id string, _ none) (Out, error) { return now(c, id) }
}

// list is an operation that shows what its query says.
func list[Query, Out any](r row, do func(c *call, q Query) (Out, error)) operation {
	r.method = http.MethodGet
	return operation{
		row: r, status: http.StatusOK, query: typeOf[Query](), answer: reflect.TypeFor[Out](),
		run: func(c *call, o operation) (dialect.Reply, error) {
			q, err := readQuery[Query](c)
			if err != nil {
				return dialect.Reply{}, err
			}
			if p, ok := any(&q).(interface{ of(list string) }); ok {
				p.of(o.id)
			}
			wanted, err := wantsTable(c, q)
			if err != nil {
				return dialect.Reply{}, err
			}
			if wanted {
				return table(c, o, q, do)
			}
			out, err := do(c, q)
			return dialect.Reply{Status: o.status, Body: out}, err
		},
	}
}

// show gives the view of what a use case gave, unless it failed.
func show[Noun, View any](view func(Noun) View) func(Noun, error) (View, error) {
	return func(n Noun, err error) (out View, _ error) {
		if err != nil {
			return out, err
		}
		return view(n), nil
	}
}

// download is a file on its way to the caller.
type download struct {
	name, mediaType string
	data            []byte
}

// file is an operation that gives a file about the thing whose id is in the path.
// No browser shows it: it is kept.
func file(r row, types []string, do func(c *call, id string) (download, error)) operation {
	r.method = http.MethodGet
	return operation{row: r, status: http.StatusOK, files: types, run: func(c *call, o operation) (dialect.Reply, error) {
		if _, err := readQuery[none](c); err != nil {
			return dialect.Reply{}, err
		}
		id, err := c.id()
		if err != nil {
			return dialect.Reply{}, err
		}
		f, err := do(c, id)
		if err != nil {
			return dialect.Reply{}, err
		}
		return dialect.Reply{Status: o.status, Body: f.data, Header: http.Header{
			"Content-Type":            {f.mediaType},
			"Content-Disposition":     {mime.FormatMediaType("attachment", map[string]string{"filename": f.name})},
			"Content-Security-Policy": {"default-src 'none'; sandbox"},
		}}, nil
	}}
}

// story says how an operation that changes something is told again to who sends
// it twice under one Idempotency-Key.
type story[Out any] struct {
	// now shows what an earlier call made whose answer was never kept, because the
	// process died. Error: idempotency_in_progress while it may still be running.
	now func(c *call, id string) (Out, error)
	// of draws the answer from the change that makes it true, so that both are
	// stored in one commit; nil where it is known only after a gateway was asked.
	of func(app.Change) (Out, bool)
	// often spares the many calls of an operation, which come once each, the look for
	// an earlier one. What is done must be one commit and nothing else.
	often bool
	// with is the same where the call must be known too.
	with func(*call, app.Change) (Out, bool)
}

// create is an operation that makes something; its id gets the prefix.
func create[Body, Out any](r row, prefix string, do func(c *call, id string, in Body) (Out, error), s story[Out],
) operation {
	r.method = http.MethodPost
	return change(r, http.StatusCreated, func(c *call) string { return c.desk.NewID(prefix) }, do, s)
}

// act is an operation that does something to the thing whose id is in the path.
func act[Body, Out any](r row, do func(c *call, id string, in Body) (Out, error), s story[Out]) operation {
	r.method = http.MethodPost
	return change(r, http.StatusOK, nil, do, s)
}

func change[Body, Out any](r row, status int, mint func(*call) string,
	do func(c *call, id string, in Body) (Out, error), s story[Out],
) operation {
	return operation{
		row: r, status: status, body: typeOf[Body](), answer: reflect.TypeFor[Out](),
		run: changing[Body, Out]{mint: mint, do: do, story: s}.run,
	}
}

// changing is what an operation does that changes something.
type changing[Body, Out any] struct {
	mint  func(*call) string // nil = the id is in the path
	do    func(c *call, id string, in Body) (Out, error)
	story story[Out]
}

func (g changing[Body, Out]) run(c *call, o operation) (dialect.Reply, error) {
	in, err := readBody[Body](c)
	if err != nil {
		return dialect.Reply{}, err
	}
	id := ""
	if g.mint != nil {
		id = g.mint(c)
	} else if id, err = c.id(); err != nil {
		return dialect.Reply{}, err
	}
	if o.may != nil {
		if err := o.may(c); err != nil {
			return dialect.Reply{}, err
		}
	}
	w := wish{
		id: id, status: o.status, secret: o.secret, ends: o.ends, newPIN: o.newPIN, often: g.story.often,
		do:  func() (any, error) { return g.do(c, id, in) },
		now: func(made string) (any, error) { return g.story.now(c, made) },
	}
	if g.story.with != nil {
		w.of = func(change app.Change) (any, bool) { return g.story.with(c, change) }
	}
	if g.story.of != nil {
		w.of = func(change app.Change) (any, bool) { return g.story.of(change) }
	}
	return c.once(w)
}

// id is the one in the path. What no database can hold is nowhere.
func (c *call) id() (string, error) {
	const longest = 200
	id := c.PathValue("id")
	for _, r := range id {
		if r == 0 || r == utf8.RuneError {
			return "", fault.New(fault.CodeNotFound, "id", "")
		}
	}
	if len(id) > longest {
		return "", fault.New(fault.CodeNotFound, "id", "")
	}
	return id, nil
}

// timeLimit bounds a call. What was begun at a gateway is finished after it.
const timeLimit = time.Minute

// route is the operation as the wire knows it.
func (d *desk) route(o operation) dialect.Route {
	h := handler{desk: d, operation: o}
	if o.body != nil {
		h.schema = d.registry.Schema(o.body, false, "")
	}
	return dialect.Route{
		Method: o.method, Path: base + o.path, Access: dialect.KeyOnly, Summary: o.summary,
		Params: d.params(o, h.schema), Handle: h.handle, MaxBody: o.most, Card: o.card, PIN: o.pin,
	}
}

// handler is an operation that is ready to be called.
type handler struct {
	desk      *desk
	operation operation
	schema    *huma.Schema // of the body; nil = there is none
}

func (h handler) handle(r *dialect.Request) (dialect.Reply, error) {
	ctx, cancel := context.WithTimeout(r.Context(), timeLimit)
	defer cancel()
	return h.operation.run(&call{
		Request: r, ctx: ctx, desk: h.desk, body: h.schema, params: h.operation.params,
	}, h.operation)
}
