package payrefund

import (
	"net/http"
	"strings"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// statuses are the codes that this API answers otherwise than their kind.
//
//exhaustive:ignore
var statuses = map[fault.Code]int{
	fault.CodeParameterMissing:     http.StatusBadRequest,
	fault.CodeParameterInvalid:     http.StatusBadRequest,
	fault.CodeBodyUnreadable:       http.StatusBadRequest,
	fault.CodeMediaTypeUnsupported: http.StatusBadRequest,
	fault.CodeBodyTooLarge:         http.StatusRequestEntityTooLarge,
	fault.CodeRouteNotFound:        http.StatusNotFound,
	fault.CodeMethodNotAllowed:     http.StatusMethodNotAllowed,
	fault.CodeQueueFull:            http.StatusServiceUnavailable,
	fault.CodeShuttingDown:         http.StatusServiceUnavailable,
	fault.CodeTimeOut:              http.StatusServiceUnavailable,
	fault.CodeDatabaseUnavailable:  http.StatusServiceUnavailable,
	fault.CodeBooksBroken:          http.StatusServiceUnavailable,
	fault.CodeSecretUnreadable:     http.StatusServiceUnavailable,
}

// statusOf is the status of a fault. What was understood and refused is a 200
// here, whoever refused it.
func statusOf(e *fault.Error) int {
	if status, ok := statuses[e.Code]; ok {
		return status
	}
	switch e.Kind {
	case fault.Internal:
		return http.StatusInternalServerError
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Declined, fault.Unavailable:
		return http.StatusOK
	}
	return http.StatusInternalServerError
}

// faultBody is every error of this API.
type faultBody struct {
	Errors string `json:"errors"`
}

// nothing is the answer about what is not there.
type nothing struct{}

func writeFault(d *dialect.Dialect, r *dialect.Request, err error) dialect.Reply {
	e := fault.From(err)
	header := http.Header{}
	reply := dialect.Reply{Status: statusOf(e), Header: header, Body: faultBody{Errors: textOf(err, e)}}
	switch {
	case e.Code == fault.CodePaymentNotFound || e.Code == fault.CodeRefundNotFound:
		reply.Body = nothing{}
	case e.Code == fault.CodeMethodNotAllowed:
		header.Set("Allow", strings.Join(d.Methods(r.Pattern), ", "))
		reply.Body = nil
	case reply.Status == http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	}
	if after := dialect.RetryAfter(err); after != "" {
		header.Set("Retry-After", after)
	}
	return reply
}

// textOf is what is said of a fault: all that is wrong with a request in one text.
func textOf(err error, e *fault.Error) string {
	switch e.Kind {
	case fault.Internal:
		return fault.New(fault.CodeInternal, "", "").Words
	case fault.Unauthenticated:
		return "authentication required"
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Forbidden, fault.Declined, fault.Unavailable,
		fault.RateLimited:
	}
	var texts []string
	for _, one := range fault.All(err) {
		texts = append(texts, one.Words)
	}
	return strings.Join(texts, "; ")
}

// refused is a wish that is understood and not granted.
func refused(words string) error { return fault.New(fault.CodeWrongState, "payment", words) }
