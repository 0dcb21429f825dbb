package e2e

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/server"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// bureau is a merchant whose customers have wallets, with a server that runs
// as it runs for real, and an operator who may stop it to do the chores.
type bureau struct {
	operator

	http     *http.Client
	front    *httptest.Server // the address that outlives a restart
	handler  atomic.Pointer[http.Handler]
	stop     func()
	merchant string
	terminal int64
	secret   string // that the terminal's notices are signed with
	shop     caller // with the merchant's own key
	ann, bob customer
}

// customer is somebody with a wallet, and a key for it.
type customer struct {
	caller

	account    int64
	email, pin string
}

// number is the account as a payer types it.
func (c customer) number() string { return strconv.FormatInt(c.account, 10) }

// eachBureau tells a story once per database.
func eachBureau(t *testing.T, terms server.TerminalTerms, story func(t *testing.T, b *bureau)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		story(t, openBureau(t, server.Config{}, terms))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		story(t, openBureau(t, server.Config{Database: server.Secret(pgtest.Database(t))}, terms))
	})
}

// openBureau sets everything up by the commands of an operator and starts the
// server. The test ends with books that agree.
func openBureau(t *testing.T, c server.Config, terms server.TerminalTerms) *bureau {
	t.Helper()
	c.Data, c.Listen, c.WebhookLoopback, c.LogLevel = sqlitetest.Folder(t), "127.0.0.1:0", true, "error"
	c.RejectInterval, c.WebhookLook = 50*time.Millisecond, 50*time.Millisecond
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	b := &bureau{http: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
	b.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*b.handler.Load()).ServeHTTP(w, r)
	}))
	t.Cleanup(b.front.Close)
	c.PublicURL = b.front.URL
	b.operator = operator{t, c}
	b.found(terms)
	b.start()
	t.Cleanup(func() {
		b.stop()
		b.audit()
	})
	return b
}

// found adds the merchant, its terminal, its rates and networks, and people.
func (b *bureau) found(terms server.TerminalTerms) {
	b.t.Helper()
	ctx := b.t.Context()
	b.merchant = b.run(func(c server.Commands) error { return c.AddMerchant(ctx, "Tea House", "") }).text(b.t, "id")
	email := server.MerchantTerms{Email: new("tea@house.example")}
	b.run(func(c server.Commands) error { return c.SetMerchant(ctx, b.merchant, email) })
	name := "Till"
	terms.Name = &name
	b.terminal, b.secret = b.addTerminal(terms)
	for _, r := range [][3]string{
		{"USDIRT", "53064", "51889.25"}, {"USDTIRT", "53500", "51500"}, {"USDTUSD", "1.01", "0.99"},
	} {
		b.run(func(c server.Commands) error {
			return c.SetRate(ctx, server.NewRate{Merchant: b.merchant, Market: r[0], Buy: r[1], Sell: r[2], Source: "test"})
		})
	}
	six := 6
	for _, r := range [][3]string{{"BNB", "1.5", "1"}, {"TRX", "2", "1.5"}} {
		b.run(func(c server.Commands) error {
			return c.SetRail(ctx, server.RailTerms{
				Merchant: b.merchant, Unit: "USDT", Network: r[0], Min: r[1], Fee: r[2], Decimals: &six,
			})
		})
	}
	for _, unit := range []string{"USD", "USDT", "IRT"} {
		b.run(func(c server.Commands) error {
			return c.PutGateway(ctx, server.NewGateway{
				Merchant: b.merchant, Name: "till-" + unit, Connector: "manual", Settings: map[string]string{"unit": unit},
			})
		})
	}
	b.shop = b.key(server.NewSigningKey{})
	b.ann = b.addCustomer("Ann", "ann@payers.example", "0012345679", "4711")
	b.bob = b.addCustomer("Bob", "bob@payers.example", "", "0815")
}

// addTerminal adds one and gives its number and secret.
func (b *bureau) addTerminal(terms server.TerminalTerms) (int64, string) {
	b.t.Helper()
	made := b.run(func(c server.Commands) error { return c.AddTerminal(b.t.Context(), b.merchant, terms) })
	return made.whole(b.t, "terminal_number"), made.text(b.t, "secret")
}

// whole reads a member that must be a whole number.
func (o object) whole(t *testing.T, name string) int64 {
	t.Helper()
	number, ok := o[name].(float64)
	if !ok {
		t.Fatalf("got %v, want a number in its member %s", o, name)
	}
	return int64(number)
}

// key makes a signing key.
func (b *bureau) key(n server.NewSigningKey) caller {
	b.t.Helper()
	if n.Merchant == "" {
		n.Merchant = b.merchant
	}
	made := b.run(func(c server.Commands) error { return c.AddSigningKey(b.t.Context(), n) })
	return caller{b.t, b.front.URL, made.text(b.t, "public"), made.text(b.t, "secret"), b.http}
}

// addCustomer opens an account with a key for it.
func (b *bureau) addCustomer(name, email, nationalID, pin string) customer {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "pin")
	if err := os.WriteFile(file, []byte(pin+"\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	account := b.run(func(c server.Commands) error {
		return c.AddCustomer(b.t.Context(), server.NewCustomer{
			Merchant: b.merchant, FirstName: name, LastName: "Payer", Email: email, NationalID: nationalID, PIN: file,
		})
	}).whole(b.t, "account_number")
	return customer{b.key(server.NewSigningKey{Account: account}), account, email, pin}
}

// fill brings money into a customer's wallet; account 0 is the merchant's own.
func (b *bureau) fill(account int64, amount, unit string) {
	b.t.Helper()
	b.run(func(c server.Commands) error {
		return c.Deposit(b.t.Context(), server.NewDeposit{
			Merchant: b.merchant, Account: account, Amount: amount, Unit: unit, Title: "Deposit", Gateway: "till-" + unit,
			Receipt: strconv.FormatInt(account, 10) + unit + amount, Operator: "olga",
		})
	})
}

// start runs a server: its worker and courier are behind a listener of its
// own, and callers reach it through the front.
func (b *bureau) start() {
	b.t.Helper()
	s, err := server.New(b.t.Context(), b.config, io.Discard)
	if err != nil {
		b.t.Fatal(err)
	}
	handler := s.Handler()
	b.handler.Store(&handler)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	b.stop = func() {
		if stopped {
			return
		}
		stopped = true
		closed := http.NotFoundHandler()
		b.handler.Store(&closed)
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			b.t.Errorf("stop: %v", err)
		}
	}
}

// closed does an operator's chores while the server is stopped, as SQLite
// wants it.
func (b *bureau) closed(chores func()) {
	b.t.Helper()
	b.stop()
	chores()
	b.start()
}

// audit proves the books.
func (b *bureau) audit() {
	b.t.Helper()
	// The test may be over: its context is no good any more.
	answer := b.run(func(c server.Commands) error { return c.Audit(context.Background(), server.AuditWish{}) })
	if waiting, ok := answer["waiting"].([]any); answer["agrees"] != true || !ok || len(waiting) != 0 {
		b.t.Errorf("audit: got %v, want books that agree and nothing that waits", answer)
	}
}

// bill makes an invoice that is told of and paid at a site, and gives its
// trackid and the page where it is paid.
func (b *bureau) bill(s *site, amount, currency, number string) (trackID, page string) {
	b.t.Helper()
	return bill(b.shop, b.terminal, s, amount, currency, number)
}

func bill(shop caller, terminal int64, s *site, amount, currency, number string) (trackID, page string) {
	shop.t.Helper()
	made, _ := single[struct{ TrackID, Redirect string }](shop, "create-invoice", newInvoice(terminal, s, amount, currency,
		number))
	if made.Redirect != shop.base+"/invoice_v1/"+made.TrackID {
		shop.t.Errorf("got redirect %s for %s", made.Redirect, made.TrackID)
	}
	return made.TrackID, made.Redirect
}
