package app

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// Once is the caller's own name for one wish: however often it is sent under
// the same name, it comes true once. Its zero value protects nothing.
type Once struct {
	Caller      string // who of the merchant's people asks: everybody has names of their own
	Key         string // empty = nothing is protected
	Fingerprint string // of all that is asked for
	Secret      bool   // the answer shows a secret, so that it is kept sealed

	kept string // the fingerprint as it is stored, where it is sealed
}

// sealedPrint begins a fingerprint that is stored sealed.
const sealedPrint = "sealed:"

// HidePIN has the fingerprint of a wish kept sealed: it is made with a PIN, which whoever
// has it could find by trying them all.
func (a *App) HidePIN(ctx context.Context, merchantID string, o Once) (Once, error) {
	seals, err := a.store.PINsSealed(ctx)
	if err != nil || !seals {
		return o, err
	}
	sealed, err := a.sealer.Seal(merchantID, o.name("print", ""), []byte(o.Fingerprint))
	if err != nil {
		return o, err
	}
	o.kept = sealedPrint + base64.RawStdEncoding.EncodeToString(sealed)
	return o, nil
}

// print is the fingerprint as it is stored.
func (o Once) print() string {
	if o.kept != "" {
		return o.kept
	}
	return o.Fingerprint
}

// sealOfPrint is what was sealed of a stored fingerprint; ok is false where it is as it was made.
func sealOfPrint(print string) (sealed []byte, ok bool) {
	text, ok := strings.CutPrefix(print, sealedPrint)
	if !ok {
		return nil, false
	}
	sealed, err := base64.RawStdEncoding.DecodeString(text)
	return sealed, err == nil
}

// asked says whether a stored wish asked for the same. Error: secret_unreadable.
func (a *App) asked(o Once, wish store.Answer) (bool, error) {
	print := []byte(wish.Fingerprint)
	if sealed, ok := sealOfPrint(wish.Fingerprint); ok {
		var err error
		if print, err = a.sealer.Open(wish.Merchant, o.name("print", ""), sealed); err != nil {
			return false, err
		}
	}
	return subtle.ConstantTimeCompare(print, []byte(o.Fingerprint)) == 1, nil
}

// Kept is the answer that a call had, in bytes.
type Kept struct {
	Status int
	Body   []byte
}

// keptFor is how long the name of a wish and its answer are kept.
const keptFor = 72 * time.Hour

// name is the key under which something about the wish is stored.
func (o Once) name(what, more string) string {
	sum := sha256.New()
	for _, part := range []string{o.Caller, o.Key, more} {
		length := sha256.Sum256([]byte(part)) // so that no part runs into the next one
		sum.Write(length[:])
	}
	return what + "/" + hex.EncodeToString(sum.Sum(nil))
}

// claim takes the name, in the change that makes the wish come true, for the
// id of what is made.
func (o Once) claim(merchantID, made string, now time.Time) *store.Answer {
	if o.Key == "" {
		return nil
	}
	return &store.Answer{
		Merchant: merchantID, Key: o.name("wish", ""), Fingerprint: o.print(), Body: []byte(made),
		ExpiresAt: now.Add(keptFor),
	}
}

// taken turns the error of a change whose name was taken meanwhile into
// idempotency_in_progress: Recall says by what.
func (o Once) taken(err error) error {
	if o.Key != "" && fault.Is(err, fault.CodeDuplicate) && fault.From(err).Param == store.AnswerKey {
		return fault.New(fault.CodeIdempotencyInProgress, "", "")
	}
	return err
}

// Recall finds what an earlier call under the same name made, and its answer
// where that is kept already. made is empty where there was none, and where the
// answer was stored with what was made.
// Error: idempotency_key_reuse when it asked for something else.
func (a *App) Recall(ctx context.Context, merchantID string, o Once) (made string, answer Kept, err error) {
	if o.Key == "" {
		return "", Kept{}, nil
	}
	now := a.now()
	wish, err := a.store.Answer(ctx, merchantID, o.name("wish", ""), now)
	if fault.Is(err, fault.CodeNotFound) {
		return "", Kept{}, nil
	}
	if err != nil {
		return "", Kept{}, err
	}
	if same, err := a.asked(o, wish); err != nil {
		return "", Kept{}, err
	} else if !same {
		return "", Kept{}, fault.New(fault.CodeIdempotencyKeyReuse, "", "")
	}
	if wish.Status != 0 { // the answer was stored with the effect
		answer, err = a.opened(o, wish)
		return "", answer, err
	}
	made = string(wish.Body)
	kept, err := a.store.Answer(ctx, merchantID, o.name("answer", made), now)
	if fault.Is(err, fault.CodeNotFound) {
		return made, Kept{}, nil
	}
	if err != nil {
		return made, Kept{}, err
	}
	answer, err = a.opened(o, kept)
	return made, answer, err
}

// Keep stores the answer about what was made, and gives back the one that is
// kept: whoever was first, everybody answers the same.
func (a *App) Keep(ctx context.Context, merchantID string, o Once, made string, answer Kept) (Kept, error) {
	if o.Key == "" {
		return answer, nil
	}
	now := a.now()
	key := o.name("answer", made)
	body, err := a.sealed(merchantID, o, answer)
	if err != nil {
		return Kept{}, err
	}
	err = a.store.Commit(ctx, store.Change{Answer: &store.Answer{
		Merchant: merchantID, Key: key, Fingerprint: o.print(), Status: answer.Status, Body: body,
		ExpiresAt: now.Add(keptFor),
	}})
	if !fault.Is(err, fault.CodeDuplicate) {
		return answer, err
	}
	kept, err := a.store.Answer(ctx, merchantID, key, now)
	if err != nil {
		return Kept{}, err
	}
	return a.opened(o, kept)
}

// sealed is the body of an answer as the database has it.
func (a *App) sealed(merchantID string, o Once, answer Kept) ([]byte, error) {
	if !o.Secret {
		return answer.Body, nil
	}
	return a.sealer.Seal(merchantID, o.name("answer", ""), answer.Body)
}

// opened is an answer as it was told.
func (a *App) opened(o Once, kept store.Answer) (Kept, error) {
	if !o.Secret {
		return Kept{Status: kept.Status, Body: kept.Body}, nil
	}
	body, err := a.sealer.Open(kept.Merchant, o.name("answer", ""), kept.Body)
	return Kept{Status: kept.Status, Body: body}, err
}
