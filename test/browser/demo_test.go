//go:build browser

package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/purserhq/purser/internal/server"
)

// shop is a demo with everything in it, and a merchant's program that talks to it.
type shop struct {
	*testing.T
	server.DemoInfo
}

// openShop runs a demo on a free port until the test ends.
func openShop(t *testing.T) *shop {
	t.Helper()
	chromium(t) // skips before anything is started
	d, err := server.NewDemo(t.Context(), server.DemoOptions{Addr: "127.0.0.1:0", Data: t.TempDir(), Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the demo did not stop cleanly: %v", err)
		}
	})
	return &shop{T: t, DemoInfo: d.Info}
}

// call sends JSON with a key and reads the JSON that comes back.
func (s *shop) call(method, address, key string, body, reply any) {
	s.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.Context(), method, address, bytes.NewReader(text))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+key)
	said := s.send(r)
	if reply == nil {
		return
	}
	if err := json.Unmarshal(said, reply); err != nil {
		s.Fatalf("%s %s: %v: %s", method, address, err, said)
	}
}

// send sends a request that must succeed, and gives the answer.
func (s *shop) send(r *http.Request) []byte {
	s.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }() // everything was read
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		s.Fatal(err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		s.Fatalf("%s %s: %s: %s", r.Method, r.URL, answer.Status, said)
	}
	return said
}

// link asks for a ready-to-pay link; an amount of zero leaves it to the payer.
func (s *shop) link(amount int64) (address string) {
	s.Helper()
	wish := map[string]any{"userFullName": "Sara", "mobile": "09120000001"}
	if amount > 0 {
		wish["amount"] = amount
	}
	var made struct {
		Token string `json:"token"`
		Link  string `json:"readyToPayLink"`
	}
	s.call(http.MethodPost, s.BaseURL+"/admin/payment/getReadyToPayLink", s.IPG.AdminKey, wish, &made)
	return made.Link
}

// payment is what a merchant sees of one.
type payment struct {
	ID     string `json:"_id"`
	Status string `json:"status"`
	Amount int64  `json:"amount"`
}

// payments are all of the shop's.
func (s *shop) payments() []payment {
	s.Helper()
	var invoices []struct {
		Payments []payment `json:"payments"`
	}
	s.call(http.MethodGet, s.BaseURL+"/admin/payment/allPaymentsStatus", s.IPG.AdminKey, nil, &invoices)
	var all []payment
	for _, i := range invoices {
		all = append(all, i.Payments...)
	}
	return all
}

// paid checks that the shop has exactly one payment, which succeeded.
func (s *shop) paid(amount int64) {
	s.Helper()
	all := s.payments()
	if len(all) != 1 || all[0].Status != "success" || all[0].Amount != amount {
		s.Errorf("payments = %+v, want one success of %d", all, amount)
	}
}

// fault makes the emulated provider misbehave.
func (s *shop) fault(provider string, fault map[string]any) {
	s.Helper()
	s.call(http.MethodPost, s.SandboxURL+"/"+provider+"/-/control/faults", "", fault, nil)
}
