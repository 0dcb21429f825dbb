package sslcommerz

import (
	"crypto/md5"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
)

// goodForm is a notice about the kit's attempt, without its sum.
func goodForm() url.Values {
	return url.Values{
		"status": {wordValid}, "tran_id": {short}, "val_id": {val}, "amount": {"2500.00"}, "currency": {"BDT"},
		"store_id": {storeID}, "card_no": {"432149******9759"}, "error": {""}, "value_a": {"77-1"},
	}
}

// with is a form with one field different.
func with(form url.Values, name, value string) url.Values {
	form.Set(name, value)
	return form
}

// message is a form as a notice, with the sum under a password over all of it.
func message(form url.Values, secret gateway.Secret) gateway.Message {
	names := slices.Sorted(maps.Keys(form))
	form.Set("verify_sign", sumOf(form, names, secret))
	form.Set("verify_key", strings.Join(names, ","))
	return gateway.Message{
		Method: http.MethodPost, Header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}},
		Body: []byte(form.Encode()),
	}
}

// tampered has another amount and a right sum over everything else.
func tampered() gateway.Message {
	form := goodForm()
	form.Del("amount")
	m := message(form, password)
	form.Set("amount", "10.00")
	m.Body = []byte(form.Encode())
	return m
}

// vectors are the published sums: a form as text, and what its sum is.
var vectors = []struct {
	name, secret, text, sum string
	passes                  bool
}{
	{
		name: "1", secret: "testpass@ssl", passes: true, sum: "178a0f9521bc855a0701b16d2838e708",
		text: "amount=100.50&currency=BDT&status=VALID&store_id=teststore" +
			"&store_passwd=4fe19d7c8d04dab9f959972d5c37e01a&tran_id=T-1&val_id=2611200001abc",
	},
	{
		name: "3", secret: "testpass@ssl", sum: "08f4525f0c5618167984185415058ffa",
		text: "store_passwd=4fe19d7c8d04dab9f959972d5c37e01a&tran_id=T-1",
	},
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		form := url.Values{}
		for _, pair := range strings.Split(v.text, "&") {
			if name, value, _ := strings.Cut(pair, "="); name != "store_passwd" {
				form.Set(name, value)
			}
		}
		checkVector(t, v.name, form, v.secret, v.text, v.sum, v.passes)
	}
}

// The second vector has empty values, blanks, & and = inside of a value.
func TestSecondVector(t *testing.T) {
	t.Parallel()
	form := url.Values{
		"amount": {"1150.00"}, "bank_tran_id": {"2611200001B77"}, "card_issuer": {"DBBL Mobile Banking"}, "card_no": {""},
		"card_type": {"DBBLMOBILEB-Dbbl Mobile Banking"}, "currency": {"BDT"}, "error": {""}, "risk_level": {"0"},
		"status": {"VALID"}, "store_id": {"demostore01"}, "tran_date": {"2026-01-02 03:04:05"}, "tran_id": {"P-77/1"},
		"val_id": {"2611200405xYz"}, "value_a": {"a&b=c"},
	}
	text := "amount=1150.00&bank_tran_id=2611200001B77&card_issuer=DBBL Mobile Banking&card_no=" +
		"&card_type=DBBLMOBILEB-Dbbl Mobile Banking&currency=BDT&error=&risk_level=0&status=VALID&store_id=demostore01" +
		"&store_passwd=cfb332f9db7053ca78167854e9ee1a3f&tran_date=2026-01-02 03:04:05&tran_id=P-77/1" +
		"&val_id=2611200405xYz&value_a=a&b=c"
	checkVector(t, "2", form, "pa ss+word@ssl", text, "c5d0ee3afa36f6156dcebbb0d4c927a7", true)
}

// checkVector compares the sum with the published one, and holds the check to it.
func checkVector(t *testing.T, name string, form url.Values, secret, text, sum string, passes bool) {
	t.Helper()
	if got := md5.Sum([]byte(text)); hex.EncodeToString(got[:]) != sum {
		t.Errorf("vector %s: the text has the sum %x", name, got)
	}
	names := slices.Sorted(maps.Keys(form))
	if got := sumOf(form, names, gateway.Secret(secret)); got != sum {
		t.Errorf("vector %s: got %s, want %s", name, got, sum)
	}
	c := config("http://127.0.0.1:1")
	c.Secrets["store_passwd"] = gateway.Secret(secret)
	if c.Settings["store_id"] = form.Get("store_id"); !passes {
		c.Settings["store_id"] = "teststore"
		for name, values := range goodForm() { // what the sum does not cover
			if !form.Has(name) {
				form[name] = values
			}
		}
	}
	made, err := New(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	form.Set("verify_key", strings.Join(names, ","))
	form.Set("verify_sign", sum)
	n, _ := made.(gateway.Notifier)
	_, err = gateway.Checked(n, gateway.Message{Method: http.MethodPost, Body: []byte(form.Encode())})
	if passes && err != nil {
		t.Errorf("vector %s: got %v, want it checked", name, err)
	}
	if !passes && !fault.Is(err, fault.CodeSignatureInvalid) {
		t.Errorf("vector %s: got %v, want signature_invalid", name, err)
	}
}

// A failure has no val_id, and its sum covers none.
func TestNoticeOfFailure(t *testing.T) {
	t.Parallel()
	form := with(goodForm(), "status", wordFailed)
	form.Del("val_id")
	g := connect(t)
	checked, err := gateway.Checked(g, message(form, password))
	if err != nil {
		t.Fatal(err)
	}
	want := gateway.Notice{Session: short, Short: short, Word: wordFailed}
	if got, ok := g.ReadNotification(checked); !ok || got != want {
		t.Errorf("got %+v %v, want %+v", got, ok, want)
	}
	success := goodForm()
	success.Del("val_id")
	if err := g.CheckMessage(message(success, password)); err == nil {
		t.Error("a success without val_id passed")
	}
}

// Names of the sum that the form does not have are skipped.
func TestAbsentNamesAreSkipped(t *testing.T) {
	t.Parallel()
	form := goodForm()
	m := message(form, password)
	form.Set("verify_key", form.Get("verify_key")+",value_b,value_c")
	m.Body = []byte(form.Encode())
	if err := connect(t).CheckMessage(m); err != nil {
		t.Errorf("got %v", err)
	}
}
