//go:build fault

package fault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/server"
)

// till is a merchant whose customers have wallets: the first shop of a world,
// with a terminal, a key that signs for its own account and people with money.
type till struct {
	*shop

	terminal int64
	secret   string // that notices are signed with
	house    purse  // the merchant's own account
	people   []purse
	begins   map[string]string // what each of them began with, by unit
}

// purse is an account with a key that signs for it.
type purse struct {
	account        int64
	pin            string
	public, secret string
}

// number is the account as people type it.
func (p purse) number() string { return strconv.FormatInt(p.account, 10) }

// means says what a till is made of.
type means struct {
	verifyIn time.Duration // 0 = as usual
	people   int
	amounts  map[string]string // that each of them begins with, by unit
	house    map[string]string // that the merchant begins with
}

// house is the number of every merchant's own account.
const house = 10_000

// openTill sets a till up, before the server runs.
func (w *world) openTill(m means) *till {
	w.t.Helper()
	t := &till{shop: w.shops[0], begins: m.amounts}
	ctx := w.t.Context()
	do := func(into any, command func(server.Commands) error) {
		w.t.Helper()
		if into == nil {
			into = &struct{}{}
		}
		w.operate("", into, command)
	}
	name := "Till"
	terms := server.TerminalTerms{Name: &name}
	if m.verifyIn > 0 {
		terms.VerifyIn = &m.verifyIn
	}
	var terminal struct {
		Number int64 `json:"terminal_number"`
		Secret string
	}
	do(&terminal, func(c server.Commands) error { return c.AddTerminal(ctx, t.merchant, terms) })
	t.terminal, t.secret = terminal.Number, terminal.Secret
	do(nil, func(c server.Commands) error {
		return c.SetRate(ctx, server.NewRate{Merchant: t.merchant, Market: "USDTIRT", Buy: "53500", Sell: "51500.75"})
	})
	do(nil, func(c server.Commands) error {
		return c.SetRail(ctx, server.RailTerms{Merchant: t.merchant, Unit: "USDT", Network: "BNB", Min: "1", Fee: "0.5"})
	})
	for _, unit := range []string{"USDT", "IRT"} {
		do(nil, func(c server.Commands) error {
			return c.PutGateway(ctx, server.NewGateway{
				Merchant: t.merchant, Name: "hand-" + unit, Connector: "manual", Order: 9,
				Settings: map[string]string{"unit": unit},
			})
		})
	}
	t.house = t.addKey(purse{account: house})
	t.fill(0, m.house)
	for range m.people {
		t.people = append(t.people, t.addPerson(m.amounts))
	}
	return t
}

// addPerson opens an account with a key and money.
func (t *till) addPerson(amounts map[string]string) purse {
	t.t.Helper()
	p := purse{pin: fmt.Sprintf("%06d", rand.IntN(1_000_000))}
	var made struct {
		Account int64 `json:"account_number"`
	}
	t.operate(p.pin, &made, func(c server.Commands) error {
		return c.AddCustomer(t.t.Context(), server.NewCustomer{
			Merchant: t.merchant, FirstName: "A.", LastName: "Payer", PIN: "-",
		})
	})
	p.account = made.Account
	t.fill(p.account, amounts)
	return t.addKey(p)
}

// addKey makes a key that signs for an account.
func (t *till) addKey(p purse) purse {
	t.t.Helper()
	var made struct{ Public, Secret string }
	t.operate("", &made, func(c server.Commands) error {
		return c.AddSigningKey(t.t.Context(), server.NewSigningKey{Merchant: t.merchant, Account: p.account})
	})
	p.public, p.secret = made.Public, made.Secret
	return p
}

// fill brings money into an account; 0 is the merchant's own.
func (t *till) fill(account int64, amounts map[string]string) {
	t.t.Helper()
	for unit, amount := range amounts {
		var done any
		t.operate("", &done, func(c server.Commands) error {
			return c.Deposit(t.t.Context(), server.NewDeposit{
				Merchant: t.merchant, Account: account, Amount: amount, Unit: unit, Title: "Deposit", Gateway: "hand-" + unit,
				Receipt: fmt.Sprint(account, unit), Operator: "test",
			})
		})
	}
}

// sign calls a method at one of the servers, signed as the wallet API wants it.
func (w *world) sign(p purse, method, body string) (answer, error) {
	mac := hmac.New(sha256.New, []byte(p.secret))
	mac.Write([]byte(body))
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://"+w.address+"/api/"+method,
		strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header["api_key"] = []string{p.public}
	request.Header["api_sign"] = []string{base64.StdEncoding.EncodeToString(mac.Sum(nil))}
	response, err := w.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, text}, err
}

// signed is a call that the test expects to be answered well.
func (w *world) signed(p purse, method, body string, into any) {
	w.t.Helper()
	a, err := w.sign(p, method, body)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("got status %d: %s", a.status, a.body)
	}
	if err == nil && into != nil {
		err = a.into(into)
	}
	if err != nil {
		w.t.Errorf("%s %s: %v", method, body, err)
	}
}

// bill is an invoice as the wallet API tells it.
type bill struct {
	TrackID string `json:"trackid"`
	Status  string
	Amount  string
	Coin    struct{ Currency string }
	Number  string `json:"invoice_number"`
	Account *int64 `json:"payer_account_number"`
}

// billBody asks for an invoice that is told of at an address.
func (t *till) billBody(number, amount, currency, hook string) string {
	return fmt.Sprintf("terminal_number=%d&amount=%s&currency=%s&invoice_number=%s&callback=%s&webhook=%s", t.terminal,
		amount, currency, number, url.QueryEscape("http://127.0.0.1/back"), url.QueryEscape(hook))
}

// addBill makes an invoice and gives its trackid.
func (t *till) addBill(number, amount, currency, hook string) string {
	t.t.Helper()
	var made struct{ Result bill }
	t.signed(t.house, "create-invoice", t.billBody(number, amount, currency, hook), &made)
	return made.Result.TrackID
}

// state is the status that an invoice has now.
func (t *till) state(id string) string {
	t.t.Helper()
	var now struct{ Result bill }
	t.signed(t.house, "invoice-status", "trackid="+id, &now)
	return now.Result.Status
}

// wantState is an invoice's status, as it must be.
func (t *till) wantState(what, id, want string) {
	t.t.Helper()
	if got := t.state(id); got != want {
		t.t.Errorf("%s: got status %s, want %s", what, got, want)
	}
}

// payFrom presses the button of an invoice's page that pays from a wallet.
func (w *world) payFrom(p purse, id string) (answer, error) {
	form := url.Values{"account": {p.number()}, "pin": {p.pin}}.Encode()
	return w.do(http.MethodPost, "http://"+w.address+"/pay/invoice/"+id+"/wallet", "",
		"application/x-www-form-urlencoded", "text/html", strings.NewReader(form))
}

// paid is a payment from a wallet that must go well.
func (t *till) paid(p purse, id string) {
	t.t.Helper()
	if a, err := t.payFrom(p, id); err != nil || a.status != http.StatusSeeOther {
		t.t.Errorf("pay from a wallet: got status %d, %v: %s", a.status, err, a.body)
	}
}

// steps are an amount in the smallest steps of its unit.
func steps(t *testing.T, amount, unit string) int64 {
	t.Helper()
	a, err := money.Parse(amount, money.Unit(unit))
	if err != nil {
		t.Fatalf("read %s %s: %v", amount, unit, err)
	}
	return a.Steps()
}

// balance is what an account has of a unit, as its owner is told.
func (w *world) balance(p purse, unit string) int64 {
	w.t.Helper()
	var said struct {
		Items []struct {
			Coin   struct{ Currency string }
			Amount string
		}
	}
	w.signed(p, "balance", "", &said)
	for _, item := range said.Items {
		if item.Coin.Currency == unit {
			return steps(w.t, item.Amount, unit)
		}
	}
	w.t.Errorf("balance: there is no %s", unit)
	return 0
}

// wantBalance is what an account must have of the coin that most tests use.
func (w *world) wantBalance(what string, p purse, want string) {
	w.t.Helper()
	if got := w.balance(p, "USDT"); got != steps(w.t, want, "USDT") {
		w.t.Errorf("%s: account %d has %s, want %s", what, p.account, money.New(got, money.USDT), want)
	}
}

// beside is one more server on the same PostgreSQL. Its data folder is its own,
// and so is its clock.
func (w *world) beside(settings ...string) *world {
	w.t.Helper()
	other := &world{
		t: w.t, program: w.program, data: w.t.TempDir(), database: w.database, address: freeAddress(w.t),
		settings: append(slices.Clone(w.settings), settings...), banks: w.banks, shops: w.shops, http: w.http,
		ready: make(chan struct{}),
	}
	const keys = "keyset.json"
	text, err := os.ReadFile(filepath.Join(w.data, keys))
	if err == nil {
		err = os.WriteFile(filepath.Join(other.data, keys), text, 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	other.setPlan(w.plan)
	return other
}
