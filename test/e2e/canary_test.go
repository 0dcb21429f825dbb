package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/purserhq/purser/internal/server"
)

// The cards that must leave no trace: those of the stories, and one that occurs
// nowhere else. Its check value is three characters that no file holds by
// chance; one of digits is looked for where it says that it is one.
var (
	canaryNumbers = []string{
		visaCard, exampleCard, declinedCard, secureCard, "4000000000009995", "5555341244441115", "12345678901234567",
	}
	canaryCVV = "☂☃☄"
	fieldCVVs = []string{"321", "123"}
)

// traces are the forms in which a text could have been written down.
func traces(text string) map[string]string {
	var escaped, unicode strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&escaped, "%%%02X", c)
		fmt.Fprintf(&unicode, `\u%04x`, c)
	}
	reversed := []byte(text)
	slices.Reverse(reversed)
	forms := map[string]string{
		"plain": text, "reversed": string(reversed), "hex": hex.EncodeToString([]byte(text)),
		"capital hex": strings.ToUpper(hex.EncodeToString([]byte(text))),
		"escaped":     escaped.String(), "in JSON": unicode.String(), "query": url.QueryEscape(text),
	}
	for _, between := range []string{" ", "-"} {
		var parts []string
		for part := range slices.Chunk([]byte(text), 4) {
			parts = append(parts, string(part))
		}
		forms["split by "+between] = strings.Join(parts, between)
	}
	for shift := range 3 {
		// What is before and behind the text decides the letters at its ends.
		whole := base64.StdEncoding.EncodeToString(append(make([]byte, shift), text...))
		begin, end := (shift*8+5)/6, (shift+len(text))*8/6
		forms[fmt.Sprint("base64 after ", shift)] = whole[begin:end]
	}
	return forms
}

// fieldTraces are the forms of a check value that is too short to be found alone.
func fieldTraces(value string) map[string]string {
	forms := map[string]string{"quoted": `"` + value + `"`, "quoted twice": `\"` + value + `\"`}
	for _, name := range []string{"cvv", "cvc", "CVV", "CVC"} {
		for _, between := range []string{"=", ":", ": ", `":"`, `\":\"`, `": "`, `":`, "]=", "%5D=", " "} {
			forms[name+between] = name + between + value
		}
	}
	return forms
}

// trace says what of all canaries is in a text.
func trace(text []byte) (found []string) {
	look := func(what string, forms map[string]string) {
		for name, form := range forms {
			if bytes.Contains(text, []byte(form)) {
				found = append(found, what+" "+name)
			}
		}
	}
	for _, number := range canaryNumbers {
		look(number, traces(number))
	}
	look("the check value", traces(canaryCVV))
	for _, value := range fieldCVVs {
		look(value, fieldTraces(value))
	}
	return found
}

// A search that finds nothing proves nothing until it has found something.
func TestTracesAreFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"card " + visaCard, "4242 4242 4242 4242", "4242-4242-4242-4242", hex.EncodeToString([]byte("x" + visaCard)),
		base64.StdEncoding.EncodeToString([]byte(visaCard)),
		base64.StdEncoding.EncodeToString([]byte("n=" + visaCard + "&c=1")),
		base64.RawURLEncoding.EncodeToString([]byte("a" + visaCard + "b")),
		strings.Repeat(`\u0034\u0032`, 8), "6543210987654321", `{"cvv":"321"}`, "card[cvc]=123",
		"card%5Bcvc%5D=321", canaryCVV, url.QueryEscape(canaryCVV),
	} {
		if len(trace([]byte(text))) == 0 {
			t.Errorf("%q was not found", text)
		}
	}
	if found := trace([]byte("************4242 *** 5000 EUR 32100")); len(found) != 0 {
		t.Errorf("got %v in what may be kept", found)
	}
}

// output keeps what a server writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// All that the stories of the API send, and more, leaves no card behind: not in
// the database and its log, not in the sandbox's books, not in what is logged at
// the lowest level, neither while the server runs nor when it has stopped.
func TestCardsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	log := &output{}
	s := open(t, server.DemoOptions{Log: log, LogLevel: "debug"})
	stories := filepath.Join("..", "..", "internal", "dialect", "payrefund", "testdata", "wire")
	files, err := filepath.Glob(filepath.Join(stories, "*.http"))
	if err != nil || len(files) < 10 {
		t.Fatalf("got the stories %v, %v", files, err)
	}
	sent := 0
	for _, file := range files {
		sent += s.replay(file)
	}
	sent += s.sendCanaries()
	if sent < 200 || strings.Count(log.String(), "request answered") < sent {
		t.Fatalf("sent %d requests, logged %d lines", sent, strings.Count(log.String(), "\n"))
	}
	list := string(s.call("GET", "/api/payments", s.info.Payrefund.APIKey, nil, http.StatusOK))
	for _, word := range []string{"success", "settled", "error", "pending"} {
		if !strings.Contains(list, `"status":"`+word+`"`) {
			t.Errorf("no payment is %s: %s", word, list)
		}
	}
	s.wantNoTrace("running", log)
	s.audit()
	s.stop()
	s.wantNoTrace("stopped", log)
}

// waiting is what the provider of MB WAY says of a payment that nobody has confirmed yet, as the
// record of calls to gateways has it. Its number is that of a canary, and no card is near it:
// a provider that is told of no card cannot say one.
var waiting = []byte(`\"Status\":\"123\"`)

// wantNoTrace looks through everything that the demo has written.
func (s *shop) wantNoTrace(when string, log *output) {
	s.t.Helper()
	masked := false
	err := filepath.WalkDir(s.options.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		text = bytes.ReplaceAll(text, waiting, nil)
		if found := trace(text); len(found) > 0 {
			s.t.Errorf("%s, %s: got %v", when, path, found)
		}
		masked = masked || strings.Contains(path, "purser.db") && bytes.Contains(text, []byte("************3456"))
		return err
	})
	if err != nil || !masked {
		s.t.Errorf("%s: the database holds a card as it may be kept: %t, %v", when, masked, err)
	}
	if found := trace([]byte(log.String())); len(found) > 0 {
		s.t.Errorf("%s, the log: got %v", when, found)
	}
}

// replay sends the requests of a story, with the ids that things have here.
func (s *shop) replay(file string) (sent int) {
	s.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	known := []string{"{{key}}", s.info.Payrefund.APIKey, "{{other}}", "pk_wrong"}
	for block := range strings.SplitSeq(string(text), "\n\n") {
		if !strings.HasPrefix(block, ">") {
			continue
		}
		var wanted, recorded []string
		for line := range strings.SplitSeq(block, "\n") {
			if line, ok := strings.CutPrefix(line, ">"); ok {
				wanted = append(wanted, strings.TrimPrefix(line, " "))
			} else {
				recorded = append(recorded, strings.TrimPrefix(line, "< "))
			}
		}
		answer := s.sendStory(strings.Split(strings.NewReplacer(known...).Replace(strings.Join(wanted, "\n")), "\n"))
		known = append(known, sameIDs(recorded[len(recorded)-1], answer)...)
		sent++
	}
	return sent
}

// sendStory sends a request as a story has it: its line, headers, and a body.
func (s *shop) sendStory(lines []string) (answer []byte) {
	s.t.Helper()
	method, target, _ := strings.Cut(lines[0], " ")
	header := http.Header{}
	n := 1
	for ; n < len(lines) && lines[n] != ""; n++ {
		name, value, _ := strings.Cut(lines[n], ": ")
		header.Add(name, value)
	}
	body := strings.Join(lines[min(n+1, len(lines)):], "\n")
	return s.send(method, target, header, body)
}

// send sends anything and wants no breakdown.
func (s *shop) send(method, target string, header http.Header, body string) (answer []byte) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.info.BaseURL+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header = header
	response, err := s.browser.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusInternalServerError {
		s.t.Errorf("%s %s: got %d %s, %v", method, target, response.StatusCode, answer, err)
	}
	if found := trace(answer); len(found) > 0 {
		s.t.Errorf("%s %s: the answer holds %v", method, target, found)
	}
	return answer
}

// sameIDs are the ids of two answers, in pairs.
func sameIDs(recorded string, answer []byte) (pairs []string) {
	var before, now struct {
		Payment string `json:"payment_id"`
		Refund  string `json:"refund_id"`
	}
	if json.Unmarshal([]byte(recorded), &before) != nil || json.Unmarshal(answer, &now) != nil {
		return nil
	}
	for old, id := range map[string]string{before.Payment: now.Payment, before.Refund: now.Refund} {
		if old != "" && id != "" {
			pairs = append(pairs, old, id)
		}
	}
	return pairs
}

// sendCanaries puts a card where none belongs, and where it does.
func (s *shop) sendCanaries() (sent int) {
	s.t.Helper()
	const number = "5555341244441115"
	card := `{"number":"` + number + `","name":"A","expiration_month":"05","expiration_year":"2028",` +
		`"cvv":"` + canaryCVV + `"}`
	whole := func(params string) string {
		return `{"amount":5,"payment_method":"credit_card","additional_params":` + params + `}`
	}
	path, _ := s.pays(byCard("5", declinedCard), "error")
	for _, body := range []string{
		whole(card),
		strings.ReplaceAll(whole(card), number, visaCard),
		strings.ReplaceAll(whole(card), `"number"`, `"n\u0075mber"`),
		strings.ReplaceAll(whole(card), number, `\u0035555341244441115`),
		strings.ReplaceAll(whole(card), `"`+number+`"`, number),
		strings.ReplaceAll(whole(card), `"name":"A"`, `"name":"`+number+`"`),
		strings.ReplaceAll(whole(card), "5,", `"5",`),
		strings.ReplaceAll(whole(card), "credit_card", "mbway"),
		whole("[" + card + "]"), whole(card) + "}", whole(card)[1:], "[" + whole(card) + "]", card,
		strings.ReplaceAll(whole(card), `"cvv"`, `"number":"1","cvv"`),
		whole(`{"number":{"number":"` + number + `"},"cvv":["` + canaryCVV + `"]}`),
	} {
		for _, call := range []struct{ method, path string }{
			{"POST", "/api/payments"},
			{"PUT", path},
			{"PUT", "/api/payments/unknown"},
			{"POST", "/api/refunds"},
			{"DELETE", "/api/payments"},
			{"PATCH", "/api/payments"},
		} {
			s.send(call.method, call.path, http.Header{"Content-Type": {"application/json"}}, body)
			sent++
		}
	}
	for _, target := range []string{
		"/api/payments?number=" + number, "/api/payments/" + number, "/api/payments?payment_id=" + number,
		"/api/refunds/" + number, "/api/" + number, "/api/payments?amount_gte=" + number + "x",
	} {
		s.send("GET", target, http.Header{"X-Request-Id": {number}, "X-Api-Key": {number}}, "")
		s.send("GET", target, http.Header{}, "")
		sent += 2
	}
	return sent
}
