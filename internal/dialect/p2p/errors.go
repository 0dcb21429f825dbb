package p2p

import (
	"net/http"
	"strings"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// face is a status and the code beside it.
type face struct {
	status int
	code   string
}

// The faces of this API.
var (
	invalid    = face{http.StatusBadRequest, "VALIDATION"}
	outOfRange = face{http.StatusBadRequest, "AMOUNT_OUT_OF_RANGE"}
	notOffered = face{http.StatusBadRequest, "PAYMENT_METHOD_NOT_AVAILABLE"}
	tooLarge   = face{http.StatusRequestEntityTooLarge, "FILE_TOO_LARGE"}
	internal   = face{http.StatusInternalServerError, "INTERNAL"}
)

// odd are the faces of codes that this API answers otherwise than their kind.
//
//exhaustive:ignore
var odd = map[fault.Code]face{
	fault.CodeAmountTooSmall:    outOfRange,
	fault.CodeAmountTooLarge:    outOfRange,
	fault.CodeUnsupported:       notOffered,
	fault.CodeBodyTooLarge:      tooLarge,
	fault.CodeMethodNotAllowed:  {http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED"},
	fault.CodeInsufficientFunds: {http.StatusBadRequest, "INSUFFICIENT_BALANCE"},
}

// faceOf is how a fault is answered.
func faceOf(e *fault.Error) face {
	if f, ok := odd[e.Code]; ok {
		return f
	}
	switch e.Kind {
	case fault.Internal:
		return internal
	case fault.Invalid:
		return invalid
	case fault.NotFound:
		return face{http.StatusNotFound, "NOT_FOUND"}
	case fault.Conflict:
		return face{http.StatusConflict, "CONFLICT"}
	case fault.Unauthenticated:
		return face{http.StatusUnauthorized, "UNAUTHORIZED"}
	case fault.Forbidden:
		return face{http.StatusForbidden, "FORBIDDEN"}
	case fault.Declined:
		return face{http.StatusBadRequest, "DECLINED"}
	case fault.Unavailable:
		return face{http.StatusServiceUnavailable, "UNAVAILABLE"}
	case fault.RateLimited:
		return face{http.StatusTooManyRequests, "RATE_LIMITED"}
	}
	return internal
}

// fieldNames are the fields of this API that the core calls otherwise.
var fieldNames = map[string]string{"webhook": "notificationUrl", "merchant_available": "amount"}

func fieldName(param string) string {
	if name, ok := fieldNames[param]; ok {
		return name
	}
	return param
}

// faultBody is one element of every error. Field is null where none is at fault.
type faultBody struct {
	Message string  `json:"message"`
	Code    string  `json:"code"`
	Field   *string `json:"field"`
}

// rangeText begins the message about an amount that no account takes. Clients
// look for it.
const rangeText = "Invoice amount should be"

// writeFault writes a list of what is wrong. All of it has one status.
func writeFault(_ *dialect.Request, err error) dialect.Reply {
	first := faceOf(fault.From(err))
	var list []faultBody
	for _, e := range fault.All(err) {
		f := faceOf(e)
		body := faultBody{Message: e.Words, Code: f.code}
		if e.Kind == fault.Internal {
			body.Message = fault.New(fault.CodeInternal, "", "").Words
		}
		if f == outOfRange && !strings.HasPrefix(body.Message, rangeText) {
			body.Message = rangeText + " higher."
			if e.Code == fault.CodeAmountTooLarge {
				body.Message = rangeText + " lower."
			}
		}
		// Only an input can be at fault. What is not there must look the same whoever
		// has it.
		if f.status == http.StatusBadRequest || f == tooLarge {
			body.Field = orNull(fieldName(e.Param))
		}
		list = append(list, body)
	}
	header := http.Header{}
	if after := dialect.RetryAfter(err); after != "" {
		header.Set("Retry-After", after)
	}
	return dialect.Reply{Status: first.status, Header: header, Body: list}
}
