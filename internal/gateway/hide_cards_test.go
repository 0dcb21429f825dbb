package gateway_test

import (
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
)

func TestHideCards(t *testing.T) {
	t.Parallel()
	const visa, master = "424242******4242", "555555******4444"
	for text, want := range map[string]string{
		"4242424242424242":                    visa,
		"4242 4242 4242 4242":                 visa,
		"4242-4242-4242-4242":                 visa,
		"4242.4242.4242.4242":                 visa,
		"4242  4242\u00a04242\t4242":          visa,
		"4242 - 4242 - 4242 - 4242":           visa,
		"۴۲۴۲۴۲۴۲۴۲۴۲۴۲۴۲":                    visa,
		"৪২৪২ ৪২৪২ ৪২৪২ ৪২৪২":                 visa,
		"٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢":                    visa,
		"๔๒๔๒ ๔๒๔๒ ๔๒๔๒ ๔๒๔๒":                 visa,
		"𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚":                    visa,
		"4242\u200b4242\u200c4242\u20604242":  visa,
		"4242·4242·4242·4242":                 visa,
		"42 4242424242424242 4242":            "424242********4242 4242",
		"order 12345 4242424242424242":        "order 12345 " + visa,
		"2026-11-28 4242424242424242":         "2026-11-28 " + visa,
		"2 4242424242424242":                  "2 " + visa,
		"4242424242424242 12/27 123":          visa + " 12/27 123",
		"5555555555554444 12/27":              master + " 12/27",
		"09120000001-4242424242424242":        "09120000001-" + visa,
		"4242424242424242, 5555555555554444.": visa + ", " + master + ".",
		"pm_4242424242424242x":                "pm_" + visa + "x",

		"4242424242424241":           "4242424242424241",
		"600000001":                  "600000001",
		"12345678901234567897":       "12345678901234567897", // longer than a card's
		"1234567.12345674":           "1234567.12345674",     // a decimal number
		"42424242 / 42424242":        "42424242 / 42424242",
		"4242 4242 [...] 4242 4242":  "4242 4242 [...] 4242 4242",
		"502229******5995":           "502229******5995",
		"2026-11-28T14:05:06.123456": "2026-11-28T14:05:06.123456",
		"1795600000001":              "1795600000001", // a time in milliseconds
	} {
		if got := gateway.HideCards(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestHideLoneCards(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"card 4242 4242 4242 4242 was": "card 424242******4242 was",
		"کارت4242424242424242":         "کارت424242******4242",
		"a4242424242424242":            "a4242424242424242",
		"4242424242424242f":            "4242424242424242f",
		"req_4242424242424242":         "req_4242424242424242",
	} {
		if got := gateway.HideLoneCards(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// BenchmarkHideCards looks through a text of nothing but digits in groups.
func BenchmarkHideCards(b *testing.B) {
	text := strings.Repeat("4 ", 1000)
	for b.Loop() {
		gateway.HideCards(text)
	}
}
