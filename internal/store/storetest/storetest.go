// Package storetest is what a database must do to hold Purser's data: every
// promise of the store port as a named test, to be run on each engine.
package storetest

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// Open opens a store on an empty database, to be closed when the test ends.
// The function it returns closes the store and opens its database again.
type Open func(t *testing.T) (s store.Store, again func() store.Store)

// Run tests every promise. Most tests share one database and have a merchant
// of their own in it, so that they also prove that merchants do not mix.
func Run(t *testing.T, open Open) {
	s, _ := open(t)
	for name, test := range promises {
		t.Run(name, func(t *testing.T) { test(newShop(t, s)) })
	}
	t.Run("model", func(t *testing.T) { Model(t, s, nil) })
	t.Run("restart", func(t *testing.T) { restart(newShop(t, nil), open) })
	t.Run("closing", func(t *testing.T) { closing(newShop(t, nil), open) })
	audit(t, s)
}

// promises are the tests that share a database.
var promises = map[string]func(*shop){
	"round trip":           roundTrip,
	"bare things":          bareThings,
	"nothing and empty":    nothingAndEmpty,
	"not found":            notFound,
	"other merchants":      otherMerchants,
	"mistakes":             mistakes,
	"atomicity":            atomicity,
	"versions":             versions,
	"one version, many":    oneVersionMany,
	"claims":               claims,
	"one claim, many":      oneClaimMany,
	"claim of a rejected":  claimOfRejected,
	"answers":              answers,
	"floor":                floor,
	"floor, many":          floorMany,
	"overflow":             overflow,
	"events":               events,
	"acts":                 acts,
	"events, many":         eventsMany,
	"event pages":          eventPages,
	"invoice pages":        invoicePages,
	"paid amounts":         paidAmounts,
	"list everything":      listEverything,
	"list the market":      listMarket,
	"merchant lists":       merchantLists,
	"payments of invoices": paymentsOf,
	"due":                  due,
	"attention":            attention,
	"books":                books,
	"more than connected":  moreThanConnected,
	"poison":               poison,
	"gone callers":         goneCallers,
	"account history":      accountHistory,
	"invoice history":      invoiceHistory,
	"delivery round trip":  deliveryRoundTrip,
	"delivery versions":    deliveryVersions,
	"deliveries due":       deliveriesDue,
	"delivery lists":       deliveryLists,
	"deliveries of others": deliveriesOfOthers,
	"sought lists":         soughtLists,
	"invoice numbers":      invoiceNumbers,
	"numbers, many":        numbersMany,
	"find invoices":        findInvoices,
	"busy invoices":        busyInvoices,
	"overdue":              overdue,
	"wallet round trip":    walletRoundTrip,
	"wallets not found":    walletsNotFound,
	"wallets of others":    walletsOfOthers,
	"wallet versions":      walletVersions,
	"relied on":            reliedOn,
	"covered":              covered,
	"covered, many":        coveredMany,
	"balances of an owner": balancesOf,
	"transfer lists":       transferLists,
	"customer lists":       customerLists,
	"exchange lists":       exchangeLists,
	"payout lists":         payoutLists,
	"payouts by traders":   payoutsByTraders,
	"tries expire":         triesExpire,
	"find payments":        findPayments,
	"standings":            standings,
	"find refunds":         findRefunds,
	"deal round trip":      dealRoundTrip,
	"free requisites":      freeRequisites,
	"one live deal":        oneLiveDeal,
	"deal lists":           dealLists,
	"unsettled payments":   unsettled,
	"returned refunds":     returned,
	"settlement files":     settlementFiles,
	"settlement lists":     settlementLists,
	"forgets":              forgets,
	"contacts":             contacts,
	"revisions":            revisions,
	"seals":                seals,
	"seals of acts":        actSeals,
	"seals, many":          sealsMany,
	"alarms":               alarms,
	"walks everything":     walksEverything,
}

// audit proves the books that the tests left behind, as far as the checks ask
// about the store's own work: the tests store nouns that no decision made.
func audit(t *testing.T, s store.Store) {
	a, ok := s.(store.Auditor)
	if !ok {
		return
	}
	findings, err := a.Audit(t.Context(), nil)
	if err != nil {
		t.Fatalf("audit: %v", fault.Detail(err))
	}
	for _, f := range findings {
		switch f.ID {
		case "I1", "I2", "I3", "P4", "I13":
			if f.Wrong != 0 {
				t.Errorf("audit %s: %s: %d of %d rows are wrong, such as %s", f.ID, f.Checks, f.Wrong, f.Rows, f.Example)
			}
		}
	}
}

// unit is the currency unit of the tests.
const unit = money.IRR

// noon is a time that both engines can hold exactly.
var noon = time.Date(2026, 5, 2, 12, 0, 0, 123456000, time.UTC)

// number makes ids that no two tests share.
var number atomic.Int64

// shop is one merchant of one test.
type shop struct {
	*testing.T
	store.Store
	id string
}

// newShop makes a merchant without storing it.
func newShop(t *testing.T, s store.Store) *shop {
	return &shop{T: t, Store: s, id: fmt.Sprintf("m%07d", number.Add(1))}
}

// newID makes an id that is greater than all before.
func newID() string { return fmt.Sprintf("%024x", number.Add(1)) }

// must commits a change that has to succeed.
func (s *shop) must(c store.Change) {
	s.Helper()
	if err := s.Commit(s.Context(), c); err != nil {
		s.Fatalf("commit: got %s, want nil", fault.Detail(err))
	}
}

// refused commits a change that has to be refused with the code.
func (s *shop) refused(c store.Change, code fault.Code) {
	s.Helper()
	if err := s.Commit(s.Context(), c); !fault.Is(err, code) {
		s.Fatalf("commit: got %s, want %s", fault.Detail(err), code)
	}
}

// invoice is a new invoice.
func (s *shop) invoice() invoice.Invoice {
	return invoice.Invoice{
		ID: newID(), Merchant: s.id, State: invoice.Open, Amount: money.New(1000, unit),
		Captured: money.Zero(unit), Reserved: money.Zero(unit), CreatedAt: noon, UpdatedAt: noon,
	}
}

// payment is a new payment of an invoice.
func (s *shop) payment(of string) payment.Payment {
	return payment.Payment{
		ID: newID(), Merchant: s.id, State: payment.Waiting, Invoice: of, Amount: money.New(1000, unit),
		Refunded: money.Zero(unit), Returning: money.Zero(unit), CreatedAt: noon, UpdatedAt: noon,
	}
}

// refund is a new refund of a payment.
func (s *shop) refund(of string) refund.Refund {
	return refund.Refund{
		ID: newID(), Merchant: s.id, State: refund.Requested, Payment: of, Amount: money.New(10, unit),
		Way: refund.ByRefund, Source: refund.FromMerchant, SentAt: noon, CreatedAt: noon, UpdatedAt: noon,
	}
}

// key is a new key.
func (s *shop) key() merchant.Key {
	return merchant.Key{ID: newID(), Merchant: s.id, Hash: newID(), CreatedAt: noon, UpdatedAt: noon}
}

// claim is a claim of a key for a new subject.
func (s *shop) claim(key string) store.Claim {
	return store.Claim{Merchant: s.id, Kind: store.ReceiptClaim, Key: key, Subject: newID()}
}

// event is something that happened to a subject.
func (s *shop) event(subject, trigger string) event.Event {
	return event.Event{
		Merchant: s.id, Noun: event.Invoice, Subject: subject, Trigger: trigger, To: "open", Actor: "merchant", At: noon,
	}
}

// suspense is an account that may not fall below zero, available one that may.
func (s *shop) suspense() ledger.Account {
	return ledger.Account{Merchant: s.id, Role: ledger.Suspense, Unit: unit}
}

func (s *shop) available() ledger.Account {
	return ledger.Account{Merchant: s.id, Role: ledger.MerchantAvailable, Unit: unit}
}

// move is an entry that brings an amount from available to suspense, or back
// when it is negative.
func (s *shop) move(steps int64) ledger.Entry {
	s.Helper()
	e, err := ledger.New(ledger.RuleLate, ledger.Cause{Entry: newID(), Merchant: s.id, Subject: newID(), At: noon},
		ledger.Posting{Account: s.available(), Amount: money.New(-steps, unit)},
		ledger.Posting{Account: s.suspense(), Amount: money.New(steps, unit)})
	if err != nil {
		s.Fatalf("make an entry: %v", err)
	}
	return e
}

// balance reads one account; one that does not exist is zero.
func (s *shop) balance(a ledger.Account) int64 {
	s.Helper()
	all, err := s.Balances(s.Context(), s.id)
	if err != nil {
		s.Fatalf("balances: %s", fault.Detail(err))
	}
	for _, p := range all {
		if p.Account == a {
			return p.Amount.Steps()
		}
	}
	return 0
}

// exact compares what came back with what was stored, private fields included.
var exact = cmp.Options{
	cmp.Comparer(func(a, b money.Amount) bool { return a == b }),
	cmp.Comparer(func(a, b money.Rate) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.AllowUnexported(ledger.Entry{}),
}

// same compares a result.
func same[T any](t *testing.T, what string, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: got %s, want nil", what, fault.Detail(err))
		return
	}
	if diff := cmp.Diff(want, got, exact); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", what, diff)
	}
}

// missing wants a fault.
func missing[T any](t *testing.T, what string, _ T, err error, want fault.Code) {
	t.Helper()
	if !fault.Is(err, want) {
		t.Errorf("%s: got %s, want %s", what, fault.Detail(err), want)
	}
}

// together runs n calls at once and collects their errors.
func together(n int, call func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// count counts the errors with a code, or the successes for none.
func count(errs []error, code fault.Code) int {
	n := 0
	for _, err := range errs {
		if (code == "" && err == nil) || (code != "" && fault.Is(err, code)) {
			n++
		}
	}
	return n
}

// tally wants so many successes and the rest refused with one code.
func tally(t *testing.T, errs []error, successes int, code fault.Code) {
	t.Helper()
	good, refused := count(errs, ""), 0
	if code != "" {
		refused = count(errs, code)
	}
	if good != successes || good+refused != len(errs) {
		t.Errorf("of %d: got %d successes and %d %s, want %d and the rest: %s", len(errs), good, refused, code,
			successes, fault.Detail(errors.Join(errs...)))
	}
}

// scale is a number that short runs divide by ten.
func scale(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}
