package api

import "strings"

// introduction is the first sentence on this API.
const introduction = "Purser's own API: everything that the server can do for a merchant."

// lesson is what whoever calls has to know of all operations.
type lesson struct{ ID, Title, Words string }

// guide is all of them. It stands at the top of the document, and on the first page for people.
var guide = []lesson{
	{
		"about-keys", "Keys",
		`Every call carries a secret key: "Authorization: Bearer sk_...". A key has scopes, such as ` +
			`payments:write; one that may write may also read. What another merchant has is not found. What whoever ` +
			`runs the server decides, such as whether a payout is sent, needs a key with the scope operator, which ` +
			`is part of no other scope, and names who decides.`,
	},
	{
		"about-amounts", "Amounts",
		`They are decimal text, never numbers, and the unit of all amounts of an object stands beside them: ` +
			`{"amount": "12.50", "unit": "EUR"}. One that may be left out must not be empty.`,
	},
	{
		"about-sending-again", "Sending again",
		`Every POST takes an Idempotency-Key, a name of your own for what you want. The same call under the ` +
			`same name has one effect and one answer, byte for byte, for 72 hours; a repeated answer has ` +
			`Idempotent-Replayed: true. Another call under the name is refused with 422, and one that comes while ` +
			`the first is running with 409. A call that was refused without an effect takes no name, and neither ` +
			`does a breakdown (5xx): send it again.`,
	},
	{
		"about-lists", "Lists",
		`They are cut into pages: limit says how long they are, next_cursor leads to the next one. Only a ` +
			`next_cursor of null ends a list: where few of many are selected, a page before may be short, or empty.`,
	},
	{
		"about-tables", "Tables",
		`Every list can be had as a table for spreadsheets, without pages and with the same filters: ` +
			`format=csv, or Accept: text/csv. It has all that is selected, to the end; what is made while it is written ` +
			`shifts nothing. A table that ends before its time ends with a broken connection, never as if it were ` +
			`whole. A merchant may have four written at one time. What a spreadsheet would take for a formula has ` +
			`an apostrophe before it, and what is no plain value is JSON.`,
	},
	{
		"about-webhooks", "Webhooks",
		`Endpoints are sent what happens, with POST and a JSON body: its type, when it was, and the id and the state of ` +
			`the thing. Check webhook-signature before you believe it (Standard Webhooks: webhook-id, ` +
			`webhook-timestamp and the body, with the endpoint's secret), and ask for the thing itself: a message may be ` +
			`late, or come twice under one webhook-id. Answer with 2xx; after anything else it is sent again.`,
	},
	{
		"about-errors", "Errors",
		`They are application/problem+json. Act on code, not on words.`,
	},
	{
		"about-new-fields", "New fields",
		`Answers may get new fields, and fields new values, at any time: pass over what you do not know. What a ` +
			`call does not know is refused. A field that is null is one that is not there.`,
	},
	{
		"about-limits", "Limits",
		`A key may make 200 calls at once and 100 more every second; who sends no good key, 60 at once and one ` +
			`more every second. Beyond it the answer is 429, and Retry-After says in seconds when to ask again.`,
	},
}

// overview is the guide as the document has it.
func overview() string {
	parts := []string{introduction}
	for _, l := range guide {
		parts = append(parts, l.Title+". "+l.Words)
	}
	return strings.Join(parts, "\n\n")
}
