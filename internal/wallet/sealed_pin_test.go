package wallet_test

import (
	"bytes"
	"testing"

	"github.com/purserhq/purser/internal/wallet"
)

// TestSealedPIN: what is sealed comes back as it was, and is no hash of anything.
func TestSealedPIN(t *testing.T) {
	t.Parallel()
	sealed := []byte(wallet.HashPIN("4711"))
	kept := wallet.SealedPIN(sealed)
	if got, ok := wallet.SealOfPIN(kept); !ok || !bytes.Equal(got, sealed) {
		t.Errorf("got %q, %v, want %q", got, ok, sealed)
	}
	for _, pin := range []string{"", "4711"} {
		if wallet.MatchPIN(kept, pin) {
			t.Errorf("%q matches what is sealed", pin)
		}
	}
	for _, bare := range []string{"", string(sealed), "sealed", "$sealed"} {
		if got, ok := wallet.SealOfPIN(bare); ok || got != nil {
			t.Errorf("%q: got %q, %v, want that it is not sealed", bare, got, ok)
		}
	}
	if got, ok := wallet.SealOfPIN(kept + "!"); !ok || len(got) == 0 {
		t.Errorf("damaged: got %q, %v, want something that opens under no key", got, ok)
	}
	one, other := wallet.Customer{Number: 10001}, wallet.Customer{Number: 10002}
	if one.PINName() == other.PINName() {
		t.Error("the PINs of two customers are sealed as the same")
	}
}
