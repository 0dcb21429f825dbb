package deal_test

import (
	"testing"

	"github.com/purserhq/purser/internal/deal"
)

func TestCodeLink(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		option, method, number string
		state                  deal.State
		want                   string
	}{
		{"SBP", "sberbank", "+7(996)777-99-77", "", "https://www.sberbank.com/sms/pbpn?requisiteNumber=79967779977"},
		{
			"TO_CARD", "sberbank", "2202 2000 0000 0001", "",
			"https://www.sberbank.com/sms/pbpn?requisiteNumber=2202200000000001",
		},
		{"SBP", "sberbank", "+7(996)777-99-77", deal.Completed, ""},
		{"SBP", "sberbank", "none", "", ""},
		{"SBP", "tinkoff", "+7(996)777-99-77", "", ""},
		{"SBP", "tinkoff", "https://qr.nspk.ru/AS10001", "", ""},
		{"SBP_QR", "unknown", "https://qr.nspk.ru/AS10001?type=01", "", "https://qr.nspk.ru/AS10001?type=01"},
		{"MANUAL_SBP_QR", "sberbank", "https://qr.nspk.ru/AS10001", deal.TransferConfirmed, "https://qr.nspk.ru/AS10001"},
		{"MANUAL_SBP_QR", "sberbank", "79967779977", "", ""},
		{"SBP_QR", "unknown", "https://qr.nspk.ru/AS10001", deal.Canceled, ""},
		{"SBP_QR", "unknown", "http://qr.nspk.ru/AS10001", "", ""},
		{"SBP_QR", "unknown", "javascript:alert(1)", "", ""},
		{"SBP_QR", "unknown", "https://bank@evil.example/", "", ""},
		{"SBP_QR", "unknown", "https:///nowhere", "", ""},
	} {
		d := deal.Deal{Option: c.option, Method: c.method, Number: c.number, State: c.state}
		if d.State == "" {
			d.State = deal.TransferWaiting
		}
		if got := d.CodeLink(); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ option, number, want string }{
		{"TO_CARD", "2200000000000004", "2200 0000 0000 0004"},
		{"TO_CARD", "2200 0000 0000 0004", "2200 0000 0000 0004"},
		{"TO_CARD", "2200000000000000004", "2200 0000 0000 0000 004"},
		{"TO_CARD", "220000", "220000"},
		{"TO_CARD", "wallet-00000004", "wallet-00000004"},
		{"TO_ACCOUNT", "40817810000000000004", "40817810000000000004"},
		{"SBP", "+7(996)777-99-77", "+7(996)777-99-77"},
		{"SBP", "79967779977123", "79967779977123"},
	} {
		if got := (deal.Deal{Option: c.option, Number: c.number}).Account(); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.option, c.number, got, c.want)
		}
	}
}
