package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// caller is software that speaks the wallet API with one key, written against
// nothing but its printed description.
type caller struct {
	t      *testing.T
	base   string // where the API is, without a final slash
	public string
	secret string
	http   *http.Client
}

// sign is the printed rule: the secret is a text, the message is what is sent.
func sign(secret, message string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// send calls a method with a form, or with JSON where the body is an object,
// wants a status and gives the answer.
func (c caller) send(method, body string, status int) []byte {
	c.t.Helper()
	return c.sendSigned(method, body, sign(c.secret, body), status)
}

// sendSigned is send with a signature that the caller chooses.
func (c caller) sendSigned(method, body, signature string, status int) []byte {
	c.t.Helper()
	request := c.request(http.MethodPost, "/api/"+method, body)
	// The names are written as they are printed: in small letters, with underscores.
	request.Header["api_key"], request.Header["api_sign"] = []string{c.public}, []string{signature}
	return c.do(request, status)
}

func (c caller) request(method, path, body string) *http.Request {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(body, "{") {
		request.Header.Set("Content-Type", "application/json")
	}
	return request
}

func (c caller) do(request *http.Request, status int) []byte {
	c.t.Helper()
	response, err := c.http.Do(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", request.Method, request.URL, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", request.Method, request.URL, err)
	}
	if response.StatusCode != status {
		c.t.Fatalf("%s %s: got status %d, want %d: %s", request.Method, request.URL, response.StatusCode, status, text)
	}
	return text
}

// refused wants an error in the API's own form, about a field if one is named.
func (c caller) refused(method, body string, status int, field string) {
	c.t.Helper()
	c.wantError(c.send(method, body, status), method+" "+body, status, field)
}

func (c caller) wantError(text []byte, what string, status int, field string) {
	c.t.Helper()
	var said struct {
		Result  struct{ Message string }
		Success *bool
		Status  int
		Errors  map[string][]string
	}
	if err := json.Unmarshal(text, &said); err != nil || said.Success == nil || *said.Success ||
		said.Status != status || said.Result.Message == "" {
		c.t.Errorf("%s: got %s, %v, want an error with status %d", what, text, err, status)
	}
	if field != "" && len(said.Errors[field]) == 0 {
		c.t.Errorf("%s: got errors %v, want one about %s", what, said.Errors, field)
	}
}

// printed is an invoice as the API prints it.
type printed struct {
	TrackID     string `json:"trackid"`
	Status      string
	Amount      string
	Coin        coin
	Number      string  `json:"invoice_number"`
	PayDate     *string `json:"pay_date"`
	PayDateW3C  *string `json:"pay_datew3c"`
	Terminal    int64   `json:"merchant_terminal_number"`
	NationalID  string  `json:"national_id"`
	FirstName   *string `json:"payer_firstname"`
	Email       *string `json:"payer_email"`
	Account     *int64  `json:"payer_account_number"`
	Transaction int64   `json:"invoice_transaction_id"`
}

type coin struct{ Name, Currency, Symbol string }

// single is the result of a call about one thing.
func single[T any](c caller, method, body string) (T, []byte) {
	c.t.Helper()
	text := c.send(method, body, http.StatusOK)
	var answer struct {
		Result  T
		Success bool
		Status  int
	}
	if err := json.Unmarshal(text, &answer); err != nil || !answer.Success || answer.Status != http.StatusOK {
		c.t.Fatalf("%s %s: got %s, %v", method, body, text, err)
	}
	return answer.Result, text
}

// list is the answer of a call about many things.
type list[T any] struct {
	Items              []T
	Total, Limit, Page int
	Sort               string
	Success            bool
	Status             int
}

func listed[T any](c caller, method, body string) list[T] {
	c.t.Helper()
	text := c.send(method, body, http.StatusOK)
	var answer list[T]
	if err := json.Unmarshal(text, &answer); err != nil || !answer.Success || answer.Status != http.StatusOK {
		c.t.Fatalf("%s %s: got %s, %v", method, body, text, err)
	}
	return answer
}

// invoice makes a call about one invoice and wants the status it has then.
func (c caller) invoice(method, trackID, status string) printed {
	c.t.Helper()
	got, text := single[printed](c, method, "trackid="+trackID)
	if got.Status != status || got.TrackID != trackID {
		c.t.Fatalf("%s: got %s, want status %s", method, text, status)
	}
	return got
}

// balance is what the key's account has of a currency.
func (c caller) balance(currency string) string {
	c.t.Helper()
	for _, item := range listed[struct {
		Coin   coin
		Amount string
	}](c, "balance", "").Items {
		if item.Coin.Currency == currency {
			return item.Amount
		}
	}
	c.t.Fatalf("balance: there is no %s", currency)
	return ""
}

// wantBalance is a balance as it must be.
func (c caller) wantBalance(what, currency, want string) {
	c.t.Helper()
	if got := c.balance(currency); got != want {
		c.t.Errorf("%s: got %s %s, want %s", what, got, currency, want)
	}
}

// shape lists the members of a JSON text in their order, each with the kind of
// its value: two texts of one shape differ in what they say and in nothing else.
func shape(t *testing.T, text []byte) string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var lines strings.Builder
	if err := walk(decoder, "", &lines); err != nil {
		t.Fatalf("read %s: %v", text, err)
	}
	return lines.String()
}

func walk(decoder *json.Decoder, path string, lines *strings.Builder) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	var kind string
	switch v := token.(type) {
	case json.Delim:
		kind = "object"
		if v == '[' {
			kind = "list"
		}
		_, _ = fmt.Fprintln(lines, path, kind) // a builder takes everything
		return walkInto(decoder, v, path, lines)
	case string:
		kind = "text"
	case json.Number:
		kind = "integer"
		if strings.ContainsAny(v.String(), ".eE") {
			kind = "fraction"
		}
	case bool:
		kind = "boolean"
	default:
		kind = "null"
	}
	_, _ = fmt.Fprintln(lines, path, kind)
	return nil
}

// walkInto reads what is in an object or a list, and its end.
func walkInto(decoder *json.Decoder, opened json.Delim, path string, lines *strings.Builder) error {
	for decoder.More() {
		inside := path + "[]"
		if opened == '{' {
			name, err := decoder.Token()
			if err != nil {
				return err
			}
			inside = fmt.Sprint(path, ".", name)
		}
		if err := walk(decoder, inside, lines); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return err
}
