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
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// shop is a merchant with what its calls need.
type shop struct {
	id        string
	key       string   // of invoices
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

// openWallets gives every merchant customers, and some of those keys and money
// that came in at a till. The first merchant gets a key of its own.
func (s stand) openWallets(ctx context.Context, shops []shop) error {
	if err := s.openAccounts(ctx, shops); err != nil {
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
	return s.command(ctx, &shops[0].house, "key", "add", "--merchant", shops[0].id, "--signing")
}

// openAccounts opens the customers' accounts, all merchants side by side: one
// process for each account would take most of the run.
func (s stand) openAccounts(ctx context.Context, shops []shop) (err error) {
	db, err := sqlstore.Open(ctx, sqlstore.Options{URL: s.own(), Now: time.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	a := app.New(app.Config{Store: db, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
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
