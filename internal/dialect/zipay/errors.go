package zipay

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// odd are the statuses of codes that this API answers otherwise than their kind.
//
//exhaustive:ignore
var odd = map[fault.Code]int{
	fault.CodeBodyUnreadable:       http.StatusBadRequest,
	fault.CodeBodyTooLarge:         http.StatusBadRequest,
	fault.CodeMediaTypeUnsupported: http.StatusBadRequest,
	fault.CodeMethodNotAllowed:     http.StatusMethodNotAllowed,
	fault.CodeRateMissing:          http.StatusUnprocessableEntity, // no market has both currencies
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
		return http.StatusUnprocessableEntity
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

// fieldNames are the fields of this API that the core calls otherwise.
var fieldNames = map[string]string{
	"reference": "invoice_number", "transfer": "order_id", "payout": "order_id", "account": "receiver",
	"terminal": "terminal_number", "invoice": "trackid", "return_to": "callback",
}

func fieldName(param string) string {
	if name, ok := fieldNames[param]; ok {
		return name
	}
	return param
}

// faultBody is every error of this API. Only a 422 has Errors.
type faultBody struct {
	Result struct {
		Message string `json:"message"`
	} `json:"result"`
	Success bool        `json:"success"`
	Status  int         `json:"status"`
	Errors  *fieldTexts `json:"errors,omitempty"`
}

// invalidText is the message when fields break their rules.
const invalidText = "The request has fields that break their rules."

func writeFault(_ *dialect.Request, err error) dialect.Reply {
	e := fault.From(err)
	body := faultBody{Status: statusOf(e)}
	body.Result.Message = e.Words
	switch {
	case e.Kind == fault.Internal:
		body.Result.Message = fault.New(fault.CodeInternal, "", "").Words
	case e.Code == fault.CodeDuplicate && e.Param != "":
		body.Result.Message = fieldName(e.Param) + " was used before."
	case body.Status == http.StatusUnprocessableEntity:
		body.Result.Message = invalidText
		body.Errors = &fieldTexts{}
		for _, one := range fault.All(err) {
			body.Errors.add(one)
		}
	}
	header := http.Header{}
	if after := dialect.RetryAfter(err); after != "" {
		header.Set("Retry-After", after)
	}
	return dialect.Reply{Status: body.Status, Header: header, Body: body}
}

// fieldTexts are what is wrong with each field, in the order of the fields.
type fieldTexts []fieldText

type fieldText struct {
	name  string
	texts []string
}

// wholeRequest stands for the field where no single one is wrong.
const wholeRequest = "request"

func (f *fieldTexts) add(e *fault.Error) {
	name := fieldName(e.Param)
	if name == "" {
		name = wholeRequest
	}
	at := slices.IndexFunc(*f, func(t fieldText) bool { return t.name == name })
	if at < 0 {
		at = len(*f)
		*f = append(*f, fieldText{name: name})
	}
	(*f)[at].texts = append((*f)[at].texts, e.Words)
}

// MarshalJSON writes an object whose keys keep their order.
func (f fieldTexts) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, t := range f {
		if i > 0 {
			out.WriteByte(',')
		}
		for _, part := range []struct {
			value any
			after string
		}{{t.name, ":"}, {t.texts, ""}} {
			raw, err := dialect.JSON(part.value)
			if err != nil {
				return nil, err
			}
			out.Write(raw)
			out.WriteString(part.after)
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
