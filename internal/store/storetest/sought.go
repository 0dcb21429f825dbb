package storetest

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// soughtLists seeks things in long lists by what no index has, and by names that are
// claimed. Another merchant has the same.
func soughtLists(s *shop) {
	s.sown()
	newShop(s.T, s.Store).sown()
	s.invoicesSought()
	s.transfersSought()
	s.othersSought()
	s.entriesSought()
	s.depths()
}

// nth is the id of one of the things of a merchant.
func (s *shop) nth(n int) string { return s.id + strconv.Itoa(n) }

// nths are the numbers of things, by their ids.
func nths[T any](s *shop, list []T, id func(T) string) string {
	text := ""
	for _, thing := range list {
		text += id(thing)[len(s.id):]
	}
	return text
}

// sown makes six things of each kind, a second apart.
func (s *shop) sown() {
	owned := func(kind store.ClaimKind, of int64, name string, n int) store.Claim {
		return store.Claim{Merchant: s.id, Kind: kind, Key: fmt.Sprintf("%d/%s", of, name), Subject: s.nth(n)}
	}
	for n := range 6 {
		at := noon.Add(time.Duration(n) * time.Second)
		in := unit
		if n%3 == 2 {
			in = money.USD
		}
		i, p, b, o := s.invoice(), s.payment(s.nth(n)), s.refund(s.id), s.payout()
		i.ID, p.ID, b.ID, o.ID = s.nth(n), s.nth(n), s.nth(n), s.nth(n)
		i.CreatedAt, p.CreatedAt, b.CreatedAt, o.CreatedAt = at, at, at, at
		i.Amount, i.Captured, i.Reserved = money.New(1, in), money.Zero(in), money.Zero(in)
		p.Amount, p.Refunded, p.Returning = money.New(1, in), money.Zero(in), money.Zero(in)
		o.Amount, o.Fee = money.New(1, in), money.Zero(in)
		p.Attempt.Gateway, b.Gateway = "even", "even"
		p.Attempt.Receipt, p.Attempt.Session = "receipt"+strconv.Itoa(n/2), "visit"+strconv.Itoa(n/3)
		t := wallet.Transfer{
			ID: s.nth(n), Merchant: s.id, From: 10001 + int64(n%3), To: 10001 + int64((n+1)%3), Amount: money.New(1, in),
			Reference: "r" + strconv.Itoa(n/3), CreatedAt: at,
		}
		c := store.Change{Claims: []store.Claim{owned(store.TransferClaim, t.From, t.Reference, n)}}
		i.Reference, o.Reference, o.Account = "r"+strconv.Itoa(n/2), "r"+strconv.Itoa(n/2), 10001+int64(n%2)
		if n%2 == 1 {
			p.Attempt.Gateway, b.Gateway, i.Terminal = "odd", "odd", 1001
			c.Claims = append(c.Claims, owned(store.ReferenceClaim, i.Terminal, i.Reference, n))
		}
		c.Claims = append(c.Claims, owned(store.PayoutClaim, o.Account, o.Reference, n))
		c.Invoices, c.Payments, c.Refunds = []invoice.Invoice{i}, []payment.Payment{p}, []refund.Refund{b}
		d := s.dealOn(s.requisite(n, func(*deal.Requisite) {}), 100, deal.TransferWaiting)
		d.ID, d.CreatedAt, d.Trader = s.nth(n), at, p.Attempt.Gateway
		c.Payouts, c.Transfers, c.Deals = []payout.Payout{o}, []wallet.Transfer{t}, []deal.Deal{d}
		s.must(c)
	}
}

func (s *shop) invoicesSought() {
	for name, test := range map[string]struct {
		list store.InvoiceList
		want string
	}{
		"a terminal":      {store.InvoiceList{Terminal: 1001}, "531"},
		"no terminal":     {store.InvoiceList{Terminal: 1002}, ""},
		"a name":          {store.InvoiceList{Reference: "r1"}, "32"},
		"a terminal's":    {store.InvoiceList{Terminal: 1001, Reference: "r1"}, "3"},
		"nobody's":        {store.InvoiceList{Terminal: 1002, Reference: "r1"}, ""},
		"a unit":          {store.InvoiceList{Unit: money.USD}, "52"},
		"a name in units": {store.InvoiceList{Terminal: 1001, Reference: "r1", Unit: money.USD}, ""},
		"a paid one":      {store.InvoiceList{Terminal: 1001, Reference: "r1", State: invoice.Paid}, ""},
	} {
		got, err := s.ListInvoices(s.Context(), s.id, test.list, store.Older{Limit: 9})
		same(s.T, "invoices of "+name, nths(s, got, func(i invoice.Invoice) string { return i.ID }), err, test.want)
	}
}

func (s *shop) transfersSought() {
	id := func(t wallet.Transfer) string { return t.ID }
	for name, test := range map[string]struct {
		list store.TransferList
		want string
	}{
		"an account":     {store.TransferList{Account: 10001}, "5320"},
		"its sender":     {store.TransferList{From: 10001}, "30"},
		"its receiver":   {store.TransferList{To: 10001}, "52"},
		"both":           {store.TransferList{From: 10003, To: 10001}, "52"},
		"neither":        {store.TransferList{From: 10001, To: 10003}, ""},
		"a name":         {store.TransferList{Reference: "r1"}, "543"},
		"a sender's":     {store.TransferList{From: 10001, Reference: "r1"}, "3"},
		"a sender's own": {store.TransferList{From: 10001, Reference: "r1", Account: 10001}, "3"},
		"an account's":   {store.TransferList{Account: 10001, Reference: "r1"}, "53"},
		"a unit":         {store.TransferList{Unit: money.USD}, "52"},
		"its unit":       {store.TransferList{Account: 10001, Unit: unit}, "30"},
	} {
		got, err := s.ListTransfers(s.Context(), s.id, test.list, store.Older{Limit: 9})
		same(s.T, "transfers of "+name, nths(s, got, id), err, test.want)
	}
	inParts(s, "transfers of an account", 4, func() {}, func(o store.Older) ([]wallet.Transfer, error) {
		return s.ListTransfers(s.Context(), s.id, store.TransferList{Account: 10001}, o)
	}, func(t wallet.Transfer) (time.Time, string) { return t.CreatedAt, t.ID })
}

func (s *shop) othersSought() {
	all := store.Older{Limit: 9}
	for name, test := range map[string]struct {
		list store.PayoutList
		want string
	}{
		"an account":   {store.PayoutList{Account: 10001}, "420"},
		"a terminal":   {store.PayoutList{Terminal: 1001}, ""},
		"a name":       {store.PayoutList{Reference: "r1"}, "32"},
		"an account's": {store.PayoutList{Account: 10001, Reference: "r1"}, "2"},
		"a terminal's": {store.PayoutList{Terminal: 1001, Reference: "r1"}, ""},
		"a unit":       {store.PayoutList{Unit: money.USD}, "52"},
	} {
		got, err := s.ListPayouts(s.Context(), s.id, test.list, all)
		same(s.T, "payouts of "+name, nths(s, got, func(o payout.Payout) string { return o.ID }), err, test.want)
	}
	for name, test := range map[string]struct {
		list store.PaymentList
		want string
	}{
		"a gateway":   {store.PaymentList{Gateway: "odd"}, "531"},
		"a unit":      {store.PaymentList{Unit: money.USD}, "52"},
		"both":        {store.PaymentList{Gateway: "odd", Unit: money.USD}, "5"},
		"no gateway":  {store.PaymentList{Gateway: "x"}, ""},
		"a terminal":  {store.PaymentList{Terminal: 1001}, "531"},
		"its unit":    {store.PaymentList{Terminal: 1001, Unit: money.USD}, "5"},
		"no terminal": {store.PaymentList{Terminal: 1002}, ""},
		"of nobody's": {store.PaymentList{Terminal: 1001, Invoice: s.nth(2)}, ""},
		"a receipt":   {store.PaymentList{Receipt: "receipt1"}, "32"},
		"a visit":     {store.PaymentList{Session: "visit1"}, "543"},
		"both names":  {store.PaymentList{Receipt: "receipt1", Session: "visit1"}, "3"},
	} {
		got, err := s.ListPayments(s.Context(), s.id, test.list, all)
		same(s.T, "payments of "+name, nths(s, got, func(p payment.Payment) string { return p.ID }), err, test.want)
	}
	deals, err := s.ListDeals(s.Context(), s.id, store.DealList{Trader: "odd"}, all)
	same(s.T, "deals of a trader", nths(s, deals, func(d deal.Deal) string { return d.ID }), err, "531")
	got, err := s.ListRefunds(s.Context(), s.id, store.RefundList{Gateway: "odd"}, all)
	same(s.T, "refunds of a gateway", nths(s, got, func(b refund.Refund) string { return b.ID }), err, "531")
}

// entriesSought lists what was booked, of which another merchant has as much at the same time.
func (s *shop) entriesSought() {
	books := newDecade()
	other := newShop(s.T, s.Store)
	for n := range 6 {
		rule, names := ledger.RuleCaptured, ledger.Names{Gateway: "even"}
		if n%2 == 1 {
			rule, names = ledger.RuleFee, ledger.Names{Gateway: "odd"}
		}
		in := unit
		if n%3 == 2 {
			in = money.USD
		}
		for _, shop := range []*shop{other, s} {
			shop.must(store.Change{Entries: entries(books.entry(s.T, rule, shop.id, n, names, money.New(5, in)))})
		}
	}
	number := func(list []ledger.Entry) (text string) {
		for _, e := range list {
			text += strconv.Itoa(int(e.At().Sub(books.begin) / time.Second))
		}
		return text
	}
	window := store.Older{Limit: 9, From: books.begin, Until: books.begin.Add(time.Hour)}
	for name, test := range map[string]struct {
		list store.EntryList
		part store.Older
		want string
	}{
		"all":           {store.EntryList{}, window, "543210"},
		"a rule":        {store.EntryList{Rule: ledger.RuleFee}, window, "531"},
		"a role":        {store.EntryList{Role: ledger.Fees}, window, "531"},
		"an owner":      {store.EntryList{Owner: "even"}, window, "420"},
		"a unit":        {store.EntryList{Unit: money.USD}, window, "52"},
		"one posting":   {store.EntryList{Role: ledger.Fees, Owner: "odd", Unit: money.USD}, window, "5"},
		"two postings":  {store.EntryList{Role: ledger.MerchantAvailable, Owner: "odd"}, window, ""},
		"a part":        {store.EntryList{}, store.Older{Limit: 2, From: window.From, Until: window.Until}, "54"},
		"until":         {store.EntryList{}, store.Older{Limit: 9, From: books.at(1), Until: books.at(3)}, "21"},
		"behind a time": {store.EntryList{}, store.Older{Limit: 9, From: window.From, At: books.at(2), ID: "!"}, "10"},
		"behind an entry": {
			store.EntryList{}, store.Older{Limit: 9, From: window.From, At: books.at(2), ID: books.id(2)}, "10",
		},
	} {
		got, err := s.ListEntries(s.Context(), s.id, test.list, test.part)
		same(s.T, "entries of "+name, number(got), err, test.want)
		for _, e := range got {
			if !test.list.Has(e) || e.Merchant() != s.id {
				s.Errorf("entries of %s: got %v", name, e)
			}
		}
	}
	for name, test := range map[string]struct {
		part  store.Older
		looks int
		want  time.Time
	}{
		"all":           {window, 4, books.at(3)}, // two merchants have two of each
		"a part":        {store.Older{From: window.From, At: books.at(3), ID: books.id(3)}, 4, books.at(0)},
		"behind a time": {store.Older{From: window.From, At: books.at(3), ID: "!"}, 4, books.at(0)},
		"not so many":   {window, 12, time.Time{}},
	} {
		got, err := s.Depth(s.Context(), s.id, store.Entries, test.part, test.looks)
		same(s.T, "the depth of "+name+" of entries", got, err, test.want.Truncate(time.Millisecond))
	}
}

// decade is a time of its own for entries of several merchants, which are told apart by nothing else.
type decade struct{ begin time.Time }

// decades are how many there were.
var decades atomic.Int64

func newDecade() decade { return decade{noon.AddDate(int(10*decades.Add(1)), 0, 0)} }

func (d decade) at(n int) time.Time { return d.begin.Add(time.Duration(n) * time.Second) }

// id is an id that entries of that time have; of several merchants the same.
func (d decade) id(n int) string { return fmt.Sprintf("%012x%020x", d.at(n).UnixMilli(), n) }

func (d decade) entry(t *testing.T, rule ledger.Rule, merchant string, n int, of ledger.Names, amount money.Amount,
) ledger.Entry {
	t.Helper()
	cause := ledger.Cause{Entry: d.id(n), Merchant: merchant, Subject: newID(), At: d.at(n)}
	e, err := ledger.Book(rule, cause, of, amount)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// depths wants to know when the thing was made that so many lie before.
func (s *shop) depths() {
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	for _, long := range []store.Long{
		store.Invoices, store.Payments, store.Refunds, store.Transfers, store.Payouts, store.Deals,
	} {
		for name, test := range map[string]struct {
			part  store.Older
			looks int
			want  time.Time
		}{
			"all":         {store.Older{}, 2, at(3)},
			"a part":      {store.Older{At: at(3), ID: s.nth(3)}, 2, at(0)},
			"until":       {store.Older{Until: at(3)}, 2, at(0)},
			"from":        {store.Older{From: at(4)}, 2, time.Time{}},
			"not so many": {store.Older{}, 6, time.Time{}},
		} {
			got, err := s.Depth(s.Context(), s.id, long, test.part, test.looks)
			same(s.T, fmt.Sprintf("the depth of %s of %s", name, long), got, err, test.want)
		}
	}
}
