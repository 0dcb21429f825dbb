// Package app is what the server can do: one file per use case. It reads,
// decides with the pure functions of the nouns and commits; and it is the only
// place that calls gateways, never while anything is being decided.
package app

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// Config is what an App is built from. Every field is needed.
type Config struct {
	Store    store.Store
	Gateways gateway.Directory
	Now      func() time.Time
	Log      *slog.Logger
	// ReturnURL is the absolute address that gateways send payers back to.
	ReturnURL string
	// NoticeURL is the absolute address below which gateways' servers tell of
	// payments: /merchant/gateway follows. Empty = they are told of no address.
	NoticeURL string
	// Returners recognise what a payer's browser brings back without a token,
	// in the order in which they are asked.
	Returners []Returner
	Sealer    Sealer
	// Credentials seals those of one of a merchant's gateways, for Gateways to open.
	Credentials func(merchantID, name string, secrets map[string]gateway.Secret) ([]byte, error)
	// Forms are the ways in which invoices' own addresses are told, by name.
	Forms map[string]Form
	// PayoutForms are the same for payouts.
	PayoutForms map[string]PayoutForm
	// Kept is how long deliveries stay that arrived; zero = for ever.
	Kept time.Duration
	// KeptContacts is how long it stays what was said with gateways; zero = for ever.
	KeptContacts time.Duration
	// Halted says that the books are known to be wrong: then nothing is done that
	// moves money. nil = they never are.
	Halted func() bool
	// Private allows addresses of this machine where the outside gives one: for
	// demos and tests only.
	Private bool
	// Elsewhere lets a time pass in which other nodes on the same database forget what they
	// keep in memory; nil = there are none.
	Elsewhere func(time.Duration)
	// Random is where ids and secrets come from, for many readers at once; nil is
	// crypto/rand. Only tests give another one, so that a run can be repeated.
	Random io.Reader
	// Alone does one thing after the other where several would be done at the same
	// time. Only tests want it, for the same reason.
	Alone bool
}

// Returner reads the return parameters of one connector.
type Returner struct {
	Connector string
	gateway.Returner
}

// App is the use cases over one store. It is safe for many callers at once.
type App struct {
	mint

	store        store.Store
	gateways     gateway.Directory
	now          func() time.Time
	log          *slog.Logger
	returnURL    string
	noticeURL    string
	returners    []Returner
	keys         cache[string, merchant.Key]        // by hash
	signers      cache[string, signer]              // by hash of the public part
	issuers      cache[string, Issuer]              // by hash of the name
	merchants    cache[string, merchant.Merchant]   // by id
	endpoints    cache[string, []event.Endpoint]    // by merchant
	terminals    cache[string, []merchant.Terminal] // by merchant
	accounts     cache[accountKey, wallet.Customer]
	offers       cache[string, []deal.Offer] // by merchant
	banks        cache[money.Unit, []string]
	paid         cache[till, invoice.History]
	rechecking   sync.Mutex
	revisions    *store.Revisions // of what is in memory; nil = nobody knows
	sealer       Sealer
	credentials  func(merchantID, name string, secrets map[string]gateway.Secret) ([]byte, error)
	forms        map[string]Form
	payoutForms  map[string]PayoutForm
	private      bool
	elsewhere    func(time.Duration) // nil = there are no other nodes
	alone        bool
	kept         time.Duration // zero = for ever
	keptContacts time.Duration
	halted       func() bool        // nil = never
	hashing      chan struct{}      // bounds how many PINs are hashed at once
	tried        bell               // rings when a try of a delivery was recorded
	due          chan struct{}      // says that a delivery was committed
	resolving    singleflight.Group // one question at a time about one payment
	turns        turns              // who was in somebody's way waits in line
	picks        picks              // who chooses at the same moment chooses different requisites
}

// New builds the use cases.
func New(c Config) *App {
	return &App{
		mint: mint{random: c.Random}, alone: c.Alone,
		store: c.Store, gateways: c.Gateways, now: c.Now, log: c.Log,
		returnURL: c.ReturnURL, noticeURL: c.NoticeURL, returners: c.Returners, sealer: c.Sealer,
		credentials: c.Credentials,
		forms:       c.Forms, payoutForms: c.PayoutForms, private: c.Private, kept: c.Kept, elsewhere: c.Elsewhere,
		keptContacts: c.KeptContacts, halted: c.Halted,
		due: make(chan struct{}, 1), hashing: make(chan struct{}, hashedAtOnce),
	}
}

// Actors of events.
const (
	byMerchant = "merchant"
	byPayer    = "payer"
	byGateway  = "gateway"
	byWorker   = "worker"
	byOperator = "operator"
)

// maxTries bounds how often a decision is made again because somebody else
// was first. Every conflict means that another caller got through, so only a
// crowd on one invoice comes near it.
const maxTries = 2000

// update is the loop of every decision: read, decide, commit, and again from
// the beginning when what was read has changed meanwhile. A decision without
// anything to write ends it. Nobody waits for anybody before a first conflict;
// after it, those who decide about the same invoice do so one after the other,
// because a crowd that decides at once is in its own way every time.
func (a *App) update(ctx context.Context, decide func(store.Reader) (store.Change, error)) error {
	leave := func() {}
	defer func() { leave() }()
	doubted := false
	for try := range maxTries {
		change, err := decide(a.store)
		if doubtful(err) && !doubted {
			doubted = true
			continue
		}
		if err != nil {
			return err
		}
		if empty(change) {
			return nil
		}
		err = a.commit(ctx, change)
		if !fault.Is(err, fault.CodeVersionConflict) {
			return err
		}
		if try == 0 {
			leave = a.turns.enter(ctx, matter(change))
		}
		if ctx.Err() != nil {
			return fault.New(fault.CodeTimeOut, "", "").With(ctx.Err())
		}
	}
	return fault.New(fault.CodeVersionConflict, "", "")
}

// doubtful says that an error may come of two things that change together and were read on
// either side of their change, so that a state or a sum looks wrong which is only newer.
func doubtful(err error) bool {
	return slices.ContainsFunc([]fault.Code{
		fault.CodeWrongState, fault.CodeInvoiceClosed, fault.CodeAmountInvalid, fault.CodeAmountAboveRemaining,
		fault.CodeRefundTooLarge, fault.CodeRefundInProgress,
	}, func(code fault.Code) bool { return fault.Is(err, code) })
}

func empty(c store.Change) bool {
	return len(c.Claims) == 0 && len(c.Merchants) == 0 && len(c.Keys) == 0 && len(c.Gateways) == 0 &&
		len(c.Invoices) == 0 && len(c.Payments) == 0 && len(c.Refunds) == 0 && len(c.Entries) == 0 &&
		len(c.Events) == 0 && len(c.Endpoints) == 0 && len(c.Deliveries) == 0 && len(c.Contacts) == 0 && c.Answer == nil &&
		len(c.Terminals) == 0 && len(c.Customers) == 0 && len(c.Markets) == 0 && len(c.Transfers) == 0 &&
		len(c.Exchanges) == 0 && len(c.Payouts) == 0 && len(c.Tries) == 0 &&
		len(c.Traders) == 0 && len(c.Requisites) == 0 && len(c.Deals) == 0 &&
		len(c.Attachments) == 0 && len(c.Settlements) == 0 && len(c.SettlementRows) == 0
}

// gatewayTime bounds all calls to a gateway within one use case. It outlives
// the caller's own wish to wait: what was begun is finished and written down.
const gatewayTime = 45 * time.Second

// detached keeps a started conversation with a gateway going when the caller
// hangs up.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), gatewayTime)
}

// happened makes the event of one change of state.
func happened[S, T ~string](noun event.Noun, merchantID, subject string, from S, by T, to S, actor, note string,
	at time.Time,
) event.Event {
	return event.Event{
		Merchant: merchantID, Noun: noun, Subject: subject,
		Trigger: string(by), From: string(from), To: string(to), Actor: actor, Note: note, At: at,
	}
}

// happenedTo makes the event of what left the state of a payment as it is.
func happenedTo(p payment.Payment, what payment.Trigger, actor, note string, at time.Time) event.Event {
	return happened(event.Payment, p.Merchant, p.ID, p.State, what, p.State, actor, note, at)
}

// happenedToRefund does so of a refund.
func happenedToRefund(b refund.Refund, what refund.Trigger, actor, note string, at time.Time) event.Event {
	return happened(event.Refund, b.Merchant, b.ID, b.State, what, b.State, actor, note, at)
}
