package event

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
)

// Endpoint is an address of a merchant that wants to know what happens.
type Endpoint struct {
	ID        string
	Merchant  string
	Version   int64    // the version that was read; 0 = not stored yet
	URL       string   // empty = it is told nothing and only signs the notices of a terminal
	Types     []string // such as "payment.captured" or "payment.*"; empty = everything
	Disabled  string   // not empty: nothing is sent, and why
	Sealed    []byte   // the signing secrets, encrypted; opened only to sign
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Wants says whether the endpoint is to be told of events of this type. One
// without an address is told of none.
func (e Endpoint) Wants(kind string) bool {
	if e.URL == "" || e.Disabled != "" {
		return false
	}
	noun, _, _ := strings.Cut(kind, ".")
	return len(e.Types) == 0 || slices.Contains(e.Types, kind) || slices.Contains(e.Types, noun+".*")
}

// Ports are those that messages are sent to; no other one is ever dialed, but on this machine
// itself, for a demo and for tests.
var Ports = []uint16{80, 443, 8080, 8443}

// CheckPort is nil for the port of an address as it is written, where empty is the usual one.
// Error: parameter_invalid, which names the parameter that it came in.
func CheckPort(param, port string) error {
	if port == "" {
		return nil
	}
	names := make([]string, len(Ports))
	for n, one := range Ports {
		names[n] = strconv.Itoa(int(one))
	}
	if slices.Contains(names, port) {
		return nil
	}
	return fault.New(fault.CodeParameterInvalid, param, "Its port is none of "+strings.Join(names, ", ")+".")
}

// maxTypes bounds the filter of an endpoint.
const maxTypes = 50

// CheckTypes is nil when every filter names a noun and, after a dot, a state
// or a star. Error: parameter_invalid.
func CheckTypes(types []string) error {
	if len(types) > maxTypes {
		return fault.New(fault.CodeParameterInvalid, "types", "At most 50 event types can be named.")
	}
	for _, kind := range types {
		noun, state, ok := strings.Cut(kind, ".")
		if !ok || state == "" || strings.Contains(state, ".") || !slices.Contains(Told, Noun(noun)) {
			return fault.New(fault.CodeParameterInvalid, "types",
				"An event type looks like payment.captured or payment.*")
		}
	}
	return nil
}
