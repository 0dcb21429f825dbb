package p2p

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

// The statuses of invoices on this wire.
const (
	statusNew      = "new"
	statusPaid     = "paid"
	statusCanceled = "canceled"
	statusExpired  = "expired"
	statusDispute  = "dispute"
)

// statusOf is the status of an invoice with its deals: a dispute about one of
// them comes before the invoice's own state.
func statusOf(i invoice.Invoice, deals []deal.Deal) string {
	if slices.ContainsFunc(deals, func(d deal.Deal) bool { return d.State == deal.Disputed }) {
		return statusDispute
	}
	switch i.State {
	case invoice.Open:
		return statusNew
	case invoice.Paid, invoice.Completed, invoice.Refunded:
		return statusPaid
	case invoice.Canceled, invoice.Rejected:
		return statusCanceled
	case invoice.Expired:
		return statusExpired
	}
	return statusNew
}

// moneyBody is an amount with its currency.
type moneyBody struct {
	Amount   string     `json:"amount"`
	Currency money.Unit `json:"currency"`
	Subunit  int        `json:"subunit"`
}

// encodeMoney writes an amount with all the places of its currency; nil for one
// that is none.
func encodeMoney(a money.Amount) *moneyBody {
	info, err := money.Lookup(a.Unit())
	if err != nil {
		return nil
	}
	return &moneyBody{Amount: a.Fixed(), Currency: a.Unit(), Subunit: info.Scale}
}

// moment is a time as this API writes it everywhere.
type moment time.Time

// MarshalJSON writes whole seconds in UTC with a zone of digits.
func (m moment) MarshalJSON() ([]byte, error) {
	return []byte(time.Time(m).UTC().Format(`"2006-01-02T15:04:05+00:00"`)), nil
}

// orNull is a text, or null where there is none.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// invoiceBody is an invoice with all of its deals.
type invoiceBody struct {
	ID         string          `json:"id"`
	InternalID *string         `json:"internalId"`
	UserID     *string         `json:"userId"`
	Type       string          `json:"type"`
	Status     string          `json:"status"`
	Method     *string         `json:"paymentMethod"`
	Option     *string         `json:"paymentOption"`
	Requisites *requisitesBody `json:"paymentRequisites"` // of one that goes out
	Sum        *moneyBody      `json:"sum"`
	StoreID    int64           `json:"storeId"`
	StoreName  string          `json:"storeName"`
	sums
	CreatedAt  moment     `json:"createdAt"`
	ExpireAt   moment     `json:"expireAt"`
	UpdatedAt  moment     `json:"updatedAt"`
	InvoiceURL string     `json:"invoiceUrl"`
	Deals      []dealMore `json:"deals"`
}

// sums are what an invoice brought; null until it is paid.
type sums struct {
	FromTaker *moneyBody `json:"receivedSumFromTaker"`
	FromMaker *moneyBody `json:"receivedSumFromMaker"`
	Fee       *moneyBody `json:"serviceFeeSum"`
	Payout    *moneyBody `json:"payoutSum"`
}

// encodeSums are the sums of an invoice that is paid: of all the deals that brought
// money, each at its own rate. What came otherwise the payer paid too, in no coins.
func encodeSums(i invoice.Invoice, deals []deal.Deal) sums {
	if statusOf(i, deals) != statusPaid {
		return sums{}
	}
	var paid, coins, fees []money.Amount
	for _, d := range deals {
		if d.State == deal.Completed {
			paid, coins, fees = append(paid, d.Paid), append(coins, d.Coins), append(fees, d.Fee)
		}
	}
	all := sums{FromTaker: encodeMoney(i.Captured)}
	brought, err := money.Sum(unitOf(i), paid...)
	if err != nil || len(paid) == 0 {
		return all
	}
	if more, err := brought.Cmp(i.Captured); err == nil && more > 0 { // some of it was given back
		all.FromTaker = encodeMoney(brought)
	}
	maker, err := money.Sum(deal.Coin, coins...)
	if err != nil {
		return all
	}
	fee, err := money.Sum(deal.Coin, fees...)
	if err != nil {
		return all
	}
	net, err := maker.Sub(fee)
	if err != nil {
		return all
	}
	all.FromMaker, all.Fee, all.Payout = encodeMoney(maker), encodeMoney(fee), encodeMoney(net)
	return all
}

// requisitesBody is where a payer sends money.
type requisitesBody struct {
	Requisites string `json:"requisites"`
	Holder     string `json:"holder"`
}

// paymentBody is money that came.
type paymentBody struct {
	TakerSum *moneyBody `json:"takerSum"`
	MakerSum *moneyBody `json:"makerSum"`
	FeeSum   *moneyBody `json:"feeSum"`
	Date     moment     `json:"date"`
}

// dealBody is one deal.
type dealBody struct {
	ID         string         `json:"id"`
	Type       string         `json:"type"`
	Status     deal.State     `json:"status"`
	Method     string         `json:"paymentMethod"`
	Option     string         `json:"paymentOption"`
	Requisites requisitesBody `json:"requisites"`
	CanceledAt moment         `json:"canceledAt"` // its deadline, whatever became of it
	Attachment *string        `json:"disputeAttachment"`
	Reason     *string        `json:"disputeReason"`
	ReasonData any            `json:"disputeReasonData"`
	Payment    *paymentBody   `json:"payment"`
	Rate       string         `json:"rate"`
	IsActive   bool           `json:"isActive"`
	QRCodeLink *string        `json:"qrCodeLink"`
}

// dealMore is a deal as answers show it; notices leave the rest out.
type dealMore struct {
	dealBody

	Result      *string  `json:"disputeResult"` // the status tells it
	Attachments []string `json:"attachments"`
	MethodName  string   `json:"paymentMethodName"`
}

// encodeMore writes a deal with the names of its files. The file of its dispute is
// the newest that came since that began.
func encodeMore(d deal.Deal, files []deal.Attachment) dealMore {
	body := dealMore{dealBody: encodeDeal(d), Attachments: []string{}, MethodName: titled(d.Method)}
	for _, f := range files {
		if f.Deal != d.ID {
			continue
		}
		name := fileName(f)
		body.Attachments = append(body.Attachments, name)
		if !d.Dispute.OpenedAt.IsZero() && !f.CreatedAt.Before(d.Dispute.OpenedAt) {
			body.Attachment = &name
		}
	}
	return body
}

// fileName is what a file is called: nothing is known of the name that it had.
func fileName(f deal.Attachment) string {
	_, kind, _ := strings.Cut(f.Type, "/")
	return f.ID + "." + kind
}

// reasonData is what a dispute says beside its reason.
type reasonData struct {
	Amount string `json:"amount"`
}

func encodeDeal(d deal.Deal) dealBody {
	body := dealBody{
		ID: d.ID, Type: typeIn, Status: d.State, Method: d.Method, Option: d.Option,
		Requisites: requisitesBody{d.Account(), d.Holder}, CanceledAt: moment(d.Deadline), ReasonData: []string{},
		Rate: rateText(d.Rate), IsActive: d.Live(), QRCodeLink: orNull(d.CodeLink()),
	}
	if !d.Dispute.OpenedAt.IsZero() {
		body.Reason = orNull(d.Dispute.Reason)
		if d.Dispute.Amount.Valid() {
			body.ReasonData = reasonData{d.Dispute.Amount.Fixed()}
		}
	}
	if d.Out() {
		body.Type, body.QRCodeLink = typeOut, nil
	}
	if d.State == deal.Completed {
		body.Payment = &paymentBody{encodeMoney(d.Paid), encodeMoney(d.Coins), encodeMoney(d.Fee), moment(d.EndedAt)}
	}
	return body
}

// rateText is a rate with at least two decimal places.
func rateText(r money.Rate) string {
	text := r.Text()
	if _, places, _ := strings.Cut(text, "."); len(places) == 0 && text != "" {
		return text + ".00"
	} else if len(places) == 1 {
		return text + "0"
	}
	return text
}

// view is an invoice of this API with its deals, in order of creation.
type view struct {
	invoice.Invoice

	deals []deal.Deal
	files []deal.Attachment // of all its deals
	store string            // the name of its store, where the invoice does not keep it
}

// nameIn is what the merchant calls a thing: what it kept for this API, or its own
// reference of a thing that our own API made.
func nameIn(bag map[string]string, reference string) string {
	if bag[bagStore] != "" {
		return bag[bagInternalID]
	}
	return reference
}

// expiry is when a thing ends by time. All have such a time here: what has none is shown
// with the last one that there is.
func expiry(due time.Time) moment {
	if due.IsZero() {
		return moment(time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC))
	}
	return moment(due)
}

// encode writes an invoice. Reduced is what whoever knows its id may see.
func (d desk) encode(v view, reduced bool) invoiceBody {
	i := v.Invoice
	body := invoiceBody{
		ID: i.ID, InternalID: orNull(nameIn(i.Bag, i.Reference)), UserID: orNull(cmp.Or(i.Bag[bagUserID], i.Owner())),
		Type:   typeIn,
		Status: statusOf(i, v.deals), Method: orNull(i.Bag[bagMethod]), Option: orNull(i.Bag[bagOption]),
		Sum: encodeMoney(i.Amount), StoreID: i.Terminal, StoreName: cmp.Or(i.Bag[bagStore], v.store),
		sums: encodeSums(i, v.deals), CreatedAt: moment(i.CreatedAt), ExpireAt: expiry(i.Due),
		UpdatedAt: moment(lastChange(i.UpdatedAt, v.deals)), InvoiceURL: d.PublicURLs[0] + pageOf(i.ID),
		Deals: []dealMore{},
	}
	for _, one := range v.deals {
		body.Deals = append(body.Deals, encodeMore(one, v.files))
	}
	if reduced {
		body.InternalID, body.UserID, body.sums = nil, nil, sums{}
		for n := range body.Deals {
			body.Deals[n].Payment = nil // it tells the same sums
			body.Deals[n].Attachment, body.Deals[n].Attachments = nil, []string{}
		}
	}
	return body
}

// listed writes a list of things, which may be empty.
func listed[T any](items []T) dialect.Reply {
	if items == nil {
		items = []T{}
	}
	return dialect.Reply{Body: items}
}
