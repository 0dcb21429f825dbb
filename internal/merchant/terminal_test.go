package merchant_test

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/merchant"
)

// address parses what must be an address.
func address(t rapid.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatalf("address %q: %v", text, err)
	}
	return u
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://shop.example":                            "https://shop.example",
		"https://shop.example/back?x=1#f":                 "https://shop.example",
		"HTTPS://Shop.EXAMPLE/Back":                       "https://shop.example",
		"https://shop.example:443/":                       "https://shop.example",
		"https://shop.example:/":                          "https://shop.example",
		"https://shop.example:8443/":                      "https://shop.example:8443",
		"https://shop.example:80/":                        "https://shop.example:80",
		"http://shop.example:80/":                         "http://shop.example",
		"http://shop.example:443/":                        "http://shop.example:443",
		"https://payer:secret@shop.example/":              "https://shop.example",
		"https://shop.example@other.example/":             "https://other.example",
		"https://shop.example:443@other.example:444/":     "https://other.example:444",
		"https://other.example/@shop.example":             "https://other.example",
		"https://other.example?@shop.example":             "https://other.example",
		"https://other.example#@shop.example":             "https://other.example",
		"https://other.example/https://shop.example":      "https://other.example",
		"https://shop.example.other.example/":             "https://shop.example.other.example",
		"http://[2001:DB8::1]/":                           "http://[2001:db8::1]",
		"http://[2001:db8::1]:80/":                        "http://[2001:db8::1]",
		"http://[2001:db8::1]:8080/":                      "http://[2001:db8::1]:8080",
		"http://192.0.2.1:8080/":                          "http://192.0.2.1:8080",
		"shop://open":                                     "shop://open",
		"https:shop.example":                              "https://",
		"//shop.example/back":                             "://shop.example",
		"/back":                                           "://",
		"javascript:location='https://shop.example/back'": "javascript://",
	} {
		if got := merchant.Origin(address(t, text)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestAllows(t *testing.T) {
	t.Parallel()
	listed := merchant.Terminal{Origins: []string{"http://[2001:db8::1]:8080", "https://shop.example"}}
	for text, want := range map[string]bool{
		"https://shop.example":                            true,
		"https://shop.example/back?x=1":                   true,
		"HTTPS://SHOP.example:443/back":                   true,
		"https://payer@shop.example/back":                 true,
		"http://[2001:DB8::1]:8080/back":                  true,
		"http://[2001:db8::1]/back":                       false,
		"http://[2001:db8::2]:8080/back":                  false,
		"http://shop.example/back":                        false,
		"https://shop.example:444/back":                   false,
		"https://shop.example:0443/back":                  false,
		"https://www.shop.example/back":                   false,
		"https://shop.example./back":                      false,
		"https://shop.example.other.example/":             false,
		"https://othershop.example/":                      false,
		"https://shop.example@other.example/":             false,
		"https://shop.example%40other.example@x.example/": false,
		"https://other.example/https://shop.example":      false,
		"https://other.example#https://shop.example":      false,
		"//shop.example/back":                             false,
		"https:shop.example":                              false,
		"https:///shop.example":                           false,
		"javascript://shop.example/%0aalert(1)":           false,
		"":                                                false,
	} {
		if got := listed.Allows(address(t, text)); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
		if !(merchant.Terminal{}).Allows(address(t, text)) {
			t.Errorf("%q: refused by a terminal without a list", text)
		}
	}
}

// TestOriginIsItsOwn: an origin has no path, and its own origin is itself, so
// that a list of origins can be kept as this function writes them.
func TestOriginIsItsOwn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`https?://([a-z]{0,5}@)?([A-Za-z]{1,8}\.example|\[[0-9a-fA-F]{1,4}::1\])(:[0-9]{0,4})?`+
			`(/[a-z@:]{0,6})?(\?[a-z@:/]{0,6})?`).Draw(t, "address")
		origin := merchant.Origin(address(t, text))
		if again := merchant.Origin(address(t, origin)); again != origin {
			t.Fatalf("%s: %s becomes %s", text, origin, again)
		}
		if !(merchant.Terminal{Origins: []string{origin}}).Allows(address(t, text)) {
			t.Fatalf("%s is not allowed by its own origin %s", text, origin)
		}
	})
}
