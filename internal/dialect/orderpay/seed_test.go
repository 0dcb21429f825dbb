package orderpay_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// fingerprint is what a key is kept with.
func fingerprint(route, body string) string {
	sum := sha256.Sum256([]byte(route + "\n" + body))
	return hex.EncodeToString(sum[:])
}

// The printed examples, as they are written, without the stray braces behind
// their answers.
const (
	printedRequest = `{
  "amount": 500,
  "orderId": "7e49b2a1-fa0c-4aac-b996-91f2411f14b7",
  "paymentMethod": "Bkash",
  "status": "COMPLETED"
}`
	printedPayment = `{
    "id": "4b68917d-4452-4d18-9012-47e843f05c15",
    "orderId": "7e49b2a1-fa0c-4aac-b996-91f2411f14b7",
    "amount": 500,
    "status": "COMPLETED",
    "paymentMethod": "Bkash"
}`
	printedWithNumber = `{
    "id": "4b68917d-4452-4d18-9012-47e843f05c15",
    "orderId": "7e49b2a1-fa0c-4aac-b996-91f2411f14b7",
    "amount": 500,
    "status": "COMPLETED",
    "paymentMethod": "Bkash",
    "transactionId": "TXN123456"
}`
)

// members are the names and values of a JSON object in their order.
func members(t *testing.T, text string) []string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	var list []string
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if _, delimiter := token.(json.Delim); delimiter {
			continue
		}
		value, err := json.Marshal(token)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(value))
	}
	return list
}

// same wants an answer with the members of a printed one, in its order, but for
// the id.
func same(t *testing.T, what string, got dialecttest.Answer, status int, printed, id string) {
	t.Helper()
	printed = strings.Replace(printed, "4b68917d-4452-4d18-9012-47e843f05c15", id, 1)
	if got.Status != status {
		t.Errorf("%s: got status %d, want %d: %s", what, got.Status, status, got.Body)
	}
	if diff := cmp.Diff(members(t, printed), members(t, got.Body)); diff != "" {
		t.Errorf("%s (-printed +got):\n%s", what, diff)
	}
}

// Every printed request gets the printed answer.
func TestPrintedExamples(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.order("1000")
	same(t, "create", s.post("seller", "/payment", printedRequest, "Accept", "application/json"), http.StatusCreated,
		printedPayment, idOf(1))
	for _, path := range []string{"/payment?limit=10", "/payment/order/" + seedOrder} {
		answer := s.get("customer", path)
		if !strings.HasPrefix(answer.Body, "[{") || !strings.HasSuffix(answer.Body, "}]") {
			t.Errorf("%s: got %s, want a bare list", path, answer.Body)
		}
		same(t, path, answer, http.StatusOK, printedPayment, idOf(1))
	}
	same(t, "read", s.get("customer", "/payment/"+idOf(1)), http.StatusOK, printedPayment, idOf(1))

	s = openShop(t)
	s.order("500")
	body := strings.Replace(printedRequest, `"Bkash",`, `"Bkash", "transactionId": "TXN123456",`, 1)
	same(t, "create with a number", s.post("seller", "/payment", body), http.StatusCreated, printedWithNumber, idOf(1))
	list := s.get("customer", "/payment/order/"+seedOrder)
	same(t, "list with a number", list, http.StatusOK, printedWithNumber, idOf(1))
}

// The printed words are all taken, in any case.
func TestPrintedWords(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.order("1000")
	for _, word := range []string{"Bkash", "Card", "Cash", "Bank Transfer", "Nagad", "Rocket"} {
		for _, written := range []string{word, strings.ToUpper(word), strings.ToLower(word)} {
			for _, status := range []string{"PENDING", "COMPLETED", "FAILED", "CANCELLED"} {
				answer := s.post("seller", "/payment", wanted(seedOrder, "1", written, status))
				var p shownPayment
				if err := json.Unmarshal([]byte(answer.Body), &p); err != nil || answer.Status != http.StatusCreated {
					t.Fatalf("%s %s: got %d %s", written, status, answer.Status, answer.Body)
				}
				if p.PaymentMethod != word || p.Status != status {
					t.Errorf("%s %s: got %s", written, status, answer.Body)
				}
			}
		}
	}
	list := s.payments()
	if !slices.IsSortedFunc(list, func(a, b shownPayment) int { return strings.Compare(b.ID, a.ID) }) {
		t.Errorf("not newest first: %+v", list)
	}
}

// Of every role, every claim and every method: who is believed, and what
// becomes of it.
func TestClaims(t *testing.T) {
	t.Parallel()
	for who, u := range users {
		if who == "neighbour" || who == "rival" {
			continue
		}
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			s := openShop(t)
			s.order("1000")
			for _, method := range []string{"Bkash", "Card", "Cash", "Bank Transfer", "Nagad", "Rocket"} {
				for _, claim := range []string{"PENDING", "COMPLETED", "FAILED", "CANCELLED"} {
					answer := s.post(who, "/payment", wanted(seedOrder, "2.5", method, claim))
					var p shownPayment
					if err := json.Unmarshal([]byte(answer.Body), &p); err != nil || answer.Status != http.StatusCreated {
						t.Fatalf("%s %s: got %d %s", method, claim, answer.Status, answer.Body)
					}
					want := claim
					if u.role == "CUSTOMER" {
						want = "PENDING"
					}
					hasPage := want == "PENDING" && method != "Cash" && method != "Bank Transfer"
					if p.Status != want || (p.PaymentURL != "") != hasPage || p.Amount != "2.5" || p.TransactionID != "" {
						t.Errorf("%s %s: got %s", method, claim, answer.Body)
					}
					stored, err := s.App.Payment(t.Context(), s.Shop, p.ID)
					if err != nil || stored.Bag["claim"] != claim || stored.Bag["by"] != u.id || stored.Owner != buyer ||
						!strings.EqualFold(stored.Bag["role"], u.role) {
						t.Errorf("%s %s: kept %+v, %v", method, claim, stored.Bag, err)
					}
				}
			}
		})
	}
}
