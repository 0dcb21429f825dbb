package gateway

import "context"

// Asked is one request to a provider as it may be kept: without headers and masked.
type Asked struct {
	Method  string
	Address string // of the provider; the values of its query are masked
	Body    string
}

// Answered is what came of it.
type Answered struct {
	Status int    // of HTTP; 0 = none that can be read
	Body   string // masked
	Lost   string // why there is no answer; empty = there is one
}

// Listener is told of a request before it is made, and by what it gives back of its
// answer. Both may be called from any goroutine.
type Listener func(Asked) func(Answered)

// listenerKey is the context key of a listener.
type listenerKey struct{}

// Listen lets a listener hear every request that connectors make under the context.
func Listen(ctx context.Context, l Listener) context.Context {
	return context.WithValue(ctx, listenerKey{}, l)
}

// ListenerOf is who listens under a context; nil = nobody.
func ListenerOf(ctx context.Context) Listener {
	l, _ := ctx.Value(listenerKey{}).(Listener)
	return l
}
