package payout_test

import (
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payout"
)

// The contracts of a coin on Tron, the first of which everybody knows.
var tronAddresses = []string{
	"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
	"TEkxiTehnzSmSe2XqrBj4w32RUN966rdz8",
}

// hexAddresses are the test cases of EIP-55: two of capitals, two of small
// letters, four that are mixed.
var hexAddresses = []string{
	"0x52908400098527886E0F7030069857D2E4169EE7",
	"0x8617E340B3D01FA5F11F306F4090FD50E238070D",
	"0xde709f2102306220921060314715629080e2fb77",
	"0x27b1fdb04752bbc536007a920d24acb045561c26",
	"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
	"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
	"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
	"0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
}

func TestCheckAddressTakesPublishedOnes(t *testing.T) {
	t.Parallel()
	for _, address := range tronAddresses {
		if err := payout.CheckAddress("TRX", address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range hexAddresses {
		digits := address[len("0x"):]
		for _, same := range []string{address, "0x" + strings.ToLower(digits), "0x" + strings.ToUpper(digits)} {
			if err := payout.CheckAddress("BNB", same); err != nil {
				t.Errorf("%s: %v", same, err)
			}
		}
	}
}

func TestCheckAddressRefuses(t *testing.T) {
	t.Parallel()
	tron, mixed := tronAddresses[0], hexAddresses[4]
	var body [21]byte
	copy(body[1:], "twenty bytes of body")
	for _, c := range []struct{ name, network, address, param string }{
		{"another network", "ETH", mixed, "network"},
		{"a network in small letters", "trx", tron, "network"},
		{"no network", "", tron, "network"},
		{"the address of another network", "BNB", tron, "address"},
		{"and the other way round", "TRX", mixed, "address"},

		{"nothing", "TRX", "", "address"},
		{"one digit short", "TRX", tron[:33], "address"},
		{"one digit more", "TRX", tron + "1", "address"},
		{"a space before it", "TRX", " " + tron[:33], "address"},
		{"a first letter that is not T", "TRX", "t" + tron[1:], "address"},
		{"two letters changed round", "TRX", "TR7HNqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "address"},
		{"small letters", "TRX", "T" + strings.ToLower(tron[1:]), "address"},
		{"a digit that base 58 has not", "TRX", tron[:33] + "0", "address"},
		{"a letter that base 58 has not", "TRX", tron[:33] + "l", "address"},
		{"a letter outside ASCII", "TRX", tron[:32] + "é", "address"},
		{"the greatest number of 34 digits", "TRX", "T" + strings.Repeat("z", 33), "address"},
		{"its own hex form", "TRX", "41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "address"},
		{"a prefix below, well summed", "TRX", base58Check(0x40, body[1:]), "address"},
		{"a prefix above, well summed", "TRX", base58Check(0x42, body[1:]), "address"},
		{"zero, which nobody owns, in base 58", "TRX", "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", "address"},

		{"nothing in hex", "BNB", "", "address"},
		{"only the prefix", "BNB", "0x", "address"},
		{"no prefix", "BNB", mixed[2:], "address"},
		{"no prefix, of the right length", "BNB", mixed[2:] + "00", "address"},
		{"a capital X", "BNB", "0X" + mixed[2:], "address"},
		{"one hex digit short", "BNB", mixed[:41], "address"},
		{"two hex digits more", "BNB", mixed + "00", "address"},
		{"a digit that hex has not", "BNB", mixed[:41] + "g", "address"},
		{"a space behind it", "BNB", mixed[:41] + " ", "address"},
		{"one letter of the other case", "BNB", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "address"},
		{"one digit changed", "BNB", "0x6aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "address"},
		{"zero, which nobody owns", "BNB", "0x" + strings.Repeat("0", 40), "address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := payout.CheckAddress(c.network, c.address)
			if !fault.Is(err, fault.CodeParameterInvalid) || fault.From(err).Param != c.param {
				t.Errorf("%q: got %v, want parameter_invalid of %s", c.address, err, c.param)
			}
		})
	}
}

// TestCheckAddressSeesEverySlip changes one character at a time.
func TestCheckAddressSeesEverySlip(t *testing.T) {
	t.Parallel()
	slips := func(network, address, alphabet string, from int) {
		for at := from; at < len(address); at++ {
			for _, c := range alphabet {
				if slip := address[:at] + string(c) + address[at+1:]; slip != address &&
					!fault.Is(payout.CheckAddress(network, slip), fault.CodeParameterInvalid) {
					t.Errorf("%s: passes for %s", slip, address)
				}
			}
		}
	}
	for _, address := range tronAddresses {
		slips("TRX", address, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 0)
	}
	slips("BNB", hexAddresses[4], "0123456789abcdefABCDEF", len("0x"))
}

// TestCheckAddressTakesAnyAccount builds addresses as the network does.
func TestCheckAddressTakesAnyAccount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		account := rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "account")
		address := base58Check(0x41, account)
		known := new(big.Int).SetBytes(account).Sign() != 0
		if err := payout.CheckAddress("TRX", address); (err == nil) != known {
			t.Fatalf("%s: %v", address, err)
		}
	})
}

// base58Check writes a prefix and an account as Tron does.
func base58Check(prefix byte, account []byte) string {
	const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	raw := append([]byte{prefix}, account...)
	once := sha256.Sum256(raw)
	twice := sha256.Sum256(once[:])
	number, rest, text := new(big.Int).SetBytes(append(raw, twice[:4]...)), new(big.Int), ""
	for number.Sign() > 0 {
		number.DivMod(number, big.NewInt(58), rest)
		text = digits[rest.Int64():][:1] + text
	}
	return text
}

// FuzzCheckAddress takes any text: it is an address, or the field is named.
func FuzzCheckAddress(f *testing.F) {
	for _, address := range tronAddresses {
		f.Add("TRX", address)
	}
	for _, address := range hexAddresses {
		f.Add("BNB", address)
	}
	f.Add("TRX", "T"+strings.Repeat("z", 33))
	f.Add("BNB", "0x\xff\x00é")
	f.Fuzz(func(t *testing.T, network, address string) {
		err := payout.CheckAddress(network, address)
		if err == nil {
			if size := map[string]int{"TRX": 34, "BNB": 42}[network]; len(address) != size {
				t.Errorf("%q %q is no address", network, address)
			}
			return
		}
		param := "network"
		if network == "TRX" || network == "BNB" {
			param = "address"
		}
		if !fault.Is(err, fault.CodeParameterInvalid) || fault.From(err).Param != param {
			t.Errorf("%q %q: got %v", network, address, err)
		}
	})
}
