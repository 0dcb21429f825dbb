package payrefund

import (
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// The members of additional_params that are kept nowhere.
const (
	paramsName = "additional_params"
	numberName = "number"
	cvvName    = "cvv"
)

// readBody reads a body whose secrets were withheld. Error: body_unreadable.
func readBody(raw []byte) (dialect.Fields, error) {
	if len(raw) == 0 {
		return nil, fault.New(fault.CodeBodyUnreadable, "", "The request body must be a JSON object.")
	}
	return dialect.ReadJSON(raw, nil)
}
