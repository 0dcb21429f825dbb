package app_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// toman is an amount of whole Toman.
func toman(whole int64) money.Amount { return money.New(whole*10_000, money.IRT) }

// rightPIN is every customer's in these tests.
const rightPIN = "246810"

// cheapPIN is a hash of rightPIN that costs next to nothing, for tests that log
// in thousands of times.
var cheapPIN = func() string {
	salt := []byte("0123456789abcdef")
	hash := argon2.IDKey([]byte(rightPIN), salt, 1, 8, 1, 32)
	return fmt.Sprintf("$argon2id$v=%d$m=8,t=1,p=1$%s$%s", argon2.Version,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash))
}()

// customer opens an account with a PIN that is cheap to check.
func (s *shop) customer(email string) wallet.Customer {
	s.Helper()
	c, err := s.app.CreateCustomer(s.Context(), app.NewCustomer{
		Merchant: s.merchant, FirstName: "First", LastName: "Last", Email: email, NationalID: "0012345678",
	})
	if err != nil {
		s.Fatal(err)
	}
	c.PIN = cheapPIN
	if err := s.store.Commit(s.Context(), store.Change{Customers: []wallet.Customer{c}}); err != nil {
		s.Fatal(err)
	}
	c.Version++
	return c
}

// deposit puts money into a wallet through the first bank.
func (s *shop) deposit(number int64, amount money.Amount) payment.Payment {
	s.Helper()
	i, err := s.app.Deposit(s.Context(), app.NewDeposit{
		ID: s.newID(), Merchant: s.merchant, Account: number, Token: s.newID(), Title: "Deposit", Amount: amount,
	})
	if err != nil {
		s.Fatal(err)
	}
	r, err := s.app.OpenLink(s.Context(), app.OpenLink{Token: i.Link.Token, Gateway: "first", NewID: s.newID})
	if err != nil {
		s.Fatal(err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	return s.returns(r.Payment, "ok")
}

// has checks what an account has of a unit.
func (s *shop) has(number int64, want money.Amount) {
	s.Helper()
	all, err := s.app.AvailableBalances(s.Context(), s.merchant, number)
	if err != nil {
		s.Fatal(err)
	}
	got := money.Zero(want.Unit())
	for _, a := range all {
		if a.Unit() == want.Unit() {
			got = a
		}
	}
	if got != want {
		s.Errorf("account %d has %v, want %v", number, got, want)
	}
}

// send wishes for a transfer with a reference of its own.
func (s *shop) send(from, to int64, amount money.Amount) app.NewTransfer {
	id := s.newID()
	return app.NewTransfer{ID: id, Merchant: s.merchant, From: from, To: to, Amount: amount, Reference: id}
}

func TestAccountsAreNumbered(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	var made [20]wallet.Customer
	together(len(made), func(n int) {
		c, err := s.app.CreateCustomer(t.Context(), app.NewCustomer{
			Merchant: s.merchant, FirstName: "A", Email: fmt.Sprintf("payer%d@shop.example", n),
		})
		if err != nil {
			t.Error(err)
		}
		made[n] = c
	})
	seen := map[int64]bool{}
	for _, c := range made {
		seen[c.Number] = true
	}
	for number := wallet.House + 1; number <= wallet.House+int64(len(made)); number++ {
		if !seen[number] {
			t.Errorf("nobody has the number %d", number)
		}
	}
	_, err := s.app.CreateCustomer(t.Context(), app.NewCustomer{
		Merchant: s.merchant, FirstName: "B", Email: " PAYER3@shop.example",
	})
	if !fault.Is(err, fault.CodeDuplicate) || fault.From(err).Param != "email" {
		t.Errorf("an e-mail that is taken: got %v", err)
	}
	found, err := s.app.FindAccount(t.Context(), s.merchant, "Payer3@Shop.example")
	if err != nil || found.Number != made[3].Number {
		t.Errorf("by e-mail: got %+v, %v; want %d", found, err, made[3].Number)
	}
	for _, name := range []string{"9999", "nobody@shop.example", "", "x"} {
		if _, err := s.app.FindAccount(t.Context(), s.merchant, name); !fault.Is(err, fault.CodeAccountNotFound) {
			t.Errorf("%q: got %v, want account_not_found", name, err)
		}
	}
}

// The merchant's own account is there, and is not said to be none.
func TestOwnAccountIsNoCustomers(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, found := s.app.Customer(t.Context(), s.merchant, wallet.House)
	_, paid := s.app.Deposit(t.Context(), app.NewDeposit{
		ID: s.newID(), Merchant: s.merchant, Account: wallet.House, Token: s.newID(), Title: "t", Amount: toman(100),
	})
	for name, err := range map[string]error{
		"asked for": found, "paid into": paid,
		"blocked": s.app.BlockCustomer(t.Context(), s.merchant, wallet.House, wallet.Block, "zoe", ""),
	} {
		if f := fault.From(err); f.Code != fault.CodeAccountNotFound || !strings.Contains(f.Words, "merchant's own account") {
			t.Errorf("%s: got %v, want words about whose it is", name, err)
		}
	}
}

// The address of the merchant's own account is no customer's, and the other way
// round: money that is sent to an address has one place to go.
func TestAnAddressHasOneAccount(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.customer("payer@shop.example")
	set := func(email string) error {
		_, err := s.app.ChangeMerchant(t.Context(), s.merchant, app.MerchantTerms{Email: &email})
		return err
	}
	if err := set("Payer@shop.example"); !fault.Is(err, fault.CodeDuplicate) || fault.From(err).Param != "email" {
		t.Errorf("a customer's address for the merchant: got %v", err)
	}
	for _, email := range []string{"shop@shop.example", "shop@shop.example", "till@shop.example", "shop@shop.example"} {
		if err := set(email); err != nil {
			t.Fatalf("%s for the merchant: %v", email, err)
		}
	}
	for _, email := range []string{"shop@shop.example", "till@shop.example"} {
		_, err := s.app.CreateCustomer(t.Context(), app.NewCustomer{Merchant: s.merchant, Email: email})
		if !fault.Is(err, fault.CodeDuplicate) || fault.From(err).Param != "email" {
			t.Errorf("%s, which is or was the merchant's, for a customer: got %v", email, err)
		}
	}
	for email, want := range map[string]int64{
		"payer@shop.example": c.Number, "shop@shop.example": wallet.House, "till@shop.example": 0,
	} {
		found, err := s.app.FindAccount(t.Context(), s.merchant, email)
		if found.Number != want || (err == nil) != (want != 0) {
			t.Errorf("%s: found %d, %v; want %d", email, found.Number, err, want)
		}
	}
}

func TestDepositAndItsReturn(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.customer("payer@shop.example")
	p := s.deposit(c.Number, toman(100))
	s.has(c.Number, toman(100))
	s.has(wallet.House, toman(0))
	if _, err := s.app.Transfer(t.Context(), s.send(c.Number, wallet.House, toman(1))); err != nil {
		t.Fatal(err)
	}
	_, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID})
	if !fault.Is(err, fault.CodeInsufficientFunds) {
		t.Fatalf("a deposit that is spent: got %v", err)
	}
	if _, err := s.app.Transfer(t.Context(), s.send(wallet.House, c.Number, toman(1))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID}); err != nil {
		t.Fatal(err)
	}
	s.state(p.ID, payment.Reversed)
	s.has(c.Number, toman(0))
}

// A deposit that a wallet paid would be the merchant's and nobody's.
func TestNoDepositFromAWallet(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.payer(toman(100))
	i, err := s.app.Deposit(t.Context(), app.NewDeposit{
		ID: s.newID(), Merchant: s.merchant, Account: c.Number, Token: s.newID(), Title: "Deposit", Amount: toman(10),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.app.PayFromWallet(t.Context(), s.fromWallet(i.ID, fmt.Sprint(c.Number), rightPIN))
	if !fault.Is(err, fault.CodeUnsupported) {
		t.Errorf("got %v, want unsupported", err)
	}
	s.has(c.Number, toman(100))
}

func TestDepositThatCannotGoBackStays(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.denyUndo = true
	c := s.customer("")
	p := s.deposit(c.Number, toman(100))
	back, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID})
	if err != nil || back.Word == "" {
		t.Fatalf("got %+v, %v", back, err)
	}
	s.has(c.Number, toman(100))
}

func TestTransfers(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	a, b := s.customer("a@shop.example"), s.customer("b@shop.example")
	s.deposit(a.Number, toman(100))
	wish := s.send(a.Number, b.Number, toman(60))
	if _, err := s.app.Transfer(t.Context(), wish); err != nil {
		t.Fatal(err)
	}
	again := wish
	again.ID = s.newID()
	if _, err := s.app.Transfer(t.Context(), again); !fault.Is(err, fault.CodeDuplicate) ||
		fault.From(err).Param != "transfer" {
		t.Errorf("the same reference: got %v", err)
	}
	for name, c := range map[string]struct {
		wish app.NewTransfer
		code fault.Code
	}{
		"more than there is": {s.send(a.Number, b.Number, toman(41)), fault.CodeInsufficientFunds},
		"to oneself":         {s.send(a.Number, a.Number, toman(1)), fault.CodeParameterInvalid},
		"to nobody":          {s.send(a.Number, 99_999, toman(1)), fault.CodeAccountNotFound},
		"from nobody":        {s.send(99_999, a.Number, toman(1)), fault.CodeAccountNotFound},
		"nothing":            {s.send(a.Number, b.Number, toman(0)), fault.CodeAmountInvalid},
		"less than nothing":  {s.send(a.Number, b.Number, toman(-1)), fault.CodeAmountInvalid},
		"the house has none": {s.send(wallet.House, b.Number, toman(1)), fault.CodeInsufficientFunds},
	} {
		if _, err := s.app.Transfer(t.Context(), c.wish); !fault.Is(err, c.code) {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
	s.has(a.Number, toman(40))
	s.has(b.Number, toman(60))
	if err := s.app.BlockCustomer(t.Context(), s.merchant, a.Number, wallet.Block, "nobody", "lost phone"); err != nil {
		t.Fatal(err)
	}
	_, err := s.app.Transfer(t.Context(), s.send(a.Number, b.Number, toman(1)))
	if !fault.Is(err, fault.CodeAccountClosed) {
		t.Errorf("from a blocked account: got %v", err)
	}
	if _, err := s.app.Transfer(t.Context(), s.send(b.Number, a.Number, toman(1))); err != nil {
		t.Errorf("to a blocked account: %v", err)
	}
	list, total, err := s.app.Transfers(t.Context(), s.merchant, app.TransferFilter{Account: a.Number, Received: true},
		app.Page{Limit: 10})
	if err != nil || total != 1 || len(list) != 1 || list[0].From != b.Number {
		t.Errorf("received: got %+v, %d, %v", list, total, err)
	}
}

// TestDoubleSpending lets a crowd spend a balance of 100 at once.
func TestDoubleSpending(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	a, b := s.customer("a@shop.example"), s.customer("b@shop.example")
	s.deposit(a.Number, toman(100))
	const crowd, each = 64, 20
	var through atomic.Int64
	together(crowd, func(int) {
		for range each {
			_, err := s.app.Transfer(t.Context(), s.send(a.Number, b.Number, toman(1)))
			if err == nil {
				through.Add(1)
			} else if !fault.Is(err, fault.CodeInsufficientFunds) {
				t.Error(err)
			}
		}
	})
	if through.Load() != 100 {
		t.Errorf("%d transfers went through, want 100", through.Load())
	}
	s.has(a.Number, toman(0))
	s.has(b.Number, toman(100))
}

func (s *shop) rate(base, quote money.Unit, buy, sell string) {
	s.Helper()
	b, err := money.ParseRate(buy)
	if err != nil {
		s.Fatal(err)
	}
	v, err := money.ParseRate(sell)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.app.SetRate(s.Context(), app.NewRate{
		Merchant: s.merchant, Base: base, Quote: quote, Buy: b, Sell: v, Source: "test",
	}); err != nil {
		s.Fatal(err)
	}
}

func TestExchange(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.customer("")
	s.deposit(c.Number, toman(1_000_000))
	wish := app.NewExchange{ID: s.newID(), Merchant: s.merchant, Account: c.Number, Spent: toman(530_640), To: money.USD}
	if _, err := s.app.Exchange(t.Context(), wish); !fault.Is(err, fault.CodeRateMissing) {
		t.Errorf("without a rate: got %v", err)
	}
	s.rate(money.USD, money.IRT, "53064", "51889.25")
	e, err := s.app.Exchange(t.Context(), wish)
	if err != nil {
		t.Fatal(err)
	}
	if e.Got != money.New(10_0000_0000, money.USD) || e.Side != wallet.Buy || e.Rate.Text() != "53064" || !e.Exact {
		t.Errorf("got %+v", e)
	}
	s.has(c.Number, money.New(10_0000_0000, money.USD))
	s.has(c.Number, toman(469_360))
	s.rate(money.USD, money.IRT, "60000", "59000")
	list, total, err := s.app.Exchanges(t.Context(), s.merchant, c.Number, e.ID, app.Page{Limit: 1})
	if err != nil || total != 1 || len(list) != 1 || list[0].Rate.Text() != "53064" {
		t.Errorf("it keeps its rate: got %+v, %d, %v", list, total, err)
	}
	wish.ID, wish.Spent = s.newID(), toman(469_361)
	if _, err := s.app.Exchange(t.Context(), wish); !fault.Is(err, fault.CodeInsufficientFunds) {
		t.Errorf("more than there is: got %v", err)
	}
	wish.ID, wish.Spent = s.newID(), money.New(1, money.IRT)
	if _, err := s.app.Exchange(t.Context(), wish); !fault.Is(err, fault.CodeAmountTooSmall) {
		t.Errorf("less than one step: got %v", err)
	}
	if _, err := s.app.SetRate(t.Context(), app.NewRate{
		Merchant: s.merchant, Base: money.IRT, Quote: money.USD, Buy: e.Rate, Sell: e.Rate,
	}); !fault.Is(err, fault.CodeParameterInvalid) {
		t.Errorf("the same market turned: got %v", err)
	}
	history, err := s.store.History(t.Context(), s.merchant, event.Market, "USDIRT")
	if err != nil || len(history) != 2 {
		t.Errorf("the rates' history: got %+v, %v", history, err)
	}
}

// address of the payers of these tests.
const address = "192.0.2.1"

func (s *shop) fromWallet(invoiceID, login, pin string) app.WalletPayment {
	return app.WalletPayment{
		Merchant: s.merchant, Invoice: invoiceID, Login: login, PIN: pin, PaymentID: s.newID(), Address: address,
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.customer("payer@shop.example")
	s.deposit(c.Number, toman(100))
	i := s.hosted(toman(10))
	var wrong, limited atomic.Int64
	together(20, func(n int) {
		login := "payer@shop.example"
		if n%2 == 0 {
			login = fmt.Sprint(c.Number)
		}
		_, err := s.app.PayFromWallet(t.Context(), s.fromWallet(i.ID, login, "0000"))
		switch {
		case fault.Is(err, fault.CodeLoginInvalid):
			wrong.Add(1)
		case fault.Is(err, fault.CodeRateLimited):
			limited.Add(1)
		default:
			t.Errorf("got %v", err)
		}
	})
	if wrong.Load() != wallet.TriesPerAccount || limited.Load() != 20-wallet.TriesPerAccount {
		t.Errorf("%d were looked at and %d refused, want %d and the rest", wrong.Load(), limited.Load(),
			wallet.TriesPerAccount)
	}
	right := s.fromWallet(i.ID, "payer@shop.example", rightPIN)
	if _, err := s.app.PayFromWallet(t.Context(), right); !fault.Is(err, fault.CodeRateLimited) {
		t.Errorf("the right PIN after too many: got %v", err)
	}
	s.wait(wallet.TryWindow + time.Second)
	for range 2 * wallet.TriesPerAccount { // right ones do not count
		wish := s.fromWallet(s.hosted(toman(1)).ID, "payer@shop.example", rightPIN)
		if _, err := s.app.PayFromWallet(t.Context(), wish); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNamesThatNobodyHasAreLimitedToo(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.hosted(toman(10))
	for n := range wallet.TriesPerAddress + 1 {
		_, err := s.app.PayFromWallet(t.Context(), s.fromWallet(i.ID, fmt.Sprintf("nobody%d@shop.example", n), "1234"))
		want := fault.CodeLoginInvalid
		if n == wallet.TriesPerAddress {
			want = fault.CodeRateLimited // one address, many names
		}
		if !fault.Is(err, want) {
			t.Fatalf("attempt %d: got %v, want %s", n, err, want)
		}
	}
	// The merchant's own account has no PIN.
	elsewhere := s.fromWallet(i.ID, "10000", "1234")
	elsewhere.Address = "192.0.2.2"
	if _, err := s.app.PayFromWallet(t.Context(), elsewhere); !fault.Is(err, fault.CodeLoginInvalid) {
		t.Errorf("the house: got %v", err)
	}
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.customer("")
	key, text, err := s.app.CreateSigningKey(t.Context(), app.NewSigningKey{Merchant: s.merchant, Account: c.Number})
	if err != nil || len(text.Public) != 32 || len(text.Secret) != 72 {
		t.Fatalf("got %+v, %v", text, err)
	}
	for range 2 { // from the database, then from the cache
		found, secret, err := s.app.SigningKey(t.Context(), text.Public)
		if err != nil || secret != text.Secret || found.Account != c.Number {
			t.Errorf("got %+v, %v", found, err)
		}
	}
	if _, err := s.app.Authenticate(t.Context(), text.Public); !fault.Is(err, fault.CodeKeyInvalid) {
		t.Errorf("the public part as a secret: got %v", err)
	}
	_, plain, err := s.app.CreateKey(t.Context(), app.NewKey{Merchant: s.merchant})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.app.SigningKey(t.Context(), plain); !fault.Is(err, fault.CodeKeyInvalid) {
		t.Errorf("a plain key as a signing key: got %v", err)
	}
	if err := s.app.RevokeKey(t.Context(), s.merchant, key.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.app.SigningKey(t.Context(), text.Public); !fault.Is(err, fault.CodeKeyInvalid) {
		t.Errorf("a revoked one: got %v", err)
	}
	if _, _, err := s.app.CreateSigningKey(t.Context(), app.NewSigningKey{
		Merchant: s.merchant, Account: 99_999,
	}); !fault.Is(err, fault.CodeAccountNotFound) {
		t.Errorf("for nobody's account: got %v", err)
	}
}

func TestPINs(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c, err := s.app.CreateCustomer(t.Context(), app.NewCustomer{Merchant: s.merchant, FirstName: "A", PIN: "1234"})
	if err != nil || c.PIN == "" || c.PIN == "1234" {
		t.Fatalf("got %+v, %v", c, err)
	}
	if err := s.app.SetPIN(t.Context(), s.merchant, c.Number, "12"); !fault.Is(err, fault.CodeParameterInvalid) {
		t.Errorf("two digits: got %v", err)
	}
	s.deposit(c.Number, toman(1000))
	if err := s.app.SetPIN(t.Context(), s.merchant, c.Number, "98765"); err != nil {
		t.Fatal(err)
	}
	login := fmt.Sprint(c.Number)
	_, err = s.app.PayFromWallet(t.Context(), s.fromWallet(s.hosted(toman(1)).ID, login, "1234"))
	if !fault.Is(err, fault.CodeLoginInvalid) {
		t.Errorf("the old PIN: got %v", err)
	}
	if _, err := s.app.PayFromWallet(t.Context(), s.fromWallet(s.hosted(toman(1)).ID, login, "98765")); err != nil {
		t.Errorf("the new PIN: got %v", err)
	}
}

// TestAnotherNodeBlocked lets a node decide on what it remembers of a customer
// whom another node has blocked since.
func TestAnotherNodeBlocked(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	a, b := s.payer(toman(100)), s.customer("")
	if _, err := s.app.Transfer(t.Context(), s.send(a.Number, b.Number, toman(1))); err != nil {
		t.Fatal(err)
	}
	a.State = wallet.Blocked
	if err := s.store.Commit(t.Context(), store.Change{
		Customers: []wallet.Customer{a},
		Events: []event.Event{{
			Merchant: s.merchant, Noun: event.Customer, Subject: fmt.Sprint(a.Number), Trigger: string(wallet.Block),
			From: string(wallet.Active), To: string(wallet.Blocked), Actor: "operator", At: s.now(),
		}},
	}); err != nil {
		t.Fatal(err)
	}
	_, err := s.app.Transfer(t.Context(), s.send(a.Number, b.Number, toman(1)))
	if !fault.Is(err, fault.CodeAccountClosed) {
		t.Errorf("got %v, want account_closed", err)
	}
	s.has(a.Number, toman(99))
}

func TestPartsOfAnotherUnit(t *testing.T) {
	t.Parallel()
	m := merchant.Merchant{SplitLimit: rial(100_000)}
	for _, c := range []struct {
		amount money.Amount
		want   []money.Amount
	}{
		{rial(250_000), []money.Amount{rial(100_000), rial(100_000), rial(50_000)}},
		{toman(25_000), []money.Amount{toman(10_000), toman(10_000), toman(5_000)}},
		{money.New(9, money.USD), []money.Amount{money.New(9, money.USD)}},
	} {
		got, err := app.Parts(m, c.amount)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, %v; want %v", c.amount, got, err, c.want)
		}
		whole, err := app.Parts(merchant.Merchant{}, c.amount)
		if err != nil || !slices.Equal(whole, []money.Amount{c.amount}) {
			t.Errorf("%v without a limit: got %v, %v", c.amount, whole, err)
		}
	}
}

// TestAccountsAreListed wants every account once, the merchant's own as the last, and
// only those that are selected.
func TestAccountsAreListed(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	for _, name := range []string{"ada@example.com", "bob@example.com", "eve@example.com"} {
		s.customer(name)
	}
	s.deposit(10002, toman(700))
	if err := s.app.BlockCustomer(s.Context(), s.merchant, 10003, wallet.Block, "Sam", ""); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		list  app.CustomerList
		below int64
		part  app.Older
		want  []int64
	}{
		"all":         {app.CustomerList{}, 0, app.Older{Limit: 9}, []int64{10003, 10002, 10001, 10000}},
		"a page":      {app.CustomerList{}, 0, app.Older{Limit: 3}, []int64{10003, 10002, 10001}},
		"the next":    {app.CustomerList{}, 10001, app.Older{Limit: 3}, []int64{10000}},
		"after all":   {app.CustomerList{}, 10000, app.Older{Limit: 3}, nil},
		"blocked":     {app.CustomerList{State: wallet.Blocked}, 0, app.Older{Limit: 9}, []int64{10003}},
		"active":      {app.CustomerList{State: wallet.Active}, 0, app.Older{Limit: 9}, []int64{10002, 10001, 10000}},
		"an address":  {app.CustomerList{Email: "Bob@example.com"}, 0, app.Older{Limit: 9}, []int64{10002}},
		"no address":  {app.CustomerList{Email: "none@example.com"}, 0, app.Older{Limit: 9}, nil},
		"before them": {app.CustomerList{}, 0, app.Older{Limit: 9, Until: s.now().AddDate(-1, 0, 0)}, nil},
		"after them":  {app.CustomerList{}, 0, app.Older{Limit: 9, From: s.now().AddDate(1, 0, 0)}, nil},
	} {
		got, err := s.app.ListAccounts(s.Context(), s.merchant, c.list, c.below, c.part)
		var numbers []int64
		for _, h := range got {
			numbers = append(numbers, h.Number)
			if has := len(h.Available) > 0; has != (h.Number == 10002) {
				t.Errorf("%s: %d has %v", name, h.Number, h.Available)
			}
		}
		if err != nil || !slices.Equal(numbers, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, numbers, err, c.want)
		}
	}
}
