package zibal

import (
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// Returner reads what the payer's browser brings back; it needs no contract.
type Returner struct{}

// ReadReturn finds trackId, success and status. They are not signed; drivers
// have seen success as 1, as 2 and as a word.
func (Returner) ReadReturn(query map[string][]string) (gateway.Notice, bool) {
	track, success, status := query["trackId"], query["success"], query["status"]
	if len(track) != 1 || len(success) != 1 || len(status) > 1 || !trackForm.MatchString(track[0]) {
		return gateway.Notice{}, false
	}
	good := success[0] == "1" || success[0] == "2" || success[0] == "true"
	word := "success " + client.Clean(success[0])
	if len(status) == 1 {
		word += ", status " + client.Clean(status[0])
	}
	return gateway.Notice{Session: track[0], Word: word, Good: good}, true
}
