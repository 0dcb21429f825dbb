package sqlstore

import (
	"strconv"
	"strings"
)

// sort is what a column holds. Times are counts of microseconds and amounts
// counts of smallest steps, so two sorts of numbers are enough.
type sort int

// The sorts of columns. Only perhaps may be null.
const (
	text sort = iota
	number
	perhaps
	binary
	once // a number that stays what it was when the row was new
)

// field is one column of a table.
type field struct {
	name string
	sort sort
}

// record is one row on its way to the database, its values in the order of the
// table's columns: string, int64, nil or []byte.
type record []any

// table is what the statements need to know about one table. The first columns
// are its key, the merchant last of them.
type table struct {
	name    string
	key     int
	columns []field
}

// The tables, each column as the migrations have it.
var (
	merchants = &table{"merchant", 1, []field{
		{"merchant_id", text}, {"version", number}, {"created_at", number}, {"updated_at", number}, {"detail", text},
	}}
	keys = &table{"api_key", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"hash", text},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	gateways = &table{"gateway", 2, []field{
		{"name", text},
		{"merchant_id", text},
		{"version", number},
		{"rank", number},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	invoices = &table{"invoice", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"state", text},
		{"unit", text},
		{"amount", perhaps},
		{"captured", perhaps},
		{"reserved", perhaps},
		{"due_at", perhaps},
		{"number", once}, // filled in by the commit
		{"terminal", number},
		{"verify_by", perhaps},
		{"account", number},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	payments = &table{"payment", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"state", text},
		{"invoice_id", text},
		{"unit", text},
		{"amount", perhaps},
		{"refunded", perhaps},
		{"in_return", perhaps},
		{"reserved", number},
		{"check_at", perhaps},
		{"attention", text},
		{"asked", perhaps},
		{"released", perhaps},
		{"recorded_at", perhaps},
		{"method", text},
		{"owner", text},
		{"listed", number},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	refunds = &table{"refund", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"state", text},
		{"payment_id", text},
		{"source", text},
		{"unit", text},
		{"amount", perhaps},
		{"check_at", perhaps},
		{"attention", text},
		{"listed", number},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	payouts = &table{"payout", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"state", text},
		{"account", number},
		{"unit", text},
		{"amount", perhaps},
		{"fee", perhaps},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
		{"terminal", number},
		{"due_at", perhaps},
		{"check_at", perhaps},
		{"attention", text},
	}}
	traders = &table{"trader", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	requisites = &table{"requisite", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"trader_id", text},
		{"way", text},
		{"bank", text},
		{"unit", text},
		{"least", perhaps},
		{"most", perhaps},
		{"enabled", number},
		{"used_at", number},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	deals = &table{"deal", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"state", text},
		{"invoice_id", text},
		{"trader_id", text},
		{"requisite_id", text},
		{"unit", text},
		{"amount", perhaps},
		{"deadline", perhaps},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
		{"payout_id", text},
	}}
	attachments = &table{"attachment", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"deal_id", text},
		{"created_at", number},
		{"detail", text},
		{"data", binary}, // the last: lists leave it out
	}}
	settlementFiles = &table{"settlement", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"gateway", text},
		{"ended_at", perhaps},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	settlementRows = &table{"settlement_row", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"settlement_id", text},
		{"number", number},
		{"kind", text},
		{"detail", text},
	}}
	terminals = &table{"terminal", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	customers = &table{"customer", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"state", text},
		{"number", number},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	markets = &table{"market", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"created_at", number},
		{"detail", text},
	}}
	transfers = &table{"transfer", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"sender", number},
		{"receiver", number},
		{"unit", text},
		{"amount", perhaps},
		{"created_at", number},
		{"detail", text},
	}}
	exchanges = &table{"exchange", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"account", number},
		{"created_at", number},
		{"detail", text},
	}}
	tries = &table{"tries", 2, []field{
		{"id", text}, {"merchant_id", text}, {"version", number}, {"count", number}, {"expires_at", number},
	}}
	endpoints = &table{"endpoint", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
	}}
	deliveries = &table{"delivery", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"state", text},
		{"queue", text},
		{"run_at", perhaps},
		{"endpoint_id", text},
		{"subject", text},
		{"created_at", number},
		{"updated_at", number},
		{"detail", text},
		{"body", binary}, // the last: lists leave it out
	}}
	contacts = &table{"contact", 2, []field{
		{"id", text},
		{"merchant_id", text},
		{"version", number},
		{"subject", text},
		{"created_at", number},
		{"detail", text},
	}}
	claims  = &table{"claim", 3, []field{{"key", text}, {"kind", text}, {"merchant_id", text}, {"subject", text}}}
	answers = &table{"answer", 2, []field{
		{"key", text},
		{"merchant_id", text},
		{"fingerprint", text},
		{"status", number},
		{"body", binary},
		{"expires_at", number},
	}}
	tallies = &table{"tally", 1, []field{{"merchant_id", text}, {"events", number}, {"invoices", number}}}
	events  = &table{"event", 2, []field{
		{"seq", number},
		{"merchant_id", text},
		{"noun", text},
		{"subject", text},
		{"trigger", text},
		{"from_state", text},
		{"to_state", text},
		{"actor", text},
		{"note", text},
		{"at", number},
	}}
	accounts = &table{"account", 2, []field{
		{"key", text},
		{"merchant_id", text},
		{"role", text},
		{"owner", text},
		{"unit", text},
		{"floor", perhaps},
		{"balance", number},
	}}
	entries = &table{"entry", 2, []field{
		{"id", text}, {"merchant_id", text}, {"rule", text}, {"subject", text}, {"at", number},
	}}
	postings = &table{"posting", 3, []field{
		{"entry_id", text},
		{"merchant_id", text},
		{"line", number},
		{"account", text},
		{"unit", text},
		{"amount", number},
	}}
)

// nouns are the tables whose rows carry a version.
var nouns = []*table{
	merchants, keys, gateways, terminals, invoices, payments, refunds, payouts, customers, markets, transfers,
	exchanges, tries, endpoints, deliveries, traders, requisites, deals, attachments,
	settlementFiles, settlementRows, contacts,
}

// list joins the names of some columns, each through the format function.
func list(columns []field, between string, format func(i int, c field) string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = format(i, c)
	}
	return strings.Join(parts, between)
}

// names lists the columns.
func (t *table) names() string {
	return list(t.columns, ", ", func(_ int, c field) string { return c.name })
}

// keyNames lists the columns of the key.
func (t *table) keyNames() string {
	return list(t.columns[:t.key], ", ", func(_ int, c field) string { return c.name })
}

// tail is the set clause of an update: every column that is not the key and
// may change from the source's column of the same place.
func (t *table) tail(source func(i int, c field) string) string {
	var parts []string
	for i, c := range t.columns[t.key:] {
		if c.sort != once {
			parts = append(parts, c.name+" = "+source(i+t.key, c))
		}
	}
	return strings.Join(parts, ", ")
}

// keep takes over what stays from the row that another one replaces.
func (t *table) keep(replaced, row record) {
	for i, c := range t.columns {
		if c.sort == once {
			row[i] = replaced[i]
		}
	}
}

// place is the i-th argument, counted from zero.
func place(i int) string { return "$" + strconv.Itoa(i+1) }
