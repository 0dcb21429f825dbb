package orderpay

import (
	"net/http"
	"strings"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// problem is every error of this API.
type problem struct {
	Message string  `json:"message"`
	Errors  []entry `json:"errors,omitempty"` // of a validation alone, in the order of the fields
}

// entry is what is wrong with one field.
type entry struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// messages are the texts of the copied API for what it has texts for.
//
//exhaustive:ignore
var messages = map[fault.Code]string{
	fault.CodeInvoiceNotFound:  "Order not found",
	fault.CodePaymentNotFound:  "Payment not found",
	fault.CodeRouteNotFound:    "Resource not found",
	fault.CodeMethodNotAllowed: "Method not allowed",
	fault.CodeInvoiceClosed:    "Order is closed",
	fault.CodeInvoiceHeld:      "Order waits for confirmation",
}

// statuses are the codes that are answered otherwise than their kind.
//
//exhaustive:ignore
var statuses = map[fault.Code]int{
	fault.CodeMethodNotAllowed: http.StatusMethodNotAllowed,
	fault.CodeBodyTooLarge:     http.StatusRequestEntityTooLarge,
}

// textOf is what is said of a fault.
func textOf(e *fault.Error) string {
	switch e.Kind {
	case fault.Internal:
		return "Internal server error"
	case fault.Unauthenticated:
		return "Authentication required"
	case fault.Forbidden:
		return "Insufficient permissions"
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Declined, fault.Unavailable, fault.RateLimited:
	}
	if text, ok := messages[e.Code]; ok {
		return text
	}
	return strings.TrimSuffix(e.Words, ".")
}

// httpStatus is the status of a fault.
func httpStatus(e *fault.Error) int {
	if status, ok := statuses[e.Code]; ok {
		return status
	}
	switch e.Kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict, fault.Declined:
		return http.StatusConflict
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// writeFault is the face of an error. What fields are wrong is told together.
func writeFault(err error) dialect.Reply {
	e := fault.From(err)
	reply := dialect.Reply{Status: httpStatus(e), Header: http.Header{}}
	body := problem{Message: textOf(e)}
	if (e.Code == fault.CodeParameterInvalid || e.Code == fault.CodeBodyUnreadable) && e.Param != "" {
		body.Message = "Validation failed"
		for _, one := range fault.All(err) {
			body.Errors = append(body.Errors, entry{Field: one.Param, Message: one.Words})
		}
	}
	reply.Body = body
	if reply.Status == http.StatusUnauthorized {
		reply.Header.Set("WWW-Authenticate", "Bearer")
	}
	if after := dialect.RetryAfter(err); after != "" {
		reply.Header.Set("Retry-After", after)
	}
	return reply
}

// conflict is a wish that is understood and cannot be granted as things stand.
func conflict(words string) error { return fault.New(fault.CodeWrongState, "", words) }
