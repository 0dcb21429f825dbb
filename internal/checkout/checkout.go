// Package checkout is the hosted payment pages: what a payer sees before the
// gateway and after it. Reading a page never starts anything; pressing its
// button does. The token in an address is the only credential.
package checkout

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
)

// Config is what the pages are built from. App, NewID, Now and Log are needed.
type Config struct {
	App     *app.App
	NewID   func() string // mints the ids of payments that payers start
	NewUUID func() string // mints the ids of transfers to people, and of their payments; nil = NewID
	Now     func() time.Time
	Log     *slog.Logger
	// Prefix is the path of the public base address, without a final slash;
	// empty when the server has a host name to itself.
	Prefix string
	// Insecure lets payers be sent to plain http addresses of this machine,
	// where the sandbox is: for demos and tests only.
	Insecure bool
	// Unlimited slows nobody down: for demos, where every payer has the address
	// of this machine.
	Unlimited bool
}

// Pages is the hosted pages. It is an http.Handler for everything under /pay/,
// and has one method for each page whose address belongs to somebody else. Close it
// before waiting for its requests to end.
type Pages struct {
	app         *app.App
	newID       func() string
	newUUID     func() string
	now         func() time.Time
	log         *slog.Logger
	prefix      string
	insecure    bool
	voices      *voices
	screens     screens
	files       []File // at their whole paths
	routes      *http.ServeMux
	starts      *limiter           // of payments
	visits      *limiter           // to pages that ask a gateway or the database
	forms       *limiter           // about an invoice that is paid to a person
	uploads     *slots             // forms with files that are being read
	streams     *slots             // of events
	watcher     *watcher           // of invoices whose pages are open
	opening     singleflight.Group // of payments that are confirmed on a phone
	crossOrigin *http.CrossOriginProtection
}

// New builds the pages. It fails only on a mistake in the program: a missing
// field, or an embedded file that cannot be read.
func New(c Config) (*Pages, error) {
	if c.App == nil || c.NewID == nil || c.Now == nil || c.Log == nil {
		return nil, errors.New("checkout: app, ids, clock and log are needed")
	}
	known, err := readVoices()
	if err != nil {
		return nil, err
	}
	screens, err := readScreens()
	if err != nil {
		return nil, err
	}
	starts, visits := rate.Every(time.Second), rate.Every(200*time.Millisecond)
	uploads, streams := uploadsEach, streamsEach
	if c.Unlimited {
		starts, visits, uploads, streams = rate.Inf, rate.Inf, uploadsAll, streamsAll
	}
	p := &Pages{
		app: c.App, newID: c.NewID, newUUID: c.NewUUID, now: c.Now, log: c.Log,
		prefix: strings.TrimRight(c.Prefix, "/"), insecure: c.Insecure,
		voices: known, screens: screens, files: Files(), routes: http.NewServeMux(),
		// Many payers of one mobile operator share an address.
		starts:      newLimiter(starts, 30, c.Now),
		visits:      newLimiter(visits, 120, c.Now),
		forms:       newLimiter(starts, 30, c.Now),
		uploads:     newSlots(uploadsAll, uploads),
		streams:     newSlots(streamsAll, streams),
		crossOrigin: http.NewCrossOriginProtection(),
	}
	for n := range p.files {
		p.files[n].Path = p.prefix + p.files[n].Path
	}
	p.watcher = newWatcher(p.glance)
	if p.newUUID == nil {
		p.newUUID = p.newID
	}
	p.routes.HandleFunc("GET /pay/link/{token}", func(w http.ResponseWriter, r *http.Request) {
		p.Link(w, r, r.PathValue("token"))
	})
	p.routes.HandleFunc("GET /pay/open/{token}", func(w http.ResponseWriter, r *http.Request) {
		p.OpenAmount(w, r, r.PathValue("token"))
	})
	p.routes.HandleFunc("GET /pay/invoice/{id}", p.invoice)
	p.routes.HandleFunc("GET /pay/invoice/{id}/wallet", p.invoice) // after a form that came back
	p.routes.HandleFunc("GET /pay/invoice/{id}/gateway", p.invoice)
	p.routes.HandleFunc("POST /pay/invoice/{id}/wallet", p.payInvoiceFromWallet)
	p.routes.HandleFunc("POST /pay/invoice/{id}/gateway", p.payInvoiceAtGateway)
	p.routes.HandleFunc("POST /pay/deal/{id}/start", p.startDeal)
	p.routes.HandleFunc("POST /pay/deal/{id}/sent", p.reportTransfer)
	p.routes.HandleFunc("GET /pay/deal/{id}/events", p.dealEvents)
	p.routes.HandleFunc("GET /pay/deal/{id}/cancel", p.askCancel)
	p.routes.HandleFunc("POST /pay/deal/{id}/cancel", p.cancelInvoice)
	p.routes.HandleFunc("GET /pay/deal/{id}/{form}", p.backToDeal)
	p.routes.HandleFunc("POST /pay/link/{token}", p.payLink)
	p.routes.HandleFunc("POST /pay/open/{token}", p.payOpen)
	p.routes.HandleFunc("GET /pay/status/{token}", p.status)
	p.routes.HandleFunc("GET /pay/static/{name}", p.static)
	p.routes.HandleFunc("/pay/", func(w http.ResponseWriter, r *http.Request) {
		p.trouble(w, r, http.StatusNotFound, "no_page")
	})
	return p, nil
}

func (p *Pages) invoice(w http.ResponseWriter, r *http.Request) { p.Invoice(w, r, r.PathValue("id")) }

// ServeHTTP answers everything under /pay/; a server with a Prefix strips it.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.routes.ServeHTTP(w, r) }

// maxForm bounds what a form may send, in bytes.
const maxForm = 64 << 10

// admit lets a form through that a person on our own page may have sent, and
// reads it. Otherwise it has answered.
func (p *Pages) admit(w http.ResponseWriter, r *http.Request) bool {
	return p.welcome(w, r) && p.readForm(w, r)
}

// welcome lets through who may send a form; others it has answered.
func (p *Pages) welcome(w http.ResponseWriter, r *http.Request) bool {
	if !p.starts.allow(r) {
		p.tooMany(w, r)
		return false
	}
	// Nothing here trusts a cookie, so a foreign site gains nothing that it
	// could not send itself; a browser that tells where a form came from is
	// still believed. One that does not is let through: our Referrer-Policy
	// makes its Origin "null", and old phones must be able to pay.
	if r.Header.Get("Sec-Fetch-Site") != "" && p.crossOrigin.Check(r) != nil {
		p.trouble(w, r, http.StatusForbidden, "foreign")
		return false
	}
	return true
}

// tooMany answers whoever asks too often.
func (p *Pages) tooMany(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "60")
	p.trouble(w, r, http.StatusTooManyRequests, "rate_limited")
}

// readForm reads a form without files, or answers.
func (p *Pages) readForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		status := http.StatusBadRequest
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			status = http.StatusRequestEntityTooLarge
		}
		p.trouble(w, r, status, "unreadable")
		return false
	}
	return true
}

// wellFormed says that a token could be one of ours. Others need not reach
// the database.
func wellFormed(token string) bool {
	if token == "" || len(token) > 512 {
		return false
	}
	return strings.IndexFunc(token, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`/\?#%&"'<>`, c)
	}) < 0
}

// wordsOf names the words for the faults that a payer can do something about,
// or must at least understand. All others are told alike.
//
//exhaustive:ignore
var wordsOf = map[fault.Code]string{
	fault.CodeLinkNotFound:         "link_not_found",
	fault.CodeLinkUsed:             "link_used",
	fault.CodeAmountAboveRemaining: "link_used",
	fault.CodeInvoicePaid:          "link_used",
	fault.CodeLinkUnusable:         "link_unusable",
	fault.CodeInvoiceClosed:        "invoice_closed",
	fault.CodeInvoiceHeld:          "invoice_held",
	fault.CodeInvoiceNotFound:      "invoice_not_found",
	fault.CodePaymentNotFound:      "payment_not_found",
	fault.CodeLoginInvalid:         "login_invalid",
	fault.CodeInsufficientFunds:    "insufficient_funds",
	fault.CodeAccountClosed:        "account_closed",
	fault.CodeNationalID:           "national_id_mismatch",
	fault.CodeGatewayRefused:       "gateway_refused",
	fault.CodeGatewayUnavailable:   "gateway_unavailable",
	fault.CodeNoGateway:            "no_gateway",
	fault.CodeGatewayNotFound:      "no_gateway",
	fault.CodeAmountTooLarge:       "amount_too_large",
	fault.CodeRateLimited:          "rate_limited",
	fault.CodeQueueFull:            "busy",
	fault.CodeShuttingDown:         "busy",
	fault.CodeTimeOut:              "busy",
	fault.CodeDatabaseUnavailable:  "busy",
	fault.CodeBooksBroken:          "busy",
	fault.CodeSecretUnreadable:     "busy",
	fault.CodeVersionConflict:      "busy",
}

// problem is how a fault is told on a page: its status and the name of its
// words.
func problem(err error) (status int, words string) {
	f := fault.From(err)
	words, ok := wordsOf[f.Code]
	if !ok {
		words = "unknown"
	}
	if f.Code == fault.CodeNoGateway { // waiting alone does not help
		return http.StatusUnprocessableEntity, words
	}
	return statusOf(f.Kind), words
}

func statusOf(k fault.Kind) int {
	switch k {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict, fault.Declined:
		return http.StatusConflict
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated, fault.Forbidden:
		return http.StatusForbidden
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// logged keeps the causes of faults that nobody outside can mend.
func (p *Pages) logged(r *http.Request, err error) {
	switch fault.KindOf(err) {
	case fault.Internal, fault.Unavailable, fault.Declined:
		p.log.WarnContext(r.Context(), "payment page failed", slog.String("cause", fault.Detail(err)))
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Unauthenticated, fault.Forbidden, fault.RateLimited:
	}
}
