package app_test

import (
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
)

func TestIssuers(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	other, err := s.app.CreateMerchant(t.Context(), app.NewMerchant{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.app.AddIssuer(t.Context(), app.NewIssuer{Merchant: s.merchant, Name: "shop", Audience: "api"})
	if err != nil || len(made.Secret) < 32 || made.Signs() || !made.Issues() {
		t.Fatalf("got %+v, %v", made, err)
	}
	known, err := s.app.Issuer(t.Context(), "shop")
	if err != nil || known.Secret != made.Secret || known.Merchant != s.merchant || known.Audience != "api" {
		t.Errorf("got %+v, %v", known, err)
	}
	for _, merchantID := range []string{s.merchant, other.ID} {
		_, err := s.app.AddIssuer(t.Context(), app.NewIssuer{Merchant: merchantID, Name: "shop"})
		if !fault.Is(err, fault.CodeDuplicate) {
			t.Errorf("the name again: got %v", err)
		}
	}
	// An issuer's name opens nothing else, and nothing else is an issuer.
	if _, err := s.app.Authenticate(t.Context(), "shop"); !fault.Is(err, fault.CodeKeyInvalid) {
		t.Errorf("as a secret: got %v", err)
	}
	if _, _, err := s.app.SigningKey(t.Context(), "shop"); !fault.Is(err, fault.CodeKeyInvalid) {
		t.Errorf("as a signing key: got %v", err)
	}
	signing, text, err := s.app.CreateSigningKey(t.Context(), app.NewSigningKey{Merchant: s.merchant})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := s.app.CreateKey(t.Context(), app.NewKey{Merchant: s.merchant})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{text.Public, secret, signing.ID, "nobody"} {
		if _, err := s.app.Issuer(t.Context(), name); !fault.Is(err, fault.CodeKeyInvalid) {
			t.Errorf("%q as an issuer: got %v", name, err)
		}
	}
	if err := s.app.RevokeIssuer(t.Context(), other.ID, "shop"); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("revoked by another merchant: got %v", err)
	}
	if err := s.app.RevokeIssuer(t.Context(), s.merchant, "shop"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.Issuer(t.Context(), "shop"); !fault.Is(err, fault.CodeKeyInvalid) {
		t.Errorf("revoked: got %v", err)
	}
	again, err := s.app.AddIssuer(t.Context(), app.NewIssuer{Merchant: s.merchant, Name: "shop"})
	if err != nil || again.ID != made.ID || again.Secret == made.Secret || again.Audience != "" {
		t.Errorf("believed again: got %+v, %v", again, err)
	}
	if list, err := s.app.Issuers(t.Context(), s.merchant); err != nil || len(list) != 1 {
		t.Errorf("got %+v, %v, want one", list, err)
	}
}

func TestIssuersThatAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	long := strings.Repeat("x", 201)
	for name, c := range map[string]struct {
		wish app.NewIssuer
		want fault.Code
	}{
		"no merchant":     {app.NewIssuer{Merchant: "nobody", Name: "a"}, fault.CodeMerchantNotFound},
		"no name":         {app.NewIssuer{Name: " "}, fault.CodeParameterMissing},
		"long name":       {app.NewIssuer{Name: long}, fault.CodeParameterInvalid},
		"a line":          {app.NewIssuer{Name: "a\nb"}, fault.CodeParameterInvalid},
		"short secret":    {app.NewIssuer{Name: "a", Secret: long[:31]}, fault.CodeParameterInvalid},
		"both":            {app.NewIssuer{Name: "a", Secret: long, KeySet: "https://a.example/"}, fault.CodeParameterInvalid},
		"private keys":    {app.NewIssuer{Name: "a", KeySet: "https://127.0.0.1/keys"}, fault.CodeParameterInvalid},
		"open keys":       {app.NewIssuer{Name: "a", KeySet: "http://keys.example/"}, fault.CodeParameterInvalid},
		"no such address": {app.NewIssuer{Name: "a", KeySet: "keys"}, fault.CodeParameterInvalid},
	} {
		if c.wish.Merchant == "" {
			c.wish.Merchant = s.merchant
		}
		if _, err := s.app.AddIssuer(t.Context(), c.wish); !fault.Is(err, c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	good, err := s.app.AddIssuer(t.Context(), app.NewIssuer{
		Merchant: s.merchant, Name: "keys", KeySet: "https://keys.example/jwks.json",
	})
	if err != nil || good.Secret != "" || len(good.Sealed) != 0 {
		t.Errorf("got %+v, %v, want no secret", good, err)
	}
	if known, err := s.app.Issuer(t.Context(), "keys"); err != nil || known.Secret != "" {
		t.Errorf("got %+v, %v", known, err)
	}
}
