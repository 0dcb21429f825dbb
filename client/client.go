package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config is what a client is made from. URL and Key are needed.
type Config struct {
	URL string // where the server is, such as https://pay.example, with or without /v1
	Key string // a secret key: sk_...

	// Timeout bounds one try of a call; zero means 65 seconds, a little more than
	// the server takes at most. A whole call is bounded by its context.
	Timeout time.Duration
	// Tries is how often a call is sent at most; zero means 4, and 1 never again.
	Tries int
	// Pause is the wait before the second try; it doubles with each further one.
	// Zero means half a second. A longer wait that the server asks for is kept.
	Pause time.Duration
	// Transport carries the calls; nil means Go's own.
	Transport http.RoundTripper
}

const (
	usualTimeout = 65 * time.Second
	usualTries   = 4
	usualPause   = time.Second / 2
)

// New makes a client. It may be used by many goroutines at once. Error: the
// configuration cannot work.
func New(c Config) (*ClientWithResponses, error) {
	base, err := url.Parse(c.URL)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") {
		return nil, fmt.Errorf("purser: the address %q is not one of a server", c.URL)
	}
	if c.Key == "" || strings.ContainsAny(c.Key, " \t\r\n") {
		return nil, errors.New("purser: the key is missing or has blanks")
	}
	if c.Timeout < 0 || c.Tries < 0 || c.Pause < 0 {
		return nil, errors.New("purser: a timeout, a number of tries or a pause is negative")
	}
	if path := strings.TrimRight(base.Path, "/"); strings.HasSuffix(path, "/v1") {
		base.Path = path
	} else {
		base.Path = path + "/v1"
	}
	d := &doer{
		tries: orElse(c.Tries, usualTries), pause: orElse(c.Pause, usualPause),
		// A call goes where it was sent and nowhere else, and its key with it.
		http: &http.Client{
			Transport: c.Transport, Timeout: orElse(c.Timeout, usualTimeout),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	key := c.Key
	return NewClientWithResponses(base.String(), WithHTTPClient(d),
		WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+key)
			r.Header.Set("Accept", "application/json, application/problem+json")
			if r.Method == http.MethodPost && r.Header.Get(keyHeader) == "" {
				r.Header.Set(keyHeader, rand.Text())
			}
			return nil
		}))
}

func orElse[V comparable](value, usual V) V {
	var zero V
	if value == zero {
		return usual
	}
	return value
}
