package p2p

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

// usualPayIn is how long an invoice may be paid unless its store says otherwise.
const usualPayIn = time.Hour

// The words that an invoice keeps for this API. The payer's page reads some of
// them.
const (
	bagType       = "type"
	bagStore      = "storeName"
	bagAmount     = "amount" // asked for, whatever the sum was raised to
	bagInternalID = "internalId"
	bagUserID     = "userId"
	bagOption     = "paymentOption"
	bagMethod     = "paymentMethod"
	bagMost       = "maxAmount"
	bagSuccess    = "successUrl"
	bagCancel     = "cancelUrl"
	bagMatching   = "allowMatching"
	bagSingle     = "strictlySingleTransfer"
	bagCross      = "crossBorderCurrency"
	bagCrossKind  = "crossBorderRequisiteType"
)

// store is the store behind the key of a call. Errors: key_invalid,
// merchant_inactive.
func (d desk) store(r *dialect.Request) (merchant.Terminal, error) {
	number, _ := storeOf(r.Key)
	t, err := d.App.Terminal(r.Context(), r.Merchant, number)
	if fault.Is(err, fault.CodeTerminalNotFound) {
		err = fault.New(fault.CodeKeyInvalid, "", "").With(err)
	}
	return t, err
}

func (d desk) createInvoice(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeInvoice(r.Fields, d.App.CheckNotice)
	if err != nil {
		return dialect.Reply{}, err
	}
	store, err := d.store(r)
	if err != nil {
		return dialect.Reply{}, err
	}
	if store.Disabled {
		return dialect.Reply{}, fault.New(fault.CodeMerchantInactive, "", "The store is switched off.")
	}
	offers, err := d.offers(r.Context(), r.Merchant, n.amount.Unit())
	if err != nil {
		return dialect.Reply{}, err
	}
	if n.out {
		return d.createSending(r.Context(), store, n)
	}
	if err := offers.take(n); err != nil {
		return dialect.Reply{}, err
	}
	i, err := d.ask(r.Context(), store, n)
	if err != nil {
		return dialect.Reply{}, err
	}
	v, err := d.viewOf(r.Context(), i)
	if err == nil && n.startDeal && !slices.ContainsFunc(v.deals, deal.Deal.Live) {
		v, err = d.begin(r.Context(), v, route{n.option, n.method}, false)
		switch {
		case fault.Is(err, fault.CodeWrongState): // the same call, sent twice at once, has begun it
			v, err = d.read(r.Context(), r.Merchant, i.ID)
		case fault.Is(err, fault.CodeInvoiceHeld): // as when no account is free: the invoice is there, without a deal
			err = nil
		}
	}
	return dialect.Reply{Body: d.encode(v, false)}, err
}

// ask makes an invoice, or finds the one that a repeated call has made.
func (d desk) ask(ctx context.Context, store merchant.Terminal, n newInvoice) (i invoice.Invoice, err error) {
	err = d.under(ctx, store, n.internalID, func(id string) (bool, error) {
		v, err := d.read(ctx, store.Merchant, id)
		if fault.Is(err, fault.CodeInvoiceNotFound) { // a payout is called so
			return false, nil
		}
		i = v.Invoice
		return err == nil && n.repeats(v), err
	}, func(reference string) (err error) {
		i, err = d.make(ctx, store, n, reference)
		return err
	})
	return i, err
}

// under makes something that the merchant calls by a name, unless the newest thing
// of that name is the same.
func (d desk) under(ctx context.Context, store merchant.Terminal, name string, same func(id string) (bool, error),
	make func(reference string) error,
) error {
	if name == "" {
		return make("")
	}
	for {
		last, times, err := d.lastNamed(ctx, store, name)
		if err != nil {
			return err
		}
		if times > 0 {
			if found, err := same(last); err != nil || found {
				return err
			}
		}
		err = make(reference(times+1, name))
		// Somebody else has just used the next name: perhaps for the same wish.
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Code != fault.CodeDuplicate || e.Param != "reference" {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// repeats says that a wish is the one that an invoice was made for, and that the
// invoice is still new.
func (n newInvoice) repeats(v view) bool {
	return ours(v.Invoice) && statusOf(v.Invoice, v.deals) == statusNew && unitOf(v.Invoice) == n.amount.Unit() &&
		v.Bag[bagAmount] == n.amount.Text() && v.Bag[bagOption] == n.option && v.Bag[bagMethod] == n.method
}

// reference is the name, unique in its store, of the invoice that the merchant
// calls by one name for the so manieth time. The numbers have no gaps, so that
// the last is found by asking for a few.
func reference(times int, internalID string) string { return strconv.Itoa(times) + ":" + internalID }

// lastNamed finds the id of the newest invoice or payout of a store that the
// merchant calls so, and how many there are.
func (d desk) lastNamed(ctx context.Context, store merchant.Terminal, internalID string,
) (last string, times int, err error) {
	find := func(times int) (bool, error) {
		found, err := d.App.Referenced(ctx, store.Merchant, store.Number, reference(times, internalID))
		if fault.Is(err, fault.CodeNotFound) {
			return false, nil
		}
		last = found
		return err == nil, err
	}
	known, missing := 0, 1 // the last one that is there, and one that is not
	for {
		found, err := find(missing)
		if err != nil {
			return last, 0, err
		}
		if !found {
			break
		}
		known, missing = missing, 2*missing
	}
	for known+1 < missing {
		middle := (known + missing) / 2
		found, err := find(middle)
		if err != nil {
			return last, 0, err
		}
		if found {
			known = middle
		} else {
			missing = middle
		}
	}
	if known > 0 {
		_, err = find(known) // the last one that was looked at may have been another
	}
	return last, known, err
}

// make commits a new invoice.
func (d desk) make(ctx context.Context, store merchant.Terminal, n newInvoice, reference string,
) (invoice.Invoice, error) {
	payIn := store.PayIn
	if payIn == 0 {
		payIn = usualPayIn
	}
	wish := app.NewInvoice{
		ID: d.NewID(), Amount: n.amount, Terminal: store.Number, Reference: reference, Due: d.Now().Add(payIn),
		Bag: map[string]string{bagType: typeIn, bagStore: store.Name, bagAmount: n.amount.Text()},
	}
	for name, text := range map[string]string{
		bagInternalID: n.internalID, bagUserID: n.userID, bagOption: n.option, bagMethod: n.method,
		bagMost: n.most.Text(), bagSuccess: n.successURL, bagCancel: n.cancelURL,
		bagCross: n.crossCurrency, bagCrossKind: n.crossKind, bagMatching: yes(n.matching), bagSingle: yes(n.singleTransfer),
	} {
		keep(wish.Bag, name, text)
	}
	wish.Bag[invoice.PageWord] = pageOf(wish.ID)
	if n.notifyURL != "" {
		wish.Notice = invoice.Notice{URL: n.notifyURL, Form: noticeForm, Endpoint: store.Endpoint}
		wish.NoticeSecret = n.notifyToken
	}
	return d.App.CreateInvoice(ctx, store.Merchant, wish)
}

// keep puts a word of the merchant's into a bag, where it is not empty: for this API,
// and for ours as metadata, if it is not too long for that.
func keep(bag map[string]string, name, text string) {
	if text == "" {
		return
	}
	bag[name] = text
	if len(text) <= maxShown {
		bag[app.MetadataWord+name] = text
	}
}

// maxShown is how long a value of metadata can be in bytes.
const maxShown = 500

// pageOf is the payer's page below the public address.
func pageOf(id string) string { return invoice.DealPage(id) }

func yes(is bool) string {
	if is {
		return "true"
	}
	return ""
}

// shown says that an invoice has a place here: it was made through this API, or at a
// store through our own, in one sum that is the merchant's as soon as it is paid.
func shown(i invoice.Invoice) bool {
	return ours(i) ||
		dialect.Native(dialect.NativeInvoice, i.ID) && i.Terminal != 0 && !i.Open && i.VerifyIn == 0
}

// ours says that an invoice was made through this API.
func ours(i invoice.Invoice) bool {
	return i.Terminal != 0 && i.Bag[bagType] == typeIn && i.Bag[bagStore] != ""
}

func unknownInvoice() error { return fault.New(fault.CodeInvoiceNotFound, "invoice", "") }

// viewOf is an invoice with its deals and their files.
func (d desk) viewOf(ctx context.Context, i invoice.Invoice) (view, error) {
	views, err := d.viewsOf(ctx, i.Merchant, []invoice.Invoice{i})
	if err != nil {
		return view{Invoice: i}, err
	}
	return views[0], nil
}

// viewsOf are invoices of one merchant with their deals and the files of those.
func (d desk) viewsOf(ctx context.Context, merchantID string, invoices []invoice.Invoice) ([]view, error) {
	views := make([]view, len(invoices))
	ids := make([]string, len(invoices))
	at := map[string]*view{} // by the id of an invoice, then of a deal
	for n, i := range invoices {
		views[n].Invoice, ids[n], at[i.ID] = i, i.ID, &views[n]
	}
	deals, err := d.App.DealsOf(ctx, merchantID, ids...)
	if err != nil {
		return nil, err
	}
	var touched []string
	for _, one := range deals {
		v := at[one.Invoice]
		v.deals, at[one.ID] = append(v.deals, one), v
		if one.UpdatedAt.After(one.CreatedAt) { // a file makes it so
			touched = append(touched, one.ID)
		}
	}
	files, err := d.App.Attachments(ctx, merchantID, touched...)
	for _, f := range files {
		at[f.Deal].files = append(at[f.Deal].files, f)
	}
	return views, err
}

// read finds an invoice that has a place here by its id. Error: invoice_not_found.
func (d desk) read(ctx context.Context, merchantID, id string) (view, error) {
	found, err := d.App.Invoice(ctx, merchantID, id)
	if err != nil {
		return view{}, err
	}
	if !shown(found.Invoice) {
		return view{}, unknownInvoice()
	}
	v, err := d.viewOf(ctx, found.Invoice)
	if err == nil && !ours(found.Invoice) {
		v.store, err = d.nameOf(ctx, merchantID, v.Terminal)
	}
	return v, err
}

// nameOf is the name of a store.
func (d desk) nameOf(ctx context.Context, merchantID string, number int64) (string, error) {
	t, err := d.App.Terminal(ctx, merchantID, number)
	return t.Name, err
}

// named finds the invoice that a call of a store names. Error: invoice_not_found.
func (d desk) named(r *dialect.Request) (view, error) {
	store, err := d.store(r)
	if err != nil {
		return view{}, err
	}
	id := r.PathValue("id")
	if !isID(id) {
		return view{}, unknownInvoice()
	}
	v, err := d.read(r.Context(), r.Merchant, id)
	if err == nil && v.Terminal != store.Number {
		err = unknownInvoice()
	}
	return v, err
}

func (d desk) showInvoice(r *dialect.Request) (dialect.Reply, error) {
	v, err := d.named(r)
	return dialect.Reply{Body: d.encode(v, false)}, err
}

// aliasWord stands where an id does in the other path of an invoice by its name.
const aliasWord = "internal-id"

// showByAlias is showNamed at a path that only a word tells from those of ids.
func (d desk) showByAlias(r *dialect.Request) (dialect.Reply, error) {
	if r.PathValue("id") != aliasWord {
		return dialect.Reply{}, fault.New(fault.CodeRouteNotFound, "", "")
	}
	return d.showNamed(r)
}

func (d desk) showNamed(r *dialect.Request) (dialect.Reply, error) {
	store, err := d.store(r)
	if err != nil {
		return dialect.Reply{}, err
	}
	name := r.PathValue("internalId")
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) || utf8.RuneCountInString(name) > maxText {
		return dialect.Reply{}, unknownInvoice()
	}
	id, times, err := d.lastNamed(r.Context(), store, name)
	if err == nil && times == 0 { // perhaps our own API made one
		id, err = d.App.Referenced(r.Context(), store.Merchant, store.Number, name)
		if fault.Is(err, fault.CodeNotFound) {
			err = unknownInvoice()
		}
	}
	if err != nil {
		return dialect.Reply{}, err
	}
	v, err := d.read(r.Context(), r.Merchant, id)
	if fault.Is(err, fault.CodeInvoiceNotFound) {
		if s, err := d.readSending(r.Context(), r.Merchant, id); err == nil {
			return dialect.Reply{Body: d.encodeSending(s, false)}, nil
		}
	}
	return dialect.Reply{Body: d.encode(v, false)}, err
}

func (d desk) listInvoices(r *dialect.Request) (dialect.Reply, error) {
	in := &inputs{fields: r.Params}
	page, limit := in.count("page", 1, maxPage), in.count("limit", usualLimit, maxLimit)
	if err := in.err(); err != nil {
		return dialect.Reply{}, err
	}
	store, err := d.store(r)
	if err != nil {
		return dialect.Reply{}, err
	}
	asked, err := d.App.AskedAt(r.Context(), r.Merchant, store.Number, app.Page{Limit: limit, Offset: (page - 1) * limit})
	if err != nil {
		return dialect.Reply{}, err
	}
	items, err := d.encodeAsked(r.Context(), r.Merchant, asked)
	return listed(items), err
}

// accountBody is a balance.
type accountBody struct {
	Currency money.Unit `json:"currency"`
	Sum      *moneyBody `json:"sum"`
	Hold     *moneyBody `json:"hold"`
}

func (d desk) accounts(r *dialect.Request) (dialect.Reply, error) {
	if _, err := d.store(r); err != nil {
		return dialect.Reply{}, err
	}
	amounts, err := d.App.AvailableBalances(r.Context(), r.Merchant, r.Key.Account)
	if err != nil {
		return dialect.Reply{}, err
	}
	free := money.Zero(deal.Coin)
	for _, a := range amounts {
		if a.Unit() == deal.Coin {
			free = a
		}
	}
	hold, err := d.App.HeldByPayouts(r.Context(), r.Merchant, r.Key.Account, deal.Coin)
	return listed([]accountBody{{deal.Coin, encodeMoney(free), encodeMoney(hold)}}), err
}
