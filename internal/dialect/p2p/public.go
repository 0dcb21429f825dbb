package p2p

import (
	_ "embed" // the codes of banks
	"regexp"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// isUUID is the form of the ids of this API. Nothing else is looked for without a
// key: names that merchants choose for their own things could be counted through, and
// who uses our own API was not told that an id is enough to cancel an invoice.
var isUUID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// isID says that a text can be the id of an invoice, a payout or a deal that was made
// here or through our own API.
func isID(text string) bool {
	return isUUID.MatchString(text) || dialect.Native(dialect.NativeInvoice, text) ||
		dialect.Native(dialect.NativePayout, text) || dialect.Native(dialect.NativeDeal, text)
}

// limit takes a call of a public route from the budget of a key. Error:
// rate_limited.
func (d desk) limit(l *dialect.Limiter, key string) error {
	if d.Unlimited {
		return nil
	}
	if wait, ok := l.Allow(d.Now(), key); !ok {
		return &dialect.Later{Fault: fault.New(fault.CodeRateLimited, "", ""), Wait: wait}
	}
	return nil
}

// enter holds public calls to their limits, before a body is read, and lets nobody
// bring files who does not know an invoice. Errors: rate_limited, invoice_not_found.
func (d desk) enter(r *dialect.Request) error {
	if err := d.limit(d.addresses, dialect.ClientAddress(r.Request)); err != nil {
		return err
	}
	if id := r.PathValue("id"); isUUID.MatchString(id) {
		if err := d.limit(d.invoices, id); err != nil {
			return err
		}
	}
	if !takesFiles(r.Route) {
		return nil
	}
	_, err := d.known(r)
	return err
}

// known finds the invoice of a public call: whoever knows its id may ask.
// Error: invoice_not_found.
func (d desk) known(r *dialect.Request) (view, error) {
	id := r.PathValue("id")
	if !isUUID.MatchString(id) {
		return view{}, unknownInvoice()
	}
	owner, err := d.App.InvoiceOwner(r.Context(), id)
	if err != nil {
		return view{}, err
	}
	return d.read(r.Context(), owner, id)
}

func (d desk) showKnown(r *dialect.Request) (dialect.Reply, error) {
	v, err := d.known(r)
	return dialect.Reply{Body: d.encode(v, true)}, err
}

// knownBanks are the codes of banks that this API is known to have, a line each.
//
//go:embed banks.txt
var knownBanks string

// showAnyMethods lists banks for anybody. No merchant is named, so it is every bank
// that is known of the country whose banks are, and those that are in use.
func (d desk) showAnyMethods(r *dialect.Request) (dialect.Reply, error) {
	unit := money.Unit(r.PathValue("currency"))
	if _, err := money.Lookup(unit); err != nil {
		return dialect.Reply{}, fault.New(fault.CodeNotFound, "currency", "")
	}
	var codes []string
	if unit == money.RUB {
		codes = strings.Fields(knownBanks)
	}
	used, err := d.App.Banks(r.Context(), unit)
	if err != nil {
		return dialect.Reply{}, err
	}
	for _, code := range used {
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	list := make([]methodBody, len(codes))
	for n, code := range codes {
		list[n] = methodBody{code, titled(code)}
	}
	return listed(list), nil
}
