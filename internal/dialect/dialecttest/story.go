package dialecttest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect"
)

// Story is a text of lines:
//
//	# words for the reader
//	> POST /path?query       a request: its line,
//	> Header: value          its headers, where {{name}} is one of the world's keys and
//	>                        {{sign:name}} its signature, and, after an empty one, its body
//	< 200                    the recorded answer, in the same form
//	! pay A1                 what happens in the world meanwhile
//	= ...                    what the database holds in the end, recorded too
//
// What can happen: "pay SESSION", "decline SESSION", "cancel SESSION", "BANK
// refuses", "BANK is silent", "BANK opens", "BANK denies returns", "BANK loses
// returns", "BANK gives back", "BANK loses an answer", "BANK loses no answer", "BANK
// says nothing" (to any question), "BANK speaks", "wait DURATION", "work" (the worker's turn),
// "sweep" (its turn over what is overdue), "usually AMOUNT UNIT [at TERMINAL]" (what
// is unusual is held from now on), "confirmed INVOICE" (it is let go). With wallets also: "ACCOUNT gets
// AMOUNT UNIT", "ACCOUNT pays INVOICE", "ACCOUNT cannot pay INVOICE: CODE", "ACCOUNT
// is blocked", "payer starts INVOICE at BANK", "payer returns from SESSION",
// "payout ID is rejected", "... is taken on", "... is paid".
// The clock moves by a second with every request.
type Story string

// runStories replays every recorded story and makes sure that each route has
// one in which it works.
func runStories(t *testing.T, k Kit) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "wire", "*.http"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	var told sync.Map
	t.Run("each", func(t *testing.T) {
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
				t.Parallel()
				text, err := os.ReadFile(file) //nolint:gosec // The pattern above names it.
				if err != nil {
					t.Fatal(err)
				}
				w := k.world(t)
				d := k.New(t, w)
				watch(d, &told)
				Golden(t, file, w.tell(t, w.Handler(d), Story(text)))
			})
		}
	})
	for _, route := range k.New(t, k.world(t)).Routes {
		if _, ok := told.Load(route.Name()); !ok && !slices.Contains(k.Elsewhere, route.Name()) {
			t.Errorf("no story in testdata/wire shows how %s works", route.Name())
		}
	}
}

// watch notes the routes that answered well.
func watch(d *dialect.Dialect, told *sync.Map) {
	for i, route := range d.Routes {
		d.Routes[i].Handle = func(r *dialect.Request) (dialect.Reply, error) {
			reply, err := route.Handle(r)
			if err == nil {
				told.Store(route.Name(), true)
			}
			return reply, err
		}
	}
}

// tell plays a story and writes it down with the answers that came.
func (w *World) tell(t *testing.T, h http.Handler, s Story) string {
	t.Helper()
	var out strings.Builder
	lines := strings.Split(strings.TrimRight(string(s), "\n"), "\n")
	for n := 0; n < len(lines); n++ {
		line := lines[n]
		switch {
		case strings.HasPrefix(line, "<"), strings.HasPrefix(line, "="):
			continue // recorded before
		case strings.HasPrefix(line, "!"):
			if err := w.happen(t.Context(), strings.TrimSpace(line[1:])); err != nil {
				t.Fatalf("line %d: %q: %v", n+1, line, err)
			}
		case strings.HasPrefix(line, ">"):
			end := n
			for end < len(lines) && strings.HasPrefix(lines[end], ">") {
				end++
			}
			w.Wait(time.Second)
			answer := w.send(h, lines[n:end])
			if w.hide != nil {
				answer.Body = w.hide.ReplaceAllString(answer.Body, "(random)")
			}
			out.WriteString(strings.Join(lines[n:end], "\n") + "\n" + answer.text())
			n = end - 1
			continue
		}
		if line != "" || !strings.HasSuffix(out.String(), "\n\n") {
			out.WriteString(line + "\n")
		}
	}
	record, err := w.Record(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimRight(out.String(), "\n") + "\n\n" + record
}

// send makes a request of its lines.
func (w *World) send(h http.Handler, lines []string) Answer {
	header := http.Header{}
	var body []string
	inBody := false
	for _, line := range lines[1:] {
		line = strings.TrimPrefix(strings.TrimPrefix(line, ">"), " ")
		switch {
		case inBody:
			body = append(body, line)
		case line == "":
			inBody = true
		default:
			name, value, _ := strings.Cut(line, ": ")
			header.Add(name, value)
		}
	}
	method, target, _ := strings.Cut(strings.TrimPrefix(lines[0], "> "), " ")
	return w.Ask(h, method, target, header, strings.Join(body, "\n"))
}

// text writes an answer as a story keeps it.
func (a Answer) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "< %d\n", a.Status)
	names := make([]string, 0, len(a.Header))
	for name := range a.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range a.Header[name] {
			fmt.Fprintf(&b, "< %s: %s\n", name, value)
		}
	}
	if a.Body != "" {
		b.WriteString("<\n")
		for line := range strings.SplitSeq(a.Body, "\n") {
			b.WriteString(strings.TrimRight("< "+line, " ") + "\n")
		}
	}
	return b.String()
}

// happen does what a story says between two requests.
func (w *World) happen(ctx context.Context, what string) error {
	if known, err := w.happenToWallets(ctx, what); known {
		return err
	}
	if w.happens != nil {
		if known, err := w.happens(ctx, w, what); known {
			return err
		}
	}
	first, rest, _ := strings.Cut(what, " ")
	switch first {
	case "wait":
		d, err := time.ParseDuration(rest)
		w.Wait(d)
		return err
	case "usually":
		return w.usually(ctx, rest)
	case "confirmed":
		return w.confirmed(ctx, rest)
	case "work":
		_, err := w.App.ResolveDue(ctx, 100)
		return err
	case "pay", "decline", "cancel":
		state := map[string]string{"pay": "paid", "decline": "declined", "cancel": "canceled"}[first]
		for _, bank := range w.Banks {
			if bank.turn(rest, state) {
				return nil
			}
		}
		return fmt.Errorf("no bank has the page %q", rest)
	}
	bank, ok := w.Banks[first]
	if !ok || !bank.Behave(rest) {
		return fmt.Errorf("nobody knows what that means")
	}
	return nil
}

// Behave sets how a bank answers from now on, in the words of a story; false says
// that there is no such way.
func (b *Bank) Behave(how string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch how {
	case "refuses":
		b.mood = "refuse"
	case "is silent":
		b.mood = "silent"
	case "opens":
		b.mood = ""
	case "denies returns":
		b.returns = "deny"
	case "loses returns":
		b.returns = "lose"
	case "gives back":
		b.returns = ""
	case "loses an answer":
		b.lose++
	case "loses no answer":
		b.lose = 0
	case "says nothing":
		b.mute = true
	case "speaks":
		b.mute = false
	default:
		return false
	}
	return true
}

// Play plays a story for what it leaves behind. Every answer must be good.
func (w *World) Play(t *testing.T, h http.Handler, s Story) {
	t.Helper()
	for line := range strings.SplitSeq(w.tell(t, h, s), "\n") {
		if strings.HasPrefix(line, "< 4") || strings.HasPrefix(line, "< 5") {
			t.Fatalf("the preparation fails: %s\n%s", line, s)
		}
	}
}
