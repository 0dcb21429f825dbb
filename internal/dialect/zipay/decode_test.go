package zipay

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// chainAddress is one of the examples of EIP-55.
const chainAddress = "0x52908400098527886E0F7030069857D2E4169EE7"

// read reads JSON that is known to be good.
func read(t testing.TB, body string) dialect.Fields {
	t.Helper()
	fields, err := dialect.ReadJSON([]byte(body), nil)
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

// params are the fields that an error complains about.
func params(err error) []string {
	var names []string
	for _, e := range fault.All(err) {
		names = append(names, e.Param)
	}
	return names
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		amount, currency, want string
		ok                     bool
	}{
		{`100.10`, "USD", "100.1", true},
		{`"100.10"`, "USD", "100.1", true},
		{`1000`, "IRT", "1000", true},
		{`0.00000001`, "USDT", "0.00000001", true},
		{`"1.500000000"`, "USD", "1.5", true},
		{`0.123456789`, "USD", "", false},
		{`0.00001`, "IRT", "", false},
		{`1e3`, "USD", "", false},
		{`"1e3"`, "USD", "", false},
		{`-1`, "USD", "", false},
		{`0`, "USD", "", false},
		{`"0.0"`, "USD", "", false},
		{`"1,000"`, "USD", "", false},
		{`" 1"`, "USD", "", false},
		{`"+1"`, "USD", "", false},
		{`"۱"`, "USD", "", false},
		{`92233720369`, "USD", "", false},
		{`true`, "USD", "", false},
		{`[1]`, "USD", "", false},
		{`""`, "USD", "", false},
		{`null`, "USD", "", false},
	} {
		in := inputs{fields: read(t, `{"amount":`+test.amount+`}`)}
		got := in.amount(test.currency)
		if (in.err() == nil) != test.ok || got.Text() != test.want {
			t.Errorf("%s %s: got %v, %v, want %q", test.amount, test.currency, got, in.err(), test.want)
		}
	}
}

func TestWholeNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1003": 1003, `"1003"`: 1003, "1003.0": 1003, "2000000000": 2_000_000_000, "2000000001": 0, "0": 0, `"0"`: 0, "-1": 0,
		`"-1"`: 0, `"1.0"`: 0, `"1003 "`: 0, `"abc"`: 0, "1.5": 0, "true": 0, "null": 0, `"99999999999999999999"`: 0,
	} {
		in := inputs{fields: read(t, `{"n":`+text+`}`)}
		if got := in.whole("n"); got != want || (in.err() == nil) != (want != 0) {
			t.Errorf("%s: got %d, %v, want %d", text, got, in.err(), want)
		}
	}
	for text, want := range map[string]int{
		"1": 1, "100": 100, "101": 100, "500": 100, `"500"`: 100, "1e400": 100, `"99999999999999999999"`: 100,
		"0": 0, "-5": 0, `"x"`: 0, "2.5": 0,
	} {
		in := inputs{fields: read(t, `{"n":`+text+`}`)}
		if got := in.limit("n"); (in.err() == nil) != (want != 0) || in.err() == nil && got != want {
			t.Errorf("limit %s: got %d, %v, want %d", text, got, in.err(), want)
		}
	}
}

// Everything that is wrong is told at once, in the order of the contract.
func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	long := `"` + strings.Repeat("ط", 201) + `"`
	for _, test := range []struct {
		decode func(dialect.Fields) error
		body   string
		want   []string
	}{
		{
			ignore(decodeInvoice), `{}`,
			[]string{"terminal_number", "amount", "currency", "invoice_number", "callback"},
		},
		{
			ignore(decodeInvoice),
			`{"webhook":"x","callback":"/back","national_id":7,"invoice_number":` + long + `,"currency":"usd","amount":"1e3",` +
				`"terminal_number":"x"}`,
			[]string{"terminal_number", "amount", "currency", "invoice_number", "national_id", "callback", "webhook"},
		},
		{
			ignore(decodeInvoice), `{"terminal_number":"1001","amount":"5","currency":"IRT","invoice_number":"` +
				strings.Repeat("ط", 200) + `","callback":"https://shop.example","webhook":"","national_id":""}`, nil,
		},
		{ignore(decodeTrackID), `{"trackid":""}`, []string{"trackid"}},
		{
			ignore(decodeInvoiceSearch), `{"sort":"up","page":0,"limit":0,"status":"paid","terminal_number":0}`,
			[]string{"terminal_number", "status", "limit", "page", "sort"},
		},
		{ignore(decodeExchange), `{"amount":1,"from_currency":"USD","to_currency":"USD"}`, []string{"to_currency"}},
		{ignore(decodeExchange), `{"amount":-1}`, []string{"amount", "from_currency", "to_currency"}},
		{
			ignore(decodeTransfer), `{"receiver":"10017USD","amount":1,"currency":"IRT","order_id":"1"}`,
			[]string{"receiver"},
		},
		{
			ignore(decodeTransfer), `{"receiver":10017,"amount":1,"currency":"EUR","description":` + long + `}`,
			[]string{"receiver", "currency", "order_id", "description"},
		},
		{ignore(decodeTransferSearch), `{"transfer_type":"out"}`, []string{"transfer_type"}},
		{
			ignore(decodeTyped), `{"order_id":"77","coin":"BTC","network":"ETH","amount":"x"}`,
			[]string{"order_id", "coin", "network", "amount", "address"},
		},
		{
			ignore(decodeTyped),
			`{"order_id":77,"coin":"USDT","network":"TRX","amount":5.01,"address":"` + chainAddress + `"}`,
			[]string{"address"},
		},
		{
			ignore(decodeUntyped),
			`{"order_id":"77","coin":"USDT","network":"BNB","amount":"5.01","address":"` + chainAddress + `"}`,
			nil,
		},
		{
			ignore(decodeUntyped), `{"order_id":"abc","coin":"USDT","network":"BNB","amount":"5.01"}`,
			[]string{"order_id", "address"},
		},
	} {
		err := test.decode(read(t, test.body))
		if diff := cmp.Diff(test.want, params(err)); diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", test.body, err, diff)
		}
	}
}

// ignore keeps what is wrong of what a decoder gives.
func ignore[T any](decode func(dialect.Fields) (T, error)) func(dialect.Fields) error {
	return func(f dialect.Fields) error {
		_, err := decode(f)
		return err
	}
}

func decodeTyped(f dialect.Fields) (newWithdrawal, error) { return decodeWithdrawal(f, true) }

func decodeUntyped(f dialect.Fields) (newWithdrawal, error) { return decodeWithdrawal(f, false) }

func TestReceivers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10017": "10017", "10017USD": "10017", "shop@shop.example": "shop@shop.example", "10017@SHOP": "10017@SHOP",
		"USD":      "USD",
		"10017usd": "10017usd", "-10017USD": "-10017USD",
	} {
		n, err := decodeTransfer(read(t, `{"receiver":"`+text+`","amount":1,"currency":"USD","order_id":"1"}`))
		if err != nil || n.receiver != want {
			t.Errorf("%s: got %q, %v, want %q", text, n.receiver, err, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://shop.example/back?x=1#f": true, "http://127.0.0.1:8080": true, "HTTPS://shop.example": true,
		"": false, "shop.example": false, "/back": false, "https://": false, "https:///back": false,
		"ftp://shop.example":  false,
		"javascript:alert(1)": false, "https://user:pass@shop.example": false, "https://shop.example/\n": false,
		"https://shop.example/" + strings.Repeat("x", 2000): false,
	} {
		if got := isAddress(text); got != want {
			t.Errorf("%.60q: got %t, want %t", text, got, want)
		}
	}
}

// fuzz feeds a decoder with whatever can be read. It must not panic, must
// complain in whole sentences about fields, and give the same answer twice.
func fuzz[T any](f *testing.F, decode func(dialect.Fields) (T, error), check func(*testing.T, T)) {
	f.Helper()
	for _, body := range []string{
		bodyZ6, messageZ2, `{"trackid":"11111111-2222-4333-8444-555555555555","limit":500,"page":2,"sort":"asc"}`,
		`{"receiver":"10017USD","amount":"1.5","currency":"USD","order_id":"T-1","description":""}`,
		`{"amount":50,"from_currency":"USD","to_currency":"IRT"}`, `{"transfer_type":"transfer_in","status":"waiting"}`,
		`{"order_id":77,"coin":"USDT","network":"BNB","amount":"5.01","address":"` + chainAddress + `"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fields, err := dialect.ReadJSON(raw, nil)
		if err != nil {
			if fields, err = dialect.ReadForm(raw, nil); err != nil {
				t.Skip("no fields")
			}
		}
		got, err := decode(fields)
		if again, _ := decode(fields); !reflect.DeepEqual(got, again) {
			t.Fatalf("got %+v, then %+v", got, again)
		}
		if err == nil {
			check(t, got)
			return
		}
		for _, e := range fault.All(err) {
			if e.Kind != fault.Invalid || e.Param == "" || !strings.HasSuffix(e.Words, ".") {
				t.Errorf("got the fault %+v", e)
			}
		}
	})
}

func checkMoney(t *testing.T, a money.Amount) {
	t.Helper()
	if a.Sign() <= 0 || !slices.Contains(currencies, string(a.Unit())) {
		t.Errorf("accepted the amount %v", a)
	}
}

func checkTexts(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if utf8.RuneCountInString(text) > maxText || strings.ContainsRune(text, 0) {
			t.Errorf("accepted the text %q", text)
		}
	}
}

func checkPage(t *testing.T, p page) {
	t.Helper()
	core := p.core()
	if core.Limit < 1 || core.Limit > maxLimit || core.Offset < 0 || core.Offset%core.Limit != 0 {
		t.Errorf("accepted the page %+v", p)
	}
}

func FuzzDecodeInvoice(f *testing.F) {
	fuzz(f, decodeInvoice, func(t *testing.T, n newInvoice) {
		checkMoney(t, n.amount)
		checkTexts(t, n.number, n.national)
		if n.terminal < 1 || n.number == "" || !isAddress(n.callback) || n.webhook != "" && !isAddress(n.webhook) {
			t.Errorf("accepted %+v", n)
		}
	})
}

func FuzzDecodeTrackID(f *testing.F) {
	fuzz(f, decodeTrackID, func(t *testing.T, id string) {
		checkTexts(t, id)
		if id == "" {
			t.Error("accepted nothing")
		}
	})
}

func FuzzDecodeInvoiceSearch(f *testing.F) {
	fuzz(f, decodeInvoiceSearch, func(t *testing.T, n invoiceSearch) {
		checkPage(t, n.page)
		checkTexts(t, n.number, n.status)
	})
}

func FuzzDecodeExchange(f *testing.F) {
	fuzz(f, decodeExchange, func(t *testing.T, n newExchange) {
		checkMoney(t, n.amount)
		if n.to == n.amount.Unit() || !slices.Contains(currencies, string(n.to)) {
			t.Errorf("accepted %+v", n)
		}
	})
}

func FuzzDecodeExchangeSearch(f *testing.F) {
	fuzz(f, decodeExchangeSearch, func(t *testing.T, n exchangeSearch) { checkPage(t, n.page); checkTexts(t, n.id) })
}

func FuzzDecodeTransfer(f *testing.F) {
	fuzz(f, decodeTransfer, func(t *testing.T, n newTransfer) {
		checkMoney(t, n.amount)
		checkTexts(t, n.receiver, n.orderID, n.description)
		if n.receiver == "" || n.orderID == "" {
			t.Errorf("accepted %+v", n)
		}
	})
}

func FuzzDecodeTransferSearch(f *testing.F) {
	fuzz(f, decodeTransferSearch, func(t *testing.T, n transferSearch) {
		checkPage(t, n.page)
		checkTexts(t, n.id, n.orderID, n.direction)
	})
}

func FuzzDecodeMarket(f *testing.F) {
	fuzz(f, decodeMarket, func(t *testing.T, name string) { checkTexts(t, name) })
}

func FuzzDecodeWithdrawal(f *testing.F) {
	fuzz(f, decodeTyped, func(t *testing.T, n newWithdrawal) {
		checkMoney(t, n.amount)
		if n.orderID < 1 || n.orderID > maxWhole || n.amount.Unit() != money.USDT || n.address == "" ||
			!slices.Contains(networks(), n.network) {
			t.Errorf("accepted %+v", n)
		}
	})
}
