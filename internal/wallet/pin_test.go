package wallet_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/wallet"
)

func TestCheckPIN(t *testing.T) {
	t.Parallel()
	for _, pin := range []string{"0000", "1234", "123456789012"} {
		if err := wallet.CheckPIN(pin); err != nil {
			t.Errorf("%q: %v", pin, err)
		}
	}
	for _, pin := range []string{
		"", "123", "1234567890123", "12a4", " 1234", "1234 ", "12 34", "-1234", "12.34", "12\x0034", "۱۲۳۴", "１２３４",
	} {
		err := wallet.CheckPIN(pin)
		if !fault.Is(err, fault.CodeParameterInvalid) || fault.From(err).Param != "pin" {
			t.Errorf("%q: got %v, want parameter_invalid of pin", pin, err)
		}
		if len(pin) >= 4 && strings.Contains(err.Error(), pin) {
			t.Errorf("%v repeats the PIN", err)
		}
	}
}

func TestMatchPIN(t *testing.T) {
	t.Parallel()
	hashed := wallet.HashPIN("4711")
	if !strings.HasPrefix(hashed, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(hashed, "4711") {
		t.Errorf("got %s", hashed)
	}
	if !wallet.MatchPIN(hashed, "4711") {
		t.Error("the PIN does not match its own hash")
	}
	for _, wrong := range []string{"", "4712", "47110", "471", " 4711", "4711\x00"} {
		if wallet.MatchPIN(hashed, wrong) {
			t.Errorf("%q matches", wrong)
		}
	}
	other := wallet.HashPIN("4711")
	if other == hashed {
		t.Error("two hashes of a PIN are the same: the salt is not new")
	}
	if !wallet.MatchPIN(other, "4711") {
		t.Error("the PIN does not match its second hash")
	}
}

// TestMatchPINVector reads a hash of the reference implementation's own tests
// (https://github.com/P-H-C/phc-winner-argon2, src/test.c), whose costs are not ours.
func TestMatchPINVector(t *testing.T) {
	t.Parallel()
	const hashed = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if !wallet.MatchPIN(hashed, "password") {
		t.Error("it does not match")
	}
	if wallet.MatchPIN(hashed, "passwore") {
		t.Error("something else matches")
	}
}

// TestMatchPINDamaged spoils a hash: nothing matches any more, and neither the
// process nor the machine suffers.
func TestMatchPINDamaged(t *testing.T) {
	t.Parallel()
	good := wallet.HashPIN("4711")
	parts := strings.Split(good, "$")
	with := func(at int, text string) string {
		changed := strings.Split(good, "$")
		changed[at] = text
		return strings.Join(changed, "$")
	}
	for name, damaged := range map[string]string{
		"empty":                   "",
		"the PIN itself":          "4711",
		"five parts":              strings.Join(parts[:5], "$"),
		"seven parts":             good + "$",
		"another kind":            with(1, "argon2i"),
		"another version":         with(2, "v=16"),
		"no version":              with(2, ""),
		"costs that are none":     with(3, "m=a,t=b,p=c"),
		"no passes":               with(3, "m=19456,t=0,p=1"),
		"no lanes":                with(3, "m=19456,t=2,p=0"),
		"too many lanes":          with(3, "m=19456,t=2,p=256"),
		"negative costs":          with(3, "m=-1,t=2,p=1"),
		"more memory than any":    with(3, "m=4294967295,t=2,p=1"),
		"more passes than ever":   with(3, "m=19456,t=4294967295,p=1"),
		"other costs":             with(3, "m=19456,t=3,p=1"),
		"a salt of other letters": with(4, "!"+parts[4][1:]),
		"another salt":            with(4, "AAAAAAAAAAAAAAAAAAAAAA"),
		"no salt":                 with(4, ""),
		"a hash of other letters": with(5, "!"+parts[5][1:]),
		"another hash":            with(5, strings.Repeat("A", 43)),
		"a hash cut short":        with(5, parts[5][:20]),
		"a hash too long":         with(5, parts[5]+"AAAA"),
		"no hash":                 with(5, ""),
	} {
		if wallet.MatchPIN(damaged, "4711") {
			t.Errorf("%s: matches", name)
		}
	}
	if wallet.MatchPIN("", "") {
		t.Error("no PIN matches no hash")
	}
}

// TestMatchPINCostsTheSame measures the memory that a look takes, which is what
// its time is made of: no hash costs what a hash costs. Other tests wait
// meanwhile, because it is not parallel.
func TestMatchPINCostsTheSame(t *testing.T) {
	cost := func(hashed string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		wallet.MatchPIN(hashed, "4711")
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	usual := cost(wallet.HashPIN("4711"))
	if usual < 19<<20 {
		t.Errorf("a look takes %d bytes, want at least 19 MiB", usual)
	}
	for _, none := range []string{"", "nonsense", "$argon2id$v=19$m=8,t=0,p=1$AA$AA"} {
		if got := cost(none); got < usual-usual/100 || got > usual+usual/100 {
			t.Errorf("%q: a look takes %d bytes, with a hash %d", none, got, usual)
		}
	}
}
