package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Code says what is wrong, for programs. A code never changes its meaning, and new
// ones may come.
type Code string

// Error is what the server answers instead of what was asked for.
type Error struct {
	Status     int           // of HTTP
	Code       Code          // empty where something between here and the server answered
	Param      string        // the parameter at fault, where there is one
	Detail     string        // what is wrong this time
	RequestID  string        // names the call; tell it to who runs the server
	Flaws      []Flaw        // all that is wrong, where that is more than one thing
	RetryAfter time.Duration // when to ask again; zero where the server does not say
}

// Flaw is one of several things that are wrong.
type Flaw struct {
	Code   Code   `json:"code"`
	Param  string `json:"param"`
	Detail string `json:"detail"`
}

// Error says what is wrong.
func (e *Error) Error() string {
	text := fmt.Sprintf("purser: %d %s", e.Status, e.Code)
	if e.Param != "" {
		text += " (" + e.Param + ")"
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.RequestID != "" {
		text += " [" + e.RequestID + "]"
	}
	return text
}

// CodeOf is the code of an error of this package; empty for every other error.
func CodeOf(err error) Code {
	var refused *Error
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.Code
}

// readError makes an error of an answer and closes it.
func readError(answer *http.Response) error {
	const longest = 1 << 20
	defer func() { _ = answer.Body.Close() }()
	e := &Error{Status: answer.StatusCode, RetryAfter: seconds(answer.Header.Get("Retry-After"))}
	body, err := io.ReadAll(io.LimitReader(answer.Body, longest))
	if err != nil {
		e.Detail = http.StatusText(answer.StatusCode)
		return e
	}
	var p struct {
		Detail    string `json:"detail"`
		Code      Code   `json:"code"`
		Param     string `json:"param"`
		RequestID string `json:"request_id"`
		Errors    []Flaw `json:"errors"`
	}
	if json.Unmarshal(body, &p) != nil || p.Code == "" {
		e.Detail = http.StatusText(answer.StatusCode) // it is none of ours
		return e
	}
	e.Code, e.Param, e.Detail, e.RequestID, e.Flaws = p.Code, p.Param, p.Detail, p.RequestID, p.Errors
	return e
}
