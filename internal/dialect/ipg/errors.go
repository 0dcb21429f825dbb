package ipg

import (
	"errors"
	"net/http"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// The texts that shops may compare.
const (
	textInvoiceNotFound = "Invoice not found"
	textPaymentNotFound = "Payment not found"
	textInvalidAmount   = "Invalid payment amount"
	textOneTime         = "One time payment link"
	textOperationFailed = "Operation failed"
	textClosed          = "Invoice is closed"
	textRefundRunning   = "Refund in progress"
	textRequestFailed   = "Payment request failed"
	textInternal        = "Internal server error"
)

// face is how a fault looks on this wire.
type face struct {
	status int
	text   string // empty = the fault's own words
}

// faces are the codes that the copied API has words of its own for. A link is
// an invoice to it; a gateway that cannot be used has failed the request.
//
//exhaustive:ignore
var faces = map[fault.Code]face{
	fault.CodeInvoiceNotFound:       {http.StatusNotFound, textInvoiceNotFound},
	fault.CodeLinkNotFound:          {http.StatusNotFound, textInvoiceNotFound},
	fault.CodePaymentNotFound:       {http.StatusNotFound, textPaymentNotFound},
	fault.CodeAmountAboveRemaining:  {http.StatusBadRequest, textInvalidAmount},
	fault.CodeAmountInvalid:         {http.StatusBadRequest, textInvalidAmount},
	fault.CodeAmountTooSmall:        {http.StatusBadRequest, textInvalidAmount},
	fault.CodeAmountTooLarge:        {http.StatusBadRequest, textInvalidAmount},
	fault.CodeAmountOverflow:        {http.StatusBadRequest, textInvalidAmount},
	fault.CodeLinkUsed:              {http.StatusBadRequest, textOneTime},
	fault.CodeLinkUnusable:          {http.StatusBadRequest, textOperationFailed},
	fault.CodeInvoiceClosed:         {http.StatusConflict, textClosed},
	fault.CodeRefundInProgress:      {http.StatusConflict, textRefundRunning},
	fault.CodeGatewayRefused:        {http.StatusBadGateway, textRequestFailed},
	fault.CodeGatewayUnavailable:    {http.StatusBadGateway, textRequestFailed},
	fault.CodeGatewayUnknownOutcome: {http.StatusBadGateway, textRequestFailed},
	fault.CodeGatewayMismatch:       {http.StatusBadGateway, textRequestFailed},
	fault.CodeGatewayNotFound:       {http.StatusBadGateway, textRequestFailed},
	fault.CodeNoGateway:             {http.StatusBadGateway, textRequestFailed},
	fault.CodeBodyTooLarge:          {http.StatusRequestEntityTooLarge, ""},
	fault.CodeMediaTypeUnsupported:  {http.StatusUnsupportedMediaType, ""},
	fault.CodeMethodNotAllowed:      {http.StatusNotFound, ""}, // a wrong verb is an unknown route
}

// statusOf is the status of every other code.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.Internal:
		return http.StatusInternalServerError
	case fault.Invalid, fault.Declined:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.RateLimited:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}

// faultBody is every error of this API. Message is a list of texts when inputs
// break their rules, and one text otherwise.
type faultBody struct {
	Message    any    `json:"message"`
	Error      string `json:"error"`
	StatusCode int    `json:"statusCode"`
}

func writeFault(r *dialect.Request, err error) dialect.Reply {
	e := fault.From(err)
	f, ok := faces[e.Code]
	if !ok {
		f.status = statusOf(e.Kind)
	}
	var message any = f.text
	switch list, isList := errors.AsType[fault.List](err); {
	case isList:
		texts := make([]string, len(list))
		for i, one := range list {
			texts[i] = one.Words
		}
		message = texts
	case e.Code == fault.CodeRouteNotFound || e.Code == fault.CodeMethodNotAllowed:
		message = "Cannot " + r.Method + " " + r.URL.Path
	case e.Kind == fault.Internal:
		message = textInternal
	case f.text == "":
		message = e.Words
	}
	header := http.Header{}
	if after := dialect.RetryAfter(err); after != "" {
		header.Set("Retry-After", after)
	}
	if f.status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", "Bearer")
	}
	return dialect.Reply{
		Status: f.status, Header: header,
		Body: faultBody{Message: message, Error: http.StatusText(f.status), StatusCode: f.status},
	}
}
