package app

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// NewMerchant is the wish to add a merchant.
type NewMerchant struct {
	Name       string
	Email      string       // of the merchant's own account in its wallet
	SplitLimit money.Amount // not valid = requests are never split
}

// leastSplit is the smallest split limit: two of the smallest pieces.
const leastSplit = 2 * leastPiece

// leastPiece is the smallest sum, in Rial, that the Iranian gateways take.
const leastPiece = 1000

// checkSplit is nil for a limit that leaves no piece too small.
func checkSplit(limit money.Amount) error {
	if limit.Steps() < leastSplit {
		return fault.New(fault.CodeSettingInvalid, "split_limit", "The split limit is at least 2000.")
	}
	return nil
}

// CreateMerchant adds a merchant.
// Errors: parameter_missing, setting_invalid.
func (a *App) CreateMerchant(ctx context.Context, n NewMerchant) (merchant.Merchant, error) {
	if strings.TrimSpace(n.Name) == "" {
		return merchant.Merchant{}, fault.New(fault.CodeParameterMissing, "name", "")
	}
	if n.SplitLimit.Valid() {
		if err := checkSplit(n.SplitLimit); err != nil {
			return merchant.Merchant{}, err
		}
	}
	now := a.now()
	m := merchant.Merchant{
		ID: a.newMerchantID(), Name: n.Name, Email: wallet.FoldEmail(n.Email), SplitLimit: n.SplitLimit,
		CreatedAt: now, UpdatedAt: now,
	}
	change := store.Change{Merchants: []merchant.Merchant{m}}
	if m.Email != "" {
		change.Claims = []store.Claim{emailClaim(m.ID, m.Email, wallet.House)}
	}
	if err := a.commit(ctx, change); err != nil {
		return merchant.Merchant{}, err
	}
	m.Version++
	return m, nil
}

// MerchantTerms are what can be changed of a merchant; nil leaves it.
type MerchantTerms struct {
	Email *string
	Rails []merchant.Rail // replaces those of the same unit and network, and leaves the others
	// PayoutLimits replace those of the same unit and leave the others; zero takes
	// one away.
	PayoutLimits []money.Amount
	HoldUnusual  *bool // as of a terminal, for what is asked for at none
	// SplitLimit is for what is asked for from now on; zero ends splitting.
	SplitLimit *money.Amount
}

// check is nil for terms that a merchant can have.
func (t MerchantTerms) check() error {
	for _, r := range t.Rails {
		if !r.Min.Valid() || !r.Fee.Valid() || r.Min.Unit() != r.Unit || r.Fee.Unit() != r.Unit || r.Network == "" ||
			r.Min.Sign() < 0 || r.Fee.Sign() < 0 || r.Decimals < 0 {
			return fault.New(fault.CodeSettingInvalid, "rail",
				"A rail needs a network, a smallest amount and a fee in its unit.")
		}
	}
	if t.Email != nil {
		if err := wallet.CheckEmail(wallet.FoldEmail(*t.Email)); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(t.PayoutLimits, func(l money.Amount) bool { return !l.Valid() || l.Sign() < 0 }) {
		return fault.New(fault.CodeSettingInvalid, "limit", "")
	}
	if t.SplitLimit != nil && !t.SplitLimit.IsZero() {
		return checkSplit(*t.SplitLimit)
	}
	return nil
}

// applied is a merchant with these terms, but for its address, which has to be claimed.
func (t MerchantTerms) applied(m merchant.Merchant) merchant.Merchant {
	m.Rails = railsWith(m.Rails, t.Rails)
	m.PayoutLimits = limitsWith(m.PayoutLimits, t.PayoutLimits)
	if t.HoldUnusual != nil {
		m.HoldUnusual = *t.HoldUnusual
	}
	if l := t.SplitLimit; l != nil {
		if m.SplitLimit = *l; l.IsZero() {
			m.SplitLimit = money.Amount{}
		}
	}
	return m
}

// ChangeMerchant changes a merchant's own terms. Errors: merchant_not_found,
// setting_invalid, parameter_invalid, duplicate with the parameter "email" when a
// customer has it.
func (a *App) ChangeMerchant(ctx context.Context, id string, terms MerchantTerms) (merchant.Merchant, error) {
	if err := terms.check(); err != nil {
		return merchant.Merchant{}, err
	}
	var m merchant.Merchant
	defer a.merchants.forget()
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		if m, err = r.Merchant(ctx, id); err != nil {
			return store.Change{}, err
		}
		var change store.Change
		if terms.Email != nil {
			m.Email = wallet.FoldEmail(*terms.Email)
			if change.Claims, err = claimEmail(ctx, r, m); err != nil {
				return store.Change{}, err
			}
		}
		m = terms.applied(m)
		m.UpdatedAt = a.now()
		change.Merchants = []merchant.Merchant{m}
		return change, nil
	})
	m.Version++
	return m, err
}

// railsWith are rails with others in the place of those of the same unit and network.
func railsWith(known, others []merchant.Rail) []merchant.Rail {
	rails := slices.Clone(known)
	for _, rail := range others {
		rails = slices.DeleteFunc(rails, func(k merchant.Rail) bool {
			return k.Unit == rail.Unit && k.Network == rail.Network
		})
		rails = append(rails, rail)
	}
	return rails
}

// limitsWith are limits with others in the place of those of the same unit; one of
// zero is none.
func limitsWith(known, others []money.Amount) []money.Amount {
	limits := slices.Clone(known)
	for _, limit := range others {
		limits = slices.DeleteFunc(limits, func(k money.Amount) bool { return k.Unit() == limit.Unit() })
		if !limit.IsZero() {
			limits = append(limits, limit)
		}
	}
	return limits
}

// claimEmail keeps the address of a merchant's own account from becoming a
// customer's. A claim stays for ever, so one that it had before is its own.
func claimEmail(ctx context.Context, r store.Reader, m merchant.Merchant) ([]store.Claim, error) {
	if m.Email == "" {
		return nil, nil
	}
	wanted := emailClaim(m.ID, m.Email, wallet.House)
	known, err := r.Claimed(ctx, m.ID, wanted.Kind, wanted.Key)
	if err == nil && known.Subject == wanted.Subject {
		return nil, nil
	}
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		return nil, err
	}
	return []store.Claim{wanted}, nil
}

// emailClaim is the claim of an account on an address.
func emailClaim(merchantID, email string, number int64) store.Claim {
	return store.Claim{
		Merchant: merchantID, Kind: store.EmailClaim, Key: email, Subject: strconv.FormatInt(number, 10),
	}
}

// Merchants lists merchants, newest first.
func (a *App) Merchants(ctx context.Context, page Page) ([]merchant.Merchant, error) {
	return a.store.Merchants(ctx, page)
}

// Merchant finds one; it may be as old as the cache allows.
// Error: merchant_not_found.
func (a *App) Merchant(ctx context.Context, id string) (merchant.Merchant, error) {
	return a.merchants.find(a.now(), id, func() (merchant.Merchant, error) { return a.store.Merchant(ctx, id) })
}

// PutGateway adds one of a merchant's gateways or replaces it. The caller has
// seen that its settings make a connector; one that does not is passed over
// by routing. Errors: merchant_not_found, duplicate for the name of a removed one.
func (a *App) PutGateway(ctx context.Context, g merchant.Gateway) error {
	if _, err := a.store.Merchant(ctx, g.Merchant); err != nil {
		return err
	}
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		known, err := r.Gateways(ctx, g.Merchant)
		if err != nil {
			return store.Change{}, err
		}
		g.Version, g.CreatedAt, g.UpdatedAt = 0, a.now(), a.now()
		for _, k := range known {
			if k.Name == g.Name && k.Removed {
				return store.Change{}, nameGone()
			}
			if k.Name == g.Name {
				g.Version, g.CreatedAt = k.Version, k.CreatedAt
			}
		}
		return store.Change{Gateways: []merchant.Gateway{g}}, nil
	})
}

// Contract is one of a merchant's gateways, and how it does.
type Contract struct {
	merchant.Gateway

	Title    string // for people; empty where its settings make no connector
	Unit     money.Unit
	Min, Max money.Amount // Max not valid = none
	Methods  []payment.Method
	Health   Health // as this node sees it
	Notices  string // where its provider's server can tell of payments; empty where it tells of none

	Instructions string // as gateway.Info has them
}

// Health says how a gateway does.
type Health string

// The health of a gateway. One that fails is tried last, and one that is broken is
// never tried.
const (
	Healthy Health = "healthy" // or nobody has tried it lately
	Failing Health = "failing" // it did not answer well lately
	Broken  Health = "broken"  // its settings make no connector
)

// Contracts lists a merchant's gateways in the order of routing, with what they
// take. No provider is asked.
func (a *App) Contracts(ctx context.Context, merchantID string) ([]Contract, error) {
	known, err := a.Gateways(ctx, merchantID)
	if err != nil {
		return nil, err
	}
	list := make([]Contract, len(known))
	for n, g := range known {
		list[n] = a.ContractOf(g)
	}
	return list, nil
}

// ContractOf says of a gateway what it takes and how it does.
func (a *App) ContractOf(g merchant.Gateway) Contract {
	made := Contract{Gateway: g, Health: Broken}
	c, err := a.open(g)
	if err != nil {
		return made
	}
	made.Title, made.Unit, made.Methods = c.info.Title, c.info.Unit, c.info.Methods
	made.Min, made.Max, made.Health = c.info.Min, c.info.Max, Healthy
	made.Instructions = c.info.Instructions
	made.Notices = a.noticesOf(g.Merchant, c)
	if h, ok := c.conn.(gateway.Healther); ok && !h.Healthy() {
		made.Health = Failing
	}
	return made
}

// Gateways lists a merchant's gateways in the order of routing, but not the removed.
func (a *App) Gateways(ctx context.Context, merchantID string) ([]merchant.Gateway, error) {
	known, err := a.store.Gateways(ctx, merchantID)
	return slices.DeleteFunc(known, func(g merchant.Gateway) bool { return g.Removed }), err
}
