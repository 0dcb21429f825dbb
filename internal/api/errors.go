package api

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// problemType is the media type of every error.
const problemType = "application/problem+json"

// problem is every error, after RFC 9457.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Code      string `json:"code"`
	Param     string `json:"param,omitempty"`
	RequestID string `json:"request_id"`
	Errors    []flaw `json:"errors,omitempty"`
}

// flaw is one of several things that are wrong.
type flaw struct {
	Code   string `json:"code"`
	Param  string `json:"param,omitempty"`
	Detail string `json:"detail"`
}

var problemWords = words{
	"problem": {
		"type":   {doc: "An address of the explanation of the code.", example: "/v1/docs#error-amount_invalid"},
		"title":  {doc: "What the code means, always the same.", example: "The amount is not a valid decimal number."},
		"status": {doc: "The HTTP status.", example: http.StatusBadRequest},
		"detail": {
			doc:     "What is wrong this time, safe to show.",
			example: "The amount has more than the 2 decimal places of EUR.",
		},
		"code":       {doc: "What is wrong, for programs. A code never changes its meaning.", example: "amount_invalid"},
		"param":      {doc: "The parameter at fault, where there is one.", example: "amount"},
		"request_id": {doc: "Names this call; tell it to who runs the server.", example: exampleRequest},
		"errors":     {doc: "All that is wrong, where that is more than one thing."},
	},
	"flaw": {
		"code":   {doc: "What is wrong, for programs.", example: "parameter_missing"},
		"param":  {doc: "The parameter at fault.", example: "unit"},
		"detail": {doc: "What is wrong, safe to show.", example: "A required parameter is missing."},
	},
}

const exampleRequest = "9f86d081884c7d659a2feaa0"

// odd are the statuses of codes that are answered otherwise than their kind.
//
//exhaustive:ignore
var odd = map[fault.Code]int{
	fault.CodeBodyTooLarge:         http.StatusRequestEntityTooLarge,
	fault.CodeMediaTypeUnsupported: http.StatusUnsupportedMediaType,
	fault.CodeMethodNotAllowed:     http.StatusMethodNotAllowed,
	fault.CodeIdempotencyKeyReuse:  http.StatusUnprocessableEntity,
	fault.CodeLoginInvalid:         http.StatusUnprocessableEntity, // it is the payer's, and the key is good

	// What nobody has set up is not there in a moment either.
	fault.CodeNoGateway:   http.StatusUnprocessableEntity,
	fault.CodeRateMissing: http.StatusUnprocessableEntity,
	fault.CodeNoTrader:    http.StatusUnprocessableEntity, // and no breakdown: who asks may ask again in a while
}

// remedies say what to do about what nobody has set up.
//
//exhaustive:ignore
var remedies = map[fault.Code]string{
	fault.CodeNoGateway:   "GET /v1/gateways lists those that are there; who runs the server can add or change one.",
	fault.CodeRateMissing: "GET /v1/rates lists those that are there; POST /v1/rates sets one.",
}

// unserved names by what the caller sent what no gateway takes: one of its fields where
// that alone is in the way of a gateway, and else the one that is the way to pay.
func unserved(err error, way string, fields ...string) error {
	f := fault.From(err)
	if err == nil || f.Code != fault.CodeNoGateway {
		return err
	}
	none := fault.New(f.Code, way, "")
	reason, ok := errors.AsType[*fault.Error](f.Unwrap())
	if ok && reason.Kind == fault.Invalid && reason.Code != fault.CodeSettingInvalid {
		none = none.Because(none.Words + " " + reason.Words + " " + remedies[f.Code])
		if name := paramOf(reason); slices.Contains(fields, name) {
			none.Param = name
		}
	}
	return none.With(f.Unwrap())
}

// statusOf is the status of a fault.
func statusOf(e *fault.Error) int {
	if status, ok := odd[e.Code]; ok {
		return status
	}
	switch e.Kind {
	case fault.Internal:
		return http.StatusInternalServerError
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Declined:
		return http.StatusPaymentRequired
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.RateLimited:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}

// params are our names of what the core calls otherwise.
var params = map[string]string{
	"currency": "unit", "webhook": "notify_url", "transfer": "reference", "customer_wallet": "source",
	"merchant_available": "source",
}

// short names by what the caller sent whose money is too little, where it is the
// merchant's or a customer's and the call has no source.
func short(err error, param string) error {
	if f := fault.From(err); err != nil && f.Code == fault.CodeInsufficientFunds && params[f.Param] == "source" {
		return fault.New(f.Code, param, f.Words)
	}
	return err
}

// problemOf is the face of every error. What is ours is not explained.
func problemOf(r *dialect.Request, err error) dialect.Reply {
	e := fault.From(err)
	switch {
	case e.Kind == fault.Internal:
		e = fault.New(e.Code, "", "")
	case errors.Is(err, dialect.ErrTwice): // nobody knows which of both is meant
	case e.Code == fault.CodeBodyUnreadable && e.Param != "": // it was read, and in the query there is no body
		e = fault.New(fault.CodeParameterInvalid, e.Param, e.Words)
	case remedies[e.Code] != "" && e.Words == fault.New(e.Code, "", "").Words:
		e = e.Because(e.Words + " " + remedies[e.Code])
	}
	body := problem{
		Type: base + "/docs#error-" + string(e.Code), Title: fault.New(e.Code, "", "").Words, Status: statusOf(e),
		Detail: e.Words, Code: string(e.Code), Param: paramOf(e), RequestID: r.ID,
	}
	if body.Param == "" && e.Kind == fault.NotFound && r.Request != nil && r.PathValue("id") != "" {
		body.Param = "id" // nothing else was named
	}
	if all := fault.All(err); len(all) > 1 && e.Kind != fault.Internal {
		for _, one := range all {
			body.Errors = append(body.Errors, flaw{Code: string(one.Code), Param: paramOf(one), Detail: one.Words})
		}
	}
	header := http.Header{"Content-Type": {problemType}}
	if after := dialect.RetryAfter(err); after != "" {
		header.Set("Retry-After", after)
	}
	switch e.Kind {
	case fault.Unauthenticated:
		if body.Status == http.StatusUnauthorized {
			header.Set("WWW-Authenticate", "Bearer")
		}
	case fault.Forbidden:
		header.Set("WWW-Authenticate", "Bearer error="+strconv.Quote("insufficient_scope"))
	case fault.Internal, fault.Invalid, fault.NotFound, fault.Conflict, fault.Declined, fault.Unavailable,
		fault.RateLimited:
	}
	return dialect.Reply{Status: body.Status, Header: header, Body: body}
}

// missed are our names of what a code is about, where the core gives none.
//
//exhaustive:ignore
var missed = map[fault.Code]string{
	fault.CodeAccountNotFound: "account", fault.CodeDealNotFound: "deal", fault.CodeInvoiceNotFound: "invoice",
	fault.CodePaymentNotFound: "payment", fault.CodePayoutNotFound: "payout", fault.CodeRefundNotFound: "refund",
	fault.CodeTerminalNotFound: "terminal", fault.CodeEndpointNotFound: "endpoint", fault.CodeGatewayNotFound: "gateway",
	fault.CodeEventNotFound: "event", fault.CodeWalletNotFound: "customer", fault.CodeMerchantNotFound: "merchant",
	fault.CodeIdempotencyKeyReuse: keyHeader, fault.CodeIdempotencyInProgress: keyHeader,
}

func paramOf(e *fault.Error) string {
	if name, ok := params[e.Param]; ok {
		return name
	}
	return cmp.Or(e.Param, missed[e.Code])
}
