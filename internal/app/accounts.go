package app

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// Account is what others of the same merchant may know of an account.
type Account struct {
	Number int64
	Email  string
	State  wallet.State
}

// Account finds one by its number, the merchant's own among them. It may be as
// old as the cache allows, so it is no good for deciding whether money may go
// out. Error: account_not_found.
func (a *App) Account(ctx context.Context, merchantID string, number int64) (Account, error) {
	if number == wallet.House {
		m, err := a.Merchant(ctx, merchantID)
		return Account{Number: number, Email: m.Email, State: wallet.Active}, err
	}
	c, err := a.owner(ctx, merchantID, number)
	return Account{Number: number, Email: c.Email, State: c.State}, err
}

// FindAccount finds one by its number in digits or by an e-mail address.
// Error: account_not_found.
func (a *App) FindAccount(ctx context.Context, merchantID, name string) (Account, error) {
	unknown := fault.New(fault.CodeAccountNotFound, "account", "")
	if number, err := strconv.ParseInt(name, 10, 64); err == nil {
		return a.Account(ctx, merchantID, number)
	}
	email := wallet.FoldEmail(name)
	if !strings.Contains(email, "@") {
		return Account{}, unknown
	}
	m, err := a.Merchant(ctx, merchantID)
	if err != nil {
		return Account{}, err
	}
	if email == wallet.FoldEmail(m.Email) {
		return a.Account(ctx, merchantID, wallet.House)
	}
	claim, err := a.store.Claimed(ctx, merchantID, store.EmailClaim, email)
	if fault.Is(err, fault.CodeNotFound) {
		return Account{}, unknown
	} else if err != nil {
		return Account{}, err
	}
	number, err := strconv.ParseInt(claim.Subject, 10, 64)
	if err != nil {
		return Account{}, unknown.With(err)
	}
	if number == wallet.House {
		return Account{}, unknown // the merchant had this address and has another now
	}
	return a.Account(ctx, merchantID, number)
}

// spend makes a change true in which money leaves an account. That its owner
// may spend is read from the cache and proved by the commit; where the cache
// was wrong, the database is asked. Errors: account_not_found, account_closed
// and those of commit.
func (a *App) spend(ctx context.Context, merchantID string, number int64, change store.Change) error {
	if number == wallet.House {
		return a.commit(ctx, change)
	}
	again := false
	return a.update(ctx, func(store.Reader) (store.Change, error) {
		if again {
			a.accounts.forget()
		}
		again = true
		c, err := a.owner(ctx, merchantID, number)
		if err != nil {
			return store.Change{}, err
		}
		change.Relied = []wallet.Customer{c}
		return change, c.Usable()
	})
}

// AvailableBalances are what an account has, unit by unit; units that it never
// had are left out.
func (a *App) AvailableBalances(ctx context.Context, merchantID string, number int64) ([]money.Amount, error) {
	of := ledger.Own(merchantID, ownerOf(number), "")
	list, err := a.store.BalancesOf(ctx, merchantID, of.Role, of.Owner)
	if err != nil {
		return nil, err
	}
	amounts := make([]money.Amount, len(list))
	for n, p := range list {
		amounts[n] = p.Amount
	}
	return amounts, nil
}

// Holding is an account with what it has.
type Holding struct {
	Account

	CreatedAt time.Time
	Available []money.Amount // by unit; what it never had is left out
}

// ListAccounts lists a merchant's accounts with a number below the given one, the
// highest first, its own the last; 0 = from the newest on.
func (a *App) ListAccounts(ctx context.Context, merchantID string, l CustomerList, below int64, part Older,
) ([]Holding, error) {
	customers, err := a.ListCustomers(ctx, merchantID, l, below, part)
	if err != nil {
		return nil, err
	}
	var list []Holding
	for _, c := range customers {
		list = append(list, Holding{
			Account: Account{Number: c.Number, Email: c.Email, State: c.State}, CreatedAt: c.CreatedAt,
		})
	}
	if len(list) < part.Limit && (below == 0 || below > wallet.House) {
		m, err := a.Merchant(ctx, merchantID)
		if err != nil {
			return nil, err
		}
		house := Holding{
			Account: Account{Number: wallet.House, Email: m.Email, State: wallet.Active}, CreatedAt: m.CreatedAt,
		}
		if (l.State == "" || l.State == wallet.Active) && part.Within(m.CreatedAt) &&
			(l.Email == "" || wallet.FoldEmail(l.Email) == wallet.FoldEmail(m.Email)) {
			list = append(list, house)
		}
	}
	for n := range list {
		if list[n].Available, err = a.AvailableBalances(ctx, merchantID, list[n].Number); err != nil {
			return nil, err
		}
	}
	return list, nil
}

type accountKey struct {
	merchant string
	number   int64
}

// owner finds whose account a number is; it may be as old as the cache allows.
// Error: account_not_found.
func (a *App) owner(ctx context.Context, merchantID string, number int64) (wallet.Customer, error) {
	return a.accounts.find(a.now(), accountKey{merchantID, number}, func() (wallet.Customer, error) {
		return a.store.Customer(ctx, merchantID, number)
	})
}
