package app_test

import (
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/settlement"
	"github.com/purserhq/purser/internal/store"
)

// A gateway is removed when nothing needs it. What was paid there can still be given
// back, and its name is nobody else's.
func TestRemoveGateway(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, paid := s.paid(5_000)
	name := paid.Attempt.Gateway
	busy := s.request(s.invoice(7_000), 7_000)
	if busy.Attempt.Gateway != name {
		t.Fatalf("the second payment is at %s, want %s", busy.Attempt.Gateway, name)
	}
	_, err := s.app.RemoveGateway(t.Context(), s.merchant, name)
	if f := fault.From(err); !fault.Is(err, fault.CodeWrongState) || !strings.Contains(f.Words, "payment "+busy.ID) {
		t.Fatalf("while a payer is there: got %v, want wrong_state of payment %s", err, busy.ID)
	}
	s.first.pay(busy.Attempt.Session, "paid")
	s.returns(busy, "ok")
	ctx := app.AsOperator(t.Context(), "Sam")
	gone, err := s.app.RemoveGateway(ctx, s.merchant, name)
	if err != nil || gone.Enabled || !gone.Removed {
		t.Fatalf("got %+v, %v", gone, err)
	}
	happened, err := s.store.Events(ctx, s.merchant, 0, 1000)
	if last := happened[len(happened)-1]; err != nil || last.Type() != "gateway.removed" || last.Noun != event.Gateway ||
		last.Subject != name || last.Actor != "operator" || last.Note != "Sam" {
		t.Errorf("the last event is %+v, %v", last, err)
	}
	known, err := s.app.Contracts(ctx, s.merchant)
	for _, g := range known {
		if g.Name == name {
			t.Errorf("%s is still listed", name)
		}
	}
	if err != nil {
		t.Error(err)
	}
	wish := s.wish(s.invoice(5_000), 5_000)
	if _, err := s.app.RequestPayment(ctx, s.merchant, wish); !fault.Is(err, fault.CodeNoGateway) {
		t.Errorf("a new payer: got %v, want no_gateway", err)
	}
	on := true
	if _, err := s.app.ChangeGateway(ctx, s.merchant, name, app.GatewayTerms{Enabled: &on}); !fault.Is(err,
		fault.CodeGatewayNotFound) {
		t.Errorf("changed: got %v, want gateway_not_found", err)
	}
	if _, err := s.app.AddGateway(ctx, app.NewGateway{
		Merchant: s.merchant, Name: name, Connector: gone.Connector,
	}); !fault.Is(err, fault.CodeDuplicate) {
		t.Errorf("added again: got %v, want duplicate", err)
	}
	err = s.app.PutGateway(ctx, merchant.Gateway{Merchant: s.merchant, Name: name})
	if !fault.Is(err, fault.CodeDuplicate) {
		t.Errorf("put again: got %v, want duplicate", err)
	}
	if _, err := s.app.RemoveGateway(ctx, s.merchant, name); !fault.Is(err, fault.CodeGatewayNotFound) {
		t.Errorf("again: got %v, want gateway_not_found", err)
	}
	if b, err := s.refund(paid, money.Amount{}); err != nil || b.State != refund.Succeeded {
		t.Errorf("the refund of what was paid there: got %s, %v", b.State, err)
	}
	s.state(paid.ID, payment.Reversed)
	s.audit()
}

// TestRemoveGatewayIsNeeded wants everything that is not ended to keep its gateway.
func TestRemoveGatewayIsNeeded(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, paid := s.paid(5_000)
	name := paid.Attempt.Gateway
	file := settlement.File{
		ID: "file", Merchant: s.merchant, Gateway: name, Taken: rial(0), Fees: rial(0), Returned: rial(0),
		CreatedAt: s.now(), UpdatedAt: s.now(),
	}
	if err := s.store.Commit(t.Context(), store.Change{Settlements: []settlement.File{file}}); err != nil {
		t.Fatal(err)
	}
	_, err := s.app.RemoveGateway(t.Context(), s.merchant, name)
	if !fault.Is(err, fault.CodeWrongState) || !strings.Contains(fault.From(err).Words, "settlement file") {
		t.Errorf("while a file is read: got %v, want wrong_state", err)
	}
	file.Version, file.EndedAt = 1, s.now()
	if err := s.store.Commit(t.Context(), store.Change{Settlements: []settlement.File{file}}); err != nil {
		t.Fatal(err)
	}
	s.first.loseUndo = true
	back, err := s.refund(paid, money.Amount{})
	if err != nil || back.State != refund.Processing {
		t.Fatalf("got a refund that is %s, %v", back.State, err)
	}
	_, err = s.app.RemoveGateway(t.Context(), s.merchant, name)
	if !fault.Is(err, fault.CodeWrongState) || !strings.Contains(fault.From(err).Words, "refund "+back.ID) {
		t.Errorf("while money goes back: got %v, want wrong_state", err)
	}
	if _, err := s.app.RemoveGateway(t.Context(), "another", name); !fault.Is(err, fault.CodeGatewayNotFound) {
		t.Errorf("another merchant's: got %v, want gateway_not_found", err)
	}
}
