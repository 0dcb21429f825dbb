package dialect

import (
	"errors"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/fault"
)

// Later is a fault that goes away by itself, with the time it takes.
type Later struct {
	Fault *fault.Error
	Wait  time.Duration
}

// Error is that of the fault.
func (l *Later) Error() string { return l.Fault.Error() }

// Unwrap gives the fault.
func (l *Later) Unwrap() error { return l.Fault }

// RetryAfter is the value of a Retry-After header for an error, in whole
// seconds; empty when asking again by itself does not help.
func RetryAfter(err error) string {
	if later, ok := errors.AsType[*Later](err); ok {
		return strconv.FormatInt(int64((later.Wait+time.Second-1)/time.Second), 10)
	}
	return pauses[fault.From(err).Code]
}

// pauses are for faults that nobody knows the end of.
//
//exhaustive:ignore
var pauses = map[fault.Code]string{
	fault.CodeQueueFull: "1", fault.CodeRateLimited: "1", fault.CodeTimeOut: "1", fault.CodeShuttingDown: "5",
	fault.CodeDatabaseUnavailable: "5", fault.CodeBooksBroken: "60", fault.CodeIdempotencyInProgress: "1",
	fault.CodeSecretUnreadable: "60",
}
