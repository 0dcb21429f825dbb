package zarinpal

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

const (
	shop      = "0b3c1a52-6f0e-4d0a-9d8e-2f8b5a7c1e90"
	otherShop = "11111111-2222-3333-4444-555555555555"
	callback  = "http://shop.test/r?t=k9"
)

var start = time.Date(2026, 5, 2, 10, 33, 11, 0, time.UTC)

// rig is one emulator on a listener of its own.
type rig struct {
	*Emulator
	url string
}

func newRig(t *testing.T, switches map[string]string, merchants ...sandbox.Merchant) *rig {
	t.Helper()
	emulator, err := New(sandbox.Options{
		PublicURL: "http://127.0.0.1:1", Seed: 7, Now: func() time.Time { return start },
		Switches: switches, Merchants: merchants,
	})
	if err != nil {
		t.Fatalf("new emulator: %v", err)
	}
	server := httptest.NewServer(emulator)
	t.Cleanup(server.Close)
	return &rig{Emulator: emulator, url: server.URL}
}

// post sends a body and answers the status and the body that came back.
func (r *rig) post(t *testing.T, path, body string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	request.Close = true // a server that closes ends the idle connections of all tests
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("post %s: %v", path, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return response.StatusCode, string(answer)
}

// call makes one REST call by its short name.
func (r *rig) call(t *testing.T, name, body string) (int, string) {
	t.Helper()
	return r.post(t, "/pg/v4/payment/"+name+".json", body)
}

// body writes a JSON object from a template of members, with the merchant in front.
func body(members string) string {
	if members != "" {
		members = "," + members
	}
	return `{"merchant_id":"` + shop + `"` + members + `}`
}

// ask is the body of a usual request with changes on top: later members win.
func ask(members string) string {
	usual := `"amount":250000,"description":"order 77","callback_url":"` + callback + `"`
	if members != "" {
		usual += "," + members
	}
	return body(usual)
}

// open asks for an authority.
func (r *rig) open(t *testing.T, members string) string {
	t.Helper()
	status, answer := r.call(t, "request", ask(members))
	var reply struct{ Data struct{ Authority string } }
	if err := json.Unmarshal([]byte(answer), &reply); err != nil || status != http.StatusOK {
		t.Fatalf("request: got %d %s", status, answer)
	}
	return reply.Data.Authority
}

// paid asks for an authority and pays it.
func (r *rig) paid(t *testing.T, members string) string {
	t.Helper()
	authority := r.open(t, members)
	r.act(t, authority, sandbox.Decision{Choice: sandbox.Approve})
	return authority
}

// verified asks for an authority, pays and verifies it.
func (r *rig) verified(t *testing.T) string {
	t.Helper()
	authority := r.paid(t, "")
	if got := r.verify(t, authority, 250000); code(t, got) != 100 {
		t.Fatalf("verify: got %s", got)
	}
	return authority
}

func (r *rig) act(t *testing.T, authority string, decision sandbox.Decision) sandbox.Outcome {
	t.Helper()
	outcome, err := r.Act(authority, decision)
	if err != nil {
		t.Fatalf("act: %v", err)
	}
	return outcome
}

func (r *rig) verify(t *testing.T, authority string, amount int64) string {
	t.Helper()
	encoded, err := json.Marshal(map[string]any{"merchant_id": shop, "amount": amount, "authority": authority})
	if err != nil {
		t.Fatal(err)
	}
	_, answer := r.call(t, "verify", string(encoded))
	return answer
}

// on is a body that only names an authority.
func on(authority string) string { return body(`"authority":"` + authority + `"`) }

func (r *rig) advance(t *testing.T, d time.Duration) {
	t.Helper()
	if err := r.Advance(d); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) strike(t *testing.T, f sandbox.Fault) {
	t.Helper()
	if _, err := r.AddFault(f); err != nil {
		t.Fatalf("add fault %s: %v", f.Name, err)
	}
}

// code reads the code of an answer in the usual shapes, whether it went well or not.
func code(t *testing.T, answer string) int64 {
	t.Helper()
	var reply struct {
		Data, Errors json.RawMessage
	}
	if err := json.Unmarshal([]byte(answer), &reply); err != nil {
		t.Fatalf("answer %q: %v", answer, err)
	}
	for _, part := range []json.RawMessage{reply.Data, reply.Errors} {
		fields, err := sandbox.ParseJSON(part)
		if number, ok := fields.Whole("code"); err == nil && ok {
			return number
		}
	}
	t.Fatalf("answer %q has no code", answer)
	return 0
}

// stateOf reads a payment's state from the books.
func (r *rig) stateOf(t *testing.T, authority string) sandbox.State {
	t.Helper()
	p, ok := r.Payment(authority)
	if !ok {
		t.Fatalf("no payment %s", authority)
	}
	return p.State
}
