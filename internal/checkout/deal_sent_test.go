package checkout_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/invoice"
)

// part is one part of a form with files.
type part struct{ name, file, data string }

// show sends the form with which a payer says that the money is sent.
func (b *bazaar) show(i invoice.Invoice, parts []part, headers ...string) answer {
	b.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, one := range parts {
		head := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + one.name + `"`}}
		if one.file != "" {
			head.Set("Content-Disposition", `form-data; name="`+one.name+`"; filename="`+one.file+`"`)
		}
		w, err := form.CreatePart(head)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write([]byte(one.data)); err != nil {
			b.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		b.Fatal(err)
	}
	headers = append(headers, "Content-Type", form.FormDataContentType())
	return b.do(b.pages.ServeHTTP, http.MethodPost, "/pay/deal/"+i.ID+"/sent", body.String(), headers...)
}

// with is such a form with one file.
func with(d deal.Deal, file, data string) []part {
	return []part{{name: "deal", data: d.ID}, {"receipt", file, data}}
}

// files are the types of a deal's files.
func (b *bazaar) files(d deal.Deal) []string {
	b.Helper()
	all, err := b.app.Attachments(b.Context(), b.merchant, d.ID)
	if err != nil {
		b.Fatal(err)
	}
	var types []string
	for _, one := range all {
		types = append(types, one.Type+" by "+one.By)
	}
	return types
}

const (
	png  = "\x89PNG\r\n\x1a\nhello"
	jpeg = "\xff\xd8\xff"
	pdf  = "%PDF-1.7"
)

// A receipt may come with the word and after it; the type is what its first
// bytes say, whatever the browser calls it.
func TestReceipt(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	english := []string{"Accept-Language", "en"}
	i := b.bill(nil)
	d := b.begun(i)
	b.look(i.ID, english...).
		want(http.StatusOK, `enctype="multipart/form-data"`, `type="file"`, "not required", "at most 10 MB")
	b.show(i, with(d, "virus.exe", png)).leadsTo("/invoice?id=" + i.ID)
	if got := b.newest(i, 1); got.State != deal.TransferConfirmed {
		t.Errorf("the deal is %s", got.State)
	}
	b.look(i.ID, english...).want(http.StatusOK, "Files received", "Send the file", `type="file"`)
	b.show(i, with(d, "a.pdf", pdf)).leadsTo("/invoice?id=" + i.ID)
	b.show(i, with(d, "a.jpg", jpeg+strings.Repeat("x", deal.MaxFile-len(jpeg)))).leadsTo("/invoice?id=" + i.ID)
	want := []string{"image/png by payer", "application/pdf by payer", "image/jpeg by payer"}
	if got := b.files(d); !slices.Equal(got, want) {
		t.Errorf("the files are %q, want %q", got, want)
	}
	if _, err := b.app.CompleteDeal(t.Context(), b.word(d)); err != nil {
		t.Fatal(err)
	}
	b.show(i, with(d, "late.pdf", pdf)).leadsTo("/invoice?id=" + i.ID)
	if got := b.files(d); len(got) != len(want) {
		t.Errorf("a decided deal has %d files, want %d", len(got), len(want))
	}
}

// Without a file the form still speaks, as a browser sends it and as it did
// before there were files.
func TestWordWithoutReceipt(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	d := b.begun(i)
	b.show(i, []part{{name: "deal", data: d.ID}, {name: "receipt"}}).leadsTo("/invoice?id=" + i.ID)
	if got := b.newest(i, 1); got.State != deal.TransferConfirmed || len(b.files(d)) != 0 {
		t.Errorf("the deal is %s with the files %q", got.State, b.files(d))
	}
}

// A file that cannot be kept changes nothing, and the page says why in its
// language.
func TestReceiptIsRefused(t *testing.T) {
	t.Parallel()
	large := jpeg + strings.Repeat("x", deal.MaxFile)
	for name, c := range map[string]struct {
		data   string
		status int
		words  map[string]string
	}{
		"too large": {large, http.StatusRequestEntityTooLarge, map[string]string{
			"en": "This file is too large", "fa": "حداکثر ۱۰ مگابایت", "ru": "слишком большой", "pt": "demasiado grande",
			"bn": "ফাইলটি খুব বড়",
		}},
		"far too large": {
			strings.Repeat(large, 3), http.StatusRequestEntityTooLarge, map[string]string{"en": "too large"},
		},
		"a page": {"<!DOCTYPE html><script>", http.StatusUnprocessableEntity, map[string]string{"en": "PNG, JPEG, PDF"}},
		"empty":  {"", http.StatusUnprocessableEntity, map[string]string{"en": "This file cannot be read"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBazaar(t, byPhone)
			i := b.bill(nil)
			d := b.begun(i)
			for tag, words := range c.words {
				b.show(i, with(d, "r.png", c.data), "Accept-Language", tag).
					want(c.status, words, `role="alert"`, `aria-invalid="true"`, "/sent", `lang="`+tag+`"`)
			}
			if got := b.newest(i, 1); got.State != deal.TransferWaiting || got.Version != d.Version || len(b.files(d)) != 0 {
				t.Errorf("the deal is %s in version %d with %q", got.State, got.Version, b.files(d))
			}
		})
	}
}

// A deal has as many files as it may have, and no more.
func TestTooManyReceipts(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	d := b.begun(i)
	for range deal.MaxFiles {
		b.show(i, with(d, "r.png", png)).leadsTo("/invoice?id=" + i.ID)
	}
	english := []string{"Accept-Language", "en"}
	b.look(i.ID, english...).want(http.StatusOK, "Files received").never(`type="file"`)
	b.show(i, with(d, "r.png", png), english...).want(http.StatusUnprocessableEntity, "no room for this file")
	if got := b.files(d); len(got) != deal.MaxFiles {
		t.Errorf("there are %d files, want %d", len(got), deal.MaxFiles)
	}
}

// A receipt can come with the word about a transfer that was given up.
func TestLateReceipt(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	d := b.begun(i)
	b.later(30 * time.Minute)
	b.overdueEnd()
	b.show(i, with(d, "page.html", "<html>")).want(http.StatusUnprocessableEntity, `role="alert"`)
	if got := b.newest(i, 1); got.State != deal.Canceled {
		t.Errorf("the deal is %s after a file that is none", got.State)
	}
	b.show(i, with(d, "r.png", png)).leadsTo("/invoice?id=" + i.ID)
	if got := b.newest(i, 1); got.State != deal.Disputed || len(b.files(d)) != 1 {
		t.Errorf("the deal is %s with the files %q", got.State, b.files(d))
	}
}

// What comes after a decision is not looked at: the page says what was decided.
func TestReceiptOfADecidedDeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	d := b.begun(i)
	if _, err := b.app.CompleteDeal(t.Context(), b.word(d)); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{png, "", "<html>", jpeg + strings.Repeat("x", deal.MaxFile)} {
		b.show(i, with(d, "late.jpg", data)).leadsTo("/invoice?id=" + i.ID)
	}
	if got := b.newest(i, 1); got.State != deal.Completed || len(b.files(d)) != 0 {
		t.Errorf("the deal is %s with the files %q", got.State, b.files(d))
	}
}

// slowForm is a form during whose way something happens.
type slowForm struct {
	io.Reader
	meanwhile func()
}

func (f *slowForm) Read(into []byte) (int, error) {
	if f.meanwhile != nil {
		f.meanwhile()
		f.meanwhile = nil
	}
	return f.Reader.Read(into)
}

// What an operator decides while the payer's word is on its way stays decided.
func TestWordThatADisputeOvertakes(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	d := b.begun(i)
	body := &slowForm{strings.NewReader(url.Values{"deal": {d.ID}}.Encode()), func() {
		if _, err := b.app.DisputeDeal(t.Context(), app.NewDispute{
			Merchant: d.Merchant, Deal: d.ID, Reason: "has_payment",
		}); err != nil {
			t.Error(err)
		}
		if _, err := b.app.ResolveDispute(t.Context(), b.word(d), false); err != nil {
			t.Error(err)
		}
	}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/pay/deal/"+i.ID+"/sent", body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	b.pages.ServeHTTP(w, r)
	answer{TB: t, status: w.Code, header: w.Header()}.leadsTo("/invoice?id=" + i.ID)
	if got := b.newest(i, 1); body.meanwhile != nil || got.State != deal.Canceled {
		t.Errorf("the deal is %s, want what the operator decided", got.State)
	}
}

// Forms that are not ours are refused, and none of them changes anything.
func TestStrangeForms(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone, byCard)
	i, other := b.bill(nil), b.bill(func(n *app.NewInvoice) { n.Amount = rub(300) })
	d, foreign := b.begun(i), b.begun(other)
	b.show(i, append(with(d, "a.png", png), part{"receipt", "b.png", png})).want(http.StatusBadRequest)
	b.show(i, slices.Repeat([]part{{name: "x", data: "y"}}, 30)).want(http.StatusBadRequest)
	b.show(i, with(foreign, "a.png", png)).leadsTo("/invoice?id=" + i.ID)
	b.show(i, with(d, "a.png", png), "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example").
		want(http.StatusForbidden)
	form := "/pay/deal/" + i.ID + "/sent"
	cut := "--x\r\nContent-Disposition: form-data; name=\"receipt\"; filename=a\r\n\r\n" + png
	for _, body := range []string{"--x\r\nA", cut} {
		b.do(b.pages.ServeHTTP, http.MethodPost, form, body, "Content-Type", "multipart/form-data; boundary=x").
			want(http.StatusBadRequest)
	}
	b.do(b.pages.ServeHTTP, http.MethodPost, form, "--x--", "Content-Type", "multipart/form-data").
		want(http.StatusBadRequest)
	for _, one := range []deal.Deal{d, foreign} {
		if got, err := b.app.Deal(t.Context(), b.merchant, one.ID); err != nil || got.Version != one.Version {
			t.Errorf("the deal is %+v, %v", got, err)
		}
	}
}

// Whoever speaks of one invoice again and again is slowed down, from wherever.
func TestWordsAboutOneInvoiceAreCounted(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	d := b.begun(i)
	limited := false
	for n := range 40 {
		from := "192.0.2." + string(rune('0'+n%10)) + ":1"
		limited = limited || b.show(i, []part{{name: "deal", data: d.ID}}, "from", from).status == http.StatusTooManyRequests
	}
	if !limited {
		t.Error("nobody counts how often an invoice is spoken of")
	}
}

// The payer withdraws the invoice after being asked, and is led to the shop.
func TestPayerCancels(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string][3]string{
		"en": {"Cancel this invoice?", "Do not cancel", "This invoice is canceled"},
		"fa": {"این صورت\u200cحساب لغو شود؟", "لغو نشود", "صورت\u200cحساب لغو شده است"},
		"bn": {"এই ইনভয়েস বাতিল করবেন?", "বাতিল করবেন না", "ইনভয়েসটি বাতিল হয়েছে"},
		"pt": {"Cancelar esta fatura?", "Não cancelar", "A fatura está cancelada"},
		"ru": {"Отменить этот счёт?", "Не отменять", "Счёт отменён"},
	} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			b := openBazaar(t, byPhone)
			speak := []string{"Accept-Language", tag}
			for _, begun := range []bool{false, true} {
				i := b.bill(nil)
				if begun {
					b.begun(i)
				}
				form := "/pay/deal/" + i.ID + "/cancel"
				b.look(i.ID, speak...).want(http.StatusOK, `href="`+form+`"`)
				b.get(form, speak...).want(http.StatusOK, want[0], want[1], `method="post" action="`+form+`"`).never("7(900)")
				b.stands(i, invoice.Open)
				for range 2 {
					b.press(form, nil, speak...).leadsTo("/invoice?id=" + i.ID)
				}
				b.look(i.ID, speak...).want(http.StatusOK, want[2], `href="https://shop.example/sorry"`).never(form, "/start")
				b.stands(i, invoice.Canceled)
			}
		})
	}
}

// Once the money is said to be sent the payer can cancel no more, nor once all
// is decided.
func TestPayerCancelsTooLate(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(nil)
	d := b.begun(i)
	form := "/pay/deal/" + i.ID + "/cancel"
	b.sent(i, d)
	for range 2 {
		b.look(i.ID).want(http.StatusOK).never(form)
		b.get(form).leadsTo("/invoice?id=" + i.ID)
		b.press(form, nil).leadsTo("/invoice?id=" + i.ID)
		if got := b.newest(i, 1); got.State == deal.Canceled {
			t.Error("the deal is canceled")
		}
		if _, err := b.app.CompleteDeal(t.Context(), b.word(d)); err != nil && b.newest(i, 1).State != deal.Completed {
			t.Fatal(err)
		}
	}
	b.stands(i, invoice.Completed)
	foreign := b.bill(nil)
	b.press("/pay/deal/"+foreign.ID+"/cancel", nil, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example").
		want(http.StatusForbidden)
	b.stands(foreign, invoice.Open)
}
