package sslcommerz

import (
	"crypto/md5" //nolint:gosec // the provider's own sum; it is a filter, and our own question follows always
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// Returner reads what the payer's browser brings back; it needs no contract.
type Returner struct{}

// ReadReturn finds tran_id and status among the fields that the browser posts.
// They prove nothing, whatever their sum.
func (Returner) ReadReturn(fields map[string][]string) (gateway.Notice, bool) {
	return noticeOf(fields)
}

// noticeOf reads a return or a notice. Its word carries the val_id, so that the
// payment is found also while the provider's own list lags behind.
func noticeOf(fields url.Values) (gateway.Notice, bool) {
	tran, status := fields["tran_id"], fields["status"]
	if len(tran) != 1 || len(status) != 1 || !sessionForm.MatchString(tran[0]) {
		return gateway.Notice{}, false
	}
	word := strings.TrimSpace(client.Clean(status[0]))
	if word == "" {
		return gateway.Notice{}, false
	}
	notice := gateway.Notice{
		Session: tran[0], Short: tran[0], Word: word,
		Good: status[0] == wordValid || status[0] == wordValidated,
	}
	if id := fields["val_id"]; notice.Good && len(id) == 1 && validForm.MatchString(id[0]) {
		notice.Word = status[0] + " " + id[0]
	}
	return notice, true
}

// namedIn is the val_id that the payer's browser or a notice brought.
func namedIn(word string) string {
	status, id, found := strings.Cut(word, " ")
	if !found || (status != wordValid && status != wordValidated) || !validForm.MatchString(id) {
		return ""
	}
	return id
}

// Notifies is true: a contract without the store's password is none.
func (g *Gateway) Notifies() bool { return true }

// CheckMessage compares the sum of a notice. The sender chooses what the sum
// covers, so it has to cover everything that we read.
func (g *Gateway) CheckMessage(m gateway.Message) error {
	invalid := fault.New(fault.CodeSignatureInvalid, "verify_sign", "")
	form, err := url.ParseQuery(string(m.Body))
	if err != nil || m.Method != http.MethodPost {
		return invalid
	}
	for _, values := range form {
		if len(values) != 1 {
			return invalid
		}
	}
	names := strings.Split(form.Get("verify_key"), ",")
	for _, needed := range needs(form) {
		if !slices.Contains(names, needed) || !form.Has(needed) {
			return invalid
		}
	}
	want := []byte(sumOf(form, names, g.password))
	if subtle.ConstantTimeCompare(want, []byte(form.Get("verify_sign"))) != 1 || form.Get("store_id") != g.store {
		return invalid
	}
	return nil
}

// needs are the names that a sum has to cover. Only a failure has no val_id.
func needs(form url.Values) []string {
	names := []string{"amount", "currency", "status", "store_id", "tran_id"}
	if status := form.Get("status"); form.Has("val_id") || status == wordValid || status == wordValidated {
		names = append(names, "val_id")
	}
	return names
}

// sumOf is the sum over the named fields and the password's own sum, sorted
// and without any escaping. Names that the form does not have are skipped.
func sumOf(form url.Values, names []string, password gateway.Secret) string {
	own := md5.Sum([]byte(password.Reveal())) //nolint:gosec // see the import
	values := map[string]string{}
	for _, name := range names {
		if form.Has(name) {
			values[name] = form.Get(name)
		}
	}
	values["store_passwd"] = hex.EncodeToString(own[:])
	sorted := make([]string, 0, len(values))
	for name := range values {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	pairs := make([]string, 0, len(sorted))
	for _, name := range sorted {
		pairs = append(pairs, name+"="+values[name])
	}
	sum := md5.Sum([]byte(strings.Join(pairs, "&"))) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// ReadNotification reads a notice whose sum is right.
func (g *Gateway) ReadNotification(n gateway.Notification) (gateway.Notice, bool) {
	form, err := url.ParseQuery(string(n.Message().Body))
	if err != nil {
		return gateway.Notice{}, false
	}
	return noticeOf(form)
}

// Acknowledgement is status 200.
func (g *Gateway) Acknowledgement() gateway.Acknowledgement {
	return gateway.Acknowledgement{Status: http.StatusOK}
}
