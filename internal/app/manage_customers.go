package app

import (
	"context"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// NewCustomer is the wish to open an account for somebody.
type NewCustomer struct {
	Merchant   string
	FirstName  string
	LastName   string
	Email      string
	NationalID string
	PIN        string // empty = nobody can pay from the wallet on a page yet
}

// CreateCustomer opens an account with the next number.
// Errors: merchant_not_found, parameter_invalid, duplicate with the parameter
// "email" when the merchant or another of its customers has it.
func (a *App) CreateCustomer(ctx context.Context, n NewCustomer) (wallet.Customer, error) {
	if _, err := a.store.Merchant(ctx, n.Merchant); err != nil {
		return wallet.Customer{}, err
	}
	now := a.now()
	c := wallet.Customer{
		Merchant: n.Merchant, State: wallet.Active,
		FirstName: strings.TrimSpace(n.FirstName), LastName: strings.TrimSpace(n.LastName),
		Email: wallet.FoldEmail(n.Email), NationalID: strings.TrimSpace(n.NationalID),
		CreatedAt: now, UpdatedAt: now,
	}
	if err := c.Check(); err != nil {
		return wallet.Customer{}, err
	}
	var err error
	var hashed string
	if n.PIN != "" {
		if hashed, err = a.hashPIN(ctx, n.PIN); err != nil {
			return wallet.Customer{}, err
		}
	}
	for {
		err = a.update(ctx, func(r store.Reader) (store.Change, error) { return a.numberCustomer(ctx, r, &c, hashed) })
		// Another node may have given the number away in this very moment.
		if !fault.Is(err, fault.CodeDuplicate) || fault.From(err).Param == string(store.EmailClaim) {
			break
		}
	}
	c.Version++
	return c, err
}

// numberCustomer gives a new customer the next number, and a PIN if there is one.
func (a *App) numberCustomer(ctx context.Context, r store.Reader, c *wallet.Customer, hashed string,
) (store.Change, error) {
	last, err := r.LastCustomer(ctx, c.Merchant)
	if err != nil {
		return store.Change{}, err
	}
	c.Number = max(last, wallet.House) + 1
	if hashed != "" {
		if err := a.keepPIN(ctx, r, c, hashed); err != nil {
			return store.Change{}, err
		}
	}
	subject, who := ownerOf(c.Number), whoActs(ctx)
	change := store.Change{
		Customers: []wallet.Customer{*c},
		Events: []event.Event{happened(event.Customer, c.Merchant, subject, "", create, c.State,
			who.kind, who.said(""), c.CreatedAt)},
	}
	if c.Email != "" {
		change.Claims = []store.Claim{emailClaim(c.Merchant, c.Email, c.Number)}
	}
	return change, nil
}

// ownerOf names the owner of an account in the ledger: nobody for the
// merchant's own.
func ownerOf(number int64) string {
	if number == wallet.House {
		return ""
	}
	return strconv.FormatInt(number, 10)
}

// SetPIN gives a customer another PIN, and forgets the wrong attempts.
// Errors: account_not_found, parameter_invalid.
func (a *App) SetPIN(ctx context.Context, merchantID string, number int64, pin string) error {
	who := whoActs(ctx)
	hashed, err := a.hashPIN(ctx, pin)
	if err != nil {
		return err
	}
	if err := a.changeCustomer(ctx, merchantID, number, func(r store.Reader, c *wallet.Customer) (store.Change, error) {
		if err := a.keepPIN(ctx, r, c, hashed); err != nil {
			return store.Change{}, err
		}
		return store.Change{Events: []event.Event{happened(event.Customer, merchantID, ownerOf(number), c.State,
			"set_pin", c.State, who.kind, who.said(""), c.UpdatedAt)}}, nil
	}); err != nil {
		return err
	}
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		t, err := r.Tries(ctx, merchantID, accountTries(number))
		if err != nil || t.Count == 0 {
			return store.Change{}, err
		}
		t.Count = 0
		return store.Change{Tries: []wallet.Tries{t}}, nil
	})
}

// BlockCustomer keeps money from leaving a customer's account, or lets it go
// again, and notes who said so and why. A merchant may block by its own software,
// whose key the context names; only an operator lets go.
// Errors: account_not_found, parameter_missing, wrong_state.
func (a *App) BlockCustomer(ctx context.Context, merchantID string, number int64, t wallet.Trigger,
	operator, note string,
) error {
	who := whoActs(ctx)
	if strings.TrimSpace(operator) != "" {
		who = actor{byOperator, operator}
	} else if who.kind != byMerchant || t != wallet.Block {
		return fault.New(fault.CodeParameterMissing, "operator", "")
	}
	return a.changeCustomer(ctx, merchantID, number, func(_ store.Reader, c *wallet.Customer) (store.Change, error) {
		from := c.State
		var err error
		if c.State, err = wallet.States.Next(from, t); err != nil {
			return store.Change{}, err
		}
		return store.Change{Events: []event.Event{happened(event.Customer, merchantID, ownerOf(number), from, t,
			c.State, who.kind, who.said(note), c.UpdatedAt)}}, nil
	})
}

func (a *App) changeCustomer(ctx context.Context, merchantID string, number int64,
	change func(store.Reader, *wallet.Customer) (store.Change, error),
) error {
	defer a.accounts.forget()
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		c, err := customer(ctx, r, merchantID, number)
		if err != nil {
			return store.Change{}, err
		}
		c.UpdatedAt = a.now()
		made, err := change(r, &c)
		if err != nil {
			return store.Change{}, err
		}
		made.Customers = []wallet.Customer{c}
		return made, nil
	})
}

// Customer finds the owner of an account. Error: account_not_found.
func (a *App) Customer(ctx context.Context, merchantID string, number int64) (wallet.Customer, error) {
	return customer(ctx, a.store, merchantID, number)
}

// customer finds the owner of an account. Error: account_not_found, in words that say
// so of the merchant's own: there is one, and it is no customer's.
func customer(ctx context.Context, r store.Reader, merchantID string, number int64) (wallet.Customer, error) {
	if number == wallet.House {
		return wallet.Customer{}, fault.New(fault.CodeAccountNotFound, "account",
			"This is the merchant's own account, and no customer's.")
	}
	return r.Customer(ctx, merchantID, number)
}

// Customers lists a merchant's customers, newest first.
func (a *App) Customers(ctx context.Context, merchantID string, page Page) ([]wallet.Customer, error) {
	return a.store.Customers(ctx, merchantID, page)
}

// HasCustomers says whether a merchant has any: who could pay from a wallet.
func (a *App) HasCustomers(ctx context.Context, merchantID string) (bool, error) {
	last, err := a.store.LastCustomer(ctx, merchantID)
	return last > 0, err
}
