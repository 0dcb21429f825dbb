package app

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
)

// Keyset is what sealing anew asks of the keys of the keyset. Their ids are never 0.
type Keyset interface {
	// Sealing is the key under which things are sealed now.
	Sealing() uint32
	// KeyOf is the key under which something was sealed; 0 = it does not say.
	KeyOf(sealed []byte) uint32
	// Opens says whether what was sealed under a key can be opened.
	Opens(key uint32) bool
	// CredentialsAnew seals the credentials of a merchant's gateway anew.
	CredentialsAnew(merchantID, name string, sealed []byte) ([]byte, error)
}

// SealedKind is a sort of what is sealed.
type SealedKind string

// The kinds of what is sealed.
const (
	SealedGateway  SealedKind = "gateway"
	SealedSigning  SealedKind = "signing key"
	SealedStore    SealedKind = "store key"
	SealedIssuer   SealedKind = "issuer"
	SealedEndpoint SealedKind = "endpoint"
	SealedTerminal SealedKind = "endpoint of a terminal"
	SealedInvoice  SealedKind = "invoice"
	SealedPayout   SealedKind = "payout"
	SealedDelivery SealedKind = "delivery"
	SealedPIN      SealedKind = "PIN"
	SealedAnswer   SealedKind = "stored answer"
)

// SealedKinds are all of them, in the order in which they are looked through.
var SealedKinds = []SealedKind{
	SealedGateway, SealedSigning, SealedStore, SealedIssuer, SealedEndpoint, SealedTerminal, SealedPIN, SealedInvoice,
	SealedPayout, SealedDelivery, SealedAnswer,
}

// SealedThing names something that is sealed.
type SealedThing struct {
	Kind     SealedKind
	Merchant string
	ID       string
}

// Sealings are what a look through everything that is sealed has found.
type Sealings struct {
	Under   map[SealedKind]map[uint32]int64 // how many under each key, once all is done
	Anew    int64                           // how many were sealed anew
	Closed  int64                           // how many do not open
	Which   []SealedThing                   // the first of these
	Bare    int64                           // PINs that a program of before left without a seal
	Busy    int64                           // deliveries that were left, because somebody is sending them
	Expires time.Time                       // when the last stored answer under an older key does; zero = there is none
}

// maxClosed bounds how many things that do not open are named.
const maxClosed = 100

// Sealed counts what is sealed under which key, and changes nothing.
func (a *App) Sealed(ctx context.Context, keys Keyset, show func(percent int)) (Sealings, error) {
	return a.walkSealed(ctx, &resealing{app: a, keys: keys, show: show, counts: true})
}

// Reseal seals everything anew that was sealed under another key than the one which
// seals now. Whoever changes such a thing at the same time wins, and it is looked at
// again. What does not open is left as it is and named, and so is a delivery that
// somebody is sending. Stored answers are only counted: what they are sealed as is known
// to their callers alone, and they expire. What is sealed stays the same secret, so that
// nothing about a thing changes for its merchant, not even when it was changed last; an
// act on record says of what is administered that it was sealed anew. PINs that are not
// sealed are from now on, so that every server has to know of that.
func (a *App) Reseal(ctx context.Context, keys Keyset, show func(percent int)) (Sealings, error) {
	if err := a.store.SealPINs(ctx); err != nil {
		return Sealings{}, err
	}
	return a.walkSealed(ctx, &resealing{app: a, keys: keys, show: show})
}

// walkSealed looks through everything. What an invoice or a payout has sealed is copied
// to its deliveries, so that these come after both.
func (a *App) walkSealed(ctx context.Context, w *resealing) (Sealings, error) {
	w.began, w.found.Under = a.now(), make(map[SealedKind]map[uint32]int64)
	for _, step := range []func(context.Context) error{w.merchants, w.deliveries, w.answers} {
		if err := step(ctx); err != nil {
			return w.found, err
		}
	}
	w.show(100)
	return w.found, nil
}

// resealing is one look through everything that is sealed.
type resealing struct {
	app    *App
	keys   Keyset
	show   func(percent int)
	counts bool // it changes nothing
	began  time.Time
	found  Sealings
}

// sealedPage is how many things are read at once, and sealedAtOnce how many of them are
// written in one change.
const (
	sealedPage   = 500
	sealedAtOnce = 50
)

// The percent at which the walk is done with what merchants have, and with deliveries.
const (
	afterMerchants  = 60
	afterDeliveries = 95
)

// merchants looks through what belongs to each merchant.
func (w *resealing) merchants(ctx context.Context) error {
	var all []merchant.Merchant
	for more := true; more; {
		found, err := w.app.store.Merchants(ctx, Page{Limit: sealedPage, Offset: len(all), Oldest: true})
		if err != nil {
			return err
		}
		all, more = append(all, found...), len(found) == sealedPage
	}
	for n, m := range all {
		show := func(percent int) { w.show(afterMerchants * (100*n + percent) / (100 * len(all))) }
		for _, few := range []readSealed{sealedGateways, sealedKeys, sealedEndpoints} {
			found, err := few(ctx, w.app.store, m.ID, nil)
			if err == nil {
				err = w.look(ctx, found, few)
			}
			if err != nil {
				return err
			}
		}
		if err := w.customers(ctx, m); err != nil {
			return err
		}
		if err := w.invoices(ctx, m, show); err != nil {
			return err
		}
		if err := w.payouts(ctx, m, show); err != nil {
			return err
		}
	}
	return nil
}

// customers looks through those of a merchant, who have PINs.
func (w *resealing) customers(ctx context.Context, m merchant.Merchant) error {
	for below := int64(0); ; {
		list, err := w.app.store.ListCustomers(ctx, m.ID, store.CustomerList{}, below, Older{Limit: sealedPage})
		if err != nil {
			return err
		}
		found := make([]sealedThing, len(list))
		for n, c := range list {
			found[n] = sealedCustomer(c)
			below = c.Number
		}
		if err := w.look(ctx, found, sealedCustomers); err != nil || len(list) < sealedPage {
			return err
		}
	}
}

// invoices looks through those of a merchant.
func (w *resealing) invoices(ctx context.Context, m merchant.Merchant, show func(percent int)) error {
	for part := (Older{Limit: sealedPage}); ; {
		list, err := w.app.store.ListInvoices(ctx, m.ID, store.InvoiceList{}, part)
		if err != nil {
			return err
		}
		found := make([]sealedThing, len(list))
		for n, i := range list {
			found[n] = sealedInvoice(i)
			part.At, part.ID = i.CreatedAt, i.ID
		}
		if err := w.look(ctx, found, sealedInvoices); err != nil || len(list) < sealedPage {
			return err
		}
		show(70 * w.behind(m.CreatedAt, part.At) / 100)
	}
}

// payouts looks through those of a merchant.
func (w *resealing) payouts(ctx context.Context, m merchant.Merchant, show func(percent int)) error {
	for part := (Older{Limit: sealedPage}); ; {
		list, err := w.app.store.ListPayouts(ctx, m.ID, store.PayoutList{}, part)
		if err != nil {
			return err
		}
		found := make([]sealedThing, len(list))
		for n, p := range list {
			found[n] = sealedPayout(p)
			part.At, part.ID = p.CreatedAt, p.ID
		}
		if err := w.look(ctx, found, sealedPayouts); err != nil || len(list) < sealedPage {
			return err
		}
		show(70 + 30*w.behind(m.CreatedAt, part.At)/100)
	}
}

// behind is how many percent of the time since a merchant came lie behind a walk from
// now back to a moment.
func (w *resealing) behind(came, at time.Time) int {
	whole := max(1, w.began.Sub(came)/100)
	return int(min(100, max(0, w.began.Sub(at)/whole)))
}

// deliveries looks through those of all merchants, in every state: the merchant may have
// them sent again.
func (w *resealing) deliveries(ctx context.Context) error {
	w.show(afterMerchants)
	for after := (store.Key{}); ; {
		list, err := w.app.store.EveryDelivery(ctx, after, sealedPage)
		if err != nil {
			return err
		}
		found := make([]sealedThing, len(list))
		for n, d := range list {
			found[n] = sealedDelivery(d, w.began)
			after = store.Key{ID: d.ID, Merchant: d.Merchant}
		}
		if err := w.look(ctx, found, w.app.sealedDeliveries); err != nil || len(list) < sealedPage {
			return err
		}
	}
}

// answers counts the stored ones that are sealed.
func (w *resealing) answers(ctx context.Context) error {
	w.show(afterDeliveries)
	for after := (store.Key{}); ; {
		list, err := w.app.store.EveryAnswer(ctx, after, w.began, sealedPage)
		if err != nil {
			return err
		}
		for _, answer := range list {
			after = store.Key{ID: answer.Key, Merchant: answer.Merchant}
			print, _ := sealOfPrint(answer.Fingerprint)
			for _, sealed := range [][]byte{answer.Body, print} {
				w.answer(w.keys.KeyOf(sealed), answer.ExpiresAt)
			}
		}
		if len(list) < sealedPage {
			return nil
		}
	}
}

// answer counts what is sealed of a stored one: itself, or what was asked for where that
// was made with a PIN.
func (w *resealing) answer(key uint32, expires time.Time) {
	if key == 0 {
		return // it is as it was told
	}
	w.count(SealedAnswer, key)
	if key != w.keys.Sealing() && expires.After(w.found.Expires) {
		w.found.Expires = expires
	}
}

func (w *resealing) count(kind SealedKind, key uint32) {
	if w.found.Under[kind] == nil {
		w.found.Under[kind] = map[uint32]int64{}
	}
	w.found.Under[kind][key]++
}

// closed counts something that does not open.
func (w *resealing) closed(s sealedThing) {
	w.found.Closed++
	if len(w.found.Which) < maxClosed {
		w.found.Which = append(w.found.Which, s.SealedThing)
	}
}
