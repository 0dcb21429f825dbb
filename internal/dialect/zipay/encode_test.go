package zipay

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/wallet"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_123)
	track := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	short := regexp.MustCompile(`^[0-9A-Za-z]{18}$`)
	if id := NewID(now); !strings.HasPrefix(id, "018bcfe5-687b-4") { // 1700000000123 in hex
		t.Errorf("%s does not begin with its milliseconds", id)
	}
	seen := map[string]bool{}
	for range 1000 {
		for form, id := range map[*regexp.Regexp]string{track: NewID(now), short: NewPayoutID(now)} {
			if !form.MatchString(id) || seen[id] {
				t.Fatalf("%s has not the form, or came twice", id)
			}
			seen[id] = true
		}
	}
	for _, pause := range []time.Duration{time.Millisecond, time.Second, time.Hour, 1000 * 24 * time.Hour} {
		if a, b := NewID(now), NewID(now.Add(pause)); a >= b {
			t.Errorf("%s and %s are not in the order of time", a, b)
		}
		if a, b := NewPayoutID(now), NewPayoutID(now.Add(pause)); a >= b {
			t.Errorf("%s and %s are not in the order of time", a, b)
		}
	}
	if !slices.IsSorted([]byte(base62)) || len(base62) != 62 {
		t.Error("the alphabet is not in the order of bytes")
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	tehran := time.FixedZone("", 3*3600+1800)
	at := time.Unix(1680282113, 999).In(tehran)
	if got := dateText(at); got != "31/03/2023 17:01 UTC" {
		t.Errorf("date: got %s", got)
	}
	if got := w3cText(at); got != "2023-03-31T17:01:53+00:00" {
		t.Errorf("datew3c: got %s", got)
	}
	if got := at.UTC().Format(utcDateForm); got != "2023-03-31 17:01 UTC" {
		t.Errorf("utc_date: got %s", got)
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{
		"info@example.com": "info*****ple.com", "twelve@ab.co": "twel*****e@ab.co", "eleven@a.co": "e*****a.co",
		"a@b.co": "a*****b.co", "a@b": "a*****@b", "x": "x*****", "": "", "نام@نمونه.example": "نام@*****example",
	} {
		if got := maskEmail(email); got != want {
			t.Errorf("%s: got %s, want %s", email, got, want)
		}
	}
}

func TestCoins(t *testing.T) {
	t.Parallel()
	for unit, want := range map[money.Unit]coinBody{
		money.USD: {"United States dollar", "USD", "$"}, money.IRT: {"Toman", "IRT", "IRT"},
		money.USDT: {"USD Tether", "USDT", "USDT"}, money.EUR: {"Euro", "EUR", "€"}, "XYZ": {"XYZ", "XYZ", "XYZ"},
	} {
		if got := encodeCoin(unit); got != want {
			t.Errorf("%s: got %+v, want %+v", unit, got, want)
		}
	}
}

func TestBalances(t *testing.T) {
	t.Parallel()
	var got []string
	for _, b := range encodeBalances([]money.Amount{
		money.New(5, money.EUR), money.New(700, money.IRR), money.New(125_000, money.IRT), money.New(1, money.USDT),
	}) {
		got = append(got, b.Amount+" "+b.Coin.Currency)
	}
	if diff := cmp.Diff([]string{"0 USD", "0.00000001 USDT", "12.5 IRT"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Every state has a word, every word finds its states again, and only a
// payment that can still be paid makes an invoice wait.
func TestStatuses(t *testing.T) {
	t.Parallel()
	want := map[invoice.State]string{
		invoice.Open: "generated", invoice.Paid: "pending", invoice.Completed: "completed", invoice.Rejected: "rejected",
		invoice.Expired: "rejected", invoice.Canceled: "rejected", invoice.Refunded: "refunded",
	}
	for _, s := range invoice.States.States() {
		for _, p := range payment.States.States() {
			word := want[s]
			if s == invoice.Open && slices.Contains([]payment.State{
				payment.Waiting, payment.Processing, payment.Authorized,
			}, p) {
				word = "waiting"
			}
			v := app.InvoiceView{Invoice: invoice.Invoice{State: s}, Payments: []payment.Payment{{State: p}}}
			if got := status(v); got != word {
				t.Errorf("%s with a payment that is %s: got %s, want %s", s, p, got, word)
			}
		}
		if got := stateWord(s); !slices.Contains(selecting(got).States, s) {
			t.Errorf("a search for %s does not find %s", got, s)
		}
	}
	found := 0
	for _, word := range statuses {
		found += len(selecting(word).States)
	}
	if open := 1; found != len(invoice.States.States())+open { // an open one is found under two words
		t.Errorf("the searches find %d states", found)
	}
	if f := selecting(""); len(f.States) != 0 || f.Busy != "" {
		t.Errorf("a search for everything: %+v", f)
	}
	for _, s := range payout.States.States() {
		if got := payoutStatus(s); !slices.Contains([]string{"queue", "processing", "completed", "rejected"}, got) {
			t.Errorf("payout %s: got %s", s, got)
		}
	}
}

func TestPayoutBody(t *testing.T) {
	t.Parallel()
	p := payout.Payout{
		ID: "Ab3dEf6hIj9kLm2nOp", State: payout.Paid, Amount: money.New(501_000_000, money.USDT),
		Fee: money.New(150_000_000, money.USDT), Rail: "TRX", Destination: "T", Receipt: "chain",
		CreatedAt: time.Unix(1.7e9, 0),
	}
	got, err := encodePayout(p, 77)
	if err != nil || got.Amount != "3.510000000000000000" || got.Fee != "1.500000000000000000" || got.TxID != "chain" ||
		got.Status != "completed" || got.UTCDate != "2023-11-14 22:13 UTC" || got.NetworkName != "Tron (TRC20)" {
		t.Errorf("got %+v, %v", got, err)
	}
	if got := networkName("SOL"); got != "SOL" {
		t.Errorf("a network without a name: got %s", got)
	}
}

func TestExchangeSides(t *testing.T) {
	t.Parallel()
	e := wallet.Exchange{Spent: money.New(1, money.IRT), Got: money.New(2, money.USD), Side: wallet.Buy}
	if got := encodeExchange(e).Side; got != "buy" {
		t.Errorf("got %s, want buy", got)
	}
	e.Side = wallet.Sell
	if got := encodeExchange(e).Side; got != "sell" {
		t.Errorf("got %s, want sell", got)
	}
}

func TestReturnAddress(t *testing.T) {
	t.Parallel()
	for callback, want := range map[string]string{
		"https://a.example/b?x=1#f":    "https://a.example/b?x=1&trackid=t-1&invoice_number=INV+7%2F2026#f",
		"https://a.example/b":          "https://a.example/b?trackid=t-1&invoice_number=INV+7%2F2026",
		"https://a.example":            "https://a.example?trackid=t-1&invoice_number=INV+7%2F2026",
		"https://a.example/b?":         "https://a.example/b?trackid=t-1&invoice_number=INV+7%2F2026",
		"https://a.example/b?x=1&":     "https://a.example/b?x=1&trackid=t-1&invoice_number=INV+7%2F2026",
		"https://a.example/b#f?g":      "https://a.example/b?trackid=t-1&invoice_number=INV+7%2F2026#f?g",
		"https://a.example/a%2Fb?q=%C": "https://a.example/a%2Fb?q=%C&trackid=t-1&invoice_number=INV+7%2F2026",
		"":                             "",
		":":                            "",
	} {
		if got := returnAddress(callback, "t-1", "INV 7/2026"); got != want {
			t.Errorf("%s: got %s, want %s", callback, got, want)
		}
	}
}

// The body of the contract's webhook vector; package event holds its signature.
func TestNotices(t *testing.T) {
	t.Parallel()
	i := invoice.Invoice{ID: "11111111-2222-4333-8444-555555555555", Reference: "INV 7/2026", State: invoice.Paid}
	paid := event.Event{Noun: event.Invoice, Subject: i.ID, From: string(invoice.Open), To: string(invoice.Paid)}
	forms := Forms()
	form, ok := forms[noticeOf("")](paid, i, nil)
	if want := "trackid=11111111-2222-4333-8444-555555555555&invoice_number=INV+7%2F2026&status=pending"; !ok ||
		string(form.Body) != want || form.MediaType != "application/x-www-form-urlencoded" {
		t.Errorf("got %s of %s, %t, want %s", form.Body, form.MediaType, ok, want)
	}
	object, ok := forms[noticeOf(JSONTerminal)](paid, i, nil)
	want := `{"trackid":"11111111-2222-4333-8444-555555555555","invoice_number":"INV 7/2026","status":"pending"}`
	if !ok || string(object.Body) != want || object.MediaType != "application/json" {
		t.Errorf("got %s of %s, %t, want %s", object.Body, object.MediaType, ok, want)
	}
	for _, s := range invoice.States.States() {
		e := event.Event{Noun: event.Invoice, From: "x", To: string(s)}
		if _, ok := NoticeForm(e, i, nil); ok != (s == invoice.Paid) {
			t.Errorf("%s: told is %t", s, ok)
		}
	}
	if _, ok := NoticeForm(event.Event{Noun: event.Payment, To: string(invoice.Paid)}, i, nil); ok {
		t.Error("told of another noun")
	}
}

// FuzzReturnAddress proves that a callback keeps its parts and gets two more.
func FuzzReturnAddress(f *testing.F) {
	f.Add("https://a.example/b?x=1#f", "INV 7/2026")
	f.Add("https://a.example?&&", "")
	f.Fuzz(func(t *testing.T, callback, number string) {
		before, err := url.Parse(callback)
		if err != nil || !isAddress(callback) {
			t.Skip("no callback")
		}
		got := returnAddress(callback, "t-1", number)
		after, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		added := after.RawQuery[strings.LastIndex(after.RawQuery, "trackid="):]
		pairs, err := url.ParseQuery(added)
		if err != nil || pairs.Get("trackid") != "t-1" || pairs.Get("invoice_number") != number {
			t.Errorf("%q: the query is %q", callback, after.RawQuery)
		}
		kept := strings.TrimRight(before.RawQuery, "&")
		if after.Host != before.Host || after.Path != before.Path || after.Fragment != before.Fragment ||
			!strings.HasPrefix(after.RawQuery, kept) {
			t.Errorf("%q became %q", callback, got)
		}
	})
}

// Every code has one of the statuses of the contract, and the server's own
// trouble is 503.
func TestFaultStatuses(t *testing.T) {
	t.Parallel()
	allowed := []int{400, 401, 402, 403, 404, 405, 409, 422, 429, 500, 503}
	for _, e := range fault.Catalogue {
		if got := statusOf(fault.New(e.Code, "", "")); !slices.Contains(allowed, got) {
			t.Errorf("%s: status %d is none of %v", e.Code, got, allowed)
		}
	}
	for code, want := range map[fault.Code]int{
		fault.CodeInsufficientFunds: 402, fault.CodeBodyUnreadable: 400, fault.CodeMethodNotAllowed: 405,
		fault.CodeRateMissing: 422, fault.CodeDuplicate: 409, fault.CodeWrongState: 409, fault.CodeParameterInvalid: 422,
	} {
		if got := statusOf(fault.New(code, "", "")); got != want {
			t.Errorf("%s: got %d, want %d", code, got, want)
		}
	}
	if got := statusOf(&fault.Error{Kind: "no such kind"}); got != http.StatusInternalServerError {
		t.Errorf("a kind that nobody knows: got %d", got)
	}
}

// Fields keep their order, and one with two faults comes once.
func TestFaultBody(t *testing.T) {
	t.Parallel()
	var list fault.List
	list.Add(
		fault.New(fault.CodeParameterInvalid, "z", `z is "<&>".`), fault.New(fault.CodeParameterInvalid, "a", "a is bad."),
		fault.New(fault.CodeParameterInvalid, "z", "z is worse."), fault.New(fault.CodeAmountInvalid, "", "Nobody knows."),
		fault.New(fault.CodeParameterInvalid, "return_to", "x"),
	)
	got, err := dialect.JSON(writeFault(nil, list).Body)
	want := `{"result":{"message":"` + invalidText + `"},"success":false,"status":422,"errors":` +
		`{"z":["z is \"<&>\".","z is worse."],"a":["a is bad."],"request":["Nobody knows."],"callback":["x"]}}`
	if string(got) != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
