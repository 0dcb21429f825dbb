package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/client"
)

// A merchant's software lets a customer pay from a wallet, and gives payers addresses
// to pay at.
func TestV1Wallets(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(_ *testing.T, s *shop) {
		s.v1Wallet()
		s.v1Links()
		s.audit()
	})
}

// v1Wallet pays with the right PIN alone, once under one name, and not while the
// customer is blocked.
func (s *shop) v1Wallet() {
	s.t.Helper()
	t, ctx, c := s.t, s.t.Context(), s.v1()
	grace, err := c.CreateCustomerWithResponse(ctx, nil, client.NewCustomer{FirstName: new("Grace"), Pin: new("4711")})
	if err != nil {
		t.Fatal(err)
	}
	account := fmt.Sprint(grace.JSON201.Account)
	if _, err := c.SetCustomerPINWithResponse(ctx, account, nil, client.NewPIN{Pin: "471100"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateTransferWithResponse(ctx, nil, client.NewTransfer{
		Source: 10000, Destination: grace.JSON201.Account, Amount: "2.5", Unit: "USDT",
	}); err != nil {
		t.Fatal(err)
	}
	invoice := func(amount string) string {
		made, err := c.CreateInvoiceWithResponse(ctx, nil, client.NewInvoice{Amount: amount, Unit: "USDT"})
		if err != nil {
			t.Fatal(err)
		}
		return made.JSON201.ID
	}
	pay := func(name, invoice, pin string) (*client.PayFromWalletResponse, error) {
		return c.PayFromWalletWithResponse(ctx, &client.PayFromWalletParams{IdempotencyKey: &name},
			client.WalletPayment{Invoice: invoice, Login: account, Pin: pin})
	}
	tea := invoice("2")
	_, err = pay("tea", tea, "4711")
	wantCode(t, "the PIN before", err, http.StatusUnprocessableEntity, client.CodeLoginInvalid, "pin")
	for range 2 {
		paid, err := pay("tea", tea, "471100")
		if err != nil || paid.JSON201.Status != client.PaymentStatusCaptured || paid.JSON201.Account == nil ||
			*paid.JSON201.Account != grace.JSON201.Account {
			t.Fatalf("got %+v, %v, want a payment from the wallet", paid, err)
		}
	}
	if got := s.v1Balance(account, "USDT"); got != "0.50000000" {
		t.Errorf("got the balance %s, want what one cup of tea left", got)
	}
	_, err = pay("more tea", invoice("2"), "471100")
	wantCode(t, "what is not there", err, http.StatusPaymentRequired, client.CodeInsufficientFunds, "login")
	if _, err := c.BlockCustomerWithResponse(ctx, account, nil, client.Noted{Note: new("lost")}); err != nil {
		t.Fatal(err)
	}
	_, err = pay("a sweet", invoice("0.1"), "471100")
	wantCode(t, "blocked", err, http.StatusConflict, client.CodeAccountClosed, "login")
	_, err = c.UnblockCustomerWithResponse(ctx, account, nil, client.Decided{Operator: "shop"})
	wantCode(t, "not the merchant's to say", err, http.StatusForbidden, client.CodeScopeMissing, "")
}

// v1Links makes an address that a browser can open, and asks for more through another,
// after which the first one is gone.
func (s *shop) v1Links() {
	s.t.Helper()
	t, ctx, c := s.t, s.t.Context(), s.v1()
	made, err := c.CreateLinkWithResponse(ctx, nil, client.NewLink{
		Amount: new("50000"), Unit: "IRR", Title: new("Two tickets"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.JSON201.Link == nil {
		t.Fatalf("got %s, want a link", made.Body)
	}
	first := *made.JSON201.Link
	token := first.URL[strings.LastIndexByte(first.URL, '/')+1:]
	page, err := s.browser.Get(first.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := page.Body.Close(); err != nil || page.StatusCode != http.StatusOK {
		t.Errorf("the page of the link: got %d, %v", page.StatusCode, err)
	}
	found, err := c.GetLinkWithResponse(ctx, token)
	if err != nil || found.JSON200.ID != made.JSON201.ID {
		t.Errorf("got %+v, %v, want the invoice of the link", found, err)
	}
	more, err := c.ExtendInvoiceWithResponse(ctx, made.JSON201.ID, nil, client.Extension{Amount: "10000"})
	if err != nil || more.JSON200.Amount != "60000" || more.JSON200.Link == nil || more.JSON200.Link.URL == first.URL {
		t.Fatalf("got %+v, %v, want 60000 and another link", more, err)
	}
	_, err = c.GetLinkWithResponse(ctx, token)
	wantCode(t, "replaced", err, http.StatusNotFound, client.CodeLinkNotFound, "id")
}
