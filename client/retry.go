package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// keyHeader names a call, so that it has one effect however often it is sent.
const keyHeader = "Idempotency-Key"

const (
	longestPause  = 30 * time.Second
	longestAnswer = 64 << 20 // bytes
)

// ours are the types of all answers that are no errors and no files.
var ours = []string{"application/json", "text/csv"}

// doer sends calls, again where that can do nothing twice, and makes errors of
// answers that are errors.
type doer struct {
	http  *http.Client
	tries int
	pause time.Duration
}

// Do sends a call. Errors: an *Error where the server answered with one, and what
// the network says.
func (d *doer) Do(r *http.Request) (*http.Response, error) {
	// Without this, no second try could send the same again.
	if r.Body != nil && r.Body != http.NoBody && r.GetBody == nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	pause := d.pause
	for try := 1; ; try++ {
		answer, err := d.once(r)
		wait, again := again(r, err)
		if !again || try >= d.tries {
			return answer, err
		}
		if late := rest(r.Context(), min(max(wait, pause), longestPause)); late != nil {
			return nil, errors.Join(err, late)
		}
		pause *= 2
	}
}

// once sends a call once.
func (d *doer) once(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		sent.Body = body
	}
	answer, err := d.http.Do(sent)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return nil, readError(answer)
	}
	// A page of something in between is no answer, whatever its status says.
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(kinds(r), kind) {
		_ = answer.Body.Close()
		return nil, &Error{Status: answer.StatusCode, Detail: "the answer is not one of a Purser server"}
	}
	answer.Body = limited{io.LimitReader(answer.Body, longestAnswer), answer.Body}
	return answer, nil
}

// kinds are the types that a call may be answered with where it is not refused.
func kinds(r *http.Request) []string {
	sent := strings.Split(r.URL.EscapedPath(), "/")
	for operation, types := range files {
		method, path, _ := strings.Cut(operation, " ")
		parts := strings.Split("v1"+path, "/")
		at := len(sent) - len(parts) // whatever the server's address has before it
		if r.Method == method && at >= 0 && slices.EqualFunc(parts, sent[at:], fills) {
			return types
		}
	}
	return ours
}

// fills says whether a part of a path stands for what was sent.
func fills(part, sent string) bool { return part == sent || strings.HasPrefix(part, "{") && sent != "" }

// limited reads so much of an answer and no more.
type limited struct {
	io.Reader
	io.Closer
}

// again says whether a call may be sent once more, and how long the server wants
// that to take. A call without a name that could do something is never repeated.
func again(r *http.Request, err error) (time.Duration, bool) {
	if err == nil || r.Context().Err() != nil {
		return 0, false
	}
	if r.Method != http.MethodGet && r.Header.Get(keyHeader) == "" {
		return 0, false
	}
	var refused *Error
	if !errors.As(err, &refused) {
		return 0, true // nobody knows whether it arrived
	}
	passing := refused.Status >= http.StatusInternalServerError || refused.Status == http.StatusTooManyRequests ||
		refused.Code == CodeIdempotencyInProgress
	return refused.RetryAfter, passing
}

// rest waits, or says why it did not.
func rest(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// seconds reads the header Retry-After as the server writes it.
func seconds(header string) time.Duration {
	whole, err := strconv.ParseUint(header, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(whole) * time.Second
}
