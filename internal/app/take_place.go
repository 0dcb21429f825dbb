package app

import (
	"context"
	"slices"
	"strconv"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// placeTaken refuses a number.
func placeTaken() error {
	return fault.New(fault.CodeDuplicate, "number",
		"Another requisite in use has this number for the same way and bank, or deals on it are not decided.")
}

// takePlace makes the place of a requisite its own, where it comes into use or gets
// another: whoever had it before must have left it. Claims are for ever, so each owner
// has the next one, and the owner before is in the change, so that it cannot come back
// at the same moment. Error: duplicate with the parameter "number".
func takePlace(ctx context.Context, r store.Reader, was, q deal.Requisite, change *store.Change) error {
	place := q.Place()
	known := was.Version > 0 && !was.Disabled && was.Place() == place
	if q.Disabled || place == "" || known {
		return nil
	}
	owner, next, err := ownerOfPlace(ctx, r, q.Merchant, place)
	if err != nil || owner == q.ID {
		return err
	}
	if owner != "" {
		before, err := r.Requisite(ctx, q.Merchant, owner)
		if err != nil {
			return err
		}
		live, err := r.LiveDeals(ctx, q.Merchant, owner)
		if err != nil {
			return err
		}
		if !before.Disabled && before.Place() == place ||
			slices.ContainsFunc(live, func(d deal.Deal) bool { return d.Place() == place }) {
			return placeTaken()
		}
		change.Requisites = append(change.Requisites, before)
	}
	change.Claims = append(change.Claims,
		store.Claim{Merchant: q.Merchant, Kind: store.RequisiteClaim, Key: next, Subject: q.ID})
	return nil
}

// ownerOfPlace is the last requisite that took a place, empty where none did, and the
// key of the next claim of it.
func ownerOfPlace(ctx context.Context, r store.Reader, merchantID, place string) (owner, next string, err error) {
	for n := 0; ; n++ {
		next = sessionKey(place, strconv.Itoa(n))
		claim, err := r.Claimed(ctx, merchantID, store.RequisiteClaim, next)
		if fault.Is(err, fault.CodeNotFound) {
			return owner, next, nil
		}
		if err != nil {
			return owner, next, err
		}
		owner = claim.Subject
	}
}
