package event_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
)

var noon = time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)

func due() event.Delivery {
	return event.Delivery{ID: "msg_1", State: event.Due, RunAt: noon}
}

func TestTenTriesOverThreeDays(t *testing.T) {
	t.Parallel()
	d, now := due(), noon
	for d.State == event.Due {
		var err error
		if d, _, err = d.Tried(event.Outcome{Status: 500}, now, 0); err != nil {
			t.Fatal(err)
		}
		if d.State == event.Due {
			now = d.RunAt
		}
	}
	if d.Tries != event.MaxTries || d.State != event.Dead {
		t.Errorf("%d tries, then %s", d.Tries, d.State)
	}
	if took := now.Sub(noon); took < 72*time.Hour || took > 80*time.Hour {
		t.Errorf("the last try came after %v", took)
	}
}

func TestTried(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		try   event.Outcome
		want  event.State
		pause time.Duration
	}{
		{"taken", event.Outcome{Status: 204}, event.Delivered, 0},
		{"a redirect is not taken", event.Outcome{Status: 302}, event.Due, 5 * time.Second},
		{"no answer", event.Outcome{Answer: "connection refused"}, event.Due, 5 * time.Second},
		{"gone", event.Outcome{Status: 410}, event.Dead, 0},
		{"asked to wait", event.Outcome{Status: 429, After: time.Hour}, event.Due, time.Hour},
		{"asked to wait for ever", event.Outcome{Status: 503, After: 9999 * time.Hour}, event.Due, 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, _, err := due().Tried(c.try, noon, 0)
			if err != nil || d.State != c.want || d.Tries != 1 || d.Status != c.try.Status {
				t.Fatalf("got %+v, %v", d, err)
			}
			if c.want == event.Due && d.RunAt != noon.Add(c.pause) {
				t.Errorf("next try after %v, want %v", d.RunAt.Sub(noon), c.pause)
			}
		})
	}
}

// Some receivers take a delivery with one status alone, and want the first tries at
// fixed pauses; after them everything is as usual.
func TestOwnWishes(t *testing.T) {
	t.Parallel()
	d, now := due(), noon
	d.Good, d.Pauses = []int{200}, []time.Duration{time.Minute, time.Minute}
	var pauses []time.Duration
	for _, status := range []int{201, 204, 500, 0, 302} {
		next, _, err := d.Tried(event.Outcome{Status: status}, now, 100)
		if err != nil || next.State != event.Due || next.ID != d.ID {
			t.Fatalf("%d: got %+v, %v", status, next, err)
		}
		pauses = append(pauses, next.RunAt.Sub(now))
		d, now = next, next.RunAt
	}
	want := []time.Duration{time.Minute, time.Minute, 36 * time.Minute, 144 * time.Minute, 6 * time.Hour}
	if !slices.Equal(pauses, want) { // the usual ones are made up to a fifth longer
		t.Errorf("got %v, want %v", pauses, want)
	}
	if done, _, err := d.Tried(event.Outcome{Status: 200}, now, 0); err != nil || done.State != event.Delivered {
		t.Errorf("got %+v, %v", done, err)
	}
	if again, _, err := due().Tried(event.Outcome{Status: 201}, now, 0); err != nil || again.State != event.Delivered {
		t.Errorf("another's: got %+v, %v", again, err)
	}
}

func TestSpreadStaysWithinAFifth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := due()
		d.Tries = rapid.IntRange(0, event.MaxTries-2).Draw(t, "tries")
		middle, _, err := d.Tried(event.Outcome{}, noon, 0)
		if err != nil {
			t.Fatal(err)
		}
		spread, _, err := d.Tried(event.Outcome{}, noon, rapid.IntRange(-1000, 1000).Draw(t, "spread"))
		if err != nil {
			t.Fatal(err)
		}
		pause, got := middle.RunAt.Sub(noon), spread.RunAt.Sub(noon)
		if got < pause*4/5 || got > pause*6/5 {
			t.Fatalf("%v became %v", pause, got)
		}
	})
}

func TestAnswersAreKeptShortAndClean(t *testing.T) {
	t.Parallel()
	answer := strings.Repeat("\x00\x1b[2Jسلام\xff", 4_000)
	d, _, err := due().Tried(event.Outcome{Status: 500, Answer: answer}, noon, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Answer) > event.KeptAnswer || !utf8.ValidString(d.Answer) || strings.ContainsAny(d.Answer, "\x00\x1b") {
		t.Errorf("kept %d bytes: %.40q", len(d.Answer), d.Answer)
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	d := due()
	if _, err := d.Again(noon); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("while it is due: got %v", err)
	}
	d.State, d.Tries = event.Dead, event.MaxTries
	d, err := d.Again(noon)
	if err != nil || d.State != event.Due || d.Tries != 0 || d.RunAt != noon || d.ID != "msg_1" {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestWants(t *testing.T) {
	t.Parallel()
	const address = "https://shop.example/hook"
	for _, c := range []struct {
		endpoint event.Endpoint
		want     bool
	}{
		{event.Endpoint{URL: address}, true},
		{event.Endpoint{URL: address, Types: []string{"payment.captured"}}, true},
		{event.Endpoint{URL: address, Types: []string{"payment.*"}}, true},
		{event.Endpoint{URL: address, Types: []string{"invoice.*", "payment.failed"}}, false},
		{event.Endpoint{URL: address, Disabled: "it answered 410"}, false},
		{event.Endpoint{}, false},
		{event.Endpoint{Types: []string{"payment.captured"}}, false},
	} {
		if got := c.endpoint.Wants("payment.captured"); got != c.want {
			t.Errorf("%+v: got %v", c.endpoint, got)
		}
	}
}

func TestCheckTypes(t *testing.T) {
	t.Parallel()
	if err := event.CheckTypes([]string{"payment.captured", "invoice.*"}); err != nil {
		t.Error(err)
	}
	for _, bad := range [][]string{
		{"payment"}, {"payment."}, {"nonsense.captured"}, {"payment.a.b"}, {""}, make([]string, 51),
	} {
		if err := event.CheckTypes(bad); !fault.Is(err, fault.CodeParameterInvalid) {
			t.Errorf("%.3q: got %v", bad, err)
		}
	}
}

// TestSignVector is a message signed by the scheme's published rules.
func TestSignVector(t *testing.T) {
	t.Parallel()
	got, err := event.Sign("msg_test0001", time.Unix(1700000000, 0),
		[]byte("trackid=11111111-2222-4333-8444-555555555555&invoice_number=INV+7%2F2026&status=pending"),
		"whsec_cHVyc2VyLXRlc3Qtd2ViaG9vay1zZWNyZXQtMDAwMDE=")
	if want := "v1,AIEA3UQ3pFlFufKmeLxXspEIPCq6DWXB7S+SHv3gfOk="; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	two, err := event.Sign("m", noon, nil, event.NewSecret(), event.NewSecret())
	if err != nil || len(strings.Fields(two)) != 2 {
		t.Errorf("two secrets: %q, %v", two, err)
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	for _, secrets := range [][]string{nil, {""}, {"whsec_"}, {"whsec_!!!"}, {"whsec_c2hvcnQ="}} {
		if _, err := event.Sign("m", noon, nil, secrets...); !fault.Is(err, fault.CodeSettingInvalid) {
			t.Errorf("%q: got %v", secrets, err)
		}
	}
}
