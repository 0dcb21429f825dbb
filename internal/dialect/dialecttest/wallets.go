package dialecttest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// Extras are what a world has for some dialects only.
type Extras struct {
	Signer Signer
	// Stranger names the token of a user of another merchant. Tokens are among the
	// world's keys; Stage puts them there.
	Stranger    string
	Forms       map[string]app.Form // of notices
	PayoutForms map[string]app.PayoutForm
	// Stage adds customers, terminals, markets and signing keys. What it makes is
	// left out of the records of stories.
	Stage func(t testing.TB, w *World)
	// Gateways makes further gateways, which every merchant has besides the banks.
	Gateways func() map[string]gateway.Gateway
	// Happen does what a story says of them; known is false when it says something else.
	Happen func(ctx context.Context, w *World, what string) (known bool, err error)
	// Database gives the address of an empty database; nil = of SQLite in a file.
	Database func(t testing.TB) string
	// Around stands between the use cases and the database.
	Around func(store.Store) store.Store
	// Seeded lets the world mint the same ids and secrets as every other one that is so,
	// and do one thing after the other.
	Seeded bool
	// Hide is what is random in answers; stories keep that something was there.
	Hide *regexp.Regexp
	// Watch looks at every exchange of the world's handlers.
	Watch func(http.Handler) http.Handler
}

// Signer is how the calls of a dialect are signed.
type Signer struct {
	KeyHeader  string // carries the public part of the key
	SignHeader string // carries the signature
	Sign       func(secret, method, target, body string) string
	// Other names a signing key of another merchant, and Barred those that are
	// good and may not make any call.
	Other  string
	Barred []string
}

// envelope keeps secrets as they are, bound to the name that they were sealed
// under.
type envelope struct{}

func (envelope) Seal(merchantID, name string, text []byte) ([]byte, error) {
	return append([]byte(merchantID+"/"+name+"/"), text...), nil
}

func (envelope) Open(merchantID, name string, sealed []byte) ([]byte, error) {
	text, ok := strings.CutPrefix(string(sealed), merchantID+"/"+name+"/")
	if !ok {
		return nil, fault.New(fault.CodeInternal, "", "")
	}
	return []byte(text), nil
}

// credentials keeps those of a gateway by their names alone.
func (e envelope) credentials(merchantID, name string, secrets map[string]gateway.Secret) ([]byte, error) {
	if len(secrets) == 0 {
		return nil, nil
	}
	return e.Seal(merchantID, name, []byte(strings.Join(slices.Sorted(maps.Keys(secrets)), " ")))
}

// SigningKey adds a signing key. A story writes {{name}} for its public part
// and {{sign:name}} for its signature of the request that it stands in.
func (w *World) SigningKey(t testing.TB, name string, n app.NewSigningKey) {
	t.Helper()
	_, text, err := w.App.CreateSigningKey(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	w.Keys[name], w.secrets[name] = text.Public, text.Secret
}

// StoreKey adds the key of a store, as SigningKey does.
func (w *World) StoreKey(t testing.TB, name string, n app.NewStoreKey) {
	t.Helper()
	_, text, err := w.App.CreateStoreKey(t.Context(), n)
	if err == nil {
		w.Keys[name] = text.Public
		_, w.secrets[name], err = w.App.SigningKey(t.Context(), text.Public)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Customer opens an account with a PIN.
func (w *World) Customer(t testing.TB, n app.NewCustomer) wallet.Customer {
	t.Helper()
	c, err := w.App.CreateCustomer(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	w.pins[c.Number] = n.PIN
	return c
}

// Terminal adds a terminal and gives the secret of its notices.
func (w *World) Terminal(t testing.TB, merchantID string, terms app.TerminalTerms) (number int64, secret string) {
	t.Helper()
	made, secret, err := w.App.CreateTerminal(t.Context(), merchantID, terms)
	if err != nil {
		t.Fatal(err)
	}
	return made.Number, secret
}

// Rate sets the rates of one of the shop's markets.
func (w *World) Rate(t testing.TB, base, quote money.Unit, buy, sell string) {
	t.Helper()
	bought, err := money.ParseRate(buy)
	if err != nil {
		t.Fatal(err)
	}
	sold, err := money.ParseRate(sell)
	if err != nil {
		t.Fatal(err)
	}
	n := app.NewRate{Merchant: w.Shop, Base: base, Quote: quote, Buy: bought, Sell: sold, Source: "the test"}
	if _, err := w.App.SetRate(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

// Give puts money into an account of the shop, as if a bank had brought it.
func (w *World) Give(ctx context.Context, number int64, amount money.Amount) error {
	rule, names := ledger.RuleDeposited, ledger.Names{Gateway: "gift", Owner: strconv.FormatInt(number, 10)}
	if number == wallet.House {
		rule, names.Owner = ledger.RuleCaptured, ""
	}
	id := fmt.Sprintf("gift-%d", w.number(&w.gifts))
	entry, err := ledger.Book(rule, ledger.Cause{Entry: id, Merchant: w.Shop, Subject: id, At: w.Now()}, names, amount)
	if err != nil {
		return err
	}
	return w.Store.Commit(ctx, store.Change{Entries: []ledger.Entry{entry}})
}

// Pay pays an invoice from a customer's wallet.
func (w *World) Pay(ctx context.Context, number int64, invoiceID string) (app.InvoiceView, error) {
	owner, err := w.App.InvoiceOwner(ctx, invoiceID)
	if err != nil {
		return app.InvoiceView{}, err
	}
	return w.App.PayFromWallet(ctx, app.WalletPayment{
		Merchant: owner, Invoice: invoiceID, Login: strconv.FormatInt(number, 10), PIN: w.pins[number],
		PaymentID: w.ObjectID(), Address: "192.0.2.77",
	})
}

// StartAt sends a payer of an invoice to a bank.
func (w *World) StartAt(ctx context.Context, invoiceID, bank string) error {
	owner, err := w.App.InvoiceOwner(ctx, invoiceID)
	if err != nil {
		return err
	}
	view, err := w.App.Invoice(ctx, owner, invoiceID)
	if err != nil {
		return err
	}
	_, err = w.App.RequestPayment(ctx, owner, app.NewPayment{
		Invoice: invoiceID, Amount: view.Invoice.Unpaid(), Gateway: bank, NewID: w.ObjectID, Supersede: true, ByPayer: true,
	})
	return err
}

// comeBack brings a payer's browser back from the bank's page.
func (w *World) comeBack(ctx context.Context, session string) error {
	for _, bank := range w.Banks {
		if !bank.has(session) {
			continue
		}
		_, err := w.App.ReturnPayer(ctx, map[string][]string{
			bank.form.SessionParam: {session}, bank.form.WordParam: {bank.form.Good},
		})
		return err
	}
	return fmt.Errorf("no bank has the page %q", session)
}

func (b *Bank) has(session string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pages[session] != nil
}

// The things that can happen to wallets between two requests.
var (
	gets    = regexp.MustCompile(`^(\d+) gets (\S+) (\w+)$`)
	pays    = regexp.MustCompile(`^(\d+) pays (\S+)$`)
	cannot  = regexp.MustCompile(`^(\d+) cannot pay (\S+): (\w+)$`)
	blocks  = regexp.MustCompile(`^(\d+) is blocked$`)
	starts  = regexp.MustCompile(`^payer starts (\S+) at (\w+)$`)
	returns = regexp.MustCompile(`^payer returns from (\S+)$`)
	payouts = regexp.MustCompile(`^payout (\S+) is (rejected|taken on|paid)$`)
)

// happenToWallets does what a story says; known is false when it is about
// something else.
func (w *World) happenToWallets(ctx context.Context, what string) (known bool, err error) {
	if m := gets.FindStringSubmatch(what); m != nil {
		amount, err := money.Parse(m[2], money.Unit(m[3]))
		if err != nil {
			return true, err
		}
		return true, w.Give(ctx, accountOf(m[1]), amount)
	}
	if m := pays.FindStringSubmatch(what); m != nil {
		_, err := w.Pay(ctx, accountOf(m[1]), m[2])
		return true, err
	}
	if m := cannot.FindStringSubmatch(what); m != nil {
		if _, err := w.Pay(ctx, accountOf(m[1]), m[2]); !fault.Is(err, fault.Code(m[3])) {
			return true, fmt.Errorf("got %w, want %s", err, m[3])
		}
		return true, nil
	}
	if m := blocks.FindStringSubmatch(what); m != nil {
		return true, w.App.BlockCustomer(ctx, w.Shop, accountOf(m[1]), wallet.Block, "operator", "")
	}
	if m := starts.FindStringSubmatch(what); m != nil {
		return true, w.StartAt(ctx, m[1], m[2])
	}
	if m := returns.FindStringSubmatch(what); m != nil {
		return true, w.comeBack(ctx, m[1])
	}
	if m := payouts.FindStringSubmatch(what); m != nil {
		return true, w.movePayout(ctx, m[1], m[2])
	}
	if what == "sweep" {
		if _, err := w.App.RejectOverdue(ctx, 100); err != nil {
			return true, err
		}
		_, err := w.App.ExpireDue(ctx, 100)
		return true, err
	}
	return false, nil
}

func (w *World) movePayout(ctx context.Context, id, how string) error {
	word := app.PayoutWord{Merchant: w.Shop, Payout: id, Operator: "operator"}
	var err error
	switch how {
	case "rejected":
		_, err = w.App.RejectPayout(ctx, word)
	case "taken on":
		_, err = w.App.ApprovePayout(ctx, word)
	default:
		word.Receipt = "chain-" + id
		_, err = w.App.ConfirmPayout(ctx, word)
	}
	return err
}

// accountOf reads what a pattern has found to be digits.
func accountOf(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64) // too many digits are nobody's number
	return n
}

// told is the notices that the database holds for one invoice, one on a line.
func (w *World) told(ctx context.Context, merchantID, invoiceID string) (string, error) {
	list, err := w.Store.Deliveries(ctx, merchantID, store.DeliveryFilter{Subject: invoiceID}, store.Page{Limit: 100})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, d := range list {
		whole, err := w.Store.Delivery(ctx, merchantID, d.ID)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "= %s %s %s: %s\n", whole.Type, whole.URL, whole.MediaType, whole.Body)
	}
	return b.String(), nil
}
