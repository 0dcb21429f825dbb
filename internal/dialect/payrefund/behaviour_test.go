package payrefund_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// shop is a merchant's software with an API to talk to.
type shop struct {
	testing.TB
	w *dialecttest.World
	h http.Handler
}

func newShop(t testing.TB) *shop {
	t.Helper()
	w := dialecttest.NewWorld(t, nil, extras)
	return &shop{TB: t, w: w, h: w.Handler(build(t, config(w)))}
}

// ask sends a request with the shop's key.
func (s *shop) ask(method, target, body string) dialecttest.Answer {
	return s.w.Ask(s.h, method, target, http.Header{"X-Api-Key": {"{{key}}"}}, body)
}

// good is the answer to a request that must be understood.
func (s *shop) good(method, target, body string) map[string]any {
	s.Helper()
	a := s.ask(method, target, body)
	var answer map[string]any
	if err := json.Unmarshal([]byte(a.Body), &answer); err != nil || a.Status != http.StatusOK {
		s.Fatalf("%s %s %s: got %d %s, %v", method, target, body, a.Status, a.Body, err)
	}
	return answer
}

// held makes a payment by card and gives its address.
func (s *shop) held(amount string) (id, address string) {
	s.Helper()
	id, _ = s.good("POST", "/api/payments", cardBody(amount, goodCard))["payment_id"].(string)
	return id, "/api/payments/" + id
}

// crowd does the same at once and counts the answers.
func (s *shop) crowd(people int, do func(n int) dialecttest.Answer) map[string]int {
	s.Helper()
	begin, answers := make(chan struct{}), make(chan dialecttest.Answer, people)
	var all sync.WaitGroup
	for n := range people {
		all.Go(func() {
			<-begin
			answers <- do(n)
		})
	}
	close(begin)
	all.Wait()
	close(answers)
	counts := map[string]int{}
	for a := range answers {
		if a.Status != http.StatusOK {
			s.Errorf("got %d %s", a.Status, a.Body)
		}
		counts[a.Body]++
	}
	return counts
}

// Of ten thousand refunds of most of a payment one is made, whether its money
// is held, taken or recorded.
func TestCrowdOfRefunds(t *testing.T) {
	t.Parallel()
	people := 10_000
	if racing || testing.Short() {
		people = 1000
	}
	for name, settle := range map[string]string{"held": "", "settled": `{"settled_amount":50}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			id, address := s.held("50.0")
			if settle != "" {
				s.good("PUT", address, settle)
			}
			made := 0
			counts := s.crowd(people, func(int) dialecttest.Answer {
				return s.ask("POST", "/api/refunds", `{"payment_id":"`+id+`","amount":30}`)
			})
			const refused = `{"errors":"refunds would total 60.0, more than the payment amount 50.0"}`
			for body, n := range counts {
				switch {
				case strings.HasPrefix(body, `{"refund_id"`):
					made += n
				case body != refused:
					t.Errorf("%d times: got %s", n, body)
				}
			}
			if made != 1 || counts[refused] != people-1 {
				t.Errorf("got %d refunds and %d refusals of %d, want one", made, counts[refused], people)
			}
			if list := s.ask("GET", "/api/refunds?payment_id="+id, "").Body; strings.Count(list, "refund_id") != 1 {
				t.Errorf("got %s, want one refund", list)
			}
		})
	}
}

// Settlements of one payment at once: the same one is made once and answered to
// all, and of different ones the first wins.
func TestCrowdOfSettlements(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, address := s.held("50.0")
	same := s.crowd(50, func(int) dialecttest.Answer {
		return s.ask("PUT", address, `{"settled_amount":50,"settled_at":"2025-01-02T03:04:05"}`)
	})
	for body := range same {
		if !strings.Contains(body, `"status":"settled"`) && !strings.Contains(body, `"errors":"The present state`) {
			t.Errorf("got %s, want it to be settled", body)
		}
	}
	_, address = s.held("50.0")
	settled := 0
	for body, n := range s.crowd(50, func(n int) dialecttest.Answer {
		return s.ask("PUT", address, fmt.Sprintf(`{"settled_amount":%d}`, n+1))
	}) {
		if strings.Contains(body, `"status":"settled"`) {
			settled += n
		} else if !strings.Contains(body, `"errors"`) {
			t.Errorf("got %s", body)
		}
	}
	if settled != 1 {
		t.Errorf("got %d settlements, want one", settled)
	}
}

// Whatever happens to a payment at once, it is one thing in the end, and what
// was answered is what became of it.
func TestCrowdOfChanges(t *testing.T) {
	t.Parallel()
	rounds := 30
	if racing {
		rounds = 10
	}
	s := newShop(t)
	for range rounds {
		id, address := s.held("50.0")
		all := map[int]func() dialecttest.Answer{
			0: func() dialecttest.Answer { return s.ask("PUT", address, `{"settled_amount":50}`) },
			1: func() dialecttest.Answer { return s.ask("PUT", address, `{"amount":40}`) },
			2: func() dialecttest.Answer {
				return s.ask("POST", "/api/refunds", `{"payment_id":"`+id+`","amount":15}`)
			},
			3: func() dialecttest.Answer { return s.ask("DELETE", address, "") },
		}
		var mu sync.Mutex
		did := map[int]string{}
		s.crowd(len(all), func(n int) dialecttest.Answer {
			a := all[n]()
			mu.Lock()
			defer mu.Unlock()
			did[n] = a.Body
			return a
		})
		settled := strings.Contains(did[0], `"status":"settled"`)
		resized := strings.Contains(did[1], `"amount":40.0`)
		refunds := strings.Count(s.ask("GET", "/api/refunds?payment_id="+id, "").Body, "refund_id")
		if settled && resized {
			t.Errorf("50.0 was settled of 40.0, or 40.0 made of what was settled: %v", did)
		}
		if (refunds == 1) != strings.Contains(did[2], "refund_id") {
			t.Errorf("got %d refunds, answered %s", refunds, did[2])
		}
		deleted := strings.Contains(did[3], "payment_id")
		if gone := s.ask("GET", address, "").Body == "{}"; gone != deleted {
			t.Errorf("it is gone: %t; the answer to DELETE was %s", gone, did[3])
		}
	}
	text, err := s.w.Record(t.Context())
	if err != nil || strings.Contains(text, "flag by") {
		t.Errorf("something waits for a person: %v\n%s", err, text)
	}
}

// A list that is longer than a page is complete, in order, and the same in parts.
func TestLongLists(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const together, apart = 1100, 30
	const byPhone = `{"amount":5,"payment_method":"mbway","additional_params":{"phone_number":"912000000"}}`
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range together/16 + 1 {
				s.good("POST", "/api/payments", byPhone)
			}
		})
	}
	all.Wait()
	for range apart {
		s.w.Wait(time.Second)
		s.held("60")
	}
	read := func(query string) (ids []string) {
		t.Helper()
		var list []struct {
			ID string `json:"payment_id"`
		}
		a := s.ask("GET", "/api/payments?"+query, "")
		if err := json.Unmarshal([]byte(a.Body), &list); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, p := range list {
			ids = append(ids, p.ID)
		}
		return ids
	}
	whole := read("")
	seen := map[string]bool{}
	for _, id := range whole {
		seen[id] = true
	}
	if total := 16*(together/16+1) + apart; len(whole) != total || len(seen) != total {
		t.Errorf("got %d payments, %d of them different, want %d", len(whole), len(seen), total)
	}
	var parts []string
	for len(parts) < len(whole) {
		part := read(fmt.Sprintf("limit=700&offset=%d", len(parts)))
		if len(part) == 0 {
			break
		}
		parts = append(parts, part...)
	}
	if diff := cmp.Diff(whole, parts); diff != "" {
		t.Errorf("the parts are not the whole (-whole +parts):\n%s", diff)
	}
	if late := read("created_at_gte=2025-01-02T03:04:05.679"); len(late) != apart || late[0] != whole[len(whole)-apart] {
		t.Errorf("got %d of the last payments, want %d", len(late), apart)
	}
	const begin = "2025-01-02T03:04:05.678"
	if early := read("created_at_gte=" + begin + "&created_at_lte=" + begin); len(early) != len(whole)-apart {
		t.Errorf("got %d of the first payments, want %d", len(early), len(whole)-apart)
	}
}

// A Z behind times, a merchant without a key, and another currency are settings.
func TestSettings(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	c := config(w)
	c.Zone, c.OpenMerchant = true, w.Shop
	c.OpenTo = func(*http.Request) bool { return true }
	h := w.Handler(build(t, c))
	ask := func(method, target, body string) string { return w.Ask(h, method, target, nil, body).Body }
	ask("POST", "/api/payments", cardBody("50", goodCard))
	got := ask("PUT", "/api/payments/"+idOf(1), `{"settled_at":"2025-01-01"}`)
	if !strings.Contains(got, `"2025-01-01T00:00:00.000Z"`) {
		t.Errorf("got %s, want a Z", got)
	}
	bad := http.Header{"X-Api-Key": {"pk_wrong"}}
	if a := w.Ask(h, "GET", "/api/payments", bad, ""); a.Status != http.StatusUnauthorized {
		t.Errorf("a wrong key of an open merchant: got %d, want 401", a.Status)
	}
	c.Unit = "JPY"
	h = w.Handler(build(t, c))
	got = ask("POST", "/api/payments", cardBody("50.5", goodCard))
	if !strings.Contains(got, "at most 0 decimal places") {
		t.Errorf("half a yen: got %s", got)
	}
	got = ask("POST", "/api/payments", cardBody("50.0", goodCard))
	if got != `{"errors":"No gateway can take this payment."}` {
		t.Errorf("got %s, want no gateway for yen", got)
	}
}

// What our own API charges is a payment here, with its refunds, and keeps the words
// that it was given there; none of it is here where another currency is spoken.
func TestChargedThroughOurOwnAPI(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const native = "pay_01941f29-7c00-7000-8000-000000000001"
	p, err := s.w.App.Charge(t.Context(), s.w.Shop, app.NewCharge{
		ID: native, Invoice: "inv_1", Amount: money.New(5000, money.EUR), Instrument: app.Instrument{
			Method: payment.Card, Card: app.NewCard("4000000000000002", "321", "CARD HOLDER", 5, 2028),
			Bag: map[string]string{app.MetadataWord + "basket": "7"},
		},
	})
	if err != nil || p.State != payment.Failed {
		t.Fatalf("got %+v, %v, want it declined", p, err)
	}
	path := "/api/payments/" + native
	if got := s.good("GET", path, ""); got["payment_id"] != native || got["status"] != "error" || got["amount"] != 50.0 {
		t.Errorf("got %v, want the charge", got)
	}
	if got := s.good("PUT", path, cardBody("40", goodCard)); got["status"] != "success" {
		t.Errorf("got %v, want it charged again", got)
	}
	s.good("PUT", path, `{"settled_at":"2025-01-01"}`)
	back := s.good("POST", "/api/refunds", `{"payment_id":"`+native+`","amount":15}`)
	if p, err = s.w.App.Payment(t.Context(), s.w.Shop, native); err != nil {
		t.Fatal(err)
	}
	for name, word := range map[string]string{
		"basket": "7", "card_name": "CARD HOLDER", "card_expiration_month": "05", "card_expiration_year": "2028",
	} {
		if got := p.Bag[app.MetadataWord+name]; got != word {
			t.Errorf("%s: got %q, want %q", name, got, word)
		}
	}
	refund, _ := back["refund_id"].(string)
	yen := config(s.w)
	yen.Unit = "JPY"
	other := s.w.Handler(build(t, yen))
	for target, empty := range map[string]string{
		path: "{}", "/api/payments": "[]", "/api/payments?amount_lte=900": "[]", "/api/refunds": "[]",
		"/api/refunds/" + refund: "{}",
	} {
		if here := s.ask("GET", target, "").Body; !strings.Contains(here, native) {
			t.Errorf("%s: got %s, want the payment", target, here)
		}
		there := s.w.Ask(other, "GET", target, http.Header{"X-Api-Key": {"{{key}}"}}, "")
		if there.Status != http.StatusOK || there.Body != empty {
			t.Errorf("%s in yen: got %d %s, want %s", target, there.Status, there.Body, empty)
		}
	}
}

// The number and the check value reach the acquirer as they were sent, once.
func TestCardsReachTheAcquirer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cards, _ := s.w.Gateways["cards"].(*acquirer)
	s.good("POST", "/api/payments", cardBody("50", exampleCard))
	s.good("POST", "/api/payments", strings.ReplaceAll(cardBody("50", exampleCard), "321", `\u0033\u0032\/`))
	s.good("POST", "/api/payments", cardBody("50", "4000000000000002"))
	s.good("PUT", "/api/payments/"+idOf(3), `{"additional_params":{"cvv":"7","number":"`+goodCard+`"}}`)
	want := []string{exampleCard + " 321", exampleCard + " 32/", "4000000000000002 321", goodCard + " 7"}
	if diff := cmp.Diff(want, cards.saw); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
}

// What is withdrawn while it is refunded keeps its refunds, and the books hold.
func TestBooks(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id, address := s.held("50")
	s.good("POST", "/api/refunds", `{"payment_id":"`+id+`","amount":20}`)
	s.good("PUT", address, `{"settled_at":"2025-01-01"}`)
	s.good("POST", "/api/refunds", `{"payment_id":"`+id+`","amount":12.5}`)
	s.good("DELETE", address, "")
	balances, err := s.w.Store.Balances(t.Context(), s.w.Shop)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, p := range balances {
		if !p.Amount.IsZero() {
			got[p.Account.Key()] = p.Amount.Steps()
		}
	}
	want := map[string]int64{"gateway_clearing/cards/EUR": -1750, "merchant_available//EUR": 1750}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("balances (-want +got):\n%s", diff)
	}
	if _, err := s.w.App.DirectPayment(t.Context(), s.w.Shop, id); err == nil {
		t.Error("it can still be seen")
	}
	if _, total, err := s.w.App.Invoices(t.Context(), s.w.Shop, app.Page{Limit: 10}); err != nil || total != 1 {
		t.Errorf("got %d invoices, %v, want the journal to be kept", total, err)
	}
}
