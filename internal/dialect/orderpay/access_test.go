package orderpay_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/money"
)

// Every user asks for everything of every order, and gets what is theirs.
func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	orders := []struct{ maker, user string }{
		{"seller", "customer"}, {"rival", "neighbour"}, {"rival", "seller"}, {"manager", "customer"},
	}
	seen := map[string][]int{
		"customer": {0, 3}, "neighbour": {1}, "seller": {0, 2}, "rival": {1, 2}, "manager": {0, 1, 2, 3},
		"owner": {0, 1, 2, 3}, "stranger": {},
	}
	ids, payments := make([]string, len(orders)), make([]string, len(orders))
	for n, o := range orders {
		ids[n], payments[n] = idOf(0x100+n), idOf(n+1)
		order := s.post(o.maker, "/order", `{"orderId":"`+ids[n]+`","userId":"`+users[o.user].id+`","total":100}`)
		paid := s.post("owner", "/payment", wanted(ids[n], "5", "Cash", "COMPLETED"))
		if order.Status != http.StatusCreated || !strings.Contains(paid.Body, payments[n]) {
			t.Fatalf("got %d %s, %d %s", order.Status, order.Body, paid.Status, paid.Body)
		}
	}
	for who, own := range seen {
		for n := range orders {
			want := map[string]int{"pay": http.StatusForbidden, "list": http.StatusForbidden, "read": http.StatusNotFound}
			if slices.Contains(own, n) {
				want = map[string]int{"pay": http.StatusCreated, "list": http.StatusOK, "read": http.StatusOK}
			} else if who == "stranger" {
				want = map[string]int{"pay": http.StatusNotFound, "list": http.StatusNotFound, "read": http.StatusNotFound}
			}
			for what, answer := range map[string]dialecttest.Answer{
				"pay":  s.post(who, "/payment", wanted(ids[n], "1", "Cash", "FAILED")),
				"list": s.get(who, "/payment/order/"+strings.ToUpper(ids[n])),
				"read": s.get(who, "/payment/"+payments[n]),
			} {
				if answer.Status != want[what] {
					t.Errorf("%s of order %d by %s: got %d %s, want %d", what, n, who, answer.Status, answer.Body, want[what])
				}
			}
		}
		list := s.get(who, "/payment?limit=100").Body
		for n, o := range orders {
			all := who == "manager" || who == "owner"
			if mine := strings.Contains(list, payments[n]); mine != (all || o.user == who) {
				t.Errorf("%s has payment %d in the list: %v", who, n, mine)
			}
		}
	}
}

// An invoice that was not made for a user is no order for anybody.
func TestOtherInvoicesAreNoOrders(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	for name, n := range otherInvoices() {
		if _, err := s.App.CreateInvoice(t.Context(), s.Shop, n); err != nil {
			t.Fatal(err)
		}
		for _, answer := range []dialecttest.Answer{
			s.get("owner", "/payment/order/"+n.ID), s.post("owner", "/payment", wanted(n.ID, "1", "Cash", "COMPLETED")),
		} {
			if answer.Status != http.StatusNotFound {
				t.Errorf("%s: got %d %s", name, answer.Status, answer.Body)
			}
		}
	}
}

// What our own API made is an order: its owner's, or where it has none and no terminal
// one for those who see all orders.
func TestMadeThroughOurOwnAPI(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	terminal, _ := s.Terminal(t, s.Shop, app.TerminalTerms{Name: "Another shop"})
	const form = "_01941f29-7c00-7000-8000-0000000000%02d"
	for n, c := range []struct {
		owner    string
		terminal int64
		seen     []string
	}{
		{users["customer"].id, 0, []string{"customer", "manager", "owner"}},
		{users["seller"].id, terminal, []string{"seller", "manager", "owner"}},
		{"", 0, []string{"manager", "owner"}},
		{"", terminal, nil},
	} {
		invoice, pay := fmt.Sprintf("inv"+form, n), fmt.Sprintf("pay"+form, n)
		made := app.NewInvoice{ID: invoice, Amount: money.New(50_000, money.BDT), Terminal: c.terminal}
		if c.owner != "" {
			made.Bag = map[string]string{"user": c.owner}
		}
		if _, err := s.App.CreateInvoice(t.Context(), s.Shop, made); err != nil {
			t.Fatal(err)
		}
		paid, err := s.App.RequestPayment(t.Context(), s.Shop, app.NewPayment{
			Invoice: invoice, Amount: money.New(5_000, money.BDT), NewID: func() string { return pay }, Kept: true,
		})
		if err != nil || paid.Payment.Owner != c.owner {
			t.Fatalf("got %+v, %v, want a payment of %q", paid, err, c.owner)
		}
		for who := range users {
			sees := slices.Contains(c.seen, who)
			read, order := s.get(who, "/payment/"+pay), s.get(who, "/payment/order/"+invoice)
			if (read.Status == http.StatusOK) != sees || (order.Status == http.StatusOK) != sees {
				t.Errorf("%d by %s: got %d %s, %d %s", n, who, read.Status, read.Body, order.Status, order.Body)
			}
			if sees && (!strings.Contains(read.Body, `"orderId":"`+invoice+`","amount":50,"status":"PENDING"`) ||
				order.Body != "["+read.Body+"]") {
				t.Errorf("%d by %s: got %s and %s", n, who, read.Body, order.Body)
			}
			listed := strings.Contains(s.get(who, "/payment?limit=100").Body, pay)
			if listed != (sees && c.owner != "") {
				t.Errorf("%d by %s: is in the list: %v", n, who, listed)
			}
		}
		if answer := s.get("stranger", "/payment/"+pay); answer.Status != http.StatusNotFound {
			t.Errorf("%d: another merchant's admin got %d %s", n, answer.Status, answer.Body)
		}
		if len(c.seen) == 0 {
			continue
		}
		stated := s.post("manager", "/payment", wanted(invoice, "450", "Cash", "COMPLETED"))
		if stated.Status != http.StatusCreated || !strings.Contains(stated.Body, `"status":"COMPLETED"`) {
			t.Errorf("%d: got %d %s, want the rest received", n, stated.Status, stated.Body)
		}
	}
}

// Payers' pages find an invoice by its id alone: no merchant may take an id that
// another one has.
func TestOneOrderOfAnID(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	order := `{"orderId":"` + idOf(0x100) + `","userId":"` + users["customer"].id + `","total":100}`
	for _, c := range []struct {
		who    string
		status int
	}{{"seller", http.StatusCreated}, {"stranger", http.StatusConflict}, {"seller", http.StatusConflict}} {
		if answer := s.post(c.who, "/order", order); answer.Status != c.status {
			t.Errorf("%s: got %d %s, want %d", c.who, answer.Status, answer.Body, c.status)
		}
	}
	if owner, err := s.App.InvoiceOwner(t.Context(), idOf(0x100)); err != nil || owner != s.Shop {
		t.Errorf("the order is of %q, %v", owner, err)
	}
}

// Whatever is sent as a body, it is answered in this API's own words, and what
// is refused leaves nothing behind.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		printedRequest, wanted(seedOrder, "10.505", "Gold", "DONE"), wanted(seedOrder, "1e3", "cash", "COMPLETED"), "{", "",
		`{"amount":-0,"orderId":null,"transactionId":"\u0001"}`, `{"userId":"` + buyer + `","total":1.50,"currency":"eur"}`,
	} {
		f.Add(seed)
	}
	w := dialecttest.NewWorld(f, nil, extras)
	h := w.Handler(newDialect(w))
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/payment", "/order"} {
			answer := w.Ask(h, http.MethodPost, path, dialecttest.Bearer("seller"), body)
			if answer.Status == http.StatusCreated {
				continue
			}
			if err := face(answer); err != nil || answer.Status >= http.StatusInternalServerError {
				t.Errorf("%s %q: got %d %s (%v)", path, body, answer.Status, answer.Body, err)
			}
		}
	})
}
