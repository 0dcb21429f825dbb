package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/ipg"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// told is a merchant with an endpoint at which a test listens.
type told struct {
	config   Config
	merchant string
	endpoint string
}

// tell adds a merchant and its endpoint to a new database.
func tell(t *testing.T, address string) told {
	t.Helper()
	x := told{config: Config{Data: sqlitetest.Folder(t), WebhookLoopback: true}}
	var made struct{ ID, Secret string }
	x.operate(t, &made, func(c Commands) error { return c.AddMerchant(t.Context(), "Tea House", "") })
	x.merchant = made.ID
	x.operate(t, &made, func(c Commands) error {
		return c.AddEndpoint(t.Context(), NewEndpoint{Merchant: x.merchant, URL: address, Types: []string{"invoice.*"}})
	})
	if x.endpoint = made.ID; !strings.HasPrefix(made.Secret, "whsec_") {
		t.Errorf("got secret %q, want one to sign with", made.Secret)
	}
	return x
}

// operate does one command and reads its JSON.
func (x told) operate(t *testing.T, into any, do func(Commands) error) {
	t.Helper()
	d := newDesk(x.config)
	d.Terminal.JSON = true
	if err := do(d.Commands); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(d.out.Bytes(), into); err != nil {
		t.Fatalf("%v: %s", err, d.out.String())
	}
}

// invoice makes an event.
func (x told) invoice(t *testing.T, r *running) string {
	t.Helper()
	i, err := r.app.CreateInvoice(t.Context(), x.merchant, app.NewInvoice{
		ID: ipg.NewID(now()), Amount: money.New(5000, money.IRR), Title: "Tea",
	})
	if err != nil {
		t.Fatal(err)
	}
	return i.ID
}

// What happens is told; an operator sees what was said and can have it said again.
func TestEndpointIsTold(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		heard <- r.Header.Get(event.HeaderID) + " " + string(body)
		_, _ = io.WriteString(w, "thank you")
	}))
	defer receiver.Close()
	x := tell(t, receiver.URL)
	r := start(t, x.config, nil)
	invoice := x.invoice(t, r)
	id, body, _ := strings.Cut(<-heard, " ")
	if !strings.Contains(body, `"type":"invoice.open"`) || !strings.Contains(body, invoice) {
		t.Errorf("got %s, want the news of invoice %s", body, invoice)
	}
	waitUntil(t, func() bool {
		_, figures := r.get(t, r.url+"/metrics")
		return strings.Contains(figures, `purser_deliveries_total{outcome="taken"} 1`)
	})
	r.halt(t)

	var list []deliveryView
	x.operate(t, &list, func(c Commands) error {
		return c.Deliveries(t.Context(), WhichDeliveries{Merchant: x.merchant, Subject: invoice, Limit: 10})
	})
	if len(list) != 1 || list[0].ID != id || list[0].State != "delivered" || list[0].Endpoint != x.endpoint {
		t.Fatalf("got %+v, want the one delivery %s", list, id)
	}
	var shown deliveryView
	x.operate(t, &shown, func(c Commands) error { return c.ShowDelivery(t.Context(), x.merchant, id) })
	if shown.Body != body || shown.Answer != "thank you" || shown.Status != http.StatusOK || shown.Tries != 1 {
		t.Errorf("got %+v, want what was said and answered", shown)
	}
	d := newDesk(x.config)
	if err := d.ShowDelivery(t.Context(), x.merchant, id); err != nil ||
		!strings.Contains(d.out.String(), "Body:   "+body) || !strings.Contains(d.out.String(), "Answer: 200 thank you") {
		t.Errorf("got %v and %s, want body and answer", err, d.out.String())
	}

	x.operate(t, new(any), func(c Commands) error { return c.Resend(t.Context(), x.merchant, id) })
	again := start(t, x.config, nil)
	if got := <-heard; got != id+" "+body {
		t.Errorf("got %s, want the same message under the same id", got)
	}
	again.halt(t)
}

// A receiver that hangs keeps a stop up to the limit, and no longer; the
// message is due again afterwards.
func TestStopCutsMessagesOff(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // its end is what makes the server notice that the caller hung up
		begun <- struct{}{}
		<-r.Context().Done()
	}))
	defer receiver.Close()
	x := tell(t, receiver.URL)
	x.config.StopLimit = 100 * time.Millisecond
	r := start(t, x.config, nil)
	x.invoice(t, r)
	<-begun
	r.halt(t)
	db, err := openCore(context.Background(), mustFill(t, x.config), forWriting, r.log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.close(); err != nil {
			t.Error(err)
		}
	}()
	due, err := db.store.DueDeliveries(t.Context(), now().Add(time.Hour), 10, 10)
	if err != nil || len(due) != 1 || due[0].Tries != 0 {
		t.Errorf("got %+v, %v, want the delivery that was cut off, without a try on record", due, err)
	}
}

func mustFill(t *testing.T, c Config) Config {
	t.Helper()
	c, err := c.Complete()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
