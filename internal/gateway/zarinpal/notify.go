package zarinpal

import (
	"strings"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// Returner reads what the payer's browser brings back; it needs no contract.
type Returner struct{}

// ReadReturn finds Authority and Status, in whichever case they come. They are
// not signed, and NOK does not prove that nothing was paid.
func (Returner) ReadReturn(query map[string][]string) (gateway.Notice, bool) {
	var authority, status []string
	for name, values := range query {
		switch strings.ToLower(name) {
		case "authority":
			authority = append(authority, values...)
		case "status":
			status = append(status, values...)
		}
	}
	if len(authority) != 1 || len(status) != 1 || !authorityForm.MatchString(authority[0]) {
		return gateway.Notice{}, false
	}
	word := client.Clean(status[0])
	return gateway.Notice{Session: authority[0], Word: word, Good: word == "OK"}, true
}
