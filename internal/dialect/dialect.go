// Package dialect is the wire plumbing that all foreign APIs share: a table of
// routes, bodies read as ordered fields, one writer of errors per dialect, and
// the mounting of several dialects on one listener.
package dialect

import (
	"iter"
	"log/slog"
	"net/http"

	"github.com/purserhq/purser/internal/merchant"
)

// Dialect is one foreign API that Purser speaks. It is a view: its handlers
// decode, call the use cases and encode.
type Dialect struct {
	Name   string   // of its folder and of its page in docs/dialects
	Title  string   // for people
	Claims []string // path prefixes: an unknown path below one is answered by this dialect
	Routes []Route
	// Knows says that a call comes from a caller of this dialect, as far as a
	// credential of its form tells. Among dialects that could answer for an
	// unknown path, the one that knows the caller does. Nil = it knows nobody.
	Knows func(*http.Request) bool
	// Bodies reads request bodies by media type. The key "" is for a body
	// without Content-Type, "*" for every other type; without them such a body
	// is refused. Without any reader the handlers read Request.Raw themselves.
	Bodies map[string]BodyReader
	// Enter is asked before the body is read: nobody else can make the server hold
	// a large one. It knows the route and the query, and may make Route.MaxBody of
	// the request smaller. What it takes for the call it gives back in Request.Leave.
	// Nil = everybody may send a body.
	Enter func(*Request) error
	// Admit learns who asks, from what the route needs, and sets
	// Request.Merchant. The raw body is there, its fields are not.
	Admit func(*Request) error
	// Fault is the face of an error: status, headers and body. It must have an
	// answer for every fault.Kind and must not show a private cause.
	Fault func(*Request, error) Reply
	Log   *slog.Logger
	// NewRequestID mints the id that the log and the caller both see.
	NewRequestID func() string
	// Heads says that HEAD is taken wherever GET is, and answered as that without a body
	// (RFC 9110, section 9.3.2). Not every copied API does so.
	Heads bool
	// Private bodies are overwritten when their call has ended: they hold what
	// must not stay in memory.
	Private bool
}

// Handler answers one route. An error is given to Dialect.Fault.
type Handler func(*Request) (Reply, error)

// Route is one row of a dialect's table. The page in docs/dialects and the
// hostile requests of the conformance kit are both made from it.
type Route struct {
	Method  string
	Path    string // may hold {names} as in http.ServeMux, read by Request.PathValue; a slash at its end is only a slash
	Access  Access
	Handle  Handler
	Summary string // one sentence for the page
	Params  []Param
	Notes   []Note
	MaxBody int64 // bytes; 0 = MaxBody of this package
	// Card names the member of a JSON body that holds a payer's card, whose number
	// and check value are taken out before anybody reads the body.
	Card string
	// PIN names the member of a JSON body that holds a PIN, which is taken out too.
	PIN string
}

// Name is how the route is called in documents and tests.
func (r Route) Name() string { return r.Method + " " + r.Path }

// Access says which credential a route needs.
type Access string

// The credentials.
const (
	Anyone   Access = "none"            // public, by an unguessable token or id
	KeyIfAny Access = "API key, if any" // public; with a key it shows more, and the key must be good
	KeyOnly  Access = "API key"
	AdminKey Access = "API key with the admin scope"
	Signed   Access = "signed with a signing key"
	Token    Access = "token of a user"
)

// Mark says where a behaviour comes from.
type Mark string

// The marks.
const (
	Documented Mark = "documented" // the copied API documents it
	Observed   Mark = "observed"   // its reference implementation does it
	Chosen     Mark = "chosen"     // neither says it, or we deviate, for a reason
)

// Param is one input of a route, in the order in which failures are listed.
type Param struct {
	Name     string
	In       Place
	Type     Type
	Optional bool   // may be missing or null
	Rule     string // for the page
	Mark     Mark   // of the rule; empty = Documented
}

// Place is where a parameter stands.
type Place string

// The places.
const (
	InBody  Place = "body"
	InQuery Place = "query"
	InPath  Place = "path"
)

// Type is what a parameter must be.
type Type string

// The types.
const (
	TextType    Type = "string"
	IntegerType Type = "integer"
	NaturalType Type = "integer, zero too"
	WholeType   Type = "integer, or its text"       // above zero
	CountType   Type = "integer, or its text, cut"  // above zero; one that is too large is cut
	DecimalType Type = "decimal, as number or text" // an amount above zero
	AmountType  Type = "number above zero"
	NumberType  Type = "number" // an amount; one that is not above zero is refused later
	ObjectType  Type = "object"
	ListType    Type = "list"
	FlagType    Type = "true or false"
	AnyText     Type = "any string" // one that nothing has is no mistake
)

// Note is one sentence about a route's behaviour.
type Note struct {
	Mark Mark
	Text string
}

// Request is one call, as a handler sees it.
type Request struct {
	*http.Request
	ID       string // of this call; also in the answer's X-Request-Id
	Route    Route
	Raw      []byte // the body as received, for signatures
	Media    string // of the body, without parameters; empty when it is not said
	Fields   Fields // of the body, in the order received; none for GET
	Params   Fields // of the query, in the order received
	Merchant string // who asks; empty when nobody had to say
	Key      merchant.Key
	Sent     merchant.Key // whose key came with the call, though it may not make it; only for the log
	Caller   string       // who asks without a key, for the budget of calls; empty = the merchant
	Card     CardData     // what was taken out of the body; wiped when the call has ended
	Leave    func()       // is called when the call has ended; nil = nothing is
	Head     bool         // nobody gets the body
	PIN      []byte       // as of Card
}

// Reply is the answer to one call.
type Reply struct {
	Status int         // 0 = 200
	Header http.Header // added to the usual ones
	Body   any         // written as JSON; nil = no body
	// List is written as a JSON array instead, item by item as they come, however
	// many there are. An error before the first item is answered as any other;
	// after it the connection is cut, so that nobody takes a part for the whole.
	List iter.Seq2[any, error]
	// Page takes over the answer instead: a page for people.
	Page http.HandlerFunc
}
