package gatewaytest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// spoil is one way in which an answer cannot be used.
type spoil struct {
	name string
	slow bool // the connector has to give up on it
	// lenient says that what is left may still be the provider's word: only a false verdict is a fault.
	lenient bool
	write   func(w http.ResponseWriter, r *http.Request, s Step)
}

// page is what a load balancer or a guard in front of a provider answers.
const page = "<!DOCTYPE html><html><body>Please wait while we check your browser.</body></html>"

// hugeBody is how much an answer is padded with.
const hugeBody = 10 << 20

// spoils are the unusable answers. trap is an address that nobody may call.
func spoils(trap string) []spoil {
	return []spoil{
		{name: "html 200", write: raw(http.StatusOK, "text/html", page)},
		{name: "html 502", write: raw(http.StatusBadGateway, "text/html", page)},
		{name: "html 403", write: raw(http.StatusForbidden, "text/html", page)},
		{name: "html as json", write: raw(http.StatusOK, "application/json", page)},
		{name: "empty", write: raw(http.StatusOK, "application/json", "")},
		{name: "no content", write: raw(http.StatusNoContent, "", "")},
		{name: "null", write: raw(http.StatusOK, "application/json", "null")},
		{name: "object", write: raw(http.StatusOK, "application/json", "{}")},
		{name: "list", write: raw(http.StatusOK, "application/json", "[]")},
		{name: "text", write: raw(http.StatusOK, "application/json", `"paid"`)},
		{name: "number", write: raw(http.StatusOK, "application/json", "100")},
		{name: "binary", write: raw(http.StatusOK, "application/json", "\x00\x1f\x8b\xff")},
		{name: "deep", write: raw(http.StatusOK, "application/json", strings.Repeat("[", 100_000))},
		{name: "wrong type", write: typed("text/html; charset=utf-8")},
		{name: "no type", write: typed("application/octet-stream")},
		{name: "right answer under 500", write: status(http.StatusInternalServerError)},
		{name: "right answer under 503", write: status(http.StatusServiceUnavailable)},
		{name: "right answer under 429", write: status(http.StatusTooManyRequests)},
		{name: "right answer under 302", write: redirect(trap, http.StatusFound)},
		{name: "redirect that keeps the call", write: redirect(trap, http.StatusTemporaryRedirect)},
		{name: "half", write: func(w http.ResponseWriter, _ *http.Request, s Step) {
			s.Answer = s.Answer[:len(s.Answer)/2]
			s.write(w)
		}},
		{name: "twice", write: func(w http.ResponseWriter, _ *http.Request, s Step) {
			s.Answer += s.Answer
			s.write(w)
		}},
		{name: "huge", write: func(w http.ResponseWriter, _ *http.Request, s Step) {
			w.Header().Set("Content-Type", "application/json")
			last := len(s.Answer) - 1
			_, _ = io.WriteString(w, s.Answer[:last]) // the caller hangs up on it
			_, _ = w.Write(bytes.Repeat([]byte(" "), hugeBody))
			_, _ = io.WriteString(w, s.Answer[last:])
		}},
		{name: "cut off", write: cut},
		{name: "dropped", write: func(http.ResponseWriter, *http.Request, Step) { panic(http.ErrAbortHandler) }},
		{name: "silent", slow: true, write: func(_ http.ResponseWriter, r *http.Request, _ Step) { <-r.Context().Done() }},
		{name: "drip", slow: true, write: drip},
		{name: "odd types", lenient: true, write: func(w http.ResponseWriter, _ *http.Request, s Step) {
			s.Answer = oddTypes(s.Answer)
			s.write(w)
		}},
	}
}

// raw answers something of its own.
func raw(code int, contentType, body string) func(http.ResponseWriter, *http.Request, Step) {
	return func(w http.ResponseWriter, _ *http.Request, _ Step) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body) // the caller has gone: its own report says so
	}
}

// typed gives the right answer another content type.
func typed(contentType string) func(http.ResponseWriter, *http.Request, Step) {
	return func(w http.ResponseWriter, r *http.Request, s Step) {
		raw(http.StatusOK, contentType, s.Answer)(w, r, s)
	}
}

// status gives the right answer another status.
func status(code int) func(http.ResponseWriter, *http.Request, Step) {
	return func(w http.ResponseWriter, r *http.Request, s Step) { raw(code, "application/json", s.Answer)(w, r, s) }
}

// redirect sends the caller to a trap, with the right answer along.
func redirect(trap string, code int) func(http.ResponseWriter, *http.Request, Step) {
	return func(w http.ResponseWriter, r *http.Request, s Step) {
		w.Header().Set("Location", trap+r.URL.Path)
		status(code)(w, r, s)
	}
}

// cut announces the whole answer and breaks the connection halfway.
func cut(w http.ResponseWriter, _ *http.Request, s Step) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(s.Answer)))
	_, _ = io.WriteString(w, s.Answer[:len(s.Answer)/2]) // broken right after
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// drip sends a byte now and then until the caller has had enough.
func drip(w http.ResponseWriter, r *http.Request, s Step) {
	w.Header().Set("Content-Type", "application/json")
	ticks := time.NewTicker(hasty / 10)
	defer ticks.Stop()
	body := strings.Repeat(" ", 1000) + s.Answer
	for i := range len(body) {
		select {
		case <-r.Context().Done():
			return
		case <-ticks.C:
		}
		if _, err := io.WriteString(w, body[i:i+1]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush() // without it the end of the answer would come late, too
	}
}

// oddTypes turns every number into text and every flag into a number, and adds
// members nobody expects.
func oddTypes(answer string) string {
	var value any
	decoder := json.NewDecoder(strings.NewReader(answer))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return answer
	}
	odd, err := json.Marshal(oddValue(value))
	if err != nil {
		return answer
	}
	return string(odd)
}

func oddValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = oddValue(member)
		}
		value["x_new"] = []any{map[string]any{"since": 1405}, nil}
	case []any:
		for i := range value {
			value[i] = oddValue(value[i])
		}
	case json.Number:
		return value.String()
	case bool:
		return map[bool]int{true: 1, false: 0}[value]
	}
	return value
}
