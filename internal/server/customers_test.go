package server

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/wallet"
)

// teaHouse is a merchant in a new database, with gateways for money that an
// operator receives.
func teaHouse(t *testing.T) told {
	t.Helper()
	return teaHouseIn(t, Config{Data: sqlitetest.Folder(t), WebhookLoopback: true})
}

// teaHouseIn is one in a database that is named.
func teaHouseIn(t *testing.T, c Config) told {
	t.Helper()
	x := told{config: c}
	var made merchantView
	x.operate(t, &made, func(c Commands) error { return c.AddMerchant(t.Context(), "Tea House", "") })
	x.merchant = made.ID
	for _, unit := range []string{"USD", "USDT"} {
		x.operate(t, new(any), func(c Commands) error {
			return c.PutGateway(t.Context(), NewGateway{
				Merchant: x.merchant, Name: "manual-" + unit, Connector: "manual", Order: 1,
				Settings: map[string]string{"unit": unit},
			})
		})
	}
	return x
}

// customer opens an account and puts money into it.
func (x told) customer(t *testing.T, amounts ...string) int64 {
	t.Helper()
	var made customerView
	x.operate(t, &made, func(c Commands) error {
		return c.AddCustomer(t.Context(), NewCustomer{Merchant: x.merchant, FirstName: "A.", LastName: "Payer"})
	})
	for _, amount := range amounts {
		text, unit, _ := strings.Cut(amount, " ")
		var d depositView
		x.operate(t, &d, func(c Commands) error {
			return c.Deposit(t.Context(), NewDeposit{
				Merchant: x.merchant, Account: made.Account, Amount: text, Unit: unit, Title: "Deposit",
				Gateway: "manual-" + unit, Receipt: "till-" + strconv.FormatInt(made.Account, 10) + unit, Operator: "Sam",
			})
		})
		if d.State != "completed" || d.Amount != amount {
			t.Errorf("deposit: got %+v, want %s completed", d, amount)
		}
	}
	return made.Account
}

// has compares what an account has.
func (x told) has(t *testing.T, account int64, want ...balanceView) {
	t.Helper()
	var got customerView
	x.operate(t, &got, func(c Commands) error { return c.ShowCustomer(t.Context(), x.merchant, account) })
	if diff := cmp.Diff(want, got.Balances); diff != "" {
		t.Errorf("balances of %d (-want +got):\n%s", account, diff)
	}
}

// refused does a command that must fail with certain words.
func (x told) refused(t *testing.T, words string, do func(Commands) error) {
	t.Helper()
	d := newDesk(x.config)
	if err := do(d.Commands); err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want an error that says %q", err, words)
	}
}

func TestCustomers(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	file := filepath.Join(t.TempDir(), "pin")
	if err := os.WriteFile(file, []byte("471100\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var first customerView
	x.operate(t, &first, func(c Commands) error {
		return c.AddCustomer(t.Context(), NewCustomer{
			Merchant: x.merchant, FirstName: "A.", LastName: "Payer", Email: " Payer@Shop.Example ", NationalID: "0012345679",
			PIN: file,
		})
	})
	want := customerView{
		Account: 10001, Merchant: x.merchant, State: "active", FirstName: "A.", LastName: "Payer",
		Email: "payer@shop.example", NationalID: "0012345679", HasPIN: true, CreatedAt: first.CreatedAt,
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("customer (-want +got):\n%s", diff)
	}
	x.refused(t, "email belongs to another customer", func(c Commands) error {
		return c.AddCustomer(t.Context(), NewCustomer{Merchant: x.merchant, Email: "payer@shop.example"})
	})
	x.refused(t, "email: It is not an e-mail address", func(c Commands) error {
		return c.AddCustomer(t.Context(), NewCustomer{Merchant: x.merchant, Email: "payer"})
	})
	x.refused(t, "there is no such merchant", func(c Commands) error {
		return c.AddCustomer(t.Context(), NewCustomer{Merchant: "nobody"})
	})
	second := x.customer(t)
	var list []customerView
	x.operate(t, &list, func(c Commands) error { return c.Customers(t.Context(), x.merchant, 1) })
	if len(list) != 1 || list[0].Account != second || list[0].HasPIN {
		t.Errorf("got %+v, want the newest alone, without a PIN", list)
	}
	d := newDesk(x.config)
	if err := d.ShowCustomer(t.Context(), x.merchant, 10001); err != nil ||
		!strings.Contains(d.out.String(), "Last transfers: nothing") || strings.Contains(d.out.String(), "argon2") {
		t.Errorf("got %v and %s, want the customer without transfers", err, d.out.String())
	}
	x.refused(t, "no such account: purser customer list --merchant "+x.merchant, func(c Commands) error {
		return c.ShowCustomer(t.Context(), x.merchant, 10009)
	})
}

// A PIN comes from a file, from a pipe or from a keyboard, and shows nowhere.
func TestPINs(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	account := x.customer(t)
	typed := func(text string) func() ([]byte, error) {
		return func() ([]byte, error) { return []byte(text), nil }
	}
	set := func(t *testing.T, in string, hidden func() ([]byte, error), source string) (string, error) {
		t.Helper()
		d := newDesk(x.config)
		d.Terminal.In, d.Terminal.Hidden = strings.NewReader(in), hidden
		err := d.SetPIN(t.Context(), x.merchant, account, source)
		return d.out.String() + d.errs.String(), err
	}
	wantPIN := func(t *testing.T, pin string) {
		t.Helper()
		k, err := openCore(t.Context(), mustFill(t, x.config), forWriting, commandLog(os.Stderr))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = k.close() }()
		c, err := k.app.Customer(t.Context(), x.merchant, account)
		right, wrong := k.app.MatchPIN(t.Context(), c, pin)
		if err := errors.Join(err, wrong); err != nil || !right {
			t.Errorf("the PIN is not what was given (%v)", err)
		}
	}
	if out, err := set(t, "471101\r\n", nil, "-"); err != nil || strings.Contains(out, "471101") {
		t.Errorf("pipe: got %v and %s", err, out)
	}
	wantPIN(t, "471101")
	if out, err := set(t, "999999", typed("471102"), "-"); err != nil || !strings.HasPrefix(out, "Account 10001") ||
		!strings.HasSuffix(out, "PIN: ") {
		t.Errorf("keyboard: got %v and %s", err, out)
	}
	wantPIN(t, "471102")
	failed := errors.New("the line broke")
	for name, c := range map[string]struct {
		in, source, words string
		hidden            func() ([]byte, error)
	}{
		"nothing":   {"", "-", "pin: A PIN is 4 to 12 digits", nil},
		"letters":   {"canary", "-", "pin: A PIN is 4 to 12 digits", nil},
		"too long":  {strings.Repeat("1", 1<<17), "-", "read PIN: is too long", nil},
		"no file":   {"", filepath.Join(t.TempDir(), "none"), "read PIN: ", nil},
		"no typing": {"", "-", "the line broke", func() ([]byte, error) { return nil, failed }},
	} {
		out, err := set(t, c.in, c.hidden, c.source)
		if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error()+out, "canary") {
			t.Errorf("%s: got %v and %s, want an error that says %q", name, err, out, c.words)
		}
	}
	wantPIN(t, "471102")
	x.refused(t, "no such account", func(c Commands) error {
		c.Terminal.Hidden = typed("471103")
		return c.SetPIN(t.Context(), x.merchant, 10009, "-")
	})
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	account := x.customer(t)
	say := func(lift bool, operator string) func(Commands) error {
		return func(c Commands) error {
			return c.BlockCustomer(t.Context(), Block{Merchant: x.merchant, Account: account, Lift: lift, Operator: operator})
		}
	}
	x.refused(t, "account 10001 is active already", say(true, "Sam"))
	x.refused(t, "operator: ", say(false, " "))
	var got map[string]any
	x.operate(t, &got, say(false, "Sam"))
	if got["state"] != "blocked" {
		t.Errorf("got %v, want blocked", got)
	}
	x.refused(t, "account 10001 is blocked already", say(false, "Sam"))
	x.operate(t, &got, say(true, "Sam"))
	if got["state"] != "active" {
		t.Errorf("got %v, want active", got)
	}
	x.refused(t, "no such account", func(c Commands) error {
		return c.BlockCustomer(t.Context(), Block{Merchant: x.merchant, Account: 10009, Operator: "Sam"})
	})
}

func TestDeposits(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	account := x.customer(t, "25.5 USD", "7 USDT")
	x.has(t, account, balanceView{"USD", "25.5"}, balanceView{"USDT", "7"})

	wish := NewDeposit{Merchant: x.merchant, Account: account, Amount: "10", Unit: "usd", Title: "More"}
	var page depositView
	x.operate(t, &page, func(c Commands) error { return c.Deposit(t.Context(), wish) })
	if page.State != "open" || page.Payment != "" || !strings.HasPrefix(page.Page, "http://127.0.0.1:8080/pay/link/") {
		t.Errorf("got %+v, want an open invoice with a page", page)
	}
	x.config.Listen, x.config.PublicURL = "127.0.0.1:0", "http://127.0.0.1:8080"
	s, err := New(t.Context(), x.config, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if w := ask(t, s.Handler(), strings.TrimPrefix(page.Page, "http://127.0.0.1:8080")); w.Code != 200 ||
		!strings.Contains(w.Body.String(), "More") {
		t.Errorf("got %d %s, want the page of the deposit", w.Code, w.Body.String())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*NewDeposit)) func(Commands) error {
		n := wish
		change(&n)
		return func(c Commands) error { return c.Deposit(t.Context(), n) }
	}
	byHand := func(n *NewDeposit) { n.Gateway, n.Receipt, n.Operator = "manual-USD", "till-10001USD", "Sam" }
	for words, change := range map[string]func(*NewDeposit){
		`unit must be a currency unit such as USD, USDT, IRT or IRR, not "XXX"`: func(n *NewDeposit) { n.Unit = "XXX" },
		`amount must be a decimal number with at most 8 places`:                 func(n *NewDeposit) { n.Amount = "ten" },
		"takes 0 USD":  func(n *NewDeposit) { n.Amount = "0" },
		"takes 10 IRT": func(n *NewDeposit) { n.Unit = "IRT" },
		`no gateway "bank" of this merchant takes 10 USD`: func(n *NewDeposit) { n.Gateway = "bank" },
		"--name manual-usdt --setting unit=USDT":          func(n *NewDeposit) { byHand(n); n.Unit = "USDT" },
		"there is no such merchant":                       func(n *NewDeposit) { n.Merchant = "nobody" },
		"no such account":                                 func(n *NewDeposit) { n.Account = 10009 },
		"account must be a customer's":                    func(n *NewDeposit) { n.Account = wallet.House },
	} {
		x.refused(t, words, with(change))
	}
	x.config.PublicURL = "https://pay.example/under"
	x.refused(t, "public_url must be without a path", with(func(*NewDeposit) {}))
	x.config.PublicURL = ""
	// A receipt is booked once. The payment waits, because the operator may have mistyped it.
	x.refused(t, "belongs to another payment (purser payment confirm ", with(byHand))
	x.has(t, account, balanceView{"USD", "25.5"}, balanceView{"USDT", "7"})
	d := newDesk(x.config)
	if err := d.Audit(t.Context(), AuditWish{}); err != nil {
		t.Errorf("audit: %v: %s", err, d.out.String())
	}
}

// Only a gateway for which an operator answers takes an operator's word.
func TestDepositNeedsAManualGateway(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	account := x.customer(t)
	d := newDesk(x.config)
	d.Terminal.In = strings.NewReader(`{"merchant": "zibal"}`)
	if err := d.PutGateway(t.Context(), NewGateway{
		Merchant: x.merchant, Connector: "zibal", Order: 1, Settings: map[string]string{"mode": "test"}, Credentials: "-",
	}); err != nil {
		t.Fatal(err)
	}
	x.refused(t, "zibal answers for itself", func(c Commands) error {
		return c.Deposit(t.Context(), NewDeposit{
			Merchant: x.merchant, Account: account, Amount: "5000", Unit: "IRT", Title: "Deposit", Gateway: "zibal",
			Receipt: "1", Operator: "Sam",
		})
	})
}
