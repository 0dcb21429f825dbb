package shepa

import (
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// Returner reads what the payer's browser brings back; it needs no contract.
type Returner struct{}

// ReadReturn finds status and token. They are not signed.
func (Returner) ReadReturn(query map[string][]string) (gateway.Notice, bool) {
	token, status := query["token"], query["status"]
	if len(token) != 1 || len(status) != 1 || status[0] == "" || !tokenForm.MatchString(token[0]) {
		return gateway.Notice{}, false
	}
	word := client.Clean(status[0])
	return gateway.Notice{Session: token[0], Word: word, Good: word == wordSuccess}, true
}
