package sqlstore

import (
	"errors"
	"fmt"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// claimKey is what a claim makes unique. The key of an answer is claimed under
// a kind of its own.
type claimKey struct {
	key, kind, merchant string
}

// answerKind is the kind under which the replay keeps the keys of answers.
const answerKind = store.AnswerKey

// nounKey names one row that carries a version. A merchant's own row has the
// merchant as its id.
type nounKey struct {
	table        *table
	id, merchant string
}

// nounRow is a noun as it is to be stored.
type nounRow struct {
	nounKey
	read int64  // the version at which it was read; 0 = new
	row  record // nil = it is only relied on
}

// accountKey names one account.
type accountKey struct {
	key, merchant string
}

// movement is what one change does to one account.
type movement struct {
	accountKey
	account ledger.Account
	steps   int64
	covered bool // what is taken must be there
}

// order is a change on its way through the queue: checked and encoded by its
// caller, so that the committer only compares and writes.
type order struct {
	merchant  string
	claims    []store.Claim
	nouns     []nounRow
	invoices  int64 // new ones, for the tally
	movements []movement
	entries   []record
	postings  []record
	events    []record
	answer    record // nil = none

	taken bool // by the committer or by a caller who gave up; guarded by the queue
	done  chan error
}

// Mistakes of a caller that no decision should make.
var (
	errEmpty     = errors.New("the change is empty")
	errMerchants = errors.New("the change belongs to more than one merchant")
	errID        = errors.New("a part of the change has no id or no merchant")
	errTwice     = errors.New("the change holds one thing twice")
)

// encode makes an order of a change. The error is internal: a change that
// cannot be encoded is a mistake of whoever decided it.
func encode(c store.Change) (*order, error) {
	o := &order{done: make(chan error, 1)}
	if err := errors.Join(o.addNouns(c), o.addClaims(c), o.addEntries(c), o.addEvents(c)); err != nil {
		return nil, fault.New(fault.CodeInternal, "", "").With(fmt.Errorf("encode change: %w", err))
	}
	if o.merchant == "" {
		return nil, fault.New(fault.CodeInternal, "", "").With(errEmpty)
	}
	return o, nil
}

// of checks that a part of the change is the same merchant's as the rest and
// that its texts can be stored.
func (o *order) of(merchant, id string, row record) error {
	if merchant == "" || id == "" {
		return errID
	}
	if o.merchant == "" {
		o.merchant = merchant
	}
	if o.merchant != merchant {
		return errMerchants
	}
	for _, value := range row {
		if s, ok := value.(string); ok {
			if err := storable(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// addNoun adds one noun at its next version.
func (o *order) addNoun(t *table, merchant, id string, read int64) func(record, error) error {
	return func(row record, err error) error {
		if err := errors.Join(err, o.of(merchant, id, row)); err != nil {
			return fmt.Errorf("%s %q: %w", t.name, id, err)
		}
		key := nounKey{t, id, merchant}
		for _, n := range o.nouns {
			if n.nounKey == key {
				return fmt.Errorf("%s %q: %w", t.name, id, errTwice)
			}
		}
		o.nouns = append(o.nouns, nounRow{nounKey: key, read: read, row: row})
		return nil
	}
}

// addNouns adds every noun of the change.
func (o *order) addNouns(c store.Change) error {
	return errors.Join(o.addOwners(c), o.addMoney(c), o.addDeals(c), o.addWallets(c), o.addTold(c))
}

// rely adds a noun that may not have changed since it was read.
func (o *order) rely(t *table, merchant, id string, read int64) error {
	if read == 0 {
		return fmt.Errorf("%s %q: %w", t.name, id, errID)
	}
	return o.addNoun(t, merchant, id, read)(nil, nil)
}

// addOwners adds merchants and what they have.
func (o *order) addOwners(c store.Change) error {
	var errs []error
	for _, m := range c.Merchants {
		errs = append(errs, o.addNoun(merchants, m.ID, m.ID, m.Version)(merchantRecord(m)))
	}
	for _, k := range c.Keys {
		errs = append(errs, o.addNoun(keys, k.Merchant, k.ID, k.Version)(keyRecord(k)))
	}
	for _, g := range c.Gateways {
		errs = append(errs, o.addNoun(gateways, g.Merchant, g.Name, g.Version)(gatewayRecord(g)))
	}
	for _, t := range c.Terminals {
		errs = append(errs, o.addNoun(terminals, t.Merchant, numbered(t.Number), t.Version)(terminalRecord(t)))
	}
	return errors.Join(errs...)
}

// addMoney adds what comes in and goes out.
func (o *order) addMoney(c store.Change) error {
	var errs []error
	for _, i := range c.Invoices {
		errs = append(errs, o.addNoun(invoices, i.Merchant, i.ID, i.Version)(invoiceRecord(i)))
		if i.Version == 0 {
			o.invoices++
		}
	}
	for _, p := range c.Payments {
		errs = append(errs, o.addNoun(payments, p.Merchant, p.ID, p.Version)(paymentRecord(p)))
	}
	for _, r := range c.Refunds {
		errs = append(errs, o.addNoun(refunds, r.Merchant, r.ID, r.Version)(refundRecord(r)))
	}
	for _, p := range c.Payouts {
		errs = append(errs, o.addNoun(payouts, p.Merchant, p.ID, p.Version)(payoutRecord(p)))
	}
	for _, f := range c.Settlements {
		errs = append(errs, o.addNoun(settlementFiles, f.Merchant, f.ID, f.Version)(settlementRecord(f)))
	}
	for _, w := range c.SettlementRows {
		errs = append(errs, o.addNoun(settlementRows, w.Merchant, settledID(w), 0)(settledRecord(w)))
	}
	return errors.Join(errs...)
}

// addDeals adds traders, their requisites and the deals on them. An attachment
// is always new.
func (o *order) addDeals(c store.Change) error {
	var errs []error
	for _, t := range c.Traders {
		errs = append(errs, o.addNoun(traders, t.Merchant, t.ID, t.Version)(traderRecord(t)))
	}
	for _, q := range c.Requisites {
		errs = append(errs, o.addNoun(requisites, q.Merchant, q.ID, q.Version)(requisiteRecord(q)))
	}
	for _, d := range c.Deals {
		errs = append(errs, o.addNoun(deals, d.Merchant, d.ID, d.Version)(dealRecord(d)))
	}
	for _, t := range c.Attachments {
		errs = append(errs, o.addNoun(attachments, t.Merchant, t.ID, 0)(attachmentRecord(t)))
	}
	return errors.Join(errs...)
}

// addWallets adds customers and what they do. A transfer or an exchange is
// always new.
func (o *order) addWallets(c store.Change) error {
	var errs []error
	for _, w := range c.Customers {
		errs = append(errs, o.addNoun(customers, w.Merchant, numbered(w.Number), w.Version)(customerRecord(w)))
	}
	for _, w := range c.Relied {
		errs = append(errs, o.rely(customers, w.Merchant, numbered(w.Number), w.Version))
	}
	for _, m := range c.Markets {
		errs = append(errs, o.addNoun(markets, m.Merchant, m.Name(), m.Version)(marketRecord(m)))
	}
	for _, t := range c.Transfers {
		errs = append(errs, o.addNoun(transfers, t.Merchant, t.ID, 0)(transferRecord(t)))
	}
	for _, e := range c.Exchanges {
		errs = append(errs, o.addNoun(exchanges, e.Merchant, e.ID, 0)(exchangeRecord(e)))
	}
	for _, t := range c.Tries {
		errs = append(errs, o.addNoun(tries, t.Merchant, t.Key, t.Version)(triesRecord(t), nil))
	}
	return errors.Join(errs...)
}

// addTold adds who is told what happens, and what was said with gateways. A contact is
// always new.
func (o *order) addTold(c store.Change) error {
	var errs []error
	for _, e := range c.Endpoints {
		errs = append(errs, o.addNoun(endpoints, e.Merchant, e.ID, e.Version)(endpointRecord(e)))
	}
	for _, d := range c.Deliveries {
		errs = append(errs, o.addNoun(deliveries, d.Merchant, d.ID, d.Version)(deliveryRecord(d)))
	}
	for _, t := range c.Contacts {
		errs = append(errs, o.addNoun(contacts, t.Merchant, t.ID, 0)(contactRecord(t)))
	}
	return errors.Join(errs...)
}

// addClaims adds the keys that must be new, the answer's among them.
func (o *order) addClaims(c store.Change) error {
	for _, claim := range c.Claims {
		if err := o.of(claim.Merchant, claim.Key, record{claim.Key, string(claim.Kind), claim.Subject}); err != nil {
			return fmt.Errorf("claim of kind %q: %w", claim.Kind, err)
		}
	}
	o.claims = c.Claims
	if a := c.Answer; a != nil {
		o.answer = record{a.Key, a.Merchant, a.Fingerprint, int64(a.Status), a.Body, micros(a.ExpiresAt)}
		if err := o.of(a.Merchant, a.Key, o.answer); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	return nil
}

// addEntries adds the entries and what they do to each account.
func (o *order) addEntries(c store.Change) error {
	for _, e := range c.Entries {
		row, lines := entryRecords(e)
		if err := o.of(e.Merchant(), e.ID(), row); err != nil {
			return fmt.Errorf("entry %q: %w", e.ID(), err)
		}
		for i, p := range e.Postings() {
			if err := o.of(p.Account.Merchant, e.ID(), lines[i]); err != nil {
				return fmt.Errorf("entry %q: %w", e.ID(), err)
			}
			if err := o.move(p); err != nil {
				return fmt.Errorf("entry %q: %w", e.ID(), err)
			}
		}
		o.entries = append(o.entries, row)
		o.postings = append(o.postings, lines...)
	}
	return nil
}

// move adds a posting to what the change does to its account.
func (o *order) move(p ledger.Posting) error {
	key := accountKey{p.Account.Key(), p.Account.Merchant}
	for i := range o.movements {
		if m := &o.movements[i]; m.accountKey == key {
			sum, err := money.New(m.steps, p.Account.Unit).Add(p.Amount)
			m.steps = sum.Steps()
			m.covered = m.covered || p.Covered
			return err
		}
	}
	o.movements = append(o.movements, movement{
		accountKey: key, account: p.Account, steps: p.Amount.Steps(), covered: p.Account.Floored() || p.Covered,
	})
	return nil
}

// addEvents adds the events in the order given.
func (o *order) addEvents(c store.Change) error {
	for _, e := range c.Events {
		row := eventRecord(e)
		if err := o.of(e.Merchant, e.Subject, row); err != nil {
			return fmt.Errorf("event of %q: %w", e.Subject, err)
		}
		o.events = append(o.events, row)
	}
	return nil
}
