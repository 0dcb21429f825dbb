package bkash

import "github.com/purserhq/purser/internal/gateway"

// The words that the payer's browser brings back.
const (
	wordSuccess = "success"
	wordFailure = "failure"
	wordCancel  = "cancel"
)

// Returner reads what the payer's browser brings back; it needs no contract.
type Returner struct{}

// ReadReturn finds paymentID and status. A signature may come along, whose
// making is not public; nothing depends on it.
func (Returner) ReadReturn(query map[string][]string) (gateway.Notice, bool) {
	id, status := query["paymentID"], query["status"]
	if len(id) != 1 || len(status) != 1 || !sessionForm.MatchString(id[0]) {
		return gateway.Notice{}, false
	}
	switch status[0] {
	case wordSuccess, wordFailure, wordCancel:
		return gateway.Notice{Session: id[0], Word: status[0], Good: status[0] == wordSuccess}, true
	}
	return gateway.Notice{}, false
}

// givenUp is what becomes of an open attempt whose payer came back without
// success; empty for every other. We execute no such attempt.
func givenUp(a gateway.Attempt) gateway.Outcome {
	switch a.Word {
	case wordFailure:
		return gateway.Declined
	case wordCancel:
		return gateway.Canceled
	}
	return ""
}
