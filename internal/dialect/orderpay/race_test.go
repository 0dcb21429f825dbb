package orderpay_test

import (
	"context"
	"crypto/sha512"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// post sends a body as one of the users.
func (s shop) post(who, path, body string, more ...string) dialecttest.Answer {
	header := dialecttest.Bearer(who)
	for n := 0; n < len(more); n += 2 {
		header.Set(more[n], more[n+1])
	}
	return s.Ask(s.handler, http.MethodPost, path, header, body)
}

// get reads as one of the users.
func (s shop) get(who, path string) dialecttest.Answer {
	return s.Ask(s.handler, http.MethodGet, path, dialecttest.Bearer(who), "")
}

// order makes the seed's order.
func (s shop) order(total string) {
	s.Helper()
	answer := s.post("seller", "/order", `{"orderId":"`+seedOrder+`","userId":"`+buyer+`","total":`+total+`}`)
	if answer.Status != http.StatusCreated {
		s.Fatalf("got %d %s", answer.Status, answer.Body)
	}
}

// payments are those of the seed's order, as the wire shows them.
func (s shop) payments() []shownPayment {
	s.Helper()
	var list []shownPayment
	if err := json.Unmarshal([]byte(s.get("manager", "/payment/order/"+seedOrder).Body), &list); err != nil {
		s.Fatal(err)
	}
	return list
}

// shownPayment is a payment as callers see it.
type shownPayment struct {
	ID, OrderID, Status, PaymentMethod, TransactionID, PaymentURL string

	Amount json.Number
}

// together sends many calls at once and counts their answers by status.
func together(n int, call func(int) dialecttest.Answer) map[int]int {
	var mu sync.Mutex
	counts := map[int]int{}
	var crowd sync.WaitGroup
	start := make(chan struct{})
	for k := range n {
		crowd.Go(func() {
			<-start
			a := call(k)
			mu.Lock()
			defer mu.Unlock()
			counts[a.Status]++
		})
	}
	close(start)
	crowd.Wait()
	return counts
}

func TestCrowdPaysOneOrder(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.order("800")
	who := []string{"seller", "manager", "owner"}
	got := together(20, func(n int) dialecttest.Answer {
		return s.post(who[n%len(who)], "/payment", wanted(seedOrder, "800", "Bkash", "COMPLETED"))
	})
	if want := map[int]int{http.StatusCreated: 1, http.StatusBadRequest: 19}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if list := s.payments(); len(list) != 1 || list[0].Status != "COMPLETED" {
		t.Errorf("got %+v, want one payment", list)
	}
}

func TestCrowdWithOneKey(t *testing.T) {
	t.Parallel()
	crowd := 1_000
	if racing {
		crowd = 100
	}
	for name, c := range map[string]struct{ who, status string }{
		"at a gateway": {"customer", "PENDING"}, "by hand": {"seller", "COMPLETED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t)
			s.order("800")
			var mu sync.Mutex
			bodies := map[string]int{}
			got := together(crowd, func(int) dialecttest.Answer {
				a := s.post(c.who, "/payment", wanted(seedOrder, "100", "Bkash", c.status), "Idempotency-Key", "k")
				if a.Status == http.StatusCreated {
					mu.Lock()
					defer mu.Unlock()
					bodies[a.Body]++
				}
				return a
			})
			if got[http.StatusCreated]+got[http.StatusConflict] != crowd || got[http.StatusCreated] == 0 || len(bodies) != 1 {
				t.Errorf("got %v with %d different answers, want one", got, len(bodies))
			}
			if list := s.payments(); len(list) != 1 {
				t.Errorf("got %d payments, want 1", len(list))
			}
			last := s.post(c.who, "/payment", wanted(seedOrder, "100", "Bkash", c.status), "Idempotency-Key", "k")
			if bodies[last.Body] == 0 || last.Status != http.StatusCreated {
				t.Errorf("afterwards: got %d %s", last.Status, last.Body)
			}
		})
	}
}

func TestCrowdMakesOneOrder(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	body := `{"orderId":"` + seedOrder + `","userId":"` + buyer + `","total":5}`
	got := together(20, func(int) dialecttest.Answer { return s.post("seller", "/order", body) })
	if want := map[int]int{http.StatusCreated: 1, http.StatusConflict: 19}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// slow is a gateway that opens its page when it is told to.
type slow struct {
	desk

	asked, open chan struct{}
}

func (s *slow) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	close(s.asked)
	<-s.open
	return s.desk.Start(ctx, a)
}

// While the first call with a key is at the gateway, the others are told so.
func TestKeyThatStillRuns(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	waits := &slow{
		desk:  desk{name: "bkash", methods: []payment.Method{payment.MobileWallet}, pages: map[string]*sheet{}},
		asked: make(chan struct{}), open: make(chan struct{}),
	}
	s.Gateways["bkash"] = waits
	s.order("800")
	send := func(amount string) dialecttest.Answer {
		return s.post("customer", "/payment", wanted(seedOrder, amount, "Bkash", "PENDING"), "Idempotency-Key", "k")
	}
	first := make(chan dialecttest.Answer)
	go func() { first <- send("100") }()
	<-waits.asked
	a := send("100")
	if a.Status != http.StatusConflict || !strings.Contains(a.Body, "still running") || a.Header.Get("Retry-After") == "" {
		t.Errorf("meanwhile: got %d %s", a.Status, a.Body)
	}
	if a := send("200"); a.Status != http.StatusConflict || !strings.Contains(a.Body, "another request") {
		t.Errorf("another body meanwhile: got %d %s", a.Status, a.Body)
	}
	close(waits.open)
	made := <-first
	if again := send("100"); made.Status != http.StatusCreated || again.Body != made.Body || again.Status != made.Status {
		t.Errorf("got %d %s first and %d %s then", made.Status, made.Body, again.Status, again.Body)
	}
}

// What a call made whose answer was never kept is found by the next one.
func TestKeyAfterADeath(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.order("800")
	body := wanted(seedOrder, "100", "Bkash", "COMPLETED")
	known := s.post("seller", "/payment", body, "Idempotency-Key", "known")
	view, err := s.App.Invoice(t.Context(), s.Shop, seedOrder)
	if err != nil || known.Status != http.StatusCreated {
		t.Fatalf("got %d %s, %v", known.Status, known.Body, err)
	}
	// The same as above up to where the process died: the effect is there, and no answer.
	once := app.Once{Caller: users["seller"].id, Key: "dead", Fingerprint: fingerprint("POST /payment", body)}
	made, err := s.App.AttestPayment(t.Context(), s.Shop, app.Attestation{
		ID: s.UUID(), Invoice: seedOrder, Amount: money.New(10_000, money.BDT), Method: payment.MobileWallet,
		Said: payment.Captured, Owner: buyer, Bag: view.Payments[0].Bag, Once: once,
	})
	if err != nil {
		t.Fatal(err)
	}
	first := s.post("seller", "/payment", body, "Idempotency-Key", "dead")
	want := strings.Replace(known.Body, view.Payments[0].ID, made.ID, 1)
	if first.Status != http.StatusCreated || first.Body != want {
		t.Errorf("got %d %s, want %s", first.Status, first.Body, want)
	}
	if list := s.payments(); len(list) != 2 {
		t.Errorf("got %d payments, want 2", len(list))
	}
	if _, err := s.App.RefundPayment(t.Context(), s.Shop, app.NewRefund{Payment: made.ID}); err != nil {
		t.Fatal(err)
	}
	if again := s.post("seller", "/payment", body, "Idempotency-Key", "dead"); again.Body != first.Body {
		t.Errorf("then: got %s, want %s", again.Body, first.Body)
	}
}

// The process died while the gateway was being asked. The worker gives the
// attempt up, and then the key answers with what became of it.
func TestKeyAfterADeathAtTheGateway(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	dead := &slow{
		desk:  desk{name: "bkash", methods: []payment.Method{payment.MobileWallet}, pages: map[string]*sheet{}},
		asked: make(chan struct{}), open: make(chan struct{}),
	}
	s.Gateways["bkash"] = dead
	s.order("800")
	send := func() dialecttest.Answer {
		return s.post("customer", "/payment", wanted(seedOrder, "100", "Bkash", "PENDING"), "Idempotency-Key", "k")
	}
	first := make(chan dialecttest.Answer)
	go func() { first <- send() }()
	<-dead.asked
	if a := send(); a.Status != http.StatusConflict {
		t.Errorf("meanwhile: got %d %s", a.Status, a.Body)
	}
	s.Wait(5 * time.Minute)
	if _, err := s.App.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	later := send()
	if later.Status != http.StatusCreated || !strings.Contains(later.Body, `"status":"FAILED"`) {
		t.Errorf("given up: got %d %s", later.Status, later.Body)
	}
	close(dead.open)
	if late := <-first; late.Body != later.Body || late.Status != later.Status {
		t.Errorf("the first one after all: got %d %s, want %s", late.Status, late.Body, later.Body)
	}
	if list := s.payments(); len(list) != 1 {
		t.Errorf("got %d payments, want 1", len(list))
	}
}

// Only what is an address is told to gateways.
func TestAddressesOfPayers(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.order("800")
	for email, want := range map[string]string{
		"a@b.example": "a@b.example", "": "", "nobody": "", "A <a@b.example>": "", "a@b.example\n": "",
		strings.Repeat("a", 250) + "@b.example": "",
	} {
		header := bearer(signed(goodHeader, goodClaims.but(object{"email": email}), sha512.New, secret))
		header.Set("Content-Type", "application/json")
		answer := s.Ask(s.handler, http.MethodPost, "/payment", header, wanted(seedOrder, "1", "Bkash", "PENDING"))
		var p shownPayment
		if err := json.Unmarshal([]byte(answer.Body), &p); err != nil || answer.Status != http.StatusCreated {
			t.Fatalf("%q: got %d %s", email, answer.Status, answer.Body)
		}
		stored, err := s.App.Payment(t.Context(), s.Shop, p.ID)
		if err != nil || stored.Payer.Email != want {
			t.Errorf("%q: told %q, %v, want %q", email, stored.Payer.Email, err, want)
		}
	}
}
