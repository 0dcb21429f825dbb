// Package fault is what went wrong, said so that a program, a developer and a
// payer each get the part that is meant for them: a Kind, a Code, and Words
// that are safe to show. The cause stays inside, for the log alone.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind tells a program what to do about a fault. There are few on purpose:
// every dialect maps all of them to its own statuses.
type Kind string

// The kinds. Whatever nobody classified is Internal.
const (
	Internal        Kind = "internal"        // our mistake; the caller can do nothing about it
	Invalid         Kind = "invalid"         // the request must be changed before it is sent again
	NotFound        Kind = "not_found"       // no such thing, or it belongs to another merchant
	Conflict        Kind = "conflict"        // the present state forbids it
	Unauthenticated Kind = "unauthenticated" // we do not know who asks
	Forbidden       Kind = "forbidden"       // we know who asks, and they may not
	Declined        Kind = "declined"        // somebody with a say over the money said no
	Unavailable     Kind = "unavailable"     // not now; asking again later may help
	RateLimited     Kind = "rate_limited"    // too many requests; asking more slowly helps
)

// Code tells a developer what is wrong. Codes are snake_case and stable: once
// published, a code never changes its meaning. Catalogue lists them all.
type Code string

// Error is one fault. It is a value to read, not to change: With and Because
// give altered copies.
type Error struct {
	Kind  Kind   // what a program should do about it
	Code  Code   // what is wrong, from the Catalogue
	Param string // our name of the field at fault, or empty; a dialect renames it to its own
	Words string // a sentence that may be shown to anybody
	cause error  // for the log alone; may hold anything
}

// New makes a fault. Its kind comes from the Catalogue, and so do its words
// where none are given. A code that is not in the Catalogue makes an Internal
// fault instead: what nobody described must not be shown.
func New(code Code, param, words string) *Error {
	entry, known := byCode[code]
	if !known {
		entry = byCode[CodeInternal]
		return &Error{
			Kind: entry.Kind, Code: entry.Code, Words: entry.Words,
			cause: fmt.Errorf("fault code %q is not in the catalogue: %s", code, words),
		}
	}
	if words == "" {
		words = entry.Words
	}
	return &Error{Kind: entry.Kind, Code: entry.Code, Param: param, Words: words}
}

// Newf is New with words from a format. The arguments are shown to whoever
// asked, so they must be safe too.
func Newf(code Code, param, format string, args ...any) *Error {
	return New(code, param, fmt.Sprintf(format, args...))
}

// Error gives the code, the parameter and the safe words, never the cause.
// Detail gives the whole story.
func (e *Error) Error() string {
	if e.Param == "" {
		return string(e.Code) + ": " + e.Words
	}
	return string(e.Code) + " (" + e.Param + "): " + e.Words
}

// Unwrap gives the private cause to errors.Is and errors.As, or nil.
func (e *Error) Unwrap() error { return e.cause }

// With returns a copy that keeps cause for the log.
func (e *Error) With(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Because returns a copy with other safe words.
func (e *Error) Because(words string) *Error {
	c := *e
	c.Words = words
	return &c
}

// From returns the outermost fault inside err, an Internal fault that keeps
// err as its cause where there is none, and nil for nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok && e != nil {
		return e
	}
	return New(CodeInternal, "", "").With(err)
}

// KindOf returns the kind of the fault that From finds, and an empty Kind for
// nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	return From(err).Kind
}

// Is reports whether the fault that From finds has the code. A fault further
// down, kept as a cause, does not count: it was translated on the way up.
func Is(err error, code Code) bool {
	return err != nil && From(err).Code == code
}

// Detail is the whole text of err with the private causes, for the log. It
// must never reach a caller.
func Detail(err error) string {
	if err == nil {
		return ""
	}
	parts := []string{err.Error()}
	for {
		e, ok := errors.AsType[*Error](err)
		if !ok || e == nil || e.cause == nil {
			return strings.Join(parts, ": ")
		}
		err = e.cause
		last := &parts[len(parts)-1] // a sentence, which goes on
		*last = strings.TrimSuffix(*last, ".")
		parts = append(parts, err.Error())
	}
}
