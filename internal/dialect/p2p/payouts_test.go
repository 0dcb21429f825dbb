package p2p_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// payoutHappens is what a story says of payouts: "payout ID is approved", "... is
// taken", "... is sent", "... comes back", "... is refused".
func payoutHappens(ctx context.Context, w *dialecttest.World, words []string) (known bool, err error) {
	word := app.PayoutWord{Merchant: w.Shop, Payout: id(words[1]), Operator: "Sam"}
	switch strings.Join(words[2:], " ") {
	case "is approved":
		_, err = w.App.ApprovePayout(ctx, word)
	case "is refused":
		_, err = w.App.RejectPayout(ctx, word)
	case "is taken":
		traders, wrong := w.App.Traders(ctx, w.Shop, app.Page{Limit: 1, Oldest: true})
		if wrong != nil {
			return true, wrong
		}
		_, err = w.App.TakePayout(ctx, app.Taking{
			ID: w.UUID(), Merchant: w.Shop, Payout: word.Payout, Trader: traders[0].Trader.ID, Operator: "Sam",
		})
	case "is sent":
		word.Receipt = "bank-" + words[1]
		_, err = w.App.ConfirmPayout(ctx, word)
	case "comes back":
		deals, wrong := w.App.DealsOfPayouts(ctx, w.Shop, word.Payout)
		if wrong != nil {
			return true, wrong
		}
		_, err = w.App.CancelDeal(ctx, app.DealWord{Merchant: w.Shop, Deal: deals[len(deals)-1].ID, Operator: "Sam"})
	default:
		return false, nil
	}
	return true, err
}

const goesOut = `"type":"out","currency":"RUB","notificationUrl":"https://shop.example/n","notificationToken":"tok",` +
	`"paymentOption":"TO_CARD","paymentMethod":"sberbank","paymentRequisites":{"requisites":"2200","holder":"ANN"}`

// earn gives the shop 92.89340100 coins.
func earn(t *testing.T, w *dialecttest.World, h http.Handler) {
	t.Helper()
	i := create(t, w, h, `,"amount":"10000","startDeal":true`)
	if _, err := w.App.CompleteDeal(t.Context(), app.DealWord{
		Merchant: w.Shop, Deal: i.Deals[0].ID, Operator: "Sam",
	}); err != nil {
		t.Fatal(err)
	}
}

func sendOut(w *dialecttest.World, h http.Handler, amount string) dialecttest.Answer {
	return ask(w, h, "shopkey", "POST", "/api/merchant/invoices", "application/json",
		"{"+goesOut+`,"amount":"`+amount+`"}`)
}

// TestPayoutCallbacks: whoever asked hears of every change of the status, and of
// nothing else.
func TestPayoutCallbacks(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	earn(t, w, h)
	i := read(t, sendOut(w, h, "2000.00"))
	number := strings.TrimLeft(i.ID[24:], "0")
	for _, what := range []string{"is approved", "is taken", "comes back", "is taken", "is sent"} {
		if _, err := payoutHappens(t.Context(), w, strings.Fields("payout "+number+" "+what)); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	disputed := read(t, ask(w, h, "shopkey", "POST", "/api/merchant/invoices/"+i.ID+"/dispute", "application/json",
		`{"disputeReason":"no_payment"}`))
	last := disputed.Deals[len(disputed.Deals)-1].ID
	if _, err := w.App.ResolveDispute(t.Context(), app.DealWord{
		Merchant: w.Shop, Deal: last, Operator: "Sam",
	}, false); err != nil {
		t.Fatal(err)
	}
	list, err := w.App.Deliveries(t.Context(), w.Shop, store.DeliveryFilter{Subject: i.ID}, app.Page{Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, d := range list {
		whole, err := w.App.Delivery(t.Context(), w.Shop, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		var body struct {
			Type    string `json:"notificationType"`
			Invoice struct {
				Type, Status, Rate string
				PayoutSum          *struct{ Amount string }
				Deal               struct{ Type, Status string }
			}
		}
		if err := json.Unmarshal(whole.Body, &body); err != nil || body.Type != "invoice" ||
			d.Header != "X-Notification-Token" {
			t.Fatalf("got %s in %q, %v", whole.Body, d.Header, err)
		}
		words := []string{body.Invoice.Type, body.Invoice.Status, body.Invoice.Rate, body.Invoice.Deal.Status}
		if body.Invoice.PayoutSum != nil {
			words = append(words, body.Invoice.PayoutSum.Amount)
		}
		told = append(told, strings.Join(words, " "))
	}
	if diff := cmp.Diff([]string{
		"out paid 98.50 completed 22.03045686", "out dispute 98.50 dispute", "out paid 98.50 completed 22.03045686",
	}, told); diff != "" {
		t.Errorf("callbacks (-want +got)\n%s", diff)
	}
}

// TestManyPayoutsAtOnce: what the shop has pays for four, however many ask.
func TestManyPayoutsAtOnce(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	earn(t, w, h)
	var wait sync.WaitGroup
	var through, short atomic.Int64
	for range 40 {
		wait.Go(func() {
			switch a := sendOut(w, h, "2000"); {
			case a.Status == http.StatusOK:
				through.Add(1)
			case a.Status == http.StatusBadRequest && strings.Contains(a.Body, `"INSUFFICIENT_BALANCE"`):
				short.Add(1)
			default:
				t.Errorf("got %d %s", a.Status, a.Body)
			}
		})
	}
	wait.Wait()
	if through.Load() != 4 || short.Load() != 36 {
		t.Errorf("%d got through and %d did not, want 4 and 36", through.Load(), short.Load())
	}
}

// What our own API sends out at a store is the store's too, and nobody's without a key.
func TestPayoutOfOurOwnAPI(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	earn(t, w, h)
	const native = "out_01941f29-7c00-7000-8000-000000000001"
	begins := `"id":"` + native + `","internalId":"wage 7","userId":null,"type":"out","status":"new"`
	if _, err := w.App.RequestSending(t.Context(), app.NewSending{
		ID: native, Merchant: w.Shop, Terminal: 1001, Reference: "wage 7", Sum: roubles("2000"),
		Payee: payout.Payee{Option: "TO_CARD", Method: "sberbank", Number: "2200", Holder: "ANN"},
	}); err != nil {
		t.Fatal(err)
	}
	for path, key := range map[string]string{
		"merchant/invoices/" + native: "shopkey", "merchant/internal-id/wage%207": "shopkey",
		"merchant/invoices?limit=1": "shopkey", "public/invoices/" + native: "",
		"merchant/invoices/" + native + "?": "secondkey",
	} {
		a := ask(w, h, key, "GET", "/api/"+path, "", "")
		seen := strings.Contains(a.Body, begins) &&
			strings.Contains(a.Body, `"storeId":1001,"storeName":"Demo Test"`)
		if seen != (key == "shopkey") || (a.Status == http.StatusOK) != seen {
			t.Errorf("%s by %q: got %d %s", path, key, a.Status, a.Body)
		}
	}
	if a := ask(w, h, "shopkey", "POST", "/api/merchant/invoices/"+native+"/cancel", "", ""); a.Status != http.StatusOK ||
		!strings.Contains(a.Body, `"status":"canceled"`) {
		t.Errorf("got %d %s, want it withdrawn", a.Status, a.Body)
	}
}
