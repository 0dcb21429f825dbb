package invoice

import (
	"net/url"
	"regexp"
	"strings"
)

// ownPrefix begins the ids of invoices that were made through our own API.
const ownPrefix = "inv_"

// Ours says that it was made through our own API, whose callers have its payer's page
// only for what they began.
func (i Invoice) Ours() bool { return strings.HasPrefix(i.ID, ownPrefix) }

// unguessable is the form of the ids that open a page. Those in which merchants name
// their own things could be counted through.
var unguessable = regexp.MustCompile(`^(` + ownPrefix + `)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// HasDealPage says that whoever has the id of an invoice, or of a payout, may be shown
// how money is sent for it.
func HasDealPage(id string) bool { return unguessable.MatchString(id) }

// DealPage is the path of the page on which the payer of an invoice reads to whom to
// send the money, and says that it is sent.
func DealPage(id string) string { return "/invoice?" + url.Values{"id": {id}}.Encode() }
