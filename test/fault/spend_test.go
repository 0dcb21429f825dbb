//go:build fault

package fault

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/pgtest"
)

// bnbAddress can be sent to.
const bnbAddress = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

// Ten thousand attempts from many connections, at one server or at several, to
// spend a wallet that holds a hundred: exactly a hundred leave it, however they
// leave. The merchant's own account is no easier.
func TestSpendOnce(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		spendOnce(t, "", 1)
	})
	for _, servers := range []int{2, 3} {
		t.Run(fmt.Sprint("postgres, ", servers, " servers"), func(t *testing.T) {
			t.Parallel()
			spendOnce(t, pgtest.Database(t), servers)
		})
	}
}

func spendOnce(t *testing.T, database string, servers int) {
	t.Helper()
	const room = 100
	w := open(t, plot{database: database})
	till := w.openTill(means{
		people: 2, amounts: map[string]string{"USDT": "100"}, house: map[string]string{"USDT": "100"},
	})
	nodes := []*world{w}
	for range servers - 1 {
		nodes = append(nodes, w.beside())
	}
	for _, n := range nodes {
		n.start()
	}
	spender, receiver := till.people[0], till.people[1]
	begin := time.Now()
	seen := &spending{t: t, said: map[string]int{}, granted: map[int64]int{}, orders: map[string]int{}}
	crowd(tenThousand(), connections, func(n int) {
		node, p := nodes[n%len(nodes)], spender
		if n%4 == 3 { // a quarter of the attempts are the merchant's
			p = till.house
		}
		seen.attempt(node, p, receiver, n)
	})
	for _, p := range []purse{spender, till.house} {
		if got := seen.granted[p.account]; got != room {
			t.Errorf("account %d: %d attempts were granted, want %d", p.account, got, room)
		}
		w.wantBalance("all spent", p, "0")
	}
	for order, times := range seen.orders {
		if times > 1 {
			t.Errorf("the order %s was carried out %d times", order, times)
		}
	}
	seen.wantKept(w, till, receiver)
	w.audit()
	for _, n := range nodes {
		n.stop()
	}
	t.Logf("%d attempts at %d servers: %v, %s", tenThousand(), servers, seen.said,
		time.Since(begin).Round(time.Millisecond))
}

// spending is what the attempts brought.
type spending struct {
	t  *testing.T
	mu sync.Mutex

	said    map[string]int
	granted map[int64]int  // by account
	orders  map[string]int // how often each was carried out
}

// attempt tries to let one unit out of an account, in one of three ways. Every
// third order is given twice, while the first of the two is perhaps under way.
func (s *spending) attempt(w *world, p, receiver purse, n int) {
	const accounts = 4 // as many attempts there are until it is this account's turn again
	if n%3 == 0 {
		n += accounts
	}
	method, order := "transfer", fmt.Sprintf("%d-%d", p.account, n)
	body := fmt.Sprintf("receiver=%d&amount=1&currency=USDT&order_id=T%s", receiver.account, order)
	switch n % 10 {
	case 3, 4:
		method, body, order = "exchange", "amount=1&from_currency=USDT&to_currency=IRT", ""
	case 6, 7:
		method = "crypto-withdraw"
		body = fmt.Sprintf("order_id=%d&coin=USDT&network=BNB&amount=1&address=%s", n+1, bnbAddress)
	}
	a, err := w.sign(p, method, body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said[fmt.Sprint(method, " ", a.status)]++
	switch {
	case err != nil:
		s.t.Errorf("%s: %v", method, err)
	case a.status == http.StatusOK:
		s.granted[p.account]++
		if order != "" {
			s.orders[method+" "+order]++
		}
	case a.status == http.StatusPaymentRequired, a.status == http.StatusConflict && method != "exchange":
	default:
		s.t.Errorf("%s %s: got status %d: %s", method, body, a.status, a.body)
	}
}

// wantKept checks that exactly what was granted is on record.
func (s *spending) wantKept(w *world, till *till, receiver purse) {
	s.t.Helper()
	payouts, err := w.reading().Payouts(s.t.Context(), store.PayoutFilter{Merchant: till.merchant},
		store.Page{Limit: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	exchanges, transfers := 0, 0
	for _, p := range []purse{till.people[0], till.house} {
		var list struct{ Total int }
		w.signed(p, "exchange-list", "", &list)
		exchanges += list.Total
		w.signed(p, "transfer-list", "transfer_type=transfer_out", &list)
		transfers += list.Total
	}
	for method, got := range map[string]int{
		"crypto-withdraw": len(payouts), "exchange": exchanges, "transfer": transfers,
	} {
		if want := s.said[method+" 200"]; got != want {
			s.t.Errorf("%s: %d are on record, want the %d that were granted", method, got, want)
		}
	}
	w.wantBalance("came in", receiver, fmt.Sprint(100+transfers))
}
