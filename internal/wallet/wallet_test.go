package wallet_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

func TestStatesAreWhole(t *testing.T) {
	t.Parallel()
	if err := wallet.States.Check(wallet.Active, wallet.Waits); err != nil {
		t.Error(err)
	}
}

func TestUsable(t *testing.T) {
	t.Parallel()
	for _, s := range append(wallet.States.States(), "", "nonsense") {
		err := wallet.Customer{State: s}.Usable()
		if s == wallet.Active {
			expect(t, err, "")
		} else {
			expect(t, err, fault.CodeAccountClosed)
		}
	}
}

func TestCustomerCheck(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("x", 200)
	for _, c := range []struct {
		name     string
		customer wallet.Customer
		param    string // empty = it is good
	}{
		{"nothing known", wallet.Customer{}, ""},
		{"all known", wallet.Customer{FirstName: "آرش", LastName: "Kamangir", NationalID: "0012345679"}, ""},
		{"texts of the greatest length", wallet.Customer{FirstName: longest, LastName: longest, NationalID: longest}, ""},
		{"a first name too long", wallet.Customer{FirstName: longest + "x"}, "first_name"},
		{"a last name too long", wallet.Customer{LastName: longest + "x"}, "last_name"},
		{"a national id too long", wallet.Customer{NationalID: longest + "x"}, "national_id"},
		{"bytes are counted", wallet.Customer{FirstName: strings.Repeat("آ", 101)}, "first_name"},
		{"an address", wallet.Customer{Email: "payer@shop.example"}, ""},
		{"an address with a plus", wallet.Customer{Email: "shop+pay@mail.shop.example"}, ""},
		{"an address in another script", wallet.Customer{Email: "پرداخت@مثال.example"}, ""},
		{"an address of the greatest length", wallet.Customer{Email: longest[:196] + "@a.b"}, ""},
		{"an address too long", wallet.Customer{Email: longest[:197] + "@a.b"}, "email"},
		{"no @", wallet.Customer{Email: "payer.shop.example"}, "email"},
		{"nothing before it", wallet.Customer{Email: "@shop.example"}, "email"},
		{"nothing behind it", wallet.Customer{Email: "payer@"}, "email"},
		{"a domain without a dot", wallet.Customer{Email: "payer@localhost"}, "email"},
		{"two of them", wallet.Customer{Email: "payer@shop@x.example"}, "email"},
		{"a space", wallet.Customer{Email: "pay er@shop.example"}, "email"},
		{"a tab", wallet.Customer{Email: "payer@shop\t.example"}, "email"},
		{"a second header", wallet.Customer{Email: "payer@shop.example\r\nBcc: x"}, "email"},
		{"a name around it", wallet.Customer{Email: "Payer <payer@shop.example>"}, "email"},
		{"two addresses", wallet.Customer{Email: "a@shop.example,b"}, "email"},
		{"two addresses, by semicolon", wallet.Customer{Email: "a;b@shop.example"}, "email"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := c.customer.Check()
			if c.param == "" {
				expect(t, err, "")
				return
			}
			if !fault.Is(err, fault.CodeParameterInvalid) || fault.From(err).Param != c.param {
				t.Errorf("got %v, want parameter_invalid of %s", err, c.param)
			}
		})
	}
}

func TestFoldEmail(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                         "",
		"payer@shop.example":       "payer@shop.example",
		" Payer@SHOP.Example\r\n":  "payer@shop.example",
		"\tÄRGER@shop.example":     "ärger@shop.example",
		"pay er@shop.example":      "pay er@shop.example",
		"\u2003payer@shop.example": "payer@shop.example",
	} {
		if got := wallet.FoldEmail(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestFoldEmailTwice: what is folded once is the same when it is folded again,
// or an address could be kept that nobody finds.
func TestFoldEmailTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once := wallet.FoldEmail(rapid.String().Draw(t, "email"))
		if twice := wallet.FoldEmail(once); twice != once {
			t.Fatalf("%q becomes %q", once, twice)
		}
	})
}

func TestTransferCheck(t *testing.T) {
	t.Parallel()
	one, less := money.New(1, money.USD), money.New(-1, money.USD)
	for _, c := range []struct {
		name     string
		transfer wallet.Transfer
		want     fault.Code
		param    string
	}{
		{"to another", wallet.Transfer{From: 10_017, To: 10_025, Amount: one}, "", ""},
		{"to the merchant", wallet.Transfer{From: 10_017, To: wallet.House, Amount: one}, "", ""},
		{"to oneself", wallet.Transfer{From: 7, To: 7, Amount: one}, fault.CodeParameterInvalid, "receiver"},
		{"nothing", wallet.Transfer{From: 1, To: 2, Amount: money.Zero(money.USD)}, fault.CodeAmountInvalid, "amount"},
		{"below nothing", wallet.Transfer{From: 1, To: 2, Amount: less}, fault.CodeAmountInvalid, "amount"},
		{"no amount", wallet.Transfer{From: 1, To: 2}, fault.CodeAmountInvalid, "amount"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := c.transfer.Check()
			expect(t, err, c.want)
			if err != nil && fault.From(err).Param != c.param {
				t.Errorf("got %v, want it about %s", err, c.param)
			}
		})
	}
}
