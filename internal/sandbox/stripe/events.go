package stripe

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// The versions that an event may carry.
var versions = map[string]string{
	"same train": "2026-06-24.dahlia", "other train": "2026-10-28.endive", "old date": "2020-08-27",
}

// gaps are the pauses between tries of one event.
var gaps = map[string][]time.Duration{
	"live plan": {
		5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 12 * time.Hour, 12 * time.Hour,
		12 * time.Hour, 12 * time.Hour,
	},
	"test plan": {time.Hour, 3 * time.Hour},
}

// What limits the sending of events.
const (
	mostDeliveries = 2000
	oldBy          = 301 * time.Second
)

// Delivery is one event on its way to a merchant.
type Delivery struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Payment string    `json:"payment"`
	Address string    `json:"address"`
	Body    string    `json:"body"`
	Due     time.Time `json:"due"` // of the next try, while there is one
	Tries   int       `json:"tries"`
	Status  int       `json:"status"` // of the last answer; 0 = none
	Over    bool      `json:"over"`   // it is not sent again

	secrets []string
	age     time.Duration
	gaps    []time.Duration
	busy    bool
}

// emit sends an event about one object to the payment's merchant.
func (a *asked) emit(p *sandbox.Payment, kind string, object sandbox.Object) {
	merchant := a.merchant
	if merchant.ID == "" {
		merchant, _ = a.Merchant(p.Merchant)
	}
	if merchant.ID == "" {
		merchant, _ = a.hearer()
	}
	if merchant.NoticeURL == "" {
		return
	}
	if _, ok := a.Fault(FaultNoNotice); ok {
		return
	}
	d := &Delivery{
		ID: "evt_" + a.Letters("event", a.Next(), 24), Type: kind, Payment: p.ID, Address: merchant.NoticeURL, Due: a.Now,
		secrets: strings.Split(merchant.NoticeKey, ","), gaps: gaps[a.Setting(switchWebhookRetry)],
	}
	d.Body = a.eventBody(p, d, object)
	if fault, ok := a.Fault(FaultLateNotice); ok {
		d.Due = a.Now.Add(cmp.Or(fault.Wait, time.Hour))
	}
	if _, ok := a.Fault(FaultEventOld); ok {
		d.age = oldBy
	}
	if _, ok := a.Fault(FaultEventWrongSecret); ok {
		d.secrets = []string{"whsec_of_somebody_else"}
	}
	if _, ok := a.Fault(FaultEventTwo); ok {
		d.secrets = append([]string{"whsec_old"}, d.secrets...)
	}
	if _, ok := a.Fault(FaultDoubleNotice); ok {
		twin := *d
		a.e.courier.add(&twin)
	}
	if a.Request != nil {
		if _, ok := a.Fault(FaultEventBefore); ok {
			d.busy = true // nobody else sends it
			if x, ok := a.Request.Context().Value(exchangeKey{}).(*exchange); ok {
				x.first = append(x.first, d)
			}
		}
	}
	a.e.courier.add(d)
	if a.Request == nil {
		a.e.courier.start()
	}
}

// forge sends what a stranger would: success, signed with a secret of his own.
func (a *asked) forge(p *sandbox.Payment) {
	merchant, ok := a.Merchant(p.Merchant)
	if !ok {
		merchant, ok = a.hearer()
	}
	if !ok || merchant.NoticeURL == "" {
		return
	}
	object := a.intent(p)
	object.Set("status", succeeded)
	object.Set("amount_received", p.Asked)
	d := &Delivery{
		ID: "evt_" + a.Letters("event", a.Next(), 24), Type: "payment_intent.succeeded", Payment: p.ID,
		Address: merchant.NoticeURL, Due: a.Now, secrets: []string{"whsec_of_a_stranger"},
	}
	d.Body = a.eventBody(p, d, object)
	a.e.courier.add(d)
	a.e.courier.start()
}

// hearer is the endpoint of an account whose keys are not known by name.
func (a *asked) hearer() (sandbox.Merchant, bool) { return a.Merchant(Account) }

// Account is the merchant that any key belongs to while no merchant has a key of its own.
const Account = "acct_sandbox"

// eventBody writes the event.
func (a *asked) eventBody(p *sandbox.Payment, d *Delivery, object sandbox.Object) string {
	live := p.Facts[factLive] != ""
	if _, ok := a.Fault(FaultEventLivemode); ok {
		live = !live
	}
	key := any(nil)
	if a.Request != nil {
		key = sandbox.OrNull(a.Request.Header.Get("Idempotency-Key"))
	}
	body, err := json.Marshal(sandbox.Object{
		{Name: "id", Value: d.ID},
		{Name: "object", Value: "event"},
		{Name: "api_version", Value: versions[a.Setting(switchEventVersion)]},
		{Name: "created", Value: a.Now.Unix()},
		{Name: "data", Value: sandbox.Object{{Name: "object", Value: object}}},
		{Name: "livemode", Value: live},
		{Name: "pending_webhooks", Value: 1},
		{Name: "request", Value: sandbox.Object{{Name: "id", Value: nil}, {Name: "idempotency_key", Value: key}}},
		{Name: "type", Value: d.Type},
	})
	if err != nil {
		panic("sandbox: encode an event: " + err.Error()) // of our own making
	}
	return string(body)
}

// Sign is the header of a body that is sent at a time, with one v1 for every secret.
func Sign(body string, at time.Time, secrets ...string) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	header := "t=" + stamp
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = mac.Write([]byte(stamp + "." + body)) // a hash takes everything
		header += ",v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	return header + ",v0=00"
}

// courier sends events and sends those again that were not taken, by the emulator's clock: whenever the emulator is
// used, what has become due is sent. It is safe for concurrent use.
type courier struct {
	now     func() time.Time
	context context.Context
	stop    context.CancelFunc

	mu     sync.Mutex
	list   []*Delivery
	serial int
}

func newCourier(now func() time.Time) *courier {
	q := &courier{now: now}
	q.context, q.stop = context.WithCancel(context.Background())
	return q
}

// draw gives a request its number.
func (q *courier) draw() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.serial++
	return fmt.Sprintf("%014d", q.serial)
}

func (q *courier) all() []Delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]Delivery, 0, len(q.list))
	for _, d := range q.list {
		list = append(list, *d)
	}
	return list
}

func (q *courier) add(d *Delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) >= mostDeliveries {
		q.list = append(q.list[:0:0], q.list[mostDeliveries/2:]...)
	}
	q.list = append(q.list, d)
}

// start sends what is due and waits for nobody.
func (q *courier) start() {
	go func() {
		for d := q.next(); d != nil; d = q.next() {
			q.send(d)
		}
	}()
}

// next picks an event that is due and that nobody else is sending.
func (q *courier) next() *Delivery {
	now := q.now()
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, d := range q.list {
		if !d.Over && !d.busy && !d.Due.After(now) {
			d.busy = true
			return d
		}
	}
	return nil
}

// send makes one try and notes what came of it: any 2xx is taken.
func (q *courier) send(d *Delivery) {
	now := q.now()
	status := q.post(d, now)
	q.mu.Lock()
	defer q.mu.Unlock()
	d.busy, d.Status = false, status
	d.Tries++
	if status >= 200 && status < 300 || len(d.gaps) == 0 {
		d.Over = true
		return
	}
	d.Due, d.gaps = now.Add(d.gaps[0]), d.gaps[1:]
}

// post makes one signed call; 0 when no answer came.
func (q *courier) post(d *Delivery, now time.Time) int {
	request, err := http.NewRequestWithContext(q.context, http.MethodPost, d.Address, strings.NewReader(d.Body))
	if err != nil {
		return 0
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("Stripe-Signature", Sign(d.Body, now.Add(-d.age), d.secrets...))
	status, err := sandbox.Send(request)
	if err != nil {
		return 0
	}
	return status
}
