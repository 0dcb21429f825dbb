package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/payment"
)

// phone is a bank whose payer confirms on a telephone, and whose server tells
// of it: a message is "session short", and the word "bell" proves who sent it.
type phone struct {
	*bank
	loseStart bool // Start does its work and loses the answer
}

func (p *phone) Info() gateway.Info {
	i := p.bank.Info()
	i.Poll, i.LostStartIsHarmless, i.VerifyCaptures = 7*time.Second, false, false
	i.Methods = append(i.Methods, payment.MBWay)
	return i
}

func (p *phone) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	started := p.bank.Start(ctx, a)
	started.Link = ""
	if p.loseStart {
		return gateway.Started{Outcome: gateway.NoAnswer}
	}
	return started
}

func (p *phone) Notifies() bool { return true }

func (p *phone) CheckMessage(m gateway.Message) error {
	if len(m.Query["word"]) == 1 && m.Query["word"][0] == "bell" {
		return nil
	}
	return fault.New(fault.CodeSignatureInvalid, "", "")
}

func (p *phone) ReadNotification(n gateway.Notification) (gateway.Notice, bool) {
	m := n.Message()
	if len(m.Query["session"]) != 1 {
		return gateway.Notice{}, false
	}
	notice := gateway.Notice{Session: m.Query["session"][0], Good: true}
	if short := m.Query["short"]; len(short) == 1 {
		notice.Short = short[0]
	}
	return notice, true
}

func (p *phone) Acknowledgement() gateway.Acknowledgement {
	return gateway.Acknowledgement{Status: 200, MediaType: "text/plain", Body: "OK"}
}

// confirm is the payer's finger: the money moves at once.
func (p *phone) confirm(session string) {
	p.set(func(b *bank) { b.pages[session].state, b.pages[session].receipt = "taken", "r-"+session })
}

// withPhone is a shop with a telephone bank.
func withPhone(t *testing.T) (*shop, *phone) {
	t.Helper()
	s := open(t, 0)
	p := &phone{bank: newBank("phone")}
	s.banks["phone"] = p
	if err := s.app.PutGateway(t.Context(), merchant.Gateway{
		Merchant: s.merchant, Name: "phone", Connector: "phone", Order: 9, Enabled: true,
	}); err != nil {
		t.Fatal(err)
	}
	return s, p
}

// rings is a message of the bank's server.
func (s *shop) rings(word, session, short string) error {
	query := map[string][]string{"word": {word}, "session": {session}}
	if short != "" {
		query["short"] = []string{short}
	}
	_, err := s.app.HearGateway(s.Context(), s.merchant, "phone", gateway.Message{Method: "GET", Query: query})
	return err
}

func (s *shop) pushed(amount int64) (payment.Payment, error) {
	i := s.invoice(amount)
	r, err := s.app.RequestPayment(s.Context(), s.merchant, app.NewPayment{
		Invoice: i.ID, Amount: rial(amount), Gateway: "phone", Method: payment.MBWay, NewID: s.newID,
	})
	return r.Payment, err
}

func TestNoticeOfAGateway(t *testing.T) {
	t.Parallel()
	s, bell := withPhone(t)
	p, err := s.pushed(50_000)
	if err != nil {
		t.Fatal(err)
	}
	attempt := bell.pages[p.Attempt.Session].attempt
	if attempt.NotifyURL != "https://pay.example/notify/"+s.merchant+"/phone" || attempt.Method != payment.MBWay ||
		len(attempt.Short) != 15 {
		t.Errorf("the bank was told %+v", attempt)
	}
	if err := s.rings("bell", p.Attempt.Session, ""); err != nil {
		t.Fatal(err)
	}
	s.state(p.ID, payment.Processing) // the notice said paid, the bank says open
	bell.confirm(p.Attempt.Session)
	if err := s.rings("forged", p.Attempt.Session, ""); !fault.Is(err, fault.CodeSignatureInvalid) {
		t.Errorf("a forged notice: got %v", err)
	}
	s.state(p.ID, payment.Processing)
	if err := s.rings("bell", "unknown", ""); err != nil {
		t.Errorf("a notice about nothing of ours: %v", err)
	}
	if err := s.rings("bell", p.Attempt.Session, "000000000000000"); err != nil {
		t.Errorf("a notice that names two attempts: %v", err)
	}
	s.state(p.ID, payment.Processing)
	if waiting := attention(t, s); len(waiting) != 1 {
		t.Errorf("got %+v, want somebody to look at the strange notice", waiting)
	}
	together(20, func(int) {
		if err := s.rings("bell", p.Attempt.Session, attempt.Short); err != nil {
			t.Error(err)
		}
	})
	s.state(p.ID, payment.Captured)
	if got := s.balance(ledger.GatewayClearing, "phone"); got != -50_000 {
		t.Errorf("the bank owes %d, want 50000", -got)
	}
	_, err = s.app.HearGateway(t.Context(), s.merchant, "first", gateway.Message{})
	if !fault.Is(err, fault.CodeGatewayNotFound) {
		t.Errorf("a gateway that never tells: got %v", err)
	}
}

func TestPhonesArePolled(t *testing.T) {
	t.Parallel()
	s, bell := withPhone(t)
	p, err := s.pushed(50_000)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.wait(7 * time.Second)
		if n, err := s.app.ResolveDue(t.Context(), 10); n != 1 || err != nil {
			t.Fatalf("got %d, %v; want the payment to be asked about", n, err)
		}
	}
	bell.confirm(p.Attempt.Session)
	s.wait(7 * time.Second)
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.state(p.ID, payment.Captured)
}

// TestNoticeOfALostStart learns the session of a push whose start was never
// answered from the notice that it was paid.
func TestNoticeOfALostStart(t *testing.T) {
	t.Parallel()
	s, bell := withPhone(t)
	bell.loseStart = true
	if _, err := s.pushed(50_000); !fault.Is(err, fault.CodeGatewayUnavailable) {
		t.Fatalf("got %v", err)
	}
	var session string
	var attempt gateway.Attempt
	for session = range bell.pages {
		attempt = bell.pages[session].attempt
	}
	bell.confirm(session)
	if err := s.rings("bell", session, "000000000000000"); err != nil {
		t.Errorf("another's short id: %v", err)
	}
	if got := s.balance(ledger.GatewayClearing, "phone"); got != 0 {
		t.Fatalf("it was believed: %d", got)
	}
	together(8, func(int) {
		if err := s.rings("bell", session, attempt.Short); err != nil {
			t.Error(err)
		}
	})
	if got := s.balance(ledger.GatewayClearing, "phone"); got != -50_000 {
		t.Errorf("the bank owes %d, want 50000", -got)
	}
}
