package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/wallet"
)

// shop is a merchant with what its calls need.
type shop struct {
	id        string
	key       string   // of invoices
	keys      []string // of /v1
	customers []int64  // numbers of their accounts
	signers   []signer // the keys of the first of them
	house     signer   // the key of the merchant's own account; only one merchant has it
}

// signer is a key that signs, as purser shows it once.
type signer struct{ Public, Secret string }

// openShops adds merchants, each with a key for invoices.
func (s stand) openShops(ctx context.Context) ([]shop, error) {
	shops := make([]shop, merchants)
	for n := range shops {
		var made struct{ ID string }
		if err := s.command(ctx, &made, "merchant", "add", "--name", fmt.Sprintf("Shop %d", n+1)); err != nil {
			return nil, err
		}
		var key struct{ Secret string }
		if err := s.command(ctx, &key, "key", "add", "--merchant", made.ID); err != nil {
			return nil, err
		}
		shops[n].id, shops[n].key = made.ID, key.Secret
	}
	return shops, nil
}

// Keys of /v1: a key may make 100 calls in a second, so that many share the load.
const (
	keysEach = 64
	keysHot  = 512 // of the first merchant, who also sends alone
)

// openKeys gives every merchant its keys of /v1.
func (s stand) openKeys(ctx context.Context, shops []shop) error {
	return s.inProcess(ctx, func(a *app.App) error {
		for n := range shops {
			for range map[bool]int{true: keysHot, false: keysEach}[n == 0] {
				_, secret, err := a.CreateKey(ctx, app.NewKey{
					Merchant: shops[n].id, Scopes: []merchant.Scope{merchant.Payments, merchant.TransfersWrite},
				})
				if err != nil {
					return fmt.Errorf("add a key: %w", err)
				}
				shops[n].keys = append(shops[n].keys, secret)
			}
		}
		return nil
	})
}

// openWallets gives every merchant customers, and some of those keys and money
// that came in at a till. The first merchant gets a key of its own, and money that
// a customer sends.
func (s stand) openWallets(ctx context.Context, shops []shop) error {
	s.say("%s: customers, keys and money", s.engine)
	if err := s.inProcess(ctx, func(a *app.App) error { return openAccounts(ctx, a, shops) }); err != nil {
		return err
	}
	const till = "till"
	for n := range shops {
		shop := &shops[n]
		if err := s.command(ctx, new(any), "gateway", "add", "--merchant", shop.id, "--connector", "manual", "--name", till,
			"--setting", "unit="+string(transferUnit)); err != nil {
			return err
		}
		for _, account := range shop.customers[:senders] {
			number := strconv.FormatInt(account, 10)
			var key signer
			if err := s.command(ctx, &key, "key", "add", "--merchant", shop.id, "--signing", "--account", number); err != nil {
				return err
			}
			shop.signers = append(shop.signers, key)
			if err := s.command(ctx, new(any), "customer", "deposit", number, "--merchant", shop.id, "--amount", firstMoney,
				"--unit", string(transferUnit), "--gateway", till, "--receipt", "R-"+number, "--operator", "bench"); err != nil {
				return err
			}
		}
	}
	if err := s.command(ctx, &shops[0].house, "key", "add", "--merchant", shops[0].id, "--signing"); err != nil {
		return err
	}
	amount, err := money.Parse(houseMoney, transferUnit)
	if err != nil {
		return err
	}
	return s.inProcess(ctx, func(a *app.App) error {
		_, err := a.Transfer(ctx, app.NewTransfer{
			ID: "first", Merchant: shops[0].id, From: shops[0].customers[0], To: wallet.House, Amount: amount,
		})
		return err
	})
}

// inProcess does on Purser's database what would take too many processes.
func (s stand) inProcess(ctx context.Context, do func(*app.App) error) (err error) {
	db, err := sqlstore.Open(ctx, sqlstore.Options{URL: s.own(), Now: time.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return do(app.New(app.Config{Store: db, Now: time.Now, Log: slog.New(slog.DiscardHandler)}))
}

// openAccounts opens the customers' accounts, all merchants side by side.
func openAccounts(ctx context.Context, a *app.App, shops []shop) error {
	errs := make([]error, len(shops))
	var all sync.WaitGroup
	for n := range shops {
		all.Go(func() {
			for i := range customers {
				c, err := a.CreateCustomer(ctx, app.NewCustomer{
					Merchant: shops[n].id, FirstName: "Customer", LastName: strconv.Itoa(i + 1),
					Email: fmt.Sprintf("customer%d@example.com", i+1),
				})
				if err != nil {
					errs[n] = fmt.Errorf("open an account: %w", err)
					return
				}
				shops[n].customers = append(shops[n].customers, c.Number)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// own is the address of Purser's own database.
func (s stand) own() string {
	if s.engine == sqlite {
		return filepath.Join(s.dir, "data", "purser.db")
	}
	return s.databaseOf("purser")
}
