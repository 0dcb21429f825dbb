package clients

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The notices of invoices that were paid from a wallet, one as a form and one
// as JSON, are genuine to the public receiver under the terminal's secret alone.
func TestPublicReceiverOfNotices(t *testing.T) {
	t.Parallel()
	install(t)
	p := build(t)
	receiver := receive(t, "notices.mjs")
	till := openTill(p)
	receiver.expect(till.secrets)
	address := p.serve()
	for path, terminal := range till.terminals {
		var made struct{ Result struct{ TrackID string } }
		text := till.call(address, "create-invoice", url.Values{
			"terminal_number": {terminal}, "amount": {"10"}, "currency": {"USD"}, "invoice_number": {"INV 7/2026 " + path},
			"callback": {"https://shop.example/back"}, "webhook": {receiver.hook + path},
		})
		if err := json.Unmarshal(text, &made); err != nil || made.Result.TrackID == "" {
			t.Fatalf("create an invoice: %v: %s", err, text)
		}
		till.pay(address, made.Result.TrackID)
	}
	receiver.check()
}

// till is a merchant with two terminals, a signing key and a customer with
// money and a PIN.
type till struct {
	purser

	public, secret string
	account        string
	terminals      map[string]string // numbers, by the path at which each one's notices are received
	secrets        map[string]string // that the notices are signed with
}

const pin = "471108"

func openTill(p purser) till {
	p.t.Helper()
	merchant := p.say("id", "merchant", "add", "--name", "Tea House")
	l := till{purser: p, terminals: map[string]string{}, secrets: map[string]string{}}
	for _, form := range []string{"form", "json"} {
		made := p.tell("terminal", "add", "--merchant", merchant, "--name", form, "--form", form)
		l.terminals["/"+form], l.secrets["/"+form] = string(made["terminal_number"]), text(p.t, made["secret"])
	}
	file := filepath.Join(p.t.TempDir(), "pin")
	if err := os.WriteFile(file, []byte(pin), 0o600); err != nil {
		p.t.Fatal(err)
	}
	l.account = string(p.tell("customer", "add", "--merchant", merchant, "--pin-file", file)["account_number"])
	p.tell("gateway", "add", "--merchant", merchant, "--connector", "manual", "--name", "hand", "--setting", "unit=USD")
	p.tell("customer", "deposit", "--merchant", merchant, "--amount", "100", "--unit", "USD", "--gateway", "hand",
		"--receipt", "1", l.account)
	key := p.tell("key", "add", "--merchant", merchant, "--signing")
	l.public, l.secret = text(p.t, key["public"]), text(p.t, key["secret"])
	return l
}

// tell runs one command and reads the members of the JSON that it prints.
func (p purser) tell(arguments ...string) map[string]json.RawMessage {
	p.t.Helper()
	command := exec.CommandContext(p.t.Context(), p.program, append(arguments, "--json", "--data", p.data)...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	var said map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(output, &said)
	}
	if err != nil {
		p.t.Fatalf("%v: %v: %s", arguments, err, output)
	}
	return said
}

// text is a member that must be text.
func text(t *testing.T, member json.RawMessage) string {
	t.Helper()
	value, err := strconv.Unquote(string(member))
	if err != nil {
		t.Fatalf("got %s, want text", member)
	}
	return value
}

// call is a signed call of the wallet API.
func (l till) call(address, method string, form url.Values) []byte {
	l.t.Helper()
	body := form.Encode()
	mac := hmac.New(sha256.New, []byte(l.secret))
	mac.Write([]byte(body))
	return l.post("http://"+address+"/api/"+method, body, http.StatusOK, map[string]string{
		"api_key": l.public, "api_sign": base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	})
}

// pay presses the button of an invoice's page that pays from a wallet.
func (l till) pay(address, id string) {
	l.t.Helper()
	form := url.Values{"account": {l.account}, "pin": {pin}}
	l.post("http://"+address+"/pay/invoice/"+id+"/wallet", form.Encode(), http.StatusSeeOther, nil)
}

// post sends a form, follows nothing and wants a status.
func (l till) post(address, body string, status int, headers map[string]string) []byte {
	l.t.Helper()
	request, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range headers {
		request.Header[name] = []string{value} // in small letters, with underscores
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }() // read to its end
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		l.t.Fatalf("%s: got status %s, %v, want %d: %s", address, answer.Status, err, status, said)
	}
	return said
}
