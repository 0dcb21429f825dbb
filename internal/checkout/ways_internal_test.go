package checkout

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/payment"
)

func TestPhoneNumber(t *testing.T) {
	t.Parallel()
	const right = "+351912345678"
	for typed, want := range map[string]string{
		"912345678": right, "912 345 678": right, " +351 912 345 678 ": right, "00351912345678": right,
		"351912345678": right, "(+351) 912-345-678": right, "912.345.678": right, "\uff0b351/912345678": right,
		"۹۱۲۳۴۵۶۷۸": right, "٩١٢ ٣٤٥ ٦٧٨": right, "+৩৫১ ৯১২ ৩৪৫ ৬৭৮": right, "\u202a912\u00a0345\u202f678\u202c": right,
		"912–345–678": right, "91\x002345678": right,
		"": "", "12": "", "212345678": "", "91234567": "", "9123456789": "", "+34612345678": "", "09123456789": "",
		"+351212345678": "", "912345678x": "", "++351912345678": "", "351351912345678": "", "912345678\xff": right,
		"９１２３４５６７８":                 "", // digits that none of our languages writes
		strings.Repeat("9", 10_000): "",
	} {
		if got, ok := phoneNumber(typed, payment.MBWay); got != want || ok != (want != "") {
			t.Errorf("%.40q: got %q, %v, want %q", typed, got, ok, want)
		}
	}
	if got, ok := phoneNumber("912345678", payment.Card); ok {
		t.Errorf("a card is confirmed on %q, want on no phone", got)
	}
}

func FuzzPhoneNumber(f *testing.F) {
	f.Add("+351 912 345 678")
	f.Add("۹۱۲۳۴۵۶۷۸")
	f.Fuzz(func(t *testing.T, typed string) {
		got, ok := phoneNumber(typed, payment.MBWay)
		if again, same := phoneNumber(got, payment.MBWay); ok && (!same || again != got || len(got) != len("+351912345678")) {
			t.Errorf("%q is %q, and that again %q", typed, got, again)
		}
	})
}

func TestPhoneEnd(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"en": "number ending in 678", "fa": "۶۷۸", "bn": "৬৭৮"} {
		got := speak(t, tag).phoneEnd("+351912345678")
		if !strings.Contains(got, want) || strings.Contains(got, "5") || strings.Contains(got, "۵") {
			t.Errorf("%s: got %q, want %q and no more of it", tag, got, want)
		}
	}
	for _, number := range []string{"", "678", "12345"} {
		if got := speak(t, "en").phoneEnd(number); got != "" {
			t.Errorf("%q: got %q, want nothing", number, got)
		}
	}
}

// The gateways of three countries, as their connectors describe themselves.
var (
	bkash  = app.Choice{Name: "bkash", Title: "bKash", Methods: []payment.Method{payment.MobileWallet}}
	nagad  = app.Choice{Name: "nagad", Title: "Nagad", Methods: []payment.Method{payment.MobileWallet}}
	mbway  = app.Choice{Name: "mbway", Title: "MB WAY", Methods: []payment.Method{payment.MBWay}}
	stripe = app.Choice{Name: "stripe", Title: "Stripe", Methods: []payment.Method{payment.Card, payment.MBWay}}
	ssl    = app.Choice{
		Name: "ssl", Title: "SSLCommerz", Methods: []payment.Method{payment.Card, payment.MobileWallet, payment.Rocket},
	}
	zarinpal = app.Choice{Name: "zarinpal", Title: "ZarinPal", Methods: []payment.Method{payment.IranianCard}}
	till     = app.Choice{
		Name: "till", Title: "Bank transfer or cash", Methods: []payment.Method{payment.BankTransfer, payment.Cash},
	}
)

func TestWays(t *testing.T) {
	t.Parallel()
	named := func(c app.Choice, name string) app.Choice {
		c.Name = name
		return c
	}
	for _, test := range []struct {
		name, tag string
		choices   []app.Choice
		want      string
	}{
		{
			"Bangladesh", "en",
			[]app.Choice{bkash, nagad, ssl, till},
			"bKash, Nagad, Card, Mobile wallet (SSLCommerz), Rocket, Bank transfer, Cash",
		},
		{
			"Bangladesh in Bengali", "bn",
			[]app.Choice{bkash, nagad, ssl, till},
			"বিকাশ, নগদ, কার্ড, মোবাইল ওয়ালেট (SSLCommerz), রকেট, ব্যাংক ট্রান্সফার, নগদ অর্থ",
		},
		{"Portugal", "pt", []app.Choice{mbway, till}, "MB WAY, Transferência bancária, Numerário"},
		{"one method of two gateways", "en", []app.Choice{mbway, stripe}, "MB WAY, Card, MB WAY (Stripe)"},
		{
			"two gateways of one name", "en",
			[]app.Choice{stripe, named(stripe, "other")},
			"Card (stripe), MB WAY (stripe), Card (other), MB WAY (other)",
		},
		{"Iran", "fa", []app.Choice{zarinpal, till}, "زرین\u200cپال, واریز بانکی, پرداخت نقدی"},
		{
			"two contracts with one provider", "en",
			[]app.Choice{zarinpal, named(zarinpal, "second")},
			"ZarinPal (zarinpal), ZarinPal (second)",
		},
		{"no method", "en", []app.Choice{{Name: "old", Title: "Old"}}, "Old"},
		{"nothing", "en", nil, ""},
	} {
		var got []string
		for _, c := range speak(t, test.tag).ways(test.choices, wayForm{}).Choices {
			got = append(got, c.Title)
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: got %s, want %s", test.name, strings.Join(got, ", "), test.want)
		}
	}
}

func TestWhatIsPicked(t *testing.T) {
	t.Parallel()
	v, all := speak(t, "en"), []app.Choice{zarinpal, stripe, ssl}
	for _, test := range []struct {
		own    app.Way
		wishes []string
		want   string
	}{
		{app.Way{}, nil, "zarinpal/iranian_card"},
		{app.Way{}, []string{"", "gone", "ssl"}, "ssl/card"},
		{app.Way{Gateway: "stripe"}, []string{"ssl"}, "stripe/card"},
		{app.Way{Gateway: "stripe", Method: payment.MBWay}, nil, "stripe/mb_way"},
		{app.Way{Gateway: "stripe", Method: payment.Rocket}, []string{"ssl"}, "ssl/card"},
		{app.Way{Gateway: `"><script>`, Method: "x"}, nil, "zarinpal/iranian_card"},
	} {
		var got []string
		for _, c := range v.ways(all, wayForm{Way: test.own}, test.wishes...).Choices {
			if c.Picked {
				got = append(got, c.Value)
			}
		}
		if !slices.Equal(got, []string{test.want}) {
			t.Errorf("%+v, %v: picked are %v, want %s", test.own, test.wishes, got, test.want)
		}
	}
}

func TestPhoneIsAskedForWhereItIsNeeded(t *testing.T) {
	t.Parallel()
	v := speak(t, "en")
	if w := v.ways([]app.Choice{zarinpal, ssl}, wayForm{}); w.Phone != nil || !w.Leaves {
		t.Errorf("got %+v, want no phone and a gateway's page", w)
	}
	if w := v.ways([]app.Choice{bkash, till}, wayForm{}); w.Phone != nil || w.Leaves {
		t.Errorf("got %+v, want no phone, and no page for cash", w)
	}
	w := v.ways([]app.Choice{mbway, stripe}, wayForm{phone: "12", phoneError: "wrong"})
	if w.Phone == nil || w.Phone.Value != "12" || w.Phone.Error != "wrong" ||
		!strings.Contains(w.Phone.Hint, "for MB WAY:") {
		t.Errorf("got %+v, want the phone as it was typed", w.Phone)
	}
	if w := v.ways([]app.Choice{mbway}, wayForm{}); w.Phone == nil || strings.Contains(w.Phone.Hint, "only") {
		t.Errorf("got %+v, want a phone that is needed in any case", w.Phone)
	}
}

func TestOpenVerdicts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 10, 35, 0, 0, time.UTC)
	const link = "https://shop.example/how"
	for _, test := range []struct {
		method payment.Method
		link   string
		flow   payment.Flow
		left   time.Duration
		want   verdict
	}{
		{payment.MBWay, "", payment.Push, time.Minute, isConfirm},
		{payment.MBWay, "", payment.Push, 0, isChecking}, // its time is over, and nobody said what became of it
		{payment.MBWay, link, payment.Push, time.Minute, isChecking},
		{payment.BankTransfer, "", payment.Requisites, time.Minute, isBank},
		{payment.BankTransfer, link, payment.Requisites, -time.Minute, isBank}, // it may be on its way
		{payment.Cash, link, payment.Requisites, time.Minute, isCash},
		{"", link, payment.Requisites, time.Minute, isTransfer},
		{"", "", "", time.Minute, isTransfer},
		{"", link, "", time.Minute, isChecking},
		{payment.Card, link, payment.Redirect, time.Minute, isChecking},
	} {
		p := payment.Payment{State: payment.Processing, Attempt: payment.Attempt{
			Method: test.method, Session: "s", Link: test.link, Deadline: now.Add(test.left),
		}}
		if got := verdictOf(p, test.flow, now); got != test.want {
			t.Errorf("%+v: got %s", test, got)
		}
		p.Attempt.Session = ""
		if got := verdictOf(p, test.flow, now); got != isChecking {
			t.Errorf("%+v without a session: got %s, want checking", test, got)
		}
	}
}
