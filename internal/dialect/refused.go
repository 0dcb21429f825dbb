package dialect

import "net/http"

// Refusals says that a status means that a caller was not let in, or is asked to
// wait. Only of such calls the log says where they came from.
func Refusals(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests
}

// witness is a writer of answers that keeps, for the log, whose call was refused: the id
// of the key that came with it, and the merchant whose key it is. Either may be empty.
type witness interface{ Refused(key, merchant string) }

// tellWitness tells the first witness among the writers below a writer.
func tellWitness(w http.ResponseWriter, call *Request) {
	key := call.Sent
	if key.ID == "" {
		key = call.Key
	}
	if key.Merchant == "" {
		key.Merchant = call.Merchant
	}
	for {
		if known, ok := w.(witness); ok {
			known.Refused(key.ID, key.Merchant)
			return
		}
		below, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = below.Unwrap()
	}
}
