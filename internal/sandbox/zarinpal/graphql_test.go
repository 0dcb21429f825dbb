package zarinpal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// refundQuery is the mutation as the provider's papers write it.
const refundQuery = `mutation AddRefund($session_id: ID!, $amount: BigInteger!, $description: String,
	$method: InstantPayoutActionTypeEnum, $reason: RefundReasonEnum) {
	resource: AddRefund(session_id: $session_id, amount: $amount, description: $description, method: $method,
		reason: $reason) { terminal_id, id, amount, timeline { refund_amount, refund_time, refund_status } } }`

const sessionQuery = `query SessionById($id: ID!) { SessionById(id: $id) { status amount
	timeline { refund_amount refund_status } } }`

// graph sends one query.
func (r *rig) graph(t *testing.T, query string, variables map[string]any, header ...string) (int, string) {
	t.Helper()
	encoded, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	if header == nil {
		header = []string{"Authorization", "Bearer panel-token"}
	}
	return r.post(t, "/api/v4/graphql/", string(encoded), header...)
}

// panelID is what the panel calls a payment.
func (r *rig) panelID(t *testing.T, authority string) string {
	t.Helper()
	p, ok := r.Payment(authority)
	if !ok {
		t.Fatalf("no payment %s", authority)
	}
	return strconv.FormatInt(p.Panel, 10)
}

func TestRefundToTheCard(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	authority := r.verified(t)
	session := r.panelID(t, authority)
	status, answer := r.graph(t, refundQuery, map[string]any{"session_id": session, "amount": 100000, "method": "CARD"})
	p, _ := r.Payment(authority)
	want := fmt.Sprintf(`{"data":{"resource":{"terminal_id":"%s","id":"%d","amount":100000,"timeline":{`+
		`"refund_amount":100000,"refund_time":"2026-05-02 14:03:11","refund_status":"SUCCESS"}}}}`, shop, p.Refunds[0].ID)
	if status != http.StatusOK || answer != want {
		t.Errorf("got  %d %s\nwant %s", status, answer, want)
	}
	if p.State != sandbox.Verified || p.Refunded() != 100000 {
		t.Errorf("got %s with %d refunded", p.State, p.Refunded())
	}
	for _, amount := range []int64{150001, 150000} {
		_, answer = r.graph(t, refundQuery, map[string]any{"session_id": session, "amount": amount, "method": "CARD"})
		if refused := strings.HasPrefix(answer, `{"errors":[{"message":`); refused != (amount == 150001) {
			t.Errorf("%d: got %s", amount, answer)
		}
	}
	if got := r.stateOf(t, authority); got != sandbox.Refunded {
		t.Errorf("all of it back: %s", got)
	}
	if _, answer := r.call(t, "inquiry", on(authority)); !strings.Contains(answer, `"VERIFIED"`) {
		t.Errorf("inquiry after the refund: %s", answer)
	}
	if _, answer := r.call(t, "reverse", on(authority)); code(t, answer) != -61 {
		t.Errorf("reverse after the refund: %s", answer)
	}
	if got := len(r.CallsOf("refund")); got != 3 {
		t.Errorf("the journal has %d refunds, want 3", got)
	}
}

func TestRefundWithTheBanksCycle(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string][2]string{
		"":                 {"PENDING", "SUCCESS"},
		FaultRefundPending: {"PENDING", "PENDING"},
		FaultRefundFails:   {"PENDING", "FAILED"},
	} {
		r := newRig(t, nil)
		session := r.panelID(t, r.verified(t))
		if fault != "" {
			r.strike(t, sandbox.Fault{Name: fault, Times: 1})
		}
		_, answer := r.graph(t, refundQuery, map[string]any{"session_id": session, "amount": "20000", "reason": "OTHER"})
		if !strings.Contains(answer, `"refund_status":"`+want[0]+`"`) {
			t.Errorf("%s: got %s", fault, answer)
		}
		r.advance(t, 4*time.Hour)
		_, answer = r.graph(t, sessionQuery, map[string]any{"id": session})
		if answer != `{"data":{"SessionById":{"status":"VERIFIED","amount":250000,"timeline":{"refund_amount":20000,`+
			`"refund_status":"`+want[1]+`"}}}}` {
			t.Errorf("%s later: got %s", fault, answer)
		}
	}
}

func TestRefundRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	session, unpaid := r.panelID(t, r.verified(t)), r.panelID(t, r.paid(t, ""))
	for name, variables := range map[string]map[string]any{
		"no session":      {"amount": 20000},
		"unknown session": {"session_id": "999999", "amount": 20000},
		"unverified":      {"session_id": unpaid, "amount": 20000},
		"no amount":       {"session_id": session},
		"below minimum":   {"session_id": session, "amount": 19999},
		"above the rest":  {"session_id": session, "amount": 250001},
		"method":          {"session_id": session, "amount": 20000, "method": "CASH"},
		"reason":          {"session_id": session, "amount": 20000, "reason": "MOOD"},
	} {
		if status, answer := r.graph(t, refundQuery, variables); status != http.StatusOK ||
			!strings.HasPrefix(answer, `{"errors":[{"message":"`) {
			t.Errorf("%s: got %d %s", name, status, answer)
		}
	}
	if books := r.Books(); books.Refunded+books.Pending != 0 {
		t.Errorf("refused refunds moved money: %+v", books)
	}
	if err := r.SetSwitch(switchRefundMinimum, "1000"); err != nil {
		t.Fatal(err)
	}
	if _, answer := r.graph(t, refundQuery, map[string]any{
		"session_id": session,
		"amount":     1000,
	}); !strings.Contains(answer, "PENDING") {
		t.Errorf("the smaller minimum: got %s", answer)
	}
}

func TestPanelTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, sandbox.Merchant{ID: shop, PanelToken: "own"}, sandbox.Merchant{
		ID:         otherShop,
		PanelToken: "foreign",
	})
	session := map[string]any{"id": r.panelID(t, r.verified(t))}
	for _, test := range []struct {
		header string
		status int
		want   string
	}{
		{"Bearer own", 200, `"SessionById"`},
		{"Bearer foreign", 200, "Session not found."},
		{"Bearer guessed", 401, "Unauthenticated."},
		{"Bearer ", 401, "Unauthenticated."},
		{"own", 401, "Unauthenticated."},
	} {
		if status, answer := r.graph(t, sessionQuery, session, "Authorization", test.header); status != test.status ||
			!strings.Contains(answer, test.want) {
			t.Errorf("%q: got %d %s", test.header, status, answer)
		}
	}
	if err := r.SetSwitch(switchRefundAuth, "bare"); err != nil {
		t.Fatal(err)
	}
	if status, answer := r.graph(t, sessionQuery, session, "Authorization", "own"); status != 200 {
		t.Errorf("a bare token: got %d %s", status, answer)
	}
}

func TestPanelQueries(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchPanelID: "ref-id"}, sandbox.Merchant{ID: shop, Flags: []string{"terminal:42"}})
	authority := r.verified(t)
	r.paid(t, "")
	p, _ := r.Payment(authority)
	reference := strconv.FormatInt(p.Reference, 10)
	r.graph(t, refundQuery, map[string]any{"session_id": reference, "amount": 20000, "method": "CARD", "description": "x"})
	p, _ = r.Payment(authority)
	refund := strconv.FormatInt(p.Refunds[0].ID, 10)
	entry := `{"id":"` + refund + `","amount":20000,"status":"SUCCESS",` +
		`"created_at":"2026-05-02 14:03:11","description":"x"}`
	for _, test := range []struct {
		query     string
		variables map[string]any
		want      string
	}{
		{
			`query GetRefund($id: ID!) { refund: GetRefund(id: $id) { id, amount, status, created_at, description } }`,
			map[string]any{"id": refund},
			`{"data":{"refund":` + entry + `}}`,
		},
		{
			`{ refunds: GetRefunds(terminal_id: $terminal_id) { id, amount, status, created_at, description } }`,
			map[string]any{"terminal_id": 42},
			`{"data":{"refunds":[` + entry + `]}}`,
		},
		{
			`query GetTransactions { transactions: GetTransactions(filter: $filter) { id, status, amount } }`,
			map[string]any{"terminal_id": "42", "filter": "VERIFIED"},
			`{"data":{"transactions":[{"id":"` + reference + `","status":"VERIFIED","amount":250000}]}}`,
		},
		{
			`{ Session(terminal_id: "42") { amount status } }`,
			map[string]any{"limit": 1},
			`{"data":{"Session":[{"amount":250000,"status":"PAID"}]}}`,
		},
		{
			`{ Session { reference_id nothing } }`,
			map[string]any{"reference_id": reference},
			`{"data":{"Session":[{"reference_id":"` + reference + `","nothing":null}]}}`,
		},
		{`{ Session { id } }`, map[string]any{"offset": 9}, `{"data":{"Session":[]}}`},
		{`{ Session { id } }`, map[string]any{"terminal_id": "43"}, `{"data":{"Session":[]}}`},
		{`{ GetRefund { id } }`, map[string]any{"id": 1}, `{"errors":[{"message":"Refund not found."}]}`},
		{`{ SessionById { id } }`, nil, `{"errors":[{"message":"Session not found."}]}`},
		{`{ Weather { id } }`, nil, `{"errors":[{"message":"Cannot query field \"Weather\"."}]}`},
	} {
		if status, answer := r.graph(t, test.query, test.variables); status != http.StatusOK || answer != test.want {
			t.Errorf("%s: got %d %s\nwant %s", test.query, status, answer, test.want)
		}
	}
}

func TestBrokenQueries(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, query := range []string{
		"", "Session", "query", "query X", "{", "{}", "{ }", "{ a", "{ a(", "query X(", "{ a { } }", "{ a { b }",
		"{ : b }", "{ a: }", "{ a: { b } }", "{ $x }", strings.Repeat("{ a ", 50), "subscription { a }", "{ \"text\" }",
	} {
		if status, answer := r.graph(t, query, nil); status != http.StatusOK ||
			!strings.Contains(answer, "Syntax Error") {
			t.Errorf("%q: got %d %s", query, status, answer)
		}
	}
	header := []string{"Authorization", "Bearer x"}
	if status, _ := r.post(t, "/api/v4/graphql", `nonsense`, header...); status != http.StatusBadRequest {
		t.Errorf("no JSON: got %d", status)
	}
	r.strike(t, sandbox.Fault{Name: sandbox.FaultRefuse, Value: "closed for today", Times: 1})
	if _, answer := r.post(t, "/api/v4/graphql", `{}`,
		header...); answer != `{"errors":[{"message":"closed for today"}]}` {
		t.Errorf("refuse: got %s", answer)
	}
	session := r.panelID(t, r.verified(t))
	r.strike(t, sandbox.Fault{Name: sandbox.FaultUnknownWord, Call: "refund", Times: 1})
	if _, answer := r.graph(t, refundQuery, map[string]any{
		"session_id": session,
		"amount":     20000,
	}); !strings.Contains(answer, `"QUEUED"`) {
		t.Errorf("unknown-word: got %s", answer)
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{refundQuery, sessionQuery, "{ a: b(c: \"}\") { d { e } } }", "query(", "{{{{"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		root, err := parseQuery(query)
		if err == nil && (root.name == "" || root.alias == "") {
			t.Errorf("%q was read as a field without a name", query)
		}
	})
}
