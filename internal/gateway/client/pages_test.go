package client

import "testing"

func TestPages(t *testing.T) {
	t.Parallel()
	p := PagesOf("pay.test, page.test,", "https://api.test/v1", true)
	for address, want := range map[string]bool{
		"https://pay.test/x": true, "https://PAGE.test:81/x": true, "https://api.test/x": true, "http://pay.test/x": false,
		"https://pay.test.evil.test/x": false, "https://evilpay.test/x": false, "https://a@pay.test/x": false,
		"//pay.test/x": false, "javascript:alert(1)//pay.test": false, "https:///x": false, "": false, ":": false,
	} {
		if got := p.Has(address); got != want {
			t.Errorf("%q: got %v, want %v", address, got, want)
		}
	}
	if p := PagesOf("", "http://127.0.0.1:1", false); !p.Has("http://127.0.0.1:2/x") || p.Has("ftp://127.0.0.1/x") {
		t.Error("in test mode plain http to the provider's own host is good, and nothing else")
	}
}
