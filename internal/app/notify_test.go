package app_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
)

// paidForm tells of the move to paid, as a form of an API would.
func paidForm(e event.Event, i invoice.Invoice, _ []deal.Deal) (app.Notice, bool) {
	if e.To != string(invoice.Paid) {
		return app.Notice{}, false
	}
	return app.Notice{MediaType: "text/plain", Body: []byte(i.Reference + " is " + e.To)}, true
}

// strictForm is paidForm for receivers with wishes of their own.
func strictForm(e event.Event, i invoice.Invoice, deals []deal.Deal) (app.Notice, bool) {
	n, ok := paidForm(e, i, deals)
	n.Header, n.Good, n.Pauses = "X-Own", []int{200}, []time.Duration{7 * time.Second}
	return n, ok
}

// noticed makes an invoice at a terminal that tells an address of its own.
func (s *shop) noticed(url string) invoice.Invoice {
	s.Helper()
	t, _, err := s.app.CreateTerminal(s.Context(), s.merchant, app.TerminalTerms{Name: "Till"})
	if err != nil {
		s.Fatal(err)
	}
	i, err := s.app.CreateInvoice(s.Context(), s.merchant, app.NewInvoice{
		ID: s.newID(), Amount: toman(5), Terminal: t.Number, Reference: "INV-7", VerifyIn: window,
		ReturnTo: "https://shop.example", Notice: invoice.Notice{URL: url, Form: "paid", Endpoint: t.Endpoint},
	})
	if err != nil {
		s.Fatal(err)
	}
	return i
}

func TestInvoicesOwnAddressIsTold(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.payer(toman(100))
	i := s.noticed("https://shop.example/hook")
	if _, err := s.app.PayFromWallet(t.Context(), s.fromWallet(i.ID, "10001", rightPIN)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.VerifyInvoice(t.Context(), s.merchant, i.ID); err != nil {
		t.Fatal(err)
	}
	due, err := s.app.DueDeliveries(t.Context(), 10, 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("got %+v, %v; want one notice, of the payment alone", due, err)
	}
	d := due[0]
	if d.URL != "https://shop.example/hook" || string(d.Body) != "INV-7 is paid" || d.MediaType != "text/plain" ||
		d.Queue != i.Notice.Endpoint+"/shop.example" {
		t.Errorf("got %+v (account %d)", d, c.Number)
	}
	m, mine, err := s.app.TakeDelivery(t.Context(), d)
	if err != nil || !mine || m.Headers[event.HeaderSignature] == "" {
		t.Fatalf("got %+v, %v, %v", m, mine, err)
	}
	// A receiver that wants no more of this invoice says nothing about others.
	if err := s.app.RecordDelivery(t.Context(), m, event.Outcome{Status: 410}); err != nil {
		t.Fatal(err)
	}
	ended, err := s.app.Delivery(t.Context(), s.merchant, d.ID)
	if err != nil || ended.State != event.Dead {
		t.Errorf("got %+v, %v", ended, err)
	}
	endpoints, err := s.app.Endpoints(t.Context(), s.merchant)
	if err != nil || len(endpoints) != 1 || endpoints[0].Disabled != "" {
		t.Errorf("got %+v, %v", endpoints, err)
	}
}

// The secret of an invoice's notices is stored sealed and opened only to be sent,
// and what else a form wants of a delivery is kept with it.
func TestNoticesCarryTheirSecret(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.payer(toman(100))
	const secret = "word-of-the-merchant"
	terminal, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "Till"})
	if err != nil {
		t.Fatal(err)
	}
	pay := func(form, secret string) app.Message {
		i, err := s.app.CreateInvoice(t.Context(), s.merchant, app.NewInvoice{
			ID: s.newID(), Amount: toman(5), Terminal: terminal.Number, ReturnTo: "https://shop.example",
			Notice:       invoice.Notice{URL: "https://" + s.newID() + ".example/", Form: form, Endpoint: terminal.Endpoint},
			NoticeSecret: secret,
		})
		if err == nil {
			_, err = s.app.PayFromWallet(t.Context(), s.fromWallet(i.ID, "10001", rightPIN))
		}
		if err != nil {
			t.Fatal(err)
		}
		due, err := s.app.DueDeliveries(t.Context(), 1, 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("got %+v, %v", due, err)
		}
		if want := s.merchant + "/notice/" + i.ID + "/" + secret; secret != "" && string(due[0].Sealed) != want &&
			due[0].Header != "" {
			t.Errorf("got %q in the delivery, want it sealed for its invoice", due[0].Sealed)
		}
		m, mine, err := s.app.TakeDelivery(t.Context(), due[0])
		if err != nil || !mine {
			t.Fatal(mine, err)
		}
		return m
	}
	m := pay("strict", secret)
	if m.Headers["X-Own"] != secret || m.Headers[event.HeaderSignature] == "" {
		t.Errorf("got %v", m.Headers)
	}
	if err := s.app.RecordDelivery(t.Context(), m, event.Outcome{Status: 204}); err != nil {
		t.Fatal(err)
	}
	again, err := s.app.Delivery(t.Context(), s.merchant, m.ID)
	if err != nil || again.State != event.Due || again.RunAt != s.now().Add(7*time.Second) {
		t.Errorf("got %+v, %v, want another try after seven seconds", again, err)
	}
	s.wait(7 * time.Second)
	if m, mine, err := s.app.TakeDelivery(t.Context(), again); err != nil || !mine || m.Headers["X-Own"] != secret {
		t.Errorf("got %v, %v, %v", m.Headers, mine, err)
	}
	for _, c := range []struct{ form, secret string }{{"strict", ""}, {"paid", secret}} {
		if m := pay(c.form, c.secret); len(m.Headers) != 4 {
			t.Errorf("%s with the secret %q: got %v, want no header of its own", c.form, c.secret, m.Headers)
		}
	}
	// Whoever changes whose secret it is can send it to nobody.
	foreign := again
	foreign.Subject = "another"
	if m, mine, err := s.app.TakeDelivery(t.Context(), foreign); err == nil || mine {
		t.Errorf("got %v, want it refused", m.Headers)
	}
}

func TestPayersWaitForTheFirstTry(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.payer(toman(100))
	i := s.noticed("https://shop.example/hook")
	s.app.AwaitNotices(t.Context(), s.merchant, i.ID) // nothing to tell yet
	if _, err := s.app.PayFromWallet(t.Context(), s.fromWallet(i.ID, "10001", rightPIN)); err != nil {
		t.Fatal(err)
	}
	var tried atomic.Bool
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		s.app.AwaitNotices(t.Context(), s.merchant, i.ID)
		if !tried.Load() {
			t.Error("nobody waited, though nothing was tried")
		}
	}()
	due, err := s.app.DueDeliveries(t.Context(), 10, 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("got %+v, %v", due, err)
	}
	m, _, err := s.app.TakeDelivery(t.Context(), due[0])
	if err != nil {
		t.Fatal(err)
	}
	tried.Store(true)
	if err := s.app.RecordDelivery(t.Context(), m, event.Outcome{Status: 500}); err != nil {
		t.Fatal(err)
	}
	<-waited // whatever came of the try; otherwise after two seconds
	s.app.AwaitNotices(t.Context(), s.merchant, i.ID)
}

func TestNoticesToWhereNobodyGoes(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	for _, url := range []string{
		"http://127.0.0.1/hook", "http://localhost/", "http://LOCALHOST./", "http://10.0.0.7/", "http://[::1]/",
		"http://[::ffff:192.168.0.1]/", "http://169.254.169.254/latest", "http://0.0.0.0/", "ftp://shop.example/",
		"//shop.example", "shop.example", "https://user@shop.example/", "https://a.localhost/",
		"https://shop.example:9443/hook", "https://shop.example:0/", "https://shop.example:99999/",
		"http://１２７.０.０.１/", "http://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1/", "http://ｌｏｃａｌｈｏｓｔ/",
	} {
		_, err := s.app.CreateInvoice(t.Context(), s.merchant, app.NewInvoice{
			ID: s.newID(), Amount: toman(5), Notice: invoice.Notice{URL: url, Form: "paid"},
		})
		if !fault.Is(err, fault.CodeParameterInvalid) || fault.From(err).Param != "webhook" {
			t.Errorf("%s: got %v", url, err)
		}
	}
}
