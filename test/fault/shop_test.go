//go:build fault

package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
)

// answer is what came back of a call.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// into reads the answer's JSON.
func (a answer) into(value any) error {
	if err := json.Unmarshal(a.body, value); err != nil {
		return fmt.Errorf("%w in %d %s", err, a.status, a.body)
	}
	return nil
}

// object is a JSON object to send.
type object map[string]any

// do sends a request and reads everything.
func (w *world) do(method, address, key, contentType, accept string, body io.Reader) (answer, error) {
	request, err := http.NewRequestWithContext(w.t.Context(), method, address, body)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Accept", accept)
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	// Every payer has an address of its own, or the limits on one would be what is tested.
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", rand.IntN(256), rand.IntN(256), rand.IntN(256)))
	response, err := w.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, text}, err
}

// call sends JSON to the server with the shop's key.
func (s *shop) call(method, path string, body any) (answer, error) {
	var sent io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		sent = bytes.NewReader(text)
	}
	return s.do(method, "http://"+s.address+path, s.key, "application/json", "application/json", sent)
}

// opened is the answer of a request to pay.
type opened struct {
	Gateway struct {
		IsOk bool
		Link string
	}
	InvoiceID string `json:"invoiceId"`
	Authority string
	PaymentID string `json:"paymentId"`
}

// must is a call that the test expects to go well.
func (s *shop) must(method, path string, body, into any) {
	s.t.Helper()
	a, err := s.call(method, path, body)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("got status %d: %s", a.status, a.body)
	}
	if err == nil && into != nil {
		err = a.into(into)
	}
	if err != nil {
		s.t.Errorf("%s %s: %v", method, path, err)
	}
}

// invoice makes one and gives its id.
func (s *shop) invoice(total int64) string {
	s.t.Helper()
	var made struct {
		ID string `json:"_id"`
	}
	s.must(http.MethodPost, "/invoice/create", object{"title": "Two tickets", "totalAmount": total}, &made)
	return made.ID
}

// request opens a page at a gateway.
func (s *shop) request(invoice, gateway string, amount int64) opened {
	s.t.Helper()
	var page opened
	s.must(http.MethodPost, "/payment/request", requested(invoice, gateway, amount), &page)
	return page
}

func requested(invoice, gateway string, amount int64) object {
	return object{"invoiceId": invoice, "gateway": gateway, "amount": amount, "description": "Tickets"}
}

// status is what the shop is told of a payment.
func (s *shop) status(payment string) string {
	s.t.Helper()
	var said struct{ Status string }
	s.must(http.MethodGet, "/payment/status?paymentId="+payment, nil, &said)
	return said.Status
}

// wantStatus is a payment's status, as it must be.
func (s *shop) wantStatus(what, payment, want string) {
	s.t.Helper()
	if got := s.status(payment); got != want {
		s.t.Errorf("%s: got status %s, want %s", what, got, want)
	}
}

// decide presses a button of the bank page and gives the address of the
// return, which nobody has visited yet. It is empty where the payer stays.
func (w *world) decide(page, decision string) (string, error) {
	form := strings.NewReader(url.Values{"decision": {decision}}.Encode())
	a, err := w.do(http.MethodPost, page, "", "application/x-www-form-urlencoded", "text/html", form)
	if err == nil && a.status != http.StatusSeeOther && a.status != http.StatusOK {
		err = fmt.Errorf("the bank page answers %d: %s", a.status, a.body)
	}
	return a.header.Get("Location"), err
}

// approve pays and gives the address of the return.
func (s *shop) approve(page opened) string {
	s.t.Helper()
	address, err := s.decide(page.Gateway.Link, "approve")
	if err != nil || address == "" {
		s.t.Errorf("approve: got %q, %v, want the address of the return", address, err)
	}
	return address
}

// visit opens an address as a payer's browser does.
func (w *world) visit(address string) (answer, error) {
	return w.do(http.MethodGet, address, "", "", "text/html", http.NoBody)
}

// back is a payer who comes back from the bank.
func (s *shop) back(address string) {
	s.t.Helper()
	if a, err := s.visit(address); err != nil || a.status != http.StatusOK {
		s.t.Errorf("return: got status %d, %v, want a page: %s", a.status, err, a.body)
	}
}

// reverse asks for a payment's money to go back, and says whether it did.
func (s *shop) reverse(page opened) (answer, bool, error) {
	a, err := s.call(http.MethodPost, "/payment/reverse",
		object{"invoiceId": page.InvoiceID, "authority": page.Authority})
	var said struct{ IsOk bool }
	if err == nil && a.status == http.StatusOK {
		err = a.into(&said)
	}
	return a, said.IsOk, err
}

// listed is an invoice as the shop sees it.
type listed struct {
	ID       string `json:"_id"`
	Total    int64  `json:"totalAmount"`
	IsDone   bool
	Token    string `json:"readyToPayToken"`
	Payments []struct {
		ID        string `json:"_id"`
		Gateway   string
		Authority string
		Amount    int64
		Status    string
	}
}

// invoices are all of the shop's.
func (s *shop) invoices() []listed {
	s.t.Helper()
	const page = 1000
	var all []listed
	for {
		var some []listed
		s.must(http.MethodGet, fmt.Sprintf("/admin/payment/allPaymentsStatus?limit=%d&offset=%d", page, len(all)), nil,
			&some)
		all = append(all, some...)
		if len(some) < page {
			return all
		}
	}
}
