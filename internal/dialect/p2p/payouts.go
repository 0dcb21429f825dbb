package p2p

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/payout"
)

// way reads on which way money is sent, and to whom: all of it is needed for what
// goes out, and nobody is named by what comes in.
func (in *inputs) way(n *newInvoice) {
	if !n.out {
		n.option, n.method = in.maybe("paymentOption"), in.maybe("paymentMethod")
		if in.given("paymentRequisites") {
			in.payee()
		}
		return
	}
	n.option, n.method, n.payee = in.word("paymentOption"), in.word("paymentMethod"), in.payee()
}

// payee reads to whom money is sent.
func (in *inputs) payee() requisitesBody {
	const name = "paymentRequisites"
	v, _ := in.fields.Find(name)
	if v.Kind != dialect.Object {
		in.fail(name, "must be an object")
		return requisitesBody{}
	}
	inner := &inputs{fields: v.Fields}
	to := requisitesBody{Requisites: inner.word("requisites"), Holder: inner.maybe("holder")}
	if strings.ContainsFunc(to.Requisites+to.Holder, unicode.IsControl) {
		inner.fail("requisites", "must be one line of text")
	}
	for _, e := range inner.faults {
		in.faults.Add(fault.New(e.Code, name+"."+e.Param, e.Words))
	}
	return to
}

// sendingView is a payout of this API with its deals, in order of creation.
type sendingView struct {
	payout.Payout

	deals []deal.Deal
	files []deal.Attachment // of all its deals
	store string            // the name of its store, where the payout does not keep it
}

// createSending makes a payout, or finds the one that a repeated call has made.
func (d desk) createSending(ctx context.Context, store merchant.Terminal, n newInvoice) (dialect.Reply, error) {
	var v sendingView
	err := d.under(ctx, store, n.internalID, func(id string) (bool, error) {
		found, err := d.readSending(ctx, store.Merchant, id)
		if fault.Is(err, fault.CodePayoutNotFound) { // an invoice is called so
			return false, nil
		}
		v = found
		return err == nil && n.repeatsSending(v), err
	}, func(reference string) (err error) {
		v = sendingView{}
		v.Payout, err = d.App.RequestSending(ctx, d.sendingOf(store, n, reference))
		return err
	})
	return dialect.Reply{Body: d.encodeSending(v, false)}, err
}

// sendingOf is a wish in the words of the core.
func (d desk) sendingOf(store merchant.Terminal, n newInvoice, reference string) app.NewSending {
	payIn := cmp.Or(store.PayIn, usualPayIn)
	wish := app.NewSending{
		ID: d.NewID(), Merchant: store.Merchant, Terminal: store.Number, Reference: reference, Sum: n.amount,
		Payee: payout.Payee{Option: n.option, Method: n.method, Number: n.payee.Requisites, Holder: n.payee.Holder},
		Due:   d.Now().Add(payIn), Bag: map[string]string{bagStore: store.Name},
	}
	for name, text := range map[string]string{bagInternalID: n.internalID, bagUserID: n.userID} {
		keep(wish.Bag, name, text)
	}
	if n.notifyURL != "" {
		wish.Notice = payout.Notice{URL: n.notifyURL, Form: noticeForm, Endpoint: store.Endpoint}
		wish.NoticeSecret = n.notifyToken
	}
	return wish
}

// repeatsSending says that a wish is the one that a payout was made for, and that
// the payout is still new.
func (n newInvoice) repeatsSending(v sendingView) bool {
	return sendingStatus(v.Payout, v.deals) == statusNew && v.Sum == n.amount && v.Payee == payout.Payee{
		Option: n.option, Method: n.method, Number: n.payee.Requisites, Holder: n.payee.Holder,
	}
}

// readSending finds a payout that has a place here by its id: one that was made here, or
// at a store through our own API. Error: payout_not_found.
func (d desk) readSending(ctx context.Context, merchantID, id string) (sendingView, error) {
	p, err := d.App.Payout(ctx, merchantID, id)
	native := dialect.Native(dialect.NativePayout, id)
	if err == nil && (!p.ByTraders() || p.Terminal == 0 || p.Bag[bagStore] == "" && !native) {
		err = fault.New(fault.CodePayoutNotFound, "payout", "")
	}
	if err != nil {
		return sendingView{}, err
	}
	v := sendingView{Payout: p}
	if native {
		if v.store, err = d.nameOf(ctx, merchantID, p.Terminal); err != nil {
			return v, err
		}
	}
	if v.deals, err = d.App.DealsOfPayouts(ctx, merchantID, id); err != nil || len(v.deals) == 0 {
		return v, err
	}
	ids := make([]string, len(v.deals))
	for n, one := range v.deals {
		ids[n] = one.ID
	}
	v.files, err = d.App.Attachments(ctx, merchantID, ids...)
	return v, err
}

// sendingNamed finds the payout that a call of a store names.
// Error: payout_not_found.
func (d desk) sendingNamed(r *dialect.Request) (sendingView, error) {
	store, err := d.store(r)
	if err != nil {
		return sendingView{}, err
	}
	v, err := d.readSending(r.Context(), r.Merchant, r.PathValue("id"))
	if err == nil && v.Terminal != store.Number {
		err = fault.New(fault.CodePayoutNotFound, "payout", "")
	}
	return v, err
}

// sendingKnown finds the payout that whoever knows its id asks about. The call was
// counted already when no invoice was found. Error: payout_not_found.
func (d desk) sendingKnown(r *dialect.Request) (sendingView, error) {
	id := r.PathValue("id")
	if !isUUID.MatchString(id) {
		return sendingView{}, fault.New(fault.CodePayoutNotFound, "payout", "")
	}
	owner, err := d.App.PayoutOwner(r.Context(), id)
	if err != nil {
		return sendingView{}, err
	}
	return d.readSending(r.Context(), owner, id)
}

// either is for paths that name an invoice or a payout: whoever finds no invoice
// looks for a payout, and where there is none either, an invoice was not found.
func either(in, out dialect.Handler) dialect.Handler {
	return func(r *dialect.Request) (dialect.Reply, error) {
		reply, err := in(r)
		if !fault.Is(err, fault.CodeInvoiceNotFound) || !isID(r.PathValue("id")) {
			return reply, err
		}
		found, other := out(r)
		if fault.Is(other, fault.CodePayoutNotFound) {
			return reply, err
		}
		return found, other
	}
}

func (d desk) showSending(r *dialect.Request) (dialect.Reply, error) {
	v, err := d.sendingNamed(r)
	return dialect.Reply{Body: d.encodeSending(v, false)}, err
}

func (d desk) showKnownSending(r *dialect.Request) (dialect.Reply, error) {
	v, err := d.sendingKnown(r)
	return dialect.Reply{Body: d.encodeSending(v, true)}, err
}

// unpayable refuses what only payers do: nobody pays a payout.
func unpayable(find func(*dialect.Request) (sendingView, error)) dialect.Handler {
	return func(r *dialect.Request) (dialect.Reply, error) {
		_, err := find(r)
		if err == nil {
			err = fault.New(fault.CodeWrongState, "", "It goes out: nobody pays it.")
		}
		return dialect.Reply{}, err
	}
}

// noVariants lists the ways on which a payout can be paid: there are none.
func noVariants(find func(*dialect.Request) (sendingView, error)) dialect.Handler {
	return func(r *dialect.Request) (dialect.Reply, error) {
		_, err := find(r)
		return listed[variantBody](nil), err
	}
}

// cancelSending withdraws a payout that nobody has taken.
func (d desk) cancelSending(r *dialect.Request) (dialect.Reply, error) {
	v, err := d.sendingNamed(r)
	if err == nil {
		v.Payout, err = d.App.WithdrawPayout(r.Context(), v.Merchant, v.ID)
	}
	return dialect.Reply{Body: d.encodeSending(v, false)}, err
}

// disputeSending says that the money of a payout did not arrive. The call names the
// payout or a deal of it.
func (d desk) disputeSending(r *dialect.Request) (dialect.Reply, error) {
	v, named, err := d.disputedSending(r)
	if err != nil {
		return dialect.Reply{}, err
	}
	n, err := decodeDispute(r.Fields, v.Sum.Unit())
	if err != nil {
		return dialect.Reply{}, err
	}
	about, err := view{deals: v.deals}.dealNamed(n.deal, named)
	if err != nil {
		return dialect.Reply{}, err
	}
	files := decodeFiles(r.Fields)
	if err := d.fit(r.Context(), about, files); err != nil {
		return dialect.Reply{}, err
	}
	if _, err := d.App.DisputeDeal(r.Context(), app.NewDispute{
		Merchant: v.Merchant, Deal: about.ID, Reason: n.reason, Amount: n.amount,
	}); err != nil {
		return dialect.Reply{}, err
	}
	for _, data := range files {
		if _, err := d.App.Attach(r.Context(), app.NewAttachment{
			ID: d.NewID(), Merchant: v.Merchant, Deal: about.ID, Data: data,
		}); err != nil {
			return dialect.Reply{}, err
		}
	}
	v, err = d.readSending(r.Context(), v.Merchant, v.ID)
	return dialect.Reply{Body: d.encodeSending(v, false)}, err
}

// disputedSending finds the payout of a dispute, whose path names it or one of its
// deals. Error: payout_not_found.
func (d desk) disputedSending(r *dialect.Request) (v sendingView, dealID string, err error) {
	if v, err = d.sendingNamed(r); !fault.Is(err, fault.CodePayoutNotFound) {
		return v, "", err
	}
	one, other := d.App.Deal(r.Context(), r.Merchant, r.PathValue("id"))
	if other != nil || !one.Out() {
		return v, "", err
	}
	number, _ := storeOf(r.Key)
	if v, err = d.readSending(r.Context(), r.Merchant, one.Payout); err == nil && v.Terminal != number {
		err = fault.New(fault.CodePayoutNotFound, "payout", "")
	}
	return v, one.ID, err
}

// sendingStatus is the status of a payout with its deals.
func sendingStatus(p payout.Payout, deals []deal.Deal) string {
	if slices.ContainsFunc(deals, func(d deal.Deal) bool { return d.State == deal.Disputed }) {
		return statusDispute
	}
	switch p.State {
	case payout.Requested, payout.Approved, payout.Processing:
		return statusNew
	case payout.Paid:
		return statusPaid
	case payout.Rejected, payout.Canceled, payout.Failed:
		return statusCanceled
	case payout.Expired:
		return statusExpired
	}
	return statusNew
}

// sendingSums are what a payout that is paid has cost.
func sendingSums(p payout.Payout, deals []deal.Deal) sums {
	net, err := p.Net()
	if sendingStatus(p, deals) != statusPaid || err != nil {
		return sums{}
	}
	return sums{encodeMoney(p.Sum), encodeMoney(net), encodeMoney(p.Fee), encodeMoney(p.Amount)}
}

// encodeSending writes a payout as an invoice that goes out. Reduced is what
// whoever knows its id may see: not who gets the money.
func (d desk) encodeSending(v sendingView, reduced bool) invoiceBody {
	p := v.Payout
	body := invoiceBody{
		ID: p.ID, InternalID: orNull(nameIn(p.Bag, p.Reference)), UserID: orNull(p.Bag[bagUserID]), Type: typeOut,
		Status: sendingStatus(p, v.deals), Method: orNull(p.Payee.Method), Option: orNull(p.Payee.Option),
		Requisites: &requisitesBody{p.Payee.Number, p.Payee.Holder}, Sum: encodeMoney(p.Sum), StoreID: p.Terminal,
		StoreName: cmp.Or(p.Bag[bagStore], v.store), sums: sendingSums(p, v.deals), CreatedAt: moment(p.CreatedAt),
		ExpireAt: expiry(p.Due), UpdatedAt: moment(lastChange(p.UpdatedAt, v.deals)), Deals: []dealMore{},
		InvoiceURL: d.PublicURLs[0] + pageOf(p.ID),
	}
	if reduced {
		body.InternalID, body.UserID, body.sums, body.Requisites = nil, nil, sums{}, nil
		return body
	}
	for _, one := range v.deals {
		body.Deals = append(body.Deals, encodeMore(one, v.files))
	}
	return body
}

// lastChange is when a thing or one of its deals changed last.
func lastChange(last time.Time, deals []deal.Deal) time.Time {
	for _, d := range deals {
		if d.UpdatedAt.After(last) {
			last = d.UpdatedAt
		}
	}
	return last
}

// encodeAsked writes invoices and payouts in the order in which they are named.
func (d desk) encodeAsked(ctx context.Context, merchantID string, asked []app.Asked) ([]invoiceBody, error) {
	var items []invoiceBody
	for _, a := range asked {
		var item invoiceBody
		var err error
		if a.Noun == event.Payout {
			var v sendingView
			v, err = d.readSending(ctx, merchantID, a.ID)
			item = d.encodeSending(v, false)
		} else {
			var v view
			v, err = d.read(ctx, merchantID, a.ID)
			item = d.encode(v, false)
		}
		switch {
		case err == nil:
			items = append(items, item)
		case !fault.Is(err, fault.CodeInvoiceNotFound) && !fault.Is(err, fault.CodePayoutNotFound):
			return nil, err
		}
	}
	return items, nil
}

// PayoutForms are this API's notices about payouts, for the core's configuration.
func PayoutForms() map[string]app.PayoutForm {
	return map[string]app.PayoutForm{noticeForm: PayoutNotice}
}

// PayoutNotice writes what a payout's address is told of an event: that it was paid
// or is over, or that a deal of it is disputed or no longer is.
func PayoutNotice(e event.Event, p payout.Payout, deals []deal.Deal) (app.Notice, bool) {
	if !toldOfPayout(e) {
		return app.Notice{}, false
	}
	body := noticeBody{
		ID: p.ID, InternalID: orNull(p.Bag[bagInternalID]), Type: typeOut, Status: sendingStatus(p, deals),
		Sum: encodeMoney(p.Sum), StoreID: p.Terminal, StoreName: p.Bag[bagStore], sums: sendingSums(p, deals),
		Rate: orNull(rateText(p.Rate)), CreatedAt: moment(p.CreatedAt), ExpireAt: moment(p.Due), UpdatedAt: moment(e.At),
	}
	return noticeOf(body, deals)
}

// toldOfPayout says whether a payout's address hears of an event.
func toldOfPayout(e event.Event) bool {
	if e.From == e.To { // a dispute was opened, or is over
		return e.Trigger == string(deal.OpenDispute) || e.Trigger == string(deal.Complete)
	}
	switch payout.State(e.To) {
	case payout.Paid, payout.Rejected, payout.Canceled, payout.Expired, payout.Failed:
		return true
	case payout.Requested, payout.Approved, payout.Processing:
	}
	return false
}

// sending finds the payout that a call is about.
func (c counter) sending() func(*dialect.Request) (sendingView, error) {
	if c.byPayer {
		return c.sendingKnown
	}
	return c.sendingNamed
}

// withdraw cancels a payout for its store; whoever only knows its id may not.
func (c counter) withdraw() dialect.Handler {
	if c.byPayer {
		return unpayable(c.sendingKnown)
	}
	return c.cancelSending
}
