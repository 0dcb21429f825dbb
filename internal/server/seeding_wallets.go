package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/zipay"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// ZipayKeys are what the demo has for the zipay API.
type ZipayKeys struct {
	APIKey    string    `json:"api_key"`
	SecretKey string    `json:"secret_key"`
	Terminal  int64     `json:"terminal_number"`
	Payer     DemoPayer `json:"payer"`
	Receiver  int64     `json:"receiver_account_number"`
}

// DemoPayer is a customer of the demo's merchant, who can pay from a wallet.
type DemoPayer struct {
	Account    int64  `json:"account_number"`
	Email      string `json:"email"`
	PIN        string `json:"pin"`
	NationalID string `json:"national_id"`
}

// The people of the demo. They are found again by their addresses.
const (
	demoEmail    = "shop@purser.example"
	demoPayer    = "payer@purser.example"
	demoReceiver = "receiver@purser.example"
	demoOperator = "demo"
	demoSource   = "demo"
	demoTitle    = "Demo balance"
)

// openWallets gives the merchant what its accounts need, and its customers
// their money. Each step leaves what is there, so that a start which was cut
// off is gone on with.
func (s *seeding) openWallets(ctx context.Context, before ZipayKeys) error {
	s.info.Zipay = before
	for _, step := range []func(context.Context) error{
		s.keepTerms, s.keepRates, s.keepTerminal, s.keepSigningKey, s.keepCustomers, s.fillWallets,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// keepTerms gives the merchant an address and the networks for sending out.
func (s *seeding) keepTerms(ctx context.Context) error {
	m, err := s.app.Merchant(ctx, s.merchant)
	if err != nil {
		return err
	}
	var terms app.MerchantTerms
	if email := demoEmail; m.Email == "" {
		terms.Email = &email
	}
	usdt := func(text string) money.Amount { return must(money.Parse(text, money.USDT)) }
	for _, rail := range []merchant.Rail{
		{Unit: money.USDT, Network: "TRX", Min: usdt("2"), Fee: usdt("1.5"), Decimals: 6, Active: true},
		{Unit: money.USDT, Network: "BNB", Min: usdt("1.5"), Fee: usdt("1"), Decimals: 6, Active: true},
	} {
		if _, known := m.Rail(rail.Unit, rail.Network); !known {
			terms.Rails = append(terms.Rails, rail)
		}
	}
	if terms.Email == nil && terms.Rails == nil {
		return nil
	}
	_, err = s.app.ChangeMerchant(ctx, s.merchant, terms)
	return err
}

// keepRates opens the markets. No round through them gains anything.
func (s *seeding) keepRates(ctx context.Context) error {
	known, err := s.app.Markets(ctx, s.merchant)
	if err != nil {
		return err
	}
	for _, r := range []struct {
		base, quote money.Unit
		buy, sell   string
	}{
		{money.USD, money.IRT, "53064", "51889.25"},
		{money.USDT, money.IRT, "53500", "51500"},
		{money.USDT, money.USD, "1.01", "0.99"},
		{money.USDT, money.RUB, "98.50", "98.50"}, // for deals, which have no other way into roubles
	} {
		if slices.ContainsFunc(known, func(m wallet.Market) bool { return m.Base == r.base && m.Quote == r.quote }) {
			continue
		}
		if _, err := s.app.SetRate(ctx, app.NewRate{
			Merchant: s.merchant, Base: r.base, Quote: r.quote, Source: demoSource,
			Buy: must(money.ParseRate(r.buy)), Sell: must(money.ParseRate(r.sell)),
		}); err != nil {
			return err
		}
	}
	return nil
}

// must is for what the program itself spells out.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// keepTerminal leaves the first terminal that makes invoices, or adds one. The
// store of deals is none of its own.
func (s *seeding) keepTerminal(ctx context.Context) error {
	known, err := s.app.Terminals(ctx, s.merchant)
	if err != nil {
		return err
	}
	for _, t := range known {
		if !t.Disabled && t.Name != demoStore {
			s.info.Zipay.Terminal = t.Number
			return nil
		}
	}
	t, _, err := s.app.CreateTerminal(ctx, s.merchant, app.TerminalTerms{Name: "Demo shop"})
	s.info.Zipay.Terminal = t.Number
	return err
}

// keepSigningKey leaves a key that works and signs for the merchant, and makes
// a new one otherwise.
func (s *seeding) keepSigningKey(ctx context.Context) error {
	keys := &s.info.Zipay
	known, secret, err := s.app.SigningKey(ctx, keys.APIKey)
	if err == nil && known.Merchant == s.merchant && hmac.Equal([]byte(secret), []byte(keys.SecretKey)) {
		return nil
	}
	if err != nil && !fault.Is(err, fault.CodeKeyMissing) && !fault.Is(err, fault.CodeKeyInvalid) {
		return err
	}
	_, text, err := s.app.CreateSigningKey(ctx, app.NewSigningKey{Merchant: s.merchant, Label: "demo"})
	keys.APIKey, keys.SecretKey = text.Public, text.Secret
	return err
}

// keepCustomers finds the payer and the receiver, or opens their accounts.
// Hashing a PIN takes its time, so both PINs are seen to side by side.
func (s *seeding) keepCustomers(ctx context.Context) error {
	payer, err := s.customer(ctx, app.NewCustomer{
		Merchant: s.merchant, FirstName: "Demo", LastName: "Payer", Email: demoPayer, NationalID: "0012345679",
	})
	if err != nil {
		return err
	}
	receiver, err := s.customer(ctx, app.NewCustomer{
		Merchant: s.merchant, FirstName: "Demo", LastName: "Receiver", Email: demoReceiver,
	})
	if err != nil {
		return err
	}
	keys := &s.info.Zipay
	keys.Receiver = receiver.Number
	keys.Payer.Account, keys.Payer.Email, keys.Payer.NationalID = payer.Number, payer.Email, payer.NationalID
	if s.samePIN(ctx, keys.Payer.PIN, payer, receiver) {
		return nil
	}
	if keys.Payer.PIN, err = newPIN(); err != nil {
		return err
	}
	return together(
		func() error { return s.app.SetPIN(ctx, s.merchant, payer.Number, keys.Payer.PIN) },
		func() error { return s.app.SetPIN(ctx, s.merchant, receiver.Number, keys.Payer.PIN) })
}

// samePIN says that both customers still have the PIN. An operator may have
// given them another one, which nobody can read.
func (s *seeding) samePIN(ctx context.Context, pin string, payer, receiver wallet.Customer) bool {
	if pin == "" || payer.PIN == "" || receiver.PIN == "" {
		return false
	}
	match := func(c wallet.Customer) func() error {
		return func() error {
			if right, err := s.app.MatchPIN(ctx, c, pin); err != nil || right {
				return err
			}
			return fault.New(fault.CodeLoginInvalid, "pin", "")
		}
	}
	return together(match(payer), match(receiver)) == nil
}

// customer finds somebody by the address, or opens an account.
func (s *seeding) customer(ctx context.Context, n app.NewCustomer) (wallet.Customer, error) {
	known, err := s.app.FindAccount(ctx, n.Merchant, n.Email)
	if fault.Is(err, fault.CodeAccountNotFound) {
		return s.app.CreateCustomer(ctx, n)
	} else if err != nil {
		return wallet.Customer{}, err
	}
	return s.app.Customer(ctx, n.Merchant, known.Number)
}

// newPIN is six digits.
func newPIN() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("make PIN: %w", err)
	}
	return fmt.Sprintf("%06d", n), nil
}

// together does things side by side and gives all their mistakes.
func together(things ...func() error) error {
	errs := make([]error, len(things))
	var all sync.WaitGroup
	for n, do := range things {
		all.Go(func() { errs[n] = do() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// What every account of the demo begins with: dollars and Tether that came
// in, and Toman for which it gave some of the dollars.
var (
	demoDollars = must(money.Parse("3000", money.USD))
	demoSpent   = must(money.Parse("1000", money.USD))
	demoTether  = must(money.Parse("1000", money.USDT))
)

// purse is the money of one account in one unit, at the beginning.
type purse struct {
	account int64
	unit    money.Unit
}

// fillWallets gives the two customers and the merchant their first money. An
// account that ever had some of a unit had its share of it.
func (s *seeding) fillWallets(ctx context.Context) error {
	accounts := []int64{wallet.House, s.info.Zipay.Payer.Account, s.info.Zipay.Receiver}
	had := map[purse]bool{}
	for _, account := range accounts {
		amounts, err := s.app.AvailableBalances(ctx, s.merchant, account)
		if err != nil {
			return err
		}
		for _, a := range amounts {
			had[purse{account, a.Unit()}] = true
		}
	}
	var deposits, exchanges []func() error
	for _, account := range accounts {
		for _, amount := range []money.Amount{demoDollars, demoTether} {
			if !had[purse{account, amount.Unit()}] {
				deposits = append(deposits, func() error { return s.pour(ctx, account, amount) })
			}
		}
		if !had[purse{account, money.IRT}] {
			exchanges = append(exchanges, func() error { return s.buyToman(ctx, account) })
		}
	}
	if err := together(deposits...); err != nil {
		return err
	}
	return together(exchanges...)
}

// pour brings money in as an operator does who has received it: a deposit into
// a customer's wallet, or an invoice of the merchant. What an earlier start
// began is finished.
func (s *seeding) pour(ctx context.Context, account int64, amount money.Amount) error {
	r := receiving{merchant: s.merchant, title: demoTitle, amount: amount}
	if account != wallet.House {
		r.account = account
	}
	i, begun, err := s.begun(ctx, r)
	if err == nil && !begun {
		i, err = s.ask(ctx, r)
	}
	if err != nil {
		return err
	}
	_, err = s.receive(ctx, i, hand{gateway: byHand[amount.Unit()], receipt: "demo-" + i.ID, operator: demoOperator})
	return err
}

// begun finds the open invoice of an earlier start, which is among the newest:
// nobody could make any before that start was over.
func (s *seeding) begun(ctx context.Context, r receiving) (invoice.Invoice, bool, error) {
	views, _, err := s.app.Invoices(ctx, s.merchant, app.Page{Limit: pageSize})
	for _, v := range views {
		i := v.Invoice
		if i.State == invoice.Open && i.Title == r.title && i.Account == r.account && i.Amount == r.amount {
			return i, true, err
		}
	}
	return invoice.Invoice{}, false, err
}

// buyToman exchanges some of the dollars. Where they are spent already the
// account goes without.
func (s *seeding) buyToman(ctx context.Context, account int64) error {
	_, err := s.app.Exchange(ctx, app.NewExchange{
		ID: zipay.NewID(s.now()), Merchant: s.merchant, Account: account, Spent: demoSpent, To: money.IRT,
	})
	if fault.Is(err, fault.CodeInsufficientFunds) {
		return nil
	}
	return err
}
