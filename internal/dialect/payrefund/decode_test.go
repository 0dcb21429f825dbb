package payrefund

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

func TestDates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2020-01-01T00:00:00":           "2020-01-01T00:00:00Z",
		"2020-01-01T00:00:00Z":          "2020-01-01T00:00:00Z",
		"2020-01-01T00:00:00.123456":    "2020-01-01T00:00:00.123456Z",
		"2020-01-01T00:00:00.5+01:00":   "2019-12-31T23:00:00.5Z",
		"2020-01-01T00:00:00-03:30":     "2020-01-01T03:30:00Z",
		"2020-02-29":                    "2020-02-29T00:00:00Z",
		"0001-01-01T00:00:00":           "0001-01-01T00:00:00.000001Z",
		"9999-12-31T23:59:59.999999999": "9999-12-31T23:59:59.999999999Z",
	} {
		at, ok := readDate(text)
		if got := at.Format(time.RFC3339Nano); !ok || got != want {
			t.Errorf("%s: got %s, %t, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "now", "2020", "2020-01", "2020-1-1", "2021-02-29", "2020-01-01T", "2020-01-01T00:00", "2020-01-01 00:00:00",
		"2020-01-01T24:00:00", "2020-01-01T00:00:60", "2020-01-01T00:00:00z", "2020-01-01T00:00:00 01:00",
		"2020-01-01T00:00:00+0100", "2020-01-01T00:00:00,5", "10000-01-01", "-001-01-01", "0000-01-01", " 2020-01-01",
		"0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2020-01-01\n", "٢٠٢٠-٠١-٠١",
		"2020-01-01T00:00:00." + strings.Repeat("0", 100),
	} {
		if at, ok := readDate(text); ok {
			t.Errorf("%q: got %s, want it refused", text, at)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text     string
		up, down int64
	}{
		{"0", 0, 0},
		{"50", 5000, 5000},
		{"50.0", 5000, 5000},
		{"12.34", 1234, 1234},
		{"12.341", 1235, 1234},
		{"12.3400", 1234, 1234},
		{"-0.005", 0, -1},
		{"-5", -500, -500},
		{"007", 700, 700},
		{"99999999999999999999", mostSteps, mostSteps},
		{"-99999999999999999999.5", -mostSteps, -mostSteps},
		{"92233720368547758.079", mostSteps, mostSteps},
	} {
		for up, want := range map[bool]int64{true: test.up, false: test.down} {
			if got, ok := readBound(test.text, money.EUR, up); !ok || got.Steps() != want {
				t.Errorf("%s, up %t: got %s, %t, want %d", test.text, up, got, ok, want)
			}
		}
	}
	for _, text := range []string{
		"", "abc", "1e3", "+1", " 1", "1.", ".5", "1,5", "--1", "1.2.3", "NaN", "inf", "٥", "0x1",
	} {
		if got, ok := readBound(text, money.EUR, true); ok {
			t.Errorf("%q: got %s, want it refused", text, got)
		}
	}
}

// What is taken out of a body, and what of it is left.
func TestWithhold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ body, left, number, cvv string }{
		{
			`{"amount":50,"additional_params":{"number":"4242424242424242","cvv":"321","name":"N"}}`,
			`{"amount":50,"additional_params":{"number":"****************","cvv":"***","name":"N"}}`,
			"4242424242424242", "321",
		},
		{ // escapes, in names and in values
			`{ "additional_p\u0061rams" : { "n\u0075mber" : "42\u00342" , "cvv" : "\"\\3" } }`,
			`{ "additional_p\u0061rams" : { "n\u0075mber" : "*********" , "cvv" : "*****" } }`,
			"4242", `"\3`,
		},
		{ // where no card belongs
			`{"number":"4242","cvv":[["1"],{"x":"2"}],"a":{"b":{"number":"3"}},"additional_params":[{"cvv":"4"}]}`,
			`{"number":"****","cvv":[["*"],{"x":"2"}],"a":{"b":{"number":"*"}},"additional_params":[{"cvv":"*"}]}`,
			"", "",
		},
		{ // numbers
			`{"additional_params":{"number":4242424242424242,"cvv":-0.3e2}}`,
			`{"additional_params":{"number":1111111111111111,"cvv":-1.1e1}}`, "", "",
		},
		{`{"additional_params":{"number":"","cvv":null}}`, `{"additional_params":{"number":"","cvv":null}}`, "", ""},
		{`{"additional_params":{"number":"☂4","cvv":"☃"}}`, `{"additional_params":{"number":"****","cvv":"***"}}`, "☂4", "☃"},
		{`"4242"`, `"4242"`, "", ""},
		{`{"additional_params":{"number":"4242"}`, `{"additional_params":{"number":"4242"}`, "", ""}, // no JSON
	} {
		raw := []byte(test.body)
		s := dialect.Withhold(raw, paramsName)
		if string(raw) != test.left || string(s.Number) != test.number || string(s.CVV) != test.cvv {
			t.Errorf("%s:\ngot  %s, %q, %q\nwant %s, %q, %q", test.body, raw, s.Number, s.CVV, test.left, test.number, test.cvv)
		}
		s.Wipe()
		if strings.Trim(string(s.Number)+string(s.CVV), "\x00") != "" {
			t.Errorf("%s: got %q, %q, want nothing left", test.body, s.Number, s.CVV)
		}
	}
}

// The deepest body that is JSON, and one that is deeper than that.
func TestWithholdOfDeepBodies(t *testing.T) {
	t.Parallel()
	for _, open := range []string{`{"number":`, `[`, `{"additional_params":`} {
		for depth, want := range map[int]byte{9000: '1', 50_000: '4'} {
			end := map[byte]string{'{': "}", '[': "]"}[open[0]]
			raw := []byte(`{"cvv":` + strings.Repeat(open, depth) + "4" + strings.Repeat(end, depth) + "}")
			if dialect.Withhold(raw, paramsName); raw[len(raw)-depth-2] != want && open == `{"number":` {
				t.Errorf("%s %d deep: got %c, want %c", open, depth, raw[len(raw)-depth-2], want)
			}
		}
	}
}

var fuzzed = &desk{Config: Config{Unit: money.EUR}, places: mostPlaces}

// sayable says that an error may be shown: it speaks of fields and repeats
// nothing that came.
func sayable(t *testing.T, raw []byte, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if kind := fault.KindOf(err); kind != fault.Invalid {
		t.Errorf("%q: got a fault of kind %s", raw, kind)
	}
	for _, one := range fault.All(err) {
		if strings.ContainsFunc(one.Words, func(c rune) bool { return c > 'z' }) || len(one.Words) > 200 {
			t.Errorf("%q: the words are %q", raw, one.Words)
		}
	}
}

func FuzzDecodePayment(f *testing.F) {
	for _, text := range []string{
		`{"amount":50.0,"payment_method":"credit_card","additional_params":{"number":"4242424242424242","name":"A",` +
			`"expiration_month":"05","expiration_year":"2028","cvv":"321"}}`,
		`{"amount":1.5,"payment_method":"mbway","additional_params":{"method":"mbway","phone_number":"912000000"}}`,
		`{"additional_params":{"number":1,"number":"2"}}`, `{"additional_params":[[{"cvv":"\u0000"}]]}`, `[`, `{}`, "\xff",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		n, kept, err := fuzzed.decodePayment(raw)
		sayable(t, before, err)
		if json.Valid(before) != json.Valid(raw) || len(before) != len(raw) {
			t.Fatalf("%q became %q", before, raw)
		}
		if err != nil {
			return
		}
		if n.amount.Sign() <= 0 || n.method != payment.Card && n.method != payment.MBWay {
			t.Errorf("%q: got %+v", before, n)
		}
		if n.method == payment.Card && (!bytes.Equal(n.params.number, kept.Number) || len(kept.Number) > 4*longestCard) {
			t.Errorf("%q: got the number %q", before, n.params.number)
		}
		sent, _ := dialect.ReadJSON(before, nil)
		inside, _ := sent.Find(paramsName)
		number, _ := inside.Fields.Find(numberName)
		cvv, _ := inside.Fields.Find(cvvName)
		if n.method == payment.Card && (string(kept.Number) != number.Text || string(kept.CVV) != cvv.Text) {
			t.Errorf("%q: got %q and %q, want what was sent", before, kept.Number, kept.CVV)
		}
		if len(kept.Number) >= fewestDigits && !isMask(kept.Number) && bytes.Contains(raw, kept.Number) &&
			bytes.Count(before, kept.Number) == 1 {
			t.Errorf("%q still holds the number", raw)
		}
	})
}

func FuzzDecodeWish(f *testing.F) {
	for _, text := range []string{
		`{"amount":50.0,"settled_at":"2020-04-07T15:01:07.000","settled_amount":50}`, `{"settled_amount":-1}`,
		`{"payment_method":"mbway","additional_params":{"phone_number":"912000000"}}`, `{"additional_params":{"cvv":"***"}}`,
		`{"additional_params":{"method":"credit_card","number":"************4242"}}`, `null`, `{`,
	} {
		f.Add([]byte(text))
	}
	p := payment.Payment{
		ID: "P", State: payment.Authorized, Amount: money.New(5000, money.EUR), Card: "************4242",
		Attempt: payment.Attempt{Method: payment.Card}, Bag: map[string]string{bagMonth: "05", bagYear: "2028"},
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		w, _, err := fuzzed.decodeWish(raw, p)
		sayable(t, before, err)
		if err != nil {
			return
		}
		for _, state := range []payment.State{
			payment.Processing, payment.Authorized, payment.Captured, payment.Failed, payment.Canceled, payment.Refunded,
		} {
			p.State = state
			does, c, err := w.plan(p)
			if err == nil && (does == captureHeld || does == recordTaken) && (c.Amount.Sign() <= 0 || c.Amount.Steps() > 5000) {
				t.Errorf("%q on %s: got a settlement of %s", before, state, c.Amount)
			}
			if err != nil && does != nothingToDo {
				t.Errorf("%q on %s: got the deed %d besides %v", before, state, does, err)
			}
		}
	})
}

func FuzzDecodeRefund(f *testing.F) {
	for _, text := range []string{`{"payment_id":"P","amount":20.0}`, `{"amount":-1}`, `{"amount":1e9}`, `{}`, `[]`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := fuzzed.decodeRefund(raw)
		sayable(t, raw, err)
		if err == nil && !n.amount.Valid() {
			t.Errorf("%q: got no amount", raw)
		}
	})
}

func FuzzDecodeListing(f *testing.F) {
	for _, text := range []string{
		"payment_id=TEST&payment_method=credit_card&status=settled&amount_gte=50.0&amount_lte=500.0",
		"created_at_gte=2020-01-01T00:00:00&created_at_lte=2021-01-01&settled_at_gte=2020-01-01T00:00:00%2B01:00",
		"limit=10&offset=1", "status=foo", "amount_gte=-99999999999999999999.999",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fields, err := dialect.ReadForm(raw, nil)
		if err != nil {
			t.Skip("no query")
		}
		l, err := fuzzed.decodeListing(fields)
		sayable(t, raw, err)
		if err == nil && (l.limit < 0 || l.offset < 0 || !l.none && l.ID != "" && !isID(l.ID)) {
			t.Errorf("%q: got %+v", raw, l)
		}
		_, err = fuzzed.decodeRefundListing(fields)
		sayable(t, raw, err)
	})
}

// FuzzDate proves that what is shown of a date is read as the same one.
func FuzzDate(f *testing.F) {
	for _, text := range []string{
		"2020-04-07T15:01:07.000", "2020-01-01", "2020-01-01T00:00:00+01:00", "1969-12-31T23:59:59.9999Z",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, ok := readDate(text)
		if !ok {
			return
		}
		for _, zone := range []bool{false, true} {
			shown := (&desk{Config: Config{Zone: zone}}).timeText(at)
			again, ok := readDate(shown)
			if at = at.Truncate(time.Millisecond); !at.IsZero() && (!ok || !again.Equal(at)) {
				t.Errorf("%q: got %s from %q, want %s", text, again, shown, at)
			}
		}
	})
}

// FuzzBound proves that both ways of rounding are next to each other.
func FuzzBound(f *testing.F) {
	for _, text := range []string{"50.0", "12.345", "-0.001", "99999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		up, ok := readBound(text, money.EUR, true)
		down, alsoOK := readBound(text, money.EUR, false)
		if ok != alsoOK || ok && (up.Steps() < down.Steps() || up.Steps()-down.Steps() > 1) {
			t.Errorf("%q: got %s and %s", text, up, down)
		}
	})
}

func TestIDs(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	seen, counts := map[string]bool{}, map[byte]int{}
	var list []string
	for n := range 1000 {
		id := NewID(at.Add(time.Duration(n) * time.Microsecond))
		if len(id) != idLength || !isID(id) || seen[id[headLength:headLength+22]] {
			t.Fatalf("got %q", id)
		}
		seen[id[headLength:headLength+22]] = true // 22 of these letters are 130 bits
		for _, c := range []byte(id[headLength:]) {
			counts[c]++
		}
		list = append(list, id)
	}
	if !slices.IsSorted(list) {
		t.Error("they are not in the order of time")
	}
	first, last := NewID(time.Time{}), NewID(time.Date(2390, 1, 1, 0, 0, 0, 0, time.UTC))
	if first > list[0] || last < list[0] {
		t.Errorf("got %q and %q at the ends of time", first, last)
	}
	const usual = 1000 * (idLength - headLength) / len(alphabet)
	for _, c := range []byte(alphabet) {
		if counts[c] < usual*8/10 || counts[c] > usual*12/10 {
			t.Errorf("%c comes %d times, want about %d", c, counts[c], usual)
		}
	}
	for _, text := range []string{"", "a b", "a\x00", "é", strings.Repeat("a", 201), "../x", "a.b"} {
		if isID(text) {
			t.Errorf("%q is an id", text)
		}
	}
}

// Only an address of the web is a way for the payer, and only while it is needed.
func TestLink(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"https://bank.example/c?a=1&b=2":  `<https://bank.example/c?a=1&b=2>; rel="payment"`,
		"http://127.0.0.1:8080/sandbox/x": `<http://127.0.0.1:8080/sandbox/x>; rel="payment"`,
		"":                                "",
		"push":                            "",
		"javascript:alert(1)":             "",
		"https://bank.example/>; rel=\"x": "",
		"https://bank.example/\r\nX: y":   "",
	} {
		p := payment.Payment{State: payment.Processing, Attempt: payment.Attempt{Link: link}}
		if got := linkOf(p).Get("Link"); got != want {
			t.Errorf("%q: got %q, want %q", link, got, want)
		}
		p.State = payment.Failed
		if got := linkOf(p).Get("Link"); got != "" {
			t.Errorf("%q of a payment that failed: got %q", link, got)
		}
	}
}

func TestAmountsAsShown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		amount         money.Amount
		whole, decimal string
	}{
		{money.New(5000, money.EUR), "50", "50.0"},
		{money.New(3050, money.EUR), "30", "30.5"},
		{money.New(1234, money.EUR), "12", "12.34"},
		{money.New(1, money.EUR), "0", "0.01"},
		{money.New(50, "JPY"), "50", "50.0"},
		{money.New(5_012_345_678, money.USD), "50", "50.12345678"},
	} {
		whole, exact := string(cut(test.amount)), string(decimal(test.amount))
		if whole != test.whole || exact != test.decimal {
			t.Errorf("%s: got %s and %s, want %s and %s", test.amount, whole, exact, test.whole, test.decimal)
		}
	}
}
