package nagad

import (
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// Returner reads what the payer's browser brings back; it needs no contract.
type Returner struct{}

// ReadReturn finds payment_ref_id and status, whatever their order. Nothing of
// it is signed.
func (Returner) ReadReturn(query map[string][]string) (gateway.Notice, bool) {
	reference, status, code := query["payment_ref_id"], query["status"], query["status_code"]
	if len(reference) != 1 || len(status) != 1 || status[0] == "" || !referenceForm.MatchString(reference[0]) {
		return gateway.Notice{}, false
	}
	word := status[0]
	if len(code) == 1 && code[0] != "" {
		word += " " + code[0]
	}
	return gateway.Notice{
		Session: reference[0], Word: client.Clean(word), Good: status[0] == statusSuccess,
	}, true
}
