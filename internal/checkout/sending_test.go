package checkout_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/wallet"
)

// payee is to whom the bazaar sends money.
var payee = payout.Payee{Option: "TO_CARD", Method: "smallbank", Number: "2200 1234 5678 9010", Holder: "ANNA A"}

// paysIn gives the merchant coins to pay traders with.
func (b *bazaar) paysIn() {
	b.Helper()
	// The trader takes money of a payer, for which the merchant gets coins.
	i := b.bill(func(n *app.NewInvoice) { n.Amount = rub(5000) })
	d := b.begun(i)
	if _, err := b.app.CompleteDeal(b.Context(), b.word(d)); err != nil {
		b.Fatal(err)
	}
}

// sending asks for a payout of 1970 roubles, to be taken within the hour.
func (b *bazaar) sending() payout.Payout {
	b.Helper()
	p, err := b.app.RequestSending(b.Context(), app.NewSending{
		ID: b.newUUID(), Merchant: b.merchant, Terminal: b.store, Reference: "secret-" + b.newUUID(), Sum: rub(1970),
		Payee: payee, Due: b.now().Add(time.Hour),
	})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func (b *bazaar) taken(p payout.Payout) (dealID string) {
	b.Helper()
	if _, err := b.app.ApprovePayout(b.Context(), b.wordOf(p)); err != nil {
		b.Fatal(err)
	}
	d, err := b.app.TakePayout(b.Context(), app.Taking{
		ID: b.newUUID(), Merchant: b.merchant, Payout: p.ID, Trader: b.trader, Operator: "Boris",
	})
	if err != nil {
		b.Fatal(err)
	}
	return d.ID
}

func (b *bazaar) wordOf(p payout.Payout) app.PayoutWord {
	return app.PayoutWord{Merchant: b.merchant, Payout: p.ID, Operator: "Sam", Receipt: "r-" + p.ID}
}

// The page of a payout tells how it stands, in every language, and offers
// nothing to press. It does not say whose account it is, nor its whole number.
func TestSendingIsTold(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string][5]string{
		"fa": {"۱٬۹۷۰", "روبل", "هنوز فرستاده نشده است", "در حال فرستاده شدن", "این واریز فرستاده شد"},
		"en": {"1,970", "Roubles", "has not been sent yet", "is being sent", "This payout has been sent"},
		"bn": {"১,৯৭০", "রুবল", "এখনো পাঠানো হয়নি", "পাঠানো হচ্ছে", "এই টাকা পাঠানো হয়েছে"},
		"pt": {"1\u00a0970", "rublos", "ainda não foi enviado", "está a ser enviado", "Este pagamento foi enviado"},
		"ru": {"1\u00a0970", "рублей", "ещё не отправлена", "выплата отправляется", "Эта выплата отправлена"},
	} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			b := openBazaar(t, byPhone)
			b.paysIn()
			p := b.sending()
			look := func(words string) answer {
				t.Helper()
				page := b.look(p.ID, "Accept-Language", tag)
				page.want(http.StatusOK, want[0], want[1], words, `lang="`+tag+`"`, "smallbank", p.ID)
				page.never("<form", "<button", payee.Number, "5678", payee.Holder, p.Reference, "Boris")
				return page
			}
			look(want[2])
			b.taken(p)
			look(want[3])
			if _, err := b.app.ConfirmPayout(t.Context(), b.wordOf(p)); err != nil {
				t.Fatal(err)
			}
			look(want[4]).never("<script")
		})
	}
}

// Whatever becomes of a payout is told by name, and a payout that is over has no
// stream.
func TestSendingThatIsNotSent(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	b.paysIn()
	english := func(p payout.Payout, words string) {
		t.Helper()
		b.look(p.ID, "Accept-Language", "en").want(http.StatusOK, words).never("<form")
	}
	over := func(p payout.Payout, words string) {
		t.Helper()
		english(p, words)
		if got := b.get("/pay/deal/" + p.ID + "/events").status; got != http.StatusNoContent {
			t.Errorf("%s: a stream has status %d", words, got)
		}
	}
	rejected := b.sending()
	if _, err := b.app.RejectPayout(t.Context(), b.wordOf(rejected)); err != nil {
		t.Fatal(err)
	}
	over(rejected, "This payout is canceled")
	disputed := b.sending()
	d := b.taken(disputed)
	b.later(time.Minute)
	if _, err := b.app.DisputeDeal(t.Context(), app.NewDispute{
		Merchant: b.merchant, Deal: d, Reason: "not_received",
	}); err != nil {
		t.Fatal(err)
	}
	english(disputed, "is being looked into")
	if _, err := b.app.ResolveDispute(t.Context(),
		app.DealWord{Merchant: b.merchant, Deal: d, Operator: "Sam"}, true); err != nil {
		t.Fatal(err)
	}
	over(disputed, "did not arrive")
	expired := b.sending()
	b.later(2 * time.Hour)
	if n, err := b.app.ExpirePayouts(t.Context(), 10); n != 1 || err != nil {
		t.Fatalf("ended %d, %v", n, err)
	}
	over(expired, "was not sent in time")
}

// The page of a payout keeps itself up to date as that of an invoice does.
func TestSendingIsHeardOf(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	b.paysIn()
	p := b.sending()
	like := invoice.Invoice{ID: p.ID}
	heard, _ := b.listens(like)
	first := heard.next()
	if want := b.mark(like); first == "" || first != want {
		t.Errorf("heard of %q, and the page shows %q", first, want)
	}
	if _, err := b.app.RejectPayout(t.Context(), b.wordOf(p)); err != nil {
		t.Fatal(err)
	}
	if got := heard.next(); got == "" || got == first {
		t.Errorf("heard of %q after the end", got)
	}
	if got := heard.next(); got != "" {
		t.Errorf("heard of %q after the last", got)
	}
}

// Coins that go out on a network have no such page, and nothing about a payout
// can be pressed.
func TestOtherPayoutsAreNotFound(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	b.paysIn()
	p := b.sending()
	for _, form := range []string{"start", "sent", "cancel"} {
		if got := b.press("/pay/deal/"+p.ID+"/"+form, url.Values{}); got.status != http.StatusNotFound {
			t.Errorf("%s has status %d", form, got.status)
		}
	}
	if still, err := b.app.Payout(t.Context(), b.merchant, p.ID); err != nil || still.Version != p.Version {
		t.Errorf("it was changed: %+v, %v", still, err)
	}
	usdt := func(steps int64) money.Amount { return money.New(steps, deal.Coin) }
	if _, err := b.app.ChangeMerchant(t.Context(), b.merchant, app.MerchantTerms{Rails: []merchant.Rail{
		{Unit: deal.Coin, Network: "TRX", Min: usdt(1), Fee: usdt(1), Decimals: 6, Active: true},
	}}); err != nil {
		t.Fatal(err)
	}
	out, err := b.app.RequestPayout(t.Context(), app.NewPayout{
		ID: b.newUUID(), Merchant: b.merchant, Account: wallet.House, Amount: usdt(1_00000000), Rail: "TRX",
		Destination: "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
	})
	if err != nil {
		t.Fatal(err)
	}
	b.look(out.ID).want(http.StatusNotFound, "lang=").never(out.Destination)
	if got := b.get("/pay/deal/" + out.ID + "/events"); got.status != http.StatusNotFound {
		t.Errorf("its stream has status %d", got.status)
	}
}
