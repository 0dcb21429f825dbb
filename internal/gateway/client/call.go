package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/purserhq/purser/internal/gateway"
)

// run makes the tries of one call under the executor's policies. Lost.Sent
// speaks of all of them together.
func (c *Client) run(ctx context.Context, call Call, policies failsafe.Executor[Answer], perTry time.Duration,
) (Answer, error) {
	body, err := call.body()
	if err != nil {
		return Answer{}, &Lost{Why: "the request cannot be written as JSON"}
	}
	sent := false
	answer, err := policies.WithContext(ctx).Get(func() (Answer, error) {
		ctx, cancel := context.WithTimeout(ctx, perTry)
		defer cancel()
		answer, lost := c.try(ctx, call, body)
		if lost != nil {
			sent = sent || lost.Sent
			return Answer{}, lost
		}
		return answer, nil
	})
	if err == nil {
		return answer, nil
	}
	if lost, ok := errors.AsType[*Lost](err); ok {
		return Answer{}, &Lost{Sent: sent, Why: lost.Why}
	}
	if errors.Is(err, circuitbreaker.ErrOpen) {
		return Answer{}, &Lost{Sent: sent, Why: "not asked: the provider has been failing"}
	}
	return Answer{}, &Lost{Sent: sent, Why: "no time left"}
}

// formType is the media type of forms.
const formType = "application/x-www-form-urlencoded"

// body is what is sent: a form, JSON, or nothing.
func (c Call) body() ([]byte, error) {
	switch {
	case c.Form != "":
		return []byte(c.Form), nil
	case c.Body == nil && c.Method == http.MethodGet:
		return nil, nil
	}
	return Encode(c.Body)
}

// mediaType is the body's; empty = there is none.
func (c Call) mediaType() string {
	switch {
	case c.Form != "":
		return formType
	case c.Body == nil && c.Method == http.MethodGet:
		return ""
	}
	return "application/json"
}

// Encode writes JSON as the providers' own clients do: without escaping the
// & of addresses. The members of a struct keep their order.
func Encode(body any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}

// try makes the call once.
func (c *Client) try(ctx context.Context, call Call, body []byte) (Answer, *Lost) {
	if ctx.Err() != nil {
		return Answer{}, &Lost{Why: "no time left"}
	}
	// A transport that reports how far it came tells whether anything can have been sent; of any other we assume it.
	var reported, connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { reported.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	method := cmp.Or(call.Method, http.MethodPost)
	request, err := http.NewRequestWithContext(traced, method, call.URL, bytes.NewReader(body))
	if err != nil {
		return Answer{}, &Lost{Why: "the address cannot be called"}
	}
	if call.once && method == http.MethodGet {
		// net/http repeats a GET over a kept connection that breaks, unless it has a body that cannot be read again.
		request.Body, request.GetBody = io.NopCloser(bytes.NewReader(body)), nil
	}
	if media := call.mediaType(); media != "" {
		request.Header.Set("Content-Type", media)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Purser")
	for name, value := range call.Header {
		request.Header.Set(name, value)
	}
	if call.Token != "" {
		request.Header.Set("Authorization", "Bearer "+call.Token.Reveal())
	}
	heard := c.tell(ctx, request, body)
	response, err := c.http.Do(request)
	if err != nil {
		lost := failed(ctx, err, connected.Load() || !reported.Load())
		heard(0, Answer{}, lost)
		return Answer{}, lost
	}
	defer func() { _ = response.Body.Close() }() // read to its end or given up
	answer, lost := read(ctx, response)
	heard(response.StatusCode, answer, lost)
	return answer, lost
}

// tell tells whoever listens of a request, and by what it gives back of the answer.
// Neither has the contract's secrets in it, under whatever name they stand.
func (c *Client) tell(ctx context.Context, request *http.Request, body []byte) func(int, Answer, *Lost) {
	listener := gateway.ListenerOf(ctx)
	if listener == nil {
		return func(int, Answer, *Lost) {}
	}
	heard := listener(gateway.Asked{
		Method: request.Method, Address: c.hide(gateway.MaskedAddress(c.hide(request.URL.String()))),
		Body: c.masked(body),
	})
	return func(status int, answer Answer, lost *Lost) {
		said := gateway.Answered{Status: status, Body: c.masked(answer.Body)}
		if lost != nil {
			said.Lost = lost.Why
		}
		heard(said)
	}
}

// masked hides the contract's secrets before the rest is masked, which may cut one in two,
// and after it, because they may be written otherwise in JSON.
func (c *Client) masked(body []byte) string {
	return c.hide(gateway.Masked([]byte(c.hide(string(body)))))
}

// failed says why no answer began. A call that its own caller gave up tells
// nothing about the provider's health.
func failed(ctx context.Context, err error, sent bool) *Lost {
	lost := &Lost{Sent: sent, Why: "the connection broke", again: true, ill: true}
	var refused *net.OpError
	var unknownHost *net.DNSError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &Lost{Sent: sent, Why: "the caller gave up"}
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		lost.Why = "no answer in time"
	case errors.As(err, &untrusted):
		lost.Why = "the provider's certificate is not trusted"
	case errors.As(err, &unknownHost):
		lost.Why = "the provider's host name is not known"
	case errors.As(err, &refused) && refused.Op == "dial":
		lost.Why = "no connection to the provider"
	}
	return lost
}

// read accepts a whole JSON document and nothing else.
func read(ctx context.Context, response *http.Response) (Answer, *Lost) {
	status := response.StatusCode
	switch {
	case status >= http.StatusInternalServerError || status == http.StatusRequestTimeout:
		return Answer{}, &Lost{Sent: true, Why: "status " + strconv.Itoa(status), again: true, ill: true}
	case status == http.StatusTooManyRequests:
		return Answer{}, &Lost{Sent: true, Why: "status 429: too many requests"}
	case status >= 300 && status < 400:
		return Answer{}, &Lost{Sent: true, Why: "a redirect, which is not followed", ill: true}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return Answer{}, failed(ctx, err, true)
	}
	unreadable := &Lost{Sent: true, again: true, ill: true}
	switch {
	case len(body) > maxBody:
		unreadable.Why = "an answer that is too large"
	case !isJSON(response.Header.Get("Content-Type")):
		unreadable.Why = "an answer of the wrong content type under status " + strconv.Itoa(status)
	case !json.Valid(body):
		unreadable.Why = "an answer that is not JSON under status " + strconv.Itoa(status)
	default:
		return Answer{Status: status, Body: body}, nil
	}
	return Answer{}, unreadable
}

// isJSON says that a content type means JSON.
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"))
}
