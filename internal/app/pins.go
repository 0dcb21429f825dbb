package app

import (
	"context"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// hashedAtOnce bounds how many PINs are hashed at once: each takes 19 MiB.
const hashedAtOnce = 2

// enterHashing waits for a place to hash a PIN in; leave gives it back.
func (a *App) enterHashing(ctx context.Context) (leave func(), err error) {
	select {
	case a.hashing <- struct{}{}:
		return func() { <-a.hashing }, nil
	case <-ctx.Done():
		return nil, fault.New(fault.CodeTimeOut, "", "").With(ctx.Err())
	}
}

// PINPrint tells two PINs apart that are sent under one name. Whoever has it finds the
// PIN, so what is made of it is kept as Once says that a PIN is.
func (a *App) PINPrint(ctx context.Context, merchantID, name, pin string) (string, error) {
	leave, err := a.enterHashing(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return wallet.PrintPIN(pin, merchantID+"/"+name), nil
}

func (a *App) hashPIN(ctx context.Context, pin string) (string, error) {
	if err := wallet.CheckPIN(pin); err != nil {
		return "", err
	}
	leave, err := a.enterHashing(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return wallet.HashPIN(pin), nil
}

// keepPIN gives a customer the PIN with this hash. There are so few PINs that whoever has
// the hash has the PIN: it is sealed as soon as every program on the database opens that.
func (a *App) keepPIN(ctx context.Context, r store.Reader, c *wallet.Customer, hashed string) error {
	seals, err := r.PINsSealed(ctx)
	if err != nil {
		return err
	}
	if !seals {
		c.PIN = hashed
		return nil
	}
	sealed, err := a.sealer.Seal(c.Merchant, c.PINName(), []byte(hashed))
	if err != nil {
		return err
	}
	c.PIN = wallet.SealedPIN(sealed)
	return nil
}

// MatchPIN says whether a PIN is a customer's. Error: secret_unreadable when theirs was sealed
// under a keyset that this is not.
func (a *App) MatchPIN(ctx context.Context, c wallet.Customer, pin string) (bool, error) {
	hashed := c.PIN
	if sealed, ok := wallet.SealOfPIN(c.PIN); ok {
		opened, err := a.sealer.Open(c.Merchant, c.PINName(), sealed)
		if err != nil {
			return false, err
		}
		hashed = string(opened)
	}
	leave, err := a.enterHashing(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	return wallet.MatchPIN(hashed, pin), nil
}
