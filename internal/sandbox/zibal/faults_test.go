package zibal

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/sandbox"
)

var bearer = []string{"Authorization", "Bearer panel-token"}

// give asks for a refund.
func (r *rig) give(t *testing.T, track string, changes map[string]any) string {
	t.Helper()
	members := map[string]any{"trackId": json.Number(track), "accountId": "acc-1", "description": "returned"}
	for name, value := range changes {
		members[name] = value
	}
	return r.call(t, "account/refund", members, bearer...)
}

func (r *rig) status(t *testing.T, track string) int64 {
	t.Helper()
	return whole(t, r.on(t, "inquiry", track), "status")
}

func TestAnswerFaults(t *testing.T) {
	t.Parallel()
	type step struct {
		call, member string
		want         int64
	}
	for _, test := range []struct {
		fault sandbox.Fault
		steps []step
	}{
		{sandbox.Fault{Name: FaultVerify201First, Times: 1}, []step{{"verify", "result", 201}, {"inquiry", "status", 1}}},
		{sandbox.Fault{Name: FaultInquiryMinus2, Times: 1}, []step{
			{"inquiry", "status", -2}, {"inquiry", "status", 2}, {"verify", "result", 100},
		}},
		{sandbox.Fault{Name: FaultStatus11Then2, Times: 3}, []step{
			{"inquiry", "status", 11},
			{"verify", "result", 202},
			{"inquiry", "status", 11},
			{"inquiry", "status", 2},
			{"verify", "result", 100},
		}},
		{sandbox.Fault{Name: sandbox.FaultSlowTruth, Times: 2}, []step{
			{"inquiry", "status", -1}, {"verify", "result", 202}, {"inquiry", "status", 2}, {"verify", "result", 100},
		}},
		{sandbox.Fault{Name: sandbox.FaultUnknownWord, Call: "inquiry", Times: 1}, []step{{"inquiry", "status", 77}}},
		{sandbox.Fault{Name: sandbox.FaultUnknownWord, Call: "verify", Times: 1}, []step{
			{"verify", "result", 777}, {"verify", "result", 201},
		}},
		{sandbox.Fault{Name: sandbox.FaultWrongAmount, Times: 1}, []step{{"verify", "amount", 25000}, {
			"inquiry", "amount",
			250000,
		}}},
		{sandbox.Fault{Name: sandbox.FaultWrongAmount, Value: "9", Call: "inquiry", Times: 1}, []step{{
			"inquiry", "amount",
			9,
		}}},
		{sandbox.Fault{Name: sandbox.FaultWrongOrder, Value: "88", Times: 1}, []step{{"verify", "orderId", 88}, {
			"inquiry",
			"orderId", 77,
		}}},
	} {
		r := newRig(t, nil)
		track := r.paid(t)
		r.strike(t, test.fault)
		for i, step := range test.steps {
			if answer := r.on(t, step.call, track); whole(t, answer, step.member) != step.want {
				t.Errorf("%s, step %d: got %s, want %s %d", test.fault.Name, i+1, answer, step.member, step.want)
			}
		}
	}
}

func TestSwitchErrorOnTheReturn(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	track := r.open(t, nil)
	r.strike(t, sandbox.Fault{Name: FaultStatus11Then2, Times: 1})
	outcome := r.act(t, track, sandbox.Decision{Choice: sandbox.Approve})
	if !strings.Contains(outcome.ReturnURL, "success=0&status=11") || r.status(t, track) != statusPaid {
		t.Errorf("got %s", outcome.ReturnURL)
	}
}

func TestStatus500WithResult(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	track := r.paid(t)
	r.strike(t, sandbox.Fault{Name: FaultHTTP500WithResult, Call: "verify", Times: 1})
	status, answer, err := r.post(t, "verify", `{"merchant":"zibal","trackId":`+track+`}`)
	if err != nil || status != http.StatusInternalServerError || whole(t, answer, "result") != 100 {
		t.Errorf("got %d %s, %v", status, answer, err)
	}
}

func TestVerifyLostAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	track := r.paid(t)
	r.strike(t, sandbox.Fault{Name: "verify-lost-answer", Times: 1})
	if _, _, err := r.post(t, "verify", `{"merchant":"zibal","trackId":`+track+`}`); err == nil {
		t.Error("an answer came")
	}
	if answer := r.on(t, "verify", track); whole(t, answer, "result") != 201 {
		t.Errorf("the next verify: got %s", answer)
	}
}

func TestRefund(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	track := r.verified(t)
	answer := r.give(t, track, map[string]any{"amount": 100000, "tryReverse": false})
	p, _ := r.Payment(track)
	want := `{"result":1,"message":"success","status":16,"data":{"reversed":false,"remaining":150000,"split":[` +
		`{"amount":100000,"wageAmount":0,"refundId":` + strconv.FormatInt(p.Refunds[0].ID, 10) +
		`,"predictedTime":"2026-05-03T14:03:11"}]}}`
	if answer != want {
		t.Errorf("got  %s\nwant %s", answer, want)
	}
	if got := r.status(t, track); got != statusRefunding {
		t.Errorf("under way: status %d", got)
	}
	r.advance(t, 24*time.Hour)
	if got := r.status(t, track); got != statusRefunded {
		t.Errorf("arrived: status %d", got)
	}
	if answer := r.give(t, track, map[string]any{"amount": 150001}); whole(t, answer, "result") != 6 {
		t.Errorf("above the rest: got %s", answer)
	}
	if answer := r.give(t, track, nil); !strings.Contains(answer, `"remaining":0`) {
		t.Errorf("all the rest: got %s", answer)
	}
	if answer := r.give(t, track, nil); whole(t, answer, "result") != 6 {
		t.Errorf("nothing left: got %s", answer)
	}
	want2 := sandbox.Books{Payments: 1, Charged: 250000, Captured: 250000, Refunded: 100000, Pending: 150000}
	if diff := cmp.Diff(want2, r.Books()); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
	if answer := r.on(t, "verify", track); whole(t, answer, "result") != 201 {
		t.Errorf("verify of a refunded one: got %s", answer)
	}
}

func TestRefundRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, sandbox.Merchant{ID: "other", PanelToken: "foreign"})
	track := r.verified(t)
	for _, test := range []struct {
		name, token string
		result      int64
	}{
		{"no token", "", platformNoKey},
		{"no bearer", "foreign", platformNoKey},
		{"empty", "Bearer ", platformNoKey},
		{"wrong", "Bearer guessed", platformWrongKey},
		{"another merchant's", "Bearer foreign", platformWrongInput},
	} {
		answer := r.call(t, "account/refund", map[string]any{"trackId": track, "accountId": "a"}, "Authorization", test.token)
		if whole(t, answer, "result") != test.result {
			t.Errorf("%s: got %s, want %d", test.name, answer, test.result)
		}
	}
	r = newRig(t, nil)
	track = r.verified(t)
	for name, test := range map[string]struct {
		track   string
		changes map[string]any
		result  int64
	}{
		"unverified": {r.paid(t), nil, 6}, "unknown": {"1", nil, 6},
		"no account": {track, map[string]any{"accountId": nil}, 6},
		"small":      {track, map[string]any{"amount": 999}, 9},
		"too much":   {track, map[string]any{"amount": 250001}, 6},
		"a word":     {track, map[string]any{"amount": "x"}, 6},
	} {
		if answer := r.give(t, test.track, test.changes); whole(t, answer, "result") != test.result {
			t.Errorf("%s: got %s, want %d", name, answer, test.result)
		}
	}
	r.strike(t, sandbox.Fault{Name: sandbox.FaultRefuse, Call: "refund", Value: "29", Times: 1})
	if answer := r.give(t, track, nil); whole(t, answer, "result") != 29 {
		t.Errorf("refuse: got %s", answer)
	}
	r.strike(t, sandbox.Fault{Name: sandbox.FaultUnknownWord, Call: "refund", Times: 1})
	if answer := r.give(t, track, nil); whole(t, answer, "result") != 777 {
		t.Errorf("unknown-word: got %s", answer)
	}
	if status, _, err := r.post(t, "account/refund", "nonsense",
		bearer...); err != nil || status != http.StatusBadRequest {
		t.Errorf("no JSON: got %d, %v", status, err)
	}
}

func TestTryReverse(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	soon, part, late := r.verified(t), r.verified(t), r.verified(t)
	try := map[string]any{"tryReverse": true}
	if answer := r.give(t, soon, try); !strings.Contains(answer,
		`"status":18,"data":{"reversed":true,"remaining":0,"split":[]}`) {
		t.Errorf("soon: got %s", answer)
	}
	if answer := r.give(t, part, map[string]any{"tryReverse": true, "amount": 1000}); !strings.Contains(
		answer, `"reversed":false`) {
		t.Errorf("a part: got %s", answer)
	}
	r.advance(t, reverseWindow+time.Second)
	if answer := r.give(t, late, try); !strings.Contains(answer, `"reversed":false`) {
		t.Errorf("late: got %s", answer)
	}
	if got := []int64{r.status(t, soon), r.status(t, part), r.status(t, late)}; cmp.Diff([]int64{18, 16, 16}, got) != "" {
		t.Errorf("statuses: got %v", got)
	}
}

func TestRefundFates(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]int64{FaultRefundStays16: 16, FaultRefundBecomes18: 18, "": 15} {
		r := newRig(t, map[string]string{switchRefundAnswer: "short", switchRefundCycle: "1h"})
		track := r.verified(t)
		if fault != "" {
			r.strike(t, sandbox.Fault{Name: fault, Times: 1})
		}
		if answer := r.give(t, track, nil); answer != `{"result":1,"message":"success","data":{"reversed":false}}` {
			t.Errorf("%s: got %s", fault, answer)
		}
		r.advance(t, time.Hour)
		if got := r.status(t, track); got != want {
			t.Errorf("%s: got status %d, want %d", fault, got, want)
		}
		books := r.Books()
		if back := books.Refunded + books.Pending + books.Reversed; back != 250000 {
			t.Errorf("%s: %d on its way back in %+v", fault, back, books)
		}
	}
}

func TestRefundReports(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	track := r.verified(t)
	r.give(t, track, map[string]any{"amount": 1000})
	p, _ := r.Payment(track)
	id := strconv.FormatInt(p.Refunds[0].ID, 10)
	want := `{"result":1,"message":"success","data":[{"amount":1000,"wageAmount":0,"refundId":` + id +
		`,"predictedTime":"2026-05-03T14:03:11","trackId":` + track + `,"status":16}]}`
	for _, test := range []struct {
		call    string
		members map[string]any
	}{
		{"account/refund/inquiry", map[string]any{"refundId": p.Refunds[0].ID}},
		{"account/refund/inquiry", map[string]any{"transactionTrackId": json.Number(track)}},
		{"account/refund/list", map[string]any{}},
	} {
		if answer := r.call(t, test.call, test.members, bearer...); answer != want {
			t.Errorf("%s %v: got %s\nwant %s", test.call, test.members, answer, want)
		}
	}
	for _, members := range []map[string]any{{}, {"refundId": 1}} {
		if answer := r.call(t, "account/refund/inquiry", members, bearer...); whole(t, answer, "result") != 6 {
			t.Errorf("%v: got %s", members, answer)
		}
	}
	r.advance(t, 24*time.Hour)
	if answer := r.call(t, "account/refund/list", map[string]any{}, bearer...); !strings.Contains(answer, `"status":15`) {
		t.Errorf("arrived: got %s", answer)
	}
}

func TestCardAndRestart(t *testing.T) {
	t.Parallel()
	options := sandbox.Options{
		PublicURL: "http://127.0.0.1:1", Dir: t.TempDir(), Now: func() time.Time { return start },
	}
	first, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(first)
	before := &rig{Emulator: first, url: server.URL}
	const card = "5022291077470837"
	allowed := map[string]any{"allowedCards": []string{"6219861034529007", card}}
	wrong := before.act(t, before.open(t, allowed), sandbox.Decision{Choice: sandbox.Approve, Card: card[:15] + "8"})
	right := before.act(t, before.open(t, allowed), sandbox.Decision{Choice: sandbox.Approve, Card: card})
	if wrong.Payment.State != sandbox.Failed || right.Payment.State != sandbox.Paid {
		t.Errorf("got %s with another card, %s with its own", wrong.Payment.State, right.Payment.State)
	}
	server.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	server = httptest.NewServer(second)
	defer server.Close()
	after := &rig{Emulator: second, url: server.URL}
	if answer := after.on(t, "verify", right.Payment.ID); whole(t, answer, "result") != 100 ||
		!strings.Contains(answer, `"cardNumber":"50222****37"`) {
		t.Errorf("after the restart: got %s", answer)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}
