package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/client"
)

// v1 is the merchant's software with the client that is made from the document.
func (s *shop) v1() *client.ClientWithResponses {
	s.t.Helper()
	c, err := client.New(client.Config{URL: s.info.BaseURL, Key: s.info.V1.SecretKey, Transport: s.browser.Transport})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// v1Invoice is a call that makes an invoice, under a name of the caller's.
func (s *shop) v1Invoice(name, amount string) *client.CreateInvoiceResponse {
	s.t.Helper()
	made, err := s.v1().CreateInvoiceWithResponse(s.t.Context(),
		&client.CreateInvoiceParams{IdempotencyKey: &name},
		client.NewInvoice{Amount: amount, Unit: "IRR", Reference: &name, Metadata: &map[string]string{"basket": "7"}})
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

// v1Paid opens a payment of an invoice, presses the bank's button and wants both
// to be paid.
func (s *shop) v1Paid(invoice, gateway string) client.Payment {
	s.t.Helper()
	ctx, c := s.t.Context(), s.v1()
	opened, err := c.CreatePaymentWithResponse(ctx, nil, client.NewPayment{Invoice: invoice, Gateway: &gateway})
	if err != nil {
		s.t.Fatal(err)
	}
	if got := opened.JSON201; got.Status != client.PaymentStatusProcessing || got.PayURL == nil {
		s.t.Fatalf("got payment %s, want one with a page for the payer", opened.Body)
	}
	s.decide(*opened.JSON201.PayURL, "approve")
	paid, err := c.GetPaymentWithResponse(ctx, opened.JSON201.ID, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	whole, err := c.GetInvoiceWithResponse(ctx, invoice, &client.GetInvoiceParams{
		Expand: new(client.GetInvoiceParamsExpandPayments),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if paid.JSON200.Status != client.PaymentStatusCaptured || whole.JSON200.Status != client.InvoiceStatusCompleted ||
		len(*whole.JSON200.Payments) != 1 || (*whole.JSON200.Payments)[0].ID != paid.JSON200.ID {
		s.t.Errorf("got %s and %s, want both paid", paid.Body, whole.Body)
	}
	return *paid.JSON200
}

// wantCode is an error as the client tells it.
func wantCode(t *testing.T, what string, err error, status int, code client.Code, param string) {
	t.Helper()
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Status != status || refused.Code != code || refused.Param != param ||
		refused.Detail == "" || refused.RequestID == "" {
		t.Errorf("%s: got %v, want %d %s of %q", what, err, status, code, param)
	}
}

// A merchant's software does with our own API and our own client what it is there
// for, and learns why what it may not do is refused.
func TestV1(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(_ *testing.T, s *shop) {
		collected := s.v1Collects()
		s.v1Transfers()
		s.v1Lists(collected)
		s.v1Fails()
		s.audit()
	})
}

// v1Collects collects money and gives some back; the same wish under the same name
// comes true once, and its answer is the same to the byte.
func (s *shop) v1Collects() (invoice string) {
	s.t.Helper()
	t, c, site := s.t, s.v1(), openSite(s.t)
	ctx := t.Context()
	endpoint, err := c.CreateEndpointWithResponse(ctx, nil, client.NewEndpoint{
		URL: site.at("/hook"), Events: &[]string{"payment.captured", "refund.succeeded"},
	})
	if err != nil {
		t.Fatal(err)
	}
	made, again := s.v1Invoice("order 1001", "90000"), s.v1Invoice("order 1001", "90000")
	if !bytes.Equal(made.Body, again.Body) || made.HTTPResponse.Header.Get("Idempotent-Replayed") != "" ||
		again.HTTPResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %s, then %s, want the same", made.Body, again.Body)
	}
	_, err = c.CreateInvoiceWithResponse(ctx, &client.CreateInvoiceParams{IdempotencyKey: new("order 1001")},
		client.NewInvoice{Amount: "90001", Unit: "IRR"})
	wantCode(t, "another wish under the name", err, http.StatusUnprocessableEntity, client.CodeIdempotencyKeyReuse,
		"Idempotency-Key")
	_, err = c.CreateInvoiceWithResponse(ctx, nil, client.NewInvoice{Amount: "1.5", Unit: "IRR"})
	wantCode(t, "a part of a Rial", err, http.StatusBadRequest, client.CodeAmountInvalid, "amount")

	paid := s.v1Paid(made.JSON201.ID, "shepa")
	back, err := c.CreateRefundWithResponse(ctx, nil, client.NewRefund{Payment: paid.ID, Amount: new("30000")})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the refund", func() bool {
		got, err := c.GetRefundWithResponse(ctx, back.JSON201.ID, nil)
		return err == nil && got.JSON200.Status == client.RefundStatusSucceeded
	})
	left, err := c.GetPaymentWithResponse(ctx, paid.ID, nil)
	if err != nil || left.JSON200.Refunded != "30000" || left.JSON200.Refundable != "60000" {
		t.Errorf("got %+v, %v, want 30000 given back", left, err)
	}
	_, err = c.CreateRefundWithResponse(ctx, nil, client.NewRefund{Payment: paid.ID, Amount: new("60001")})
	wantCode(t, "more than there is", err, http.StatusBadRequest, client.CodeRefundTooLarge, "amount")
	_, err = c.GetPaymentWithResponse(ctx, "pay_nobody", nil)
	wantCode(t, "nobody's", err, http.StatusNotFound, client.CodePaymentNotFound, "payment")

	about := func(subject string) bool {
		return slices.ContainsFunc(site.hooks(), func(v visit) bool { return strings.Contains(v.body, subject) })
	}
	until(t, "both messages", func() bool { return about(paid.ID) && about(back.JSON201.ID) })
	for _, notice := range site.hooks() {
		wantGenuine(t, notice, *endpoint.JSON201.Secret)
	}
	s.wantFeed(paid.ID, []string{"payment.processing", "payment.captured"})
	s.wantFeed(back.JSON201.ID, []string{"refund.requested", "refund.processing", "refund.succeeded"})
	return made.JSON201.ID
}

// v1Fails lets the bank refuse a payer, and wants to be told why in our words.
func (s *shop) v1Fails() {
	s.t.Helper()
	ctx, c, gateway := s.t.Context(), s.v1(), "zibal"
	opened, err := c.CreatePaymentWithResponse(ctx, nil, client.NewPayment{
		Invoice: s.v1Invoice("order 1002", "50000").JSON201.ID, Gateway: &gateway,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.decide(*opened.JSON201.PayURL, "decline")
	failed, err := c.GetPaymentWithResponse(ctx, opened.JSON201.ID, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	p := failed.JSON200
	if p.Status != client.PaymentStatusFailed || p.Reason == nil || *p.Reason != "insufficient_funds" {
		s.t.Errorf("got %s, want one that failed for too little money", failed.Body)
	}
}

// wantFeed reads all events, wants them without a gap, and those about a subject
// in their order.
func (s *shop) wantFeed(subject string, types []string) {
	s.t.Helper()
	var got []string
	last := int64(0)
	for e, err := range s.v1().Events(s.t.Context(), 0) {
		if err != nil {
			s.t.Fatal(err)
		}
		if e.Sequence != last+1 {
			s.t.Errorf("got event %d after %d, want no gap", e.Sequence, last)
		}
		last = e.Sequence
		if e.Subject == subject {
			got = append(got, e.Type)
		}
	}
	if got = slices.Compact(got); !slices.Equal(got, types) { // more than one thing happens in one state
		s.t.Errorf("%s: got events %q, want %q", subject, got, types)
	}
}

// v1Transfers sends money from the merchant's account to a customer's, never more
// than is there.
func (s *shop) v1Transfers() {
	s.t.Helper()
	ctx, c := s.t.Context(), s.v1()
	ada, err := c.CreateCustomerWithResponse(ctx, nil, client.NewCustomer{FirstName: new("Ada")})
	if err != nil {
		s.t.Fatal(err)
	}
	send := func(amount string) (*client.CreateTransferResponse, error) {
		return c.CreateTransferWithResponse(ctx, nil, client.NewTransfer{
			Source: 10000, Destination: ada.JSON201.Account, Amount: amount, Unit: "USDT",
		})
	}
	had := s.v1Balance("10000", "USDT")
	moved, err := send("2.5")
	if err != nil {
		s.t.Fatal(err)
	}
	if got := s.v1Balance(fmt.Sprint(ada.JSON201.Account), "USDT"); got != moved.JSON201.Amount || got != "2.50000000" {
		s.t.Errorf("got the balance %s after %s", got, moved.Body)
	}
	_, err = send(had)
	wantCode(s.t, "what is there no more", err, http.StatusPaymentRequired, client.CodeInsufficientFunds, "source")
	_, err = send("x")
	wantCode(s.t, "no amount", err, http.StatusBadRequest, client.CodeAmountInvalid, "amount")
}

// v1Balance is what an account has of a unit.
func (s *shop) v1Balance(account, unit string) string {
	s.t.Helper()
	got, err := s.v1().GetAccountWithResponse(s.t.Context(), account)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, b := range got.JSON200.Balances {
		if b.Unit == unit {
			return b.Available
		}
	}
	s.t.Fatalf("got %s, want %s in it", got.Body, unit)
	return ""
}

// v1Lists reads a list to its end, each thing once, whatever the length of a page.
// The invoice is open again, for a part of its money went back.
func (s *shop) v1Lists(invoice string) {
	s.t.Helper()
	ctx, c := s.t.Context(), s.v1()
	want := []string{invoice}
	for n := range 7 {
		want = append(want, s.v1Invoice(fmt.Sprint("row ", n), "5000").JSON201.ID)
	}
	slices.Reverse(want)
	pages := 0
	var got []string
	for invoice, err := range client.Each(func(cursor *string) ([]client.Invoice, *string, error) {
		page, err := c.ListInvoicesWithResponse(ctx, &client.ListInvoicesParams{
			Limit: new(int64(3)), Cursor: cursor, Status: new(client.ListInvoicesParamsStatusOpen),
		})
		if err != nil {
			return nil, nil, err
		}
		pages++
		return page.JSON200.Data, page.JSON200.NextCursor, nil
	}) {
		if err != nil {
			s.t.Fatal(err)
		}
		got = append(got, invoice.ID)
	}
	if !slices.Equal(got, want) || pages != 3 {
		s.t.Errorf("got %q in %d pages, want %q in 3", got, pages, want)
	}
	_, err := c.ListInvoicesWithResponse(ctx, &client.ListInvoicesParams{Cursor: new("nowhere")})
	wantCode(s.t, "no cursor", err, http.StatusBadRequest, client.CodeParameterInvalid, "cursor")
}
