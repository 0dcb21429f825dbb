package checkout_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/invoice"
)

// An invoice of our own API has the page when its merchant has begun a deal for it, and
// not before. Its payer sends the money, says so, and may choose again when a deal has
// ended; the invoice is the merchant's to withdraw.
func TestDealOfOurOwnAPI(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone, byCard)
	for _, terminal := range []int64{0, b.store} {
		i := b.bill(func(n *app.NewInvoice) {
			n.ID, n.Terminal, n.Bag, n.Due = "inv_"+b.newUUID(), terminal, nil, time.Time{}
		})
		b.look(i.ID).want(http.StatusNotFound).never("<form")
		for _, form := range []string{"start", "sent", "cancel"} {
			if got := b.press("/pay/deal/"+i.ID+"/"+form, nil); got.status != http.StatusNotFound {
				t.Errorf("%s before there is a deal: status %d", form, got.status)
			}
		}
		wish := app.NewDeal{ID: "deal_" + b.newUUID(), Payment: "pay_" + b.newUUID(), Invoice: i.ID, Option: "SBP"}
		first, found, err := b.app.StartDeal(t.Context(), b.merchant, wish)
		if err != nil || !found {
			t.Fatalf("got %t, %v, want a deal", found, err)
		}
		b.look(i.ID).want(http.StatusOK, "&#43;7(900)000-00-01", "Борис Б.").never("/cancel")
		b.press("/pay/deal/"+i.ID+"/cancel", nil).leadsTo("/invoice?id=" + i.ID)
		b.stands(i, invoice.Open)
		b.later(first.Deadline.Sub(b.now()) + time.Second)
		b.overdueEnd()
		b.look(i.ID).want(http.StatusOK, `value="TO_CARD/smallbank"`, "/pay/deal/"+i.ID+"/start").never("/cancel")
		b.start(i, "TO_CARD/smallbank").leadsTo("/invoice?id=" + i.ID)
		second := b.newest(i, 2)
		b.sent(i, second).leadsTo("/invoice?id=" + i.ID)
		if got := b.newest(i, 2); got.State != deal.TransferConfirmed {
			t.Errorf("got a deal that is %s, want the payer's word", got.State)
		}
		if _, err := b.app.CompleteDeal(t.Context(), b.word(second)); err != nil {
			t.Fatal(err)
		}
		b.stands(i, invoice.Completed)
		b.look(i.ID).want(http.StatusOK).never("<form", "2200 1234")
	}
}

// The page of an invoice leads to the person who is to be paid while there is one: whoever
// paid there too would pay twice.
func TestPageOfAnInvoiceWithADeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(func(n *app.NewInvoice) {
		n.ID, n.Bag, n.Due, n.ReturnTo = "inv_"+b.newUUID(), nil, time.Time{}, "https://shop.example/done"
	})
	page := "/pay/invoice/" + i.ID
	b.anybody()
	b.get(page).want(http.StatusOK, page+"/wallet")
	wish := app.NewDeal{ID: "deal_" + b.newUUID(), Payment: "pay_" + b.newUUID(), Invoice: i.ID, Option: "SBP"}
	d, found, err := b.app.StartDeal(t.Context(), b.merchant, wish)
	if err != nil || !found {
		t.Fatalf("got %t, %v, want a deal", found, err)
	}
	leads := func() {
		t.Helper()
		b.get(page).leadsTo("/invoice?id=" + i.ID)
		b.press(page+"/gateway", url.Values{"choice": {"bank/card"}}).leadsTo("/invoice?id=" + i.ID)
		b.press(page+"/wallet", url.Values{"account": {"10001"}, "pin": {"4711"}}).leadsTo("/invoice?id=" + i.ID)
	}
	leads()
	if _, err := b.app.ReportTransfer(t.Context(), b.merchant, d.ID, true); err != nil {
		t.Fatal(err)
	}
	leads()
	if n := len(b.payments(i)); n != 1 {
		t.Errorf("the invoice has %d payments, want the deal's alone", n)
	}
	if _, err := b.app.CompleteDeal(t.Context(), b.word(d)); err != nil {
		t.Fatal(err)
	}
	b.get(page).want(http.StatusOK).never(page + "/wallet")
}

// The page of an invoice, and that of a link, ask nobody for money that is being sent to a
// person: they lead to the page that tells where to, or what becomes of what was sent.
func TestNoPageAsksTwiceForADeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	asked := func(change func(*app.NewInvoice)) {
		i := b.bill(func(n *app.NewInvoice) {
			n.ID, n.Bag = "inv_"+b.newUUID(), nil
			change(n)
		})
		address := "/pay/invoice/" + i.ID
		if i.Link.Token != "" {
			address = "/pay/link/" + i.Link.Token
		}
		first, found, err := b.app.StartDeal(t.Context(), b.merchant, app.NewDeal{
			ID: "deal_" + b.newUUID(), Payment: "pay_" + b.newUUID(), Invoice: i.ID, Option: "SBP",
		})
		if err != nil || !found {
			t.Fatalf("got %t, %v, want a deal", found, err)
		}
		leads := func() {
			b.get(address + "?lang=ru").leadsTo("/invoice?id=" + i.ID + "&lang=ru")
			if i.Link.Token != "" {
				b.press(address, url.Values{"gateway": {"zarinpal"}}).leadsTo("/invoice?id=" + i.ID)
				return
			}
			b.press(address+"/gateway", url.Values{"gateway": {"zarinpal"}}).leadsTo("/invoice?id=" + i.ID)
			b.fromWallet(i, "1", pin).leadsTo("/invoice?id=" + i.ID)
		}
		leads()
		b.look(i.ID).want(http.StatusOK, "&#43;7(900)000-00-01")
		b.sent(i, first).leadsTo("/invoice?id=" + i.ID)
		leads()
		b.look(i.ID).want(http.StatusOK).never(`name="pin"`, `name="choice"`, "000-00-01")
		if _, err := b.app.CompleteDeal(t.Context(), b.word(first)); err != nil {
			t.Fatal(err)
		}
		if len(b.payments(i)) != 1 {
			t.Errorf("got %d payments, want the one of the deal", len(b.payments(i)))
		}
	}
	asked(func(n *app.NewInvoice) { n.ReturnTo = "https://shop.example/back" })
	asked(func(n *app.NewInvoice) {
		n.Link = invoice.Link{Token: "sent-to-a-person", Kind: invoice.Fixed, Amount: n.Amount}
	})
}

// Where the id of an invoice could be guessed nobody is shown how its deal is paid, and its
// page still asks for nothing.
func TestDealWithoutAPage(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(func(n *app.NewInvoice) {
		n.ID, n.Bag, n.ReturnTo = "order-1", nil, "https://shop.example/back"
	})
	if _, found, err := b.app.StartDeal(t.Context(), b.merchant, app.NewDeal{
		ID: "deal_" + b.newUUID(), Payment: "pay_" + b.newUUID(), Invoice: i.ID, Option: "SBP",
	}); err != nil || !found {
		t.Fatalf("got %t, %v, want a deal", found, err)
	}
	b.get("/pay/invoice/"+i.ID+"?lang=en").want(http.StatusConflict, "is being checked").never("<form", "000-00-01")
}

// disputed is an invoice of 2,000 that is extended by 3,000, with a deal that was withdrawn and
// is disputed now: one about all of it, or one that began before it was extended.
func disputed(t *testing.T, aboutAll bool) (*bazaar, invoice.Invoice) {
	t.Helper()
	b := openBazaar(t, byPhone)
	i := b.bill(func(n *app.NewInvoice) { n.ID, n.Bag = "inv_"+b.newUUID(), nil })
	extend := func() {
		if _, err := b.app.ExtendInvoice(t.Context(), b.merchant, app.Extension{
			Invoice: i.ID, Amount: rub(3000), Token: "tok", Gateway: "zarinpal",
		}); err != nil {
			t.Fatal(err)
		}
	}
	if aboutAll {
		extend()
	}
	d, _, err := b.app.StartDeal(t.Context(), b.merchant, app.NewDeal{
		ID: "deal_" + b.newUUID(), Payment: "pay_" + b.newUUID(), Invoice: i.ID, Option: "SBP",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.app.WithdrawDeal(t.Context(), b.merchant, d.ID); err != nil {
		t.Fatal(err)
	}
	if !aboutAll {
		extend()
	}
	if _, err := b.app.DisputeDeal(t.Context(), app.NewDispute{
		Merchant: b.merchant, Deal: d.ID, ByPayer: true,
	}); err != nil {
		t.Fatal(err)
	}
	return b, i
}

// What an invoice was extended by after its deal was taken back is asked for while that is
// disputed, and the link tells nobody of the deal: its page is its own, which says here that
// no gateway takes roubles.
func TestExtensionBesideADispute(t *testing.T) {
	t.Parallel()
	b, i := disputed(t, false)
	b.get("/pay/link/tok?lang=en").want(http.StatusUnprocessableEntity, "3,000").never(i.ID)
	b.press("/pay/link/tok?lang=en", url.Values{"gateway": {"zarinpal"}}).
		want(http.StatusUnprocessableEntity, "3,000").never(i.ID)
}

// What a deal was begun for as well is not asked for twice.
func TestDisputeAboutAnExtension(t *testing.T) {
	t.Parallel()
	b, i := disputed(t, true)
	b.get("/pay/link/tok").leadsTo("/invoice?id=" + i.ID)
	b.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).leadsTo("/invoice?id=" + i.ID)
}
