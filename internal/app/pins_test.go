package app_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// kept is what is stored of a customer.
func (s *shop) kept(number int64) wallet.Customer {
	s.Helper()
	c, err := s.store.Customer(s.Context(), s.merchant, number)
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// knows wants a PIN to be a customer's, and another one not to be.
func (s *shop) knows(a *app.App, number int64, pin string) {
	s.Helper()
	for _, given := range []struct {
		pin  string
		want bool
	}{{pin, true}, {pin + "1", false}, {"", false}} {
		if right, err := a.MatchPIN(s.Context(), s.kept(number), given.pin); err != nil || right != given.want {
			s.Errorf("account %d, %q: got %v, %v, want %v", number, given.pin, right, err, given.want)
		}
	}
}

// TestPINsAreSealed: of a PIN only what the keyset opens is stored, as its customer's alone.
func TestPINsAreSealed(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	a := locked(s, s.store, before)
	for n := range 2 {
		pin := "4711" + strconv.Itoa(n)
		c, err := a.CreateCustomer(t.Context(), app.NewCustomer{Merchant: s.merchant, PIN: pin})
		if err != nil {
			t.Fatal(err)
		}
		s.knows(a, c.Number, pin)
	}
	if err := a.SetPIN(t.Context(), s.merchant, 10002, rightPIN); err != nil {
		t.Fatal(err)
	}
	s.knows(a, 10002, rightPIN)
	first, second := s.kept(10001), s.kept(10002)
	for _, c := range []wallet.Customer{first, second} {
		if sealed, ok := wallet.SealOfPIN(c.PIN); !ok || before.KeyOf(sealed) != before.key {
			t.Errorf("got %q, want it sealed", c.PIN)
		}
		for _, pin := range []string{rightPIN, "47110"} {
			if wallet.MatchPIN(c.PIN, pin) {
				t.Errorf("%s is the PIN of what is stored, without a keyset", pin)
			}
		}
	}
	first.PIN = second.PIN
	if right, err := a.MatchPIN(t.Context(), first, rightPIN); err == nil || right {
		t.Errorf("another customer's: got %v, %v, want an error", right, err)
	}
	first.PIN = "$sealed$?"
	if right, err := a.MatchPIN(t.Context(), first, rightPIN); err == nil || right {
		t.Errorf("damaged: got %v, %v, want an error", right, err)
	}
}

// TestPINUnderAnotherKeyset: a server with another keyset says so, and not that the PIN is wrong.
func TestPINUnderAnotherKeyset(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	a := locked(s, s.store, before)
	if _, err := a.CreateCustomer(t.Context(), app.NewCustomer{Merchant: s.merchant, PIN: rightPIN}); err != nil {
		t.Fatal(err)
	}
	i := s.invoice(100)
	strange := locked(s, s.store, lock{key: 9, opens: []uint32{9}})
	_, err := strange.PayFromWallet(t.Context(), s.fromWallet(i.ID, "10001", rightPIN))
	if err == nil || fault.Is(err, fault.CodeLoginInvalid) || !strings.Contains(err.Error(), "a key that nobody has") {
		t.Errorf("got %v, want that the PIN does not open", err)
	}
	if _, err := strange.PayFromWallet(t.Context(), s.fromWallet(i.ID, "10002", rightPIN)); !fault.Is(err,
		fault.CodeLoginInvalid) {
		t.Errorf("nobody's account: got %v, want login_invalid", err)
	}
	tries, err := s.store.Tries(t.Context(), s.merchant, "account/10001")
	if err != nil || tries.Count != 1 {
		t.Errorf("got %d attempts, %v, want it counted", tries.Count, err)
	}
}

// beside is a database that programs use which do not know sealed PINs, until it is told
// that they are gone.
type beside struct {
	store.Store

	gone *atomic.Bool
}

func (b beside) PINsSealed(context.Context) (bool, error) { return b.gone.Load(), nil }

func (b beside) SealPINs(context.Context) error {
	b.gone.Store(true)
	return nil
}

// TestBarePINs: what programs of before can read is stored until a reseal says that there are
// none, which seals the PINs that they left. All are good throughout.
func TestBarePINs(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	a := locked(s, beside{s.store, new(atomic.Bool)}, before)
	left := s.customer("left@shop.example") // by a program of before
	without, err := a.CreateCustomer(t.Context(), app.NewCustomer{Merchant: s.merchant})
	if err != nil {
		t.Fatal(err)
	}
	made, err := a.CreateCustomer(t.Context(), app.NewCustomer{Merchant: s.merchant, PIN: "4711"})
	if err != nil {
		t.Fatal(err)
	}
	if !wallet.MatchPIN(made.PIN, "4711") {
		t.Errorf("got %q, want what a program of before can read", made.PIN)
	}
	s.knows(a, left.Number, rightPIN)
	s.knows(a, made.Number, "4711")
	found, err := a.Sealed(t.Context(), before, func(int) {})
	if err != nil || found.Bare != 2 || found.Closed != 0 || len(found.Under[app.SealedPIN]) != 0 {
		t.Errorf("counted: got %+v, %v, want two that are not sealed", found, err)
	}
	if s.kept(made.Number) != made {
		t.Error("counting changed something")
	}
	for turn, want := range []int64{2, 0} {
		found, err := a.Reseal(t.Context(), before, func(int) {})
		if err != nil || found.Anew != want || found.Bare != 0 || found.Under[app.SealedPIN][before.key] != 2 {
			t.Errorf("turn %d: got %+v, %v, want %d sealed", turn, found, err, want)
		}
	}
	for _, c := range []wallet.Customer{left, made} {
		now := s.kept(c.Number)
		if _, ok := wallet.SealOfPIN(now.PIN); !ok || !now.UpdatedAt.Equal(c.UpdatedAt) {
			t.Errorf("got %+v, want its PIN sealed and nothing else changed", now)
		}
	}
	if now := s.kept(without.Number); now != without {
		t.Errorf("got %+v, want %+v: there is no PIN", now, without)
	}
	s.knows(a, left.Number, rightPIN)
	s.knows(a, made.Number, "4711")
	if err := a.SetPIN(t.Context(), s.merchant, made.Number, "4712"); err != nil {
		t.Fatal(err)
	}
	s.knows(a, made.Number, "4712")
	if _, ok := wallet.SealOfPIN(s.kept(made.Number).PIN); !ok {
		t.Error("a PIN that was set after the reseal is not sealed")
	}
}

// TestPrintsOfPINs: what was asked for with a PIN is stored so that only the keyset tells it
// from something else, and what a program of before stored is still known.
func TestPrintsOfPINs(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	gone := new(atomic.Bool)
	for _, sealed := range []bool{false, true} {
		gone.Store(sealed)
		a, ctx := locked(s, beside{s.store, gone}, before), t.Context()
		asked := func(a *app.App, print string) error {
			o, err := a.HidePIN(ctx, s.merchant, app.Once{Key: strconv.FormatBool(sealed), Fingerprint: print})
			if err != nil {
				return err
			}
			_, answer, err := a.Recall(ctx, s.merchant, o)
			if err == nil && string(answer.Body) != "told" {
				err = errors.New("nothing was asked")
			}
			return err
		}
		o, err := a.HidePIN(ctx, s.merchant, app.Once{Key: strconv.FormatBool(sealed), Fingerprint: "of 4711"})
		if err != nil {
			t.Fatal(err)
		}
		_, wish := a.Name(ctx, s.merchant, o, "made", nil)
		if err := errOf(wish.Keep(ctx, app.Kept{Status: 201, Body: []byte("told")})); err != nil {
			t.Fatal(err)
		}
		if err := asked(a, "of 4711"); err != nil {
			t.Errorf("sealed %v: again: %v", sealed, err)
		}
		if err := asked(a, "of 4712"); !fault.Is(err, fault.CodeIdempotencyKeyReuse) {
			t.Errorf("sealed %v: another: got %v, want idempotency_key_reuse", sealed, err)
		}
		list, err := s.store.EveryAnswer(ctx, store.Key{}, s.now(), 10)
		if err != nil || len(list) == 0 {
			t.Fatal(err)
		}
		bare := slices.DeleteFunc(list, func(a store.Answer) bool { return a.Fingerprint != "of 4711" })
		if len(bare) != 1 { // of the first turn
			t.Errorf("sealed %v: %d fingerprints can be read, want one", sealed, len(bare))
		}
		found, err := a.Sealed(ctx, before, func(int) {})
		if n := found.Under[app.SealedAnswer][before.key]; err != nil || n != map[bool]int64{true: 1}[sealed] {
			t.Errorf("sealed %v: counted %+v, %v", sealed, found, err)
		}
		if !sealed {
			continue
		}
		if found, err = a.Sealed(ctx, after, func(int) {}); err != nil || found.Expires.IsZero() {
			t.Errorf("got %+v, %v, want when the older key is not needed any more", found, err)
		}
		if err := asked(locked(s, s.store, alone), "of 4711"); err == nil || fault.Is(err, fault.CodeIdempotencyKeyReuse) {
			t.Errorf("without the key: got %v, want that it does not open", err)
		}
	}
}
