package ipg

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

func TestPhone(t *testing.T) {
	t.Parallel()
	good := []string{
		"09121234567", "9121234567", "+989121234567", "00989121234567", "0912 123 4567", "0912-123-4567", "123456",
		"+123456", "00123456789012345",
	}
	bad := []string{
		"12345", "", " 09121234567", "09121234567 ", "۰۹۱۲۱۲۳۴۵۶۷", "0912  1234567", "+", "+ 9121234567", "-123456",
		"123456-", "1234567890123456", "+00123456789012345", "001234567890123456", "0912a234567", "++989121234567",
		"0912\n1234567",
	}
	for _, text := range good {
		if !isPhone(text) {
			t.Errorf("%q was refused", text)
		}
	}
	for _, text := range bad {
		if isPhone(text) {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	good := []string{"a@b.co", "payer.one+tag@shop.example", "x_y-z@a-b.example.com", "نام@shop.example", "o'neil@x.ir"}
	bad := []string{
		"", "a", "a@b", "@b.co", "a@", "a@b.", "a@.co", "a..b@c.de", ".a@b.co", "a.@b.co", "a b@c.de", "a@b c.de", "a@b@c.de",
		"a@-b.co", "a@b-.co", "a@b.c", "a@b.co\n", `"a"@b.co`, "<a@b.co>", "a@[127.0.0.1]", strings.Repeat("x", 65) + "@b.co",
		"a@" + strings.Repeat("x", 64) + ".co", "a@" + strings.Repeat("x.", 130) + "co", "a,b@c.de",
	}
	for _, text := range good {
		if !isEmail(text) {
			t.Errorf("%q was refused", text)
		}
	}
	for _, text := range bad {
		if isEmail(text) {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	before, after := NewID(now), NewID(now.Add(time.Second))
	if !isObjectID(before) || before != strings.ToLower(before) || !strings.HasPrefix(before, "67760225") {
		t.Errorf("got %s, want 24 hex digits that begin with the seconds 67760225", before)
	}
	if before >= after {
		t.Errorf("%s and %s are not in the order of time", before, after)
	}
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 1000 {
		for _, id := range []string{NewID(now), newToken(), dialect.NewRequestID()} {
			if seen[id] {
				t.Fatalf("%s came twice", id)
			}
			seen[id] = true
		}
		if token := newToken(); !form.MatchString(token) {
			t.Fatalf("%s is no UUID of version 4", token)
		}
	}
}

func TestLinkBases(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://shop.example/pay":        "https://shop.example/pay?token=t-1",
		"https://shop.example/?lang=fa":   "https://shop.example/?lang=fa&token=t-1",
		"http://127.0.0.1:8080/a%20b/pay": "http://127.0.0.1:8080/a%20b/pay?token=t-1",
	} {
		if got := withToken(base, "t-1"); got != want {
			t.Errorf("%s: got %s, want %s", base, got, want)
		}
	}
	for _, bad := range []string{"pay", "/pay", "https://", "https://shop.example/#x", ":"} {
		_, err := New(Config{PublicURL: "https://pay.example", Links: LinkBases{OpenAmount: bad}})
		if !fault.Is(err, fault.CodeSettingInvalid) {
			t.Errorf("%q: got %v, want setting_invalid", bad, err)
		}
	}
	if _, err := New(Config{PublicURL: ""}); !fault.Is(err, fault.CodeSettingInvalid) {
		t.Errorf("no public address: got %v, want setting_invalid", err)
	}
}

// Every state of a payment has a word, and only the words of the contract are used.
func TestStatus(t *testing.T) {
	t.Parallel()
	want := map[payment.State]string{
		payment.Waiting: "waiting", payment.Processing: "pending", payment.Authorized: "pending",
		payment.Captured: "success", payment.Settled: "success", payment.Failed: "failed", payment.Expired: "failed",
		payment.Canceled: "canceled", payment.Reversed: "reversed", payment.Refunded: "reversed",
	}
	for _, state := range payment.States.States() {
		if got := status(state); got != want[state] || got == "" {
			t.Errorf("%s: got %q, want %q", state, got, want[state])
		}
	}
	if got := status("no such state"); got != "pending" {
		t.Errorf("what nobody knows: got %q, want pending", got)
	}
}

// The statuses of the contract, whatever the code.
func TestStatuses(t *testing.T) {
	t.Parallel()
	allowed := []int{400, 401, 403, 404, 409, 413, 415, 429, 500, 502, 503}
	for _, e := range fault.Catalogue {
		reply := statusOf(e.Kind)
		if f, ok := faces[e.Code]; ok {
			reply = f.status
		}
		if !slices.Contains(allowed, reply) {
			t.Errorf("%s: status %d is none of %v", e.Code, reply, allowed)
		}
	}
}

// fuzz feeds a decoder with whatever can be read as JSON or as a form. It must
// not panic, must complain in whole sentences about its own fields, and give
// the same answer twice.
func fuzz[T comparable](f *testing.F, decode func(dialect.Fields) (T, error), check func(*testing.T, T)) {
	f.Helper()
	bodies := regexp.MustCompile(`(?m)^> (\{.*\})$`)
	stories, err := filepath.Glob(filepath.Join("testdata", "wire", "*.http"))
	if err != nil {
		f.Fatal(err)
	}
	for _, story := range stories {
		text, err := os.ReadFile(story)
		if err != nil {
			f.Fatal(err)
		}
		for _, match := range bodies.FindAllSubmatch(text, -1) {
			f.Add(match[1])
		}
	}
	f.Add([]byte("invoiceId=66f0c0ffee00000000000001&token=a&token=b&limit=5&offset=0"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		fields, err := dialect.ReadJSON(raw, nil)
		if err != nil {
			if fields, err = dialect.ReadForm(raw, nil); err != nil {
				t.Skip("no fields")
			}
		}
		got, err := decode(fields)
		if again, _ := decode(fields); again != got {
			t.Fatalf("got %+v, then %+v", got, again)
		}
		if err == nil {
			check(t, got)
			return
		}
		for _, e := range fault.All(err) {
			if e.Kind != fault.Invalid || e.Param == "" || !strings.HasPrefix(e.Words, e.Param+" ") {
				t.Errorf("got the fault %+v", e)
			}
		}
	})
}

func checkAmount(t *testing.T, a money.Amount, least int64) {
	t.Helper()
	if a.Unit() != money.IRR || a.Steps() < least || a.Steps() > maxAmount {
		t.Errorf("accepted the amount %v", a)
	}
}

func checkTexts(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if len([]rune(text)) > maxText || strings.ContainsRune(text, 0) {
			t.Errorf("accepted the text %q", text)
		}
	}
}

func checkIDs(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if !isObjectID(id) || id != strings.ToLower(id) {
			t.Errorf("accepted the id %q", id)
		}
	}
}

func FuzzDecodeInvoice(f *testing.F) {
	fuzz(f, decodeInvoice, func(t *testing.T, n newInvoice) {
		checkAmount(t, n.total, 1)
		checkTexts(t, n.title, n.mobile, n.email)
		if n.title == "" {
			t.Error("accepted an empty title")
		}
	})
}

func FuzzDecodePayment(f *testing.F) {
	fuzz(f, decodePayment, func(t *testing.T, n newPayment) {
		checkAmount(t, n.amount, leastPayable)
		checkIDs(t, n.invoice)
		checkTexts(t, n.description, n.mobile, n.email, n.gateway)
	})
}

func FuzzDecodeStatus(f *testing.F) {
	fuzz(f, decodeStatus, func(t *testing.T, a aim) {
		checkIDs(t, a.payment)
		if a.invoice != "" {
			checkIDs(t, a.invoice)
		}
	})
}

func FuzzDecodeReversal(f *testing.F) {
	fuzz(f, decodeReversal, func(t *testing.T, n reversal) {
		checkIDs(t, n.invoice)
		checkTexts(t, n.authority)
		if n.authority == "" {
			t.Error("accepted an empty authority")
		}
	})
}

func FuzzDecodeInvoiceID(f *testing.F) {
	fuzz(f, decodeInvoiceID, func(t *testing.T, id string) { checkIDs(t, id) })
}

func FuzzDecodeStart(f *testing.F) {
	fuzz(f, decodeStart, func(t *testing.T, n start) {
		checkIDs(t, n.payment)
		if n.gateway != "" && !slices.Contains(gateways, n.gateway) {
			t.Errorf("accepted the gateway %q", n.gateway)
		}
	})
}

func FuzzDecodeLink(f *testing.F) {
	fuzz(f, decodeLink, func(t *testing.T, n newLink) {
		if n.amount.Valid() {
			checkAmount(t, n.amount, 1)
		}
		if n.invoice != "" {
			checkIDs(t, n.invoice)
		}
		checkTexts(t, n.description, n.name, n.mobile)
	})
}

func FuzzDecodeToken(f *testing.F) {
	fuzz(f, decodeToken, func(t *testing.T, token string) {
		checkTexts(t, token)
		if token == "" {
			t.Error("accepted an empty token")
		}
	})
}

func FuzzDecodeOpenPay(f *testing.F) {
	fuzz(f, decodeOpenPay, func(t *testing.T, n openPay) {
		checkAmount(t, n.amount, leastPayable)
		checkTexts(t, n.token, n.email, n.description)
	})
}

func FuzzDecodePage(f *testing.F) {
	fuzz(f, decodePage, func(t *testing.T, p page) {
		if p.limit < 1 || p.limit > maxListed || p.offset < 0 {
			t.Errorf("accepted %+v", p)
		}
	})
}
