package e2e

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/purserhq/purser/internal/server"
)

// operated lets an operator do things one after the other: beside the running
// server on PostgreSQL, and while it is stopped on SQLite.
func (s *shop) operated(do ...func(server.Commands) error) (*shop, []object) {
	s.t.Helper()
	if s.options.Database == "" {
		s.stop()
	}
	desk := operator{s.t, server.Config{Data: s.options.Data, Database: s.options.Database}}
	var said []object
	for _, one := range do {
		said = append(said, desk.run(one))
	}
	if s.options.Database == "" {
		return open(s.t, s.options), said
	}
	return s, said
}

// Money that a merchant has earned is sent to somebody by a trader: asked for over
// HTTP, approved, taken and confirmed by commands.
func TestPayoutIsSentByTrader(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		site := openSite(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
		_, deal := s.store().create("5000", "", "")
		var trader string
		s, said := s.operated(func(c server.Commands) error {
			return c.ConfirmDeal(t.Context(), server.DealWord{Deal: deal.text(t, "id"), Operator: "Tom"})
		})
		trader = said[0].text(t, "trader")
		shop := s.store()
		before := shop.balance(t)
		body, err := json.Marshal(object{
			"type": "out", "amount": "2000.00", "currency": "RUB", "notificationUrl": site.at("/hook"),
			"notificationToken": "tok-out", "internalId": "out-1", "paymentOption": "TO_CARD", "paymentMethod": "sberbank",
			"paymentRequisites": object{"requisites": "2200 0000 0000 0004", "holder": "ANN A."},
		})
		if err != nil {
			t.Fatal(err)
		}
		asked := shop.decode(shop.ask(http.MethodPost, "/api/merchant/invoices", "", body))
		id := asked.text(t, "id")
		if asked["type"] != "out" || asked["status"] != "new" || asked.member("paymentRequisites", "holder") != "ANN A." {
			t.Errorf("got %v, want it new", asked)
		}
		if now := sumOf(t, shop.balance(t), "22.03045686"); now != before {
			t.Errorf("%s and what is set aside are not %s", now, before)
		}
		word := server.PayoutWord{Payout: id, Operator: "Sam"}
		s, said = s.operated(
			func(c server.Commands) error { return c.ApprovePayout(t.Context(), word) },
			func(c server.Commands) error {
				return c.TakePayout(t.Context(), server.PayoutTaking{Payout: id, Trader: trader, Operator: "Sam"})
			},
			func(c server.Commands) error {
				word.Receipt = "bank 1"
				return c.ConfirmPayout(t.Context(), word)
			})
		for n, want := range []string{"approved", "transfer_waiting", "paid"} {
			if said[n]["state"] != want {
				t.Errorf("got %v, want it %s", said[n], want)
			}
		}
		shop = s.store()
		until(t, "the store to be told", func() bool { return len(site.hooks()) > 0 })
		hook := site.hooks()[0]
		told := s.decode([]byte(hook.body))
		if hook.header.Get("X-Notification-Token") != "tok-out" || told.member("invoice", "type") != "out" ||
			told.member("invoice", "status") != "paid" || told.member("invoice", "payoutSum", "amount") != "22.03045686" {
			t.Errorf("the store was told %s in %v", hook.body, hook.header)
		}
		read := shop.decode(shop.ask(http.MethodGet, "/api/merchant/internal-id/out-1", "", nil))
		if read["status"] != "paid" || read["id"] != id || read.member("serviceFeeSum", "amount") != "1.72588833" ||
			read.member("receivedSumFromMaker", "amount") != "20.30456853" {
			t.Errorf("got %v, want it paid", read)
		}
		if now := sumOf(t, shop.balance(t), "22.03045686"); now != before {
			t.Errorf("%s and what it cost are not %s", now, before)
		}
		if n := len(site.hooks()); n != 1 {
			t.Errorf("the store was told %d times", n)
		}
		s.audit()
	})
}
