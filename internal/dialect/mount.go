package dialect

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/fault"
)

// Mount puts dialects on one mux. Where two dialects have the same path, the
// method decides, and the one mounted first answers for the others. An unknown
// path below a prefix that dialects claim, or that prefix without its slash, gets
// the 404 of one of them, and every other unknown path that of any, unless the mux
// already has a handler for "/": of the one that knows the caller, or else of the first.
//
// Wrap the mux in Exact: http.ServeMux by itself answers an unclean path such
// as //cb with a redirect that no copied API knows.
func Mount(mux *http.ServeMux, dialects ...*Dialect) {
	owners := map[string][]owned{}
	claims := map[string][]*Dialect{}
	for _, d := range dialects {
		for _, route := range d.Routes {
			owners[route.Path] = append(owners[route.Path], owned{d, route})
		}
		for _, prefix := range d.Claims {
			claims[prefix] = append(claims[prefix], d)
		}
	}
	for address, rows := range owners {
		mux.Handle(pattern(address), crossroads(rows))
	}
	for prefix, among := range claims {
		if owners[prefix] == nil || pattern(prefix) != prefix {
			mux.Handle(prefix, Unknown(among...))
		}
		// By itself http.ServeMux redirects /api to /api/.
		if bare := strings.TrimSuffix(prefix, "/"); bare != prefix && bare != "" && owners[bare] == nil {
			mux.Handle(bare, Unknown(among...))
		}
	}
	root := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}}
	if _, taken := mux.Handler(root); taken == "" && len(dialects) > 0 {
		mux.Handle("/", Unknown(dialects...))
	}
}

// Unknown answers what none of the dialects has: in the words of one that claims the path
// as it came, if any does, and of these of the one that knows the caller, or else of the first.
func Unknown(dialects ...*Dialect) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		among := claiming(dialects, r.URL.Path)
		for _, d := range among {
			if d.Knows != nil && d.Knows(r) {
				d.NotFound(w, r)
				return
			}
		}
		among[0].NotFound(w, r)
	}
}

// claiming are the dialects that claim a path, or all where none does.
func claiming(dialects []*Dialect, address string) []*Dialect {
	var among []*Dialect
	for _, d := range dialects {
		if slices.ContainsFunc(d.Claims, func(prefix string) bool { return strings.HasPrefix(address, prefix) }) {
			among = append(among, d)
		}
	}
	if len(among) == 0 {
		return dialects
	}
	return among
}

// pattern is what http.ServeMux calls the path of a route. It would take a
// path that ends in a slash for everything below it.
func pattern(address string) string {
	if address != "/" && strings.HasSuffix(address, "/") {
		return address + "{$}"
	}
	return address
}

// owned is a route and whose it is.
type owned struct {
	dialect *Dialect
	route   Route
}

// takes says that the route is for a method.
func (o *owned) takes(method string) bool {
	return o.route.Method == method ||
		method == http.MethodHead && o.route.Method == http.MethodGet && o.dialect.Heads
}

// crossroads are the routes of one path; the method decides.
type crossroads []owned

func (c crossroads) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for i := range c {
		if o := &c[i]; o.takes(r.Method) {
			head := r.Method == http.MethodHead
			if head {
				r = r.Clone(r.Context()) // whoever sent it gets no body, which net/http sees to
				r.Method = http.MethodGet
			}
			o.dialect.answer(w, r, func(w *watched, call *Request) (Reply, error) {
				call.Head = head
				return o.dialect.run(w, call, o.route)
			})
			return
		}
	}
	c[0].dialect.refuse(w, r, fault.CodeMethodNotAllowed)
}

// NotFound answers an unknown path in the dialect's own words.
func (d *Dialect) NotFound(w http.ResponseWriter, r *http.Request) {
	d.refuse(w, r, fault.CodeRouteNotFound)
}

func (d *Dialect) refuse(w http.ResponseWriter, r *http.Request, code fault.Code) {
	d.answer(w, r, func(*watched, *Request) (Reply, error) { return Reply{}, fault.New(code, "", "") })
}

// Methods are the methods that a path of the dialect takes, for an Allow
// header; pattern is the request's.
func (d *Dialect) Methods(pattern string) []string {
	var methods []string
	for _, route := range d.Routes {
		if route.Path != pattern {
			continue
		}
		methods = append(methods, route.Method)
		if d.Heads && route.Method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	return methods
}

// Exact gives paths to next as they came: an unclean one is unknown, and
// unknown answers it. So no path is redirected and none has two names.
func Exact(next, unknown http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clean := path.Clean(r.URL.Path)
		if strings.HasSuffix(r.URL.Path, "/") && clean != "/" {
			clean += "/"
		}
		if r.URL.Path != clean || !strings.HasPrefix(clean, "/") {
			unknown.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
