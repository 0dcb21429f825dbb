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
