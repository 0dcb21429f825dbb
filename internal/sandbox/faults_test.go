package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wire is what a caller sees of one spoilt answer.
type wire struct {
	Lost     bool
	Status   int
	Type     string
	Body     string
	Location string
	Payments int // how many the work has made
	Waited   time.Duration
}

const okBody = `{"id":"W0yfZUDr","amount":5000,"empty":""}`

func TestWireFaults(t *testing.T) {
	t.Parallel()
	const jsonType, page = "application/json", "text/html"
	for _, test := range []struct {
		fault Fault
		want  wire
	}{
		{Fault{Name: FaultLostRequest}, wire{Lost: true}},
		{Fault{Name: FaultLostAnswer}, wire{Lost: true, Payments: 1}},
		{Fault{Name: "open-lost-answer"}, wire{Lost: true, Payments: 1}},
		{Fault{Name: FaultServerErrorBefore}, wire{
			Status: 503, Type: page, Body: "<html><body><h1>503 Service Unavailable</h1></body></html>",
		}},
		{Fault{Name: FaultServerErrorAfter, Status: 500}, wire{
			Status: 500, Type: page, Body: "<html><body><h1>500 Internal Server Error</h1></body></html>", Payments: 1,
		}},
		{Fault{Name: FaultRateLimit}, wire{Status: 429, Type: jsonType, Body: `{"message":"too many requests"}`}},
		{Fault{Name: FaultRedirect}, wire{Status: 302, Location: "http://provider.test/base/elsewhere"}},
		{Fault{Name: FaultRedirect, Value: "http://127.0.0.1:1/"}, wire{Status: 302, Location: "http://127.0.0.1:1/"}},
		{Fault{Name: FaultBadBody, Value: "empty"}, wire{Status: 200, Type: jsonType, Payments: 1}},
		{Fault{Name: FaultBadBody, Value: "cut"}, wire{Lost: true, Payments: 1}},
		{Fault{Name: FaultBadBody, Value: "html-200"}, wire{Status: 200, Type: page, Body: "*", Payments: 1}},
		{Fault{Name: FaultBadBody, Value: "html-502"}, wire{Status: 502, Type: page, Body: "*", Payments: 1}},
		{Fault{Name: FaultBadBody, Value: "content-type"}, wire{
			Status: 200, Type: "text/html; charset=utf-8", Body: okBody, Payments: 1,
		}},
		{Fault{Name: FaultDelay, Wait: time.Hour}, wire{
			Status: 200, Type: jsonType, Body: okBody, Payments: 1, Waited: time.Hour,
		}},
		{Fault{Name: FaultDelay}, wire{Status: 200, Type: jsonType, Body: okBody, Payments: 1, Waited: time.Minute}},
		{Fault{Name: FaultSlowDrip, Wait: time.Second}, wire{
			Status: 200, Type: jsonType, Body: okBody, Payments: 1, Waited: time.Duration(len(okBody)) * time.Second,
		}},
		{Fault{Name: FaultOddTypes}, wire{
			Status: 200, Type: jsonType, Payments: 1,
			Body: `{"amount":"5000","empty":null,"id":"W0yfZUDr","x_new":{"list":[1,null],"since":"1405"},"x_null":null}`,
		}},
	} {
		t.Run(test.fault.Name+" "+test.fault.Value, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			test.fault.Times = 1
			strike(t, r.Bench, test.fault)
			got := r.observe(t)
			if test.want.Body == "*" && strings.HasPrefix(got.Body, "<!DOCTYPE html>") {
				got.Body = "*"
			}
			if strings.HasPrefix(test.want.Body, `{"id"`) {
				got.Body = sameID(t, got.Body)
			}
			if test.fault.Name == FaultOddTypes {
				test.want.Body = strings.ReplaceAll(test.want.Body, "W0yfZUDr", r.Payments()[0].ID)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if again := r.observe(t); again.Status != http.StatusOK || again.Lost || len(r.Faults()) != 0 {
				t.Errorf("the second call: got %+v, faults %v", again, r.Faults())
			}
			entries := r.CallsOf("open")
			if diff := cmp.Diff([]string{name(test.fault)}, entries[0].Faults); diff != "" || entries[1].Faults != nil {
				t.Errorf("journal (-want +got):\n%s second: %v", diff, entries[1].Faults)
			}
		})
	}
}

// name is how the journal calls a fault.
func name(f Fault) string {
	if f.Name == "open-lost-answer" {
		return FaultLostAnswer
	}
	return f.Name
}

// sameID checks that a body is the usual one, whatever the id is.
func sameID(t *testing.T, body string) string {
	t.Helper()
	var answer struct {
		ID     string
		Amount int
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Errorf("body %q: %v", body, err)
	}
	return strings.Replace(body, answer.ID, "W0yfZUDr", 1)
}

// observe makes one call.
func (r *rig) observe(t *testing.T) wire {
	t.Helper()
	response, err := r.send(t, http.MethodPost, "/open", "text/plain", "http://shop.test/")
	var seen wire
	seen.Payments = len(r.Payments())
	r.mu.Lock()
	for _, d := range r.waited {
		seen.Waited += d
	}
	r.mu.Unlock()
	if err != nil {
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got error %v, want an end of file", err)
		}
		seen.Lost = true
		return seen
	}
	seen.Status, seen.Type, seen.Body = response.Status, response.Type, response.Body
	seen.Location = response.Location
	return seen
}

func TestHugeBodyIsStillJSON(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	strike(t, r.Bench, Fault{Name: FaultBadBody, Value: "huge", Call: "open"})
	got, err := r.send(t, http.MethodPost, "/open", "text/plain", "http://shop.test/")
	if err != nil || len(got.Body) < hugeBody || !json.Valid([]byte(got.Body)) {
		t.Errorf("got %d bytes, valid %t, %v", len(got.Body), json.Valid([]byte(got.Body)), err)
	}
	if got := len(r.CallsOf("open")[0].Answer); got > maxNoted {
		t.Errorf("the journal keeps %d bytes of it", got)
	}
}

func TestOccurrences(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	one, two := r.open(t, "http://shop.test/"), r.open(t, "http://shop.test/")
	strike(t, r.Bench, Fault{Name: FaultServerErrorBefore, Call: "verify", Payment: two, Skip: 1, Times: 2})
	var got []int
	for _, id := range []string{one, two, one, two, two, one, two} {
		response, err := r.send(t, http.MethodPost, "/verify", "text/plain", id)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, response.Status)
	}
	if diff := cmp.Diff([]int{200, 200, 200, 503, 503, 200, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestMenuRefusesWhatCannotStrike(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, fault := range []Fault{
		{Name: "no-such"},
		{Name: "nothing-lost-answer"},
		{Name: FaultDelay, Call: "nothing"},
		{Name: FaultDelay, Skip: -1},
		{Name: FaultDelay, Times: -1},
		{Name: FaultDelay, Wait: -1},
		{Name: FaultServerErrorAfter, Status: 200},
		{Name: FaultBadBody},
		{Name: FaultBadBody, Value: "nice"},
		{Name: FaultRefuse},
	} {
		if _, err := r.AddFault(fault); err == nil {
			t.Errorf("%+v was accepted", fault)
		}
	}
	for range maxFaults {
		strike(t, r.Bench, Fault{Name: "moon"})
	}
	if _, err := r.AddFault(Fault{Name: "moon"}); err == nil || len(r.Faults()) != maxFaults {
		t.Errorf("got %v with %d faults", err, len(r.Faults()))
	}
	r.ClearFaults()
	if len(r.Faults()) != 0 || !contains(r.FaultNames(), "moon") || !contains(r.CallNames(), "verify") {
		t.Errorf("faults %v, names %v, calls %v", r.Faults(), r.FaultNames(), r.CallNames())
	}
}

func TestReturnFaults(t *testing.T) {
	t.Parallel()
	const ok, failed = "http://shop.test/back?id=ID&ok=true", "http://shop.test/back?id=ID&ok=false"
	for _, test := range []struct {
		fault    Fault
		form     string
		status   int
		location string
		state    State
		waited   time.Duration
		visits   int
	}{
		{Fault{Name: FaultNoReturn}, "approve", 200, "", Paid, 0, 0},
		{Fault{Name: FaultDoubleReturn}, "approve", 303, ok, Paid, 0, 1},
		{Fault{Name: FaultLateReturn, Wait: time.Hour}, "approve", 303, ok, Paid, time.Hour, 0},
		{Fault{Name: FaultForgedReturn}, "approve", 303, ok, Open, 0, 0},
		{Fault{Name: FaultForgedReturn}, "decline", 303, ok, Open, 0, 0},
		{Fault{Name: FaultSwappedReturn}, "approve", 303, "http://shop.test/back?id=OTHER&ok=true", Paid, 0, 0},
		{Fault{Name: FaultSwappedReturn, Value: "x y"}, "approve", 303, "http://shop.test/back?id=x+y&ok=true", Paid, 0, 0},
		{Fault{Name: FaultDoubleReturn}, "cancel", 303, failed, Canceled, 0, 1},
	} {
		t.Run(test.fault.Name+" "+test.form, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			id, other := r.open(t, "http://shop.test/back"), r.open(t, "http://shop.test/other")
			test.fault.Call = "decide"
			strike(t, r.Bench, test.fault)
			response := r.press(t, id, "decision="+test.form)
			want := strings.ReplaceAll(strings.ReplaceAll(test.location, "ID", id), "OTHER", other)
			if response.Status != test.status || response.Location != want {
				t.Errorf("got %d to %q, want %d to %q", response.Status, response.Location, test.status, want)
			}
			if p, _ := r.Payment(id); p.State != test.state {
				t.Errorf("got state %s, want %s", p.State, test.state)
			}
			var waited time.Duration
			for _, d := range r.waited {
				waited += d
			}
			if waited != test.waited || len(r.visits) != test.visits {
				t.Errorf("got %v waited, visits %v", waited, r.visits)
			}
		})
	}
}

func TestSwappedReturnWithoutAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id := r.open(t, "http://shop.test/back")
	strike(t, r.Bench, Fault{Name: FaultSwappedReturn})
	if got := r.press(t, id, "decision=approve").Location; !strings.Contains(got, "id="+id) {
		t.Errorf("got %s", got)
	}
}

func TestLateSuccess(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	expired, refused := r.open(t, "http://shop.test/"), r.open(t, "http://shop.test/")
	r.press(t, refused, "decision=decline")
	if err := r.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	strike(t, r.Bench, Fault{Name: FaultLateSuccess})
	for _, id := range []string{expired, refused} {
		if _, err := r.Act(id, Decision{Choice: Decline}); err != nil {
			t.Fatal(err)
		}
		outcome, err := r.Act(id, Decision{Choice: Approve})
		if err != nil || outcome.Payment.State != Paid || !strings.HasSuffix(outcome.ReturnURL, "ok=true") {
			t.Errorf("got %+v, %v", outcome, err)
		}
	}
	if books := r.Books(); books.Charged != 10_000 || books.Waiting != 10_000 {
		t.Errorf("got books %+v", books)
	}
}
