// Package ifthenpay is a make-believe ifthenpay with MB WAY: start, status and refund, the activation of callbacks and
// the callbacks themselves, and a phone that shows every open push. Both of the provider's hosts are one listener.
package ifthenpay

import (
	"net/http"
	"time"
	_ "time/tzdata" // the provider writes Portuguese times, also on machines that have no table of time zones

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/sandbox"
)

// TestKey is an mbWayKey that works without being set up.
const TestKey = "ITP-000000"

// The switches' names.
const (
	switchMinAmount    = "min-amount"
	switchBareNumber   = "bare-number"
	switchCut          = "description-cut"
	switchPendingCode  = "pending-code"
	switchStartAccount = "start-invalid-account"
	switchNames        = "callback-names"
	switchRetry        = "callback-retry"
	switchOnRefund     = "callback-on-refund"
	switchLife         = "life"
	switchRefundRepeat = "refund-repeat"
	switchAvailable    = "available-today"
)

// The faults beyond the common ones. start-lost-answer and refund-lost-answer are short for lost-answer on the call.
const (
	FaultDoublePush     = "double-push-both-paid"  // a start pushes twice, and the payer accepts both
	FaultStatusLags     = "status-lags"            // status says open though it is paid
	FaultExpiredPaid    = "101-then-000"           // status says expired though it is paid
	FaultUnknownRequest = "status-unknown-request" // status does not know the request
	FaultNoNotice       = "no-notice"              // no callback comes
	FaultNever          = "callback-never"         // the same
	FaultDoubleNotice   = "double-notice"          // it comes twice
	FaultLateNotice     = "late-notice"            // it comes Wait later
	FaultNoticeFirst    = "notice-first"           // the payer accepts and it comes before the answer of start
	FaultForgedNotice   = "forged-notice"          // it says paid though nothing was paid
	FaultWrongKey       = "callback-wrong-key"     // with another anti-phishing key: Value, or a made-up one
	FaultCallbackAmount = "callback-wrong-amount"  // with another amount in cents: Value, or a tenth
	FaultCallbackOrder  = "callback-other-order"   // with another order: Value, or the latest other one
	FaultPlusAsBlank    = "callback-plus-as-blank" // a plus in a value is not encoded
)

// Codes of start and of status: the same digits mean different things.
const (
	codeSent     = "000" // of start
	codePaid     = "000" // of status
	codeTryAgain = "100" // of start
	codeExpired  = "101"
	codeRefused  = "122"
	codeError    = "999" // of start: typically not a subscriber
	codeRejected = 20    // of status: 020
	codeDeclined = 122   // of status
)

// lisbon is the zone of the times, which carry none.
var lisbon = zone("Europe/Lisbon")

// timeForm is how the provider writes a time.
const timeForm = "02-01-2006 15:04:05"

func zone(name string) *time.Location {
	found, err := time.LoadLocation(name)
	if err != nil {
		panic("ifthenpay: " + err.Error()) // the table of zones is part of the program
	}
	return found
}

// Emulator is one make-believe ifthenpay.
type Emulator struct {
	*sandbox.Bench
	calls *courier
}

// New makes an emulator that knows TestKey and the merchants that are listed: the id is the mbWayKey, the panel token
// is the back-office key, and the notice's address and key are what activation sets.
func New(o sandbox.Options) (*Emulator, error) {
	e := &Emulator{calls: newCourier()}
	bench, err := sandbox.NewBench(o, e.profile())
	if err != nil {
		return nil, err
	}
	e.Bench, e.calls.now, e.calls.sleep = bench, bench.Now, bench.Sleep
	bench.Handle("POST /spg/payment/mbway", "start", nil, start)
	bench.Handle("GET /spg/payment/mbway/status", "status", func(c *sandbox.Call) string {
		return c.Request.URL.Query().Get("requestId")
	}, status)
	bench.Handle("POST /api/endpoint/payments/refund", "refund", func(c *sandbox.Call) string {
		return fieldsOf(c).Text("requestId")
	}, e.refund)
	bench.Handle("POST /api/endpoint/callback/activation", "activation", nil, activate)
	bench.Handle("POST /v2/integration/config/{token}/itpconnect", "config", nil, config)
	bench.Handle("GET /phone", "page", nil, phone)
	bench.Handle("POST /phone/{id}", "decide", func(c *sandbox.Call) string { return c.Request.PathValue("id") }, decide)
	return e, nil
}

// ServeHTTP answers as the provider's hosts would. What the payer's choice tells the merchant is on its way before the
// choice is answered, so that tests need not wait for it.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		w = &late{ResponseWriter: w, first: func() { e.calls.deliver(false) }}
		defer e.calls.deliver(false) // also when the answer is lost
	}
	e.Bench.ServeHTTP(w, r)
}

// Control is the bench's, with GET /callbacks, the calls to the merchant's address. Whatever it changes, the
// callbacks that are due then are sent before it answers.
func (e *Emulator) Control() http.Handler {
	inner := e.Bench.Control()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callbacks", func(w http.ResponseWriter, _ *http.Request) {
		sandbox.Show(w, http.StatusOK, e.Callbacks())
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w = &late{ResponseWriter: w, first: func() { e.calls.deliver(true) }}
		}
		inner.ServeHTTP(w, r)
	})
	return mux
}

// Act does what the payer would do on the phone and sends the callbacks that are due.
func (e *Emulator) Act(id string, d sandbox.Decision) (sandbox.Outcome, error) {
	outcome, err := e.Bench.Act(id, d)
	e.calls.deliver(false)
	return outcome, err
}

// Advance moves the emulator's time and sends the callbacks that are due then.
func (e *Emulator) Advance(d time.Duration) error {
	err := e.Bench.Advance(d)
	e.calls.deliver(true)
	return err
}

// Callbacks lists the calls to merchants' addresses, oldest first. They are forgotten when the process ends.
func (e *Emulator) Callbacks() []Callback { return e.calls.all() }

// Close gives up the callbacks that still wait and lets go of the state file.
func (e *Emulator) Close() error {
	e.calls.stop()
	return e.Bench.Close()
}

// late runs something once before the first byte of an answer.
type late struct {
	http.ResponseWriter
	first func()
}

// WriteHeader begins the answer.
func (l *late) WriteHeader(status int) {
	if l.first != nil {
		l.first()
		l.first = nil
	}
	l.ResponseWriter.WriteHeader(status)
}

// Unwrap lets a response controller through.
func (l *late) Unwrap() http.ResponseWriter { return l.ResponseWriter }

func (e *Emulator) profile() sandbox.Profile {
	const differ, assumed, single = "sources differ", "assumption", "one source"
	return sandbox.Profile{
		Name: "ifthenpay", Title: "MB WAY", Life: switchLife, Window: switchLife,
		Decline: codeDeclined, Cancel: codeRejected,
		Switches: []sandbox.Switch{
			{Name: switchMinAmount, Values: []string{"0.01", "0.50"}, Why: differ},
			{Name: switchBareNumber, Values: []string{"accepted", "refused"}, Why: "optional"},
			{Name: switchCut, Values: []string{"100", "70"}, Why: differ},
			{Name: switchPendingCode, Values: []string{"123"}, Free: sandbox.FreeNumber, Why: "two sources only"},
			{Name: switchStartAccount, Values: []string{codeError}, Free: sandbox.FreeNumber, Why: assumed},
			{Name: switchNames, Values: []string{"new", "old"}, Why: "both occur; new knows the older names too"},
			{Name: switchRetry, Values: []string{"3", "none"}, Why: assumed},
			{Name: switchOnRefund, Values: []string{"on", "off"}, Why: single},
			{Name: switchLife, Values: []string{"4m", "5m"}, Free: sandbox.FreeDuration, Why: "papers and practice"},
			{Name: switchRefundRepeat, Values: []string{"refunds-again", "refused"}, Why: assumed},
			{
				Name: switchAvailable, Values: []string{"unlimited"}, Free: sandbox.FreeNumber,
				Why: "cents that came in since 20:00 of the day before and can be paid back",
			},
		},
		Faults: []string{
			FaultDoublePush, FaultStatusLags, FaultExpiredPaid, FaultUnknownRequest, FaultNoNotice, FaultNever,
			FaultDoubleNotice, FaultLateNotice, FaultNoticeFirst, FaultForgedNotice, FaultWrongKey, FaultCallbackAmount,
			FaultCallbackOrder, FaultPlusAsBlank,
		},
		Return:  func(*sandbox.Call, sandbox.Payment, bool) sandbox.Object { return nil }, // nobody goes anywhere
		Decided: e.decided,
	}
}

// fieldsOf are the members of a JSON body; none when it cannot be read.
func fieldsOf(c *sandbox.Call) sandbox.Fields {
	fields, err := sandbox.ParseJSON(c.Body)
	if err != nil {
		return nil
	}
	return fields
}

// merchantOf looks an mbWayKey up.
func merchantOf(c *sandbox.Call, key string) (sandbox.Merchant, bool) {
	merchant, ok := c.Merchant(key)
	if !ok && key == TestKey {
		return sandbox.Merchant{ID: TestKey}, true
	}
	return merchant, ok
}

// euros writes cents as the provider does.
func euros(cents int64) string { return money.New(cents, money.EUR).Fixed() }

// written is a time in the provider's form; no time is empty.
func written(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(lisbon).Format(timeForm)
}
