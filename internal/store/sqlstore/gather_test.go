package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/purserhq/purser/internal/fault"
)

// scripted is an engine whose only table has the rows it is given, and which
// answers a question when the test lets it.
type scripted struct {
	engine

	has     map[[2]string]string // what is under an id and a merchant
	asked   chan [][2]string     // the keys of each question
	answers chan error           // how each ends
}

func newScripted(has map[[2]string]string) (*scripted, *gatherer[string]) {
	e := &scripted{has: has, asked: make(chan [][2]string), answers: make(chan error)}
	return e, &gatherer[string]{
		most: 1,
		db:   &DB{engine: e, options: Options{Log: slog.New(slog.DiscardHandler)}},
		scan: func(r row) (text string, err error) {
			if err = r.Scan(&text); err == nil && text == "unreadable" {
				err = errors.New("the row is not readable")
			}
			return text, err
		},
	}
}

func (e *scripted) verdict(error) verdict { return broken }

func (e *scripted) query(_ context.Context, _ string, args ...any) (rows, error) {
	ids, _ := args[0].([]string)
	merchants, _ := args[1].([]string)
	found, keys := &scriptedRows{}, make([][2]string, len(ids))
	for i, id := range ids {
		keys[i] = [2]string{id, merchants[i]}
		if text, ok := e.has[keys[i]]; ok {
			found.places, found.texts = append(found.places, int64(i+1)), append(found.texts, text)
		}
	}
	e.asked <- keys
	return found, <-e.answers
}

type scriptedRows struct {
	places []int64
	texts  []string
	at     int
}

func (r *scriptedRows) Next() bool { r.at++; return r.at <= len(r.places) }
func (r *scriptedRows) Err() error { return nil }

func (r *scriptedRows) Close() error { return nil }

func (r *scriptedRows) Scan(into ...any) error {
	if r.texts[r.at-1] == "panics" {
		panic("a row panics")
	}
	*into[0].(*int64), *into[1].(*string) = r.places[r.at-1], r.texts[r.at-1]
	return nil
}

// seeker is a caller and what it was told.
type seeker struct {
	leave context.CancelFunc
	told  string
	code  fault.Code
	over  bool
}

// seek sends one caller off.
func seek(t *testing.T, g *gatherer[string], merchant, id string) *seeker {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &seeker{leave: cancel}
	go func() {
		text, here, err := g.find(ctx, merchant, id)
		s.told, s.over = text, true
		switch {
		case err != nil:
			s.code = fault.From(err).Code
		case !here:
			s.code = fault.CodeNotFound
		}
	}()
	synctest.Wait()
	return s
}

func (s *seeker) want(t *testing.T, told string, code fault.Code) {
	t.Helper()
	synctest.Wait()
	if !s.over || s.told != told || s.code != code {
		t.Errorf("got %q, %q, over %v, want %q, %q", s.told, s.code, s.over, told, code)
	}
}

// asks wants one question with these keys and ends it.
func (e *scripted) asks(t *testing.T, ends error, want ...[2]string) {
	t.Helper()
	if got := <-e.asked; !slices.Equal(got, want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
	e.answers <- ends
	synctest.Wait()
}

func TestGatherer(t *testing.T) {
	t.Parallel()
	has := map[[2]string]string{
		{"a", "m"}: "a of m", {"a", "n"}: "a of n", {"b", "m"}: "b of m", {"x", "m"}: "unreadable", {"p", "m"}: "panics",
	}
	for name, test := range map[string]func(t *testing.T, e *scripted, g *gatherer[string]){
		"the first goes at once and the others together": func(t *testing.T, e *scripted, g *gatherer[string]) {
			first := seek(t, g, "m", "a")
			others := []*seeker{seek(t, g, "n", "a"), seek(t, g, "m", "b"), seek(t, g, "m", "a"), seek(t, g, "n", "b")}
			e.asks(t, nil, [2]string{"a", "m"})
			first.want(t, "a of m", "")
			for _, s := range others {
				if s.over {
					t.Errorf("%q was told by a question that began before it came", s.told)
				}
			}
			e.asks(t, nil, [2]string{"a", "n"}, [2]string{"b", "m"}, [2]string{"a", "m"}, [2]string{"b", "n"})
			others[0].want(t, "a of n", "")
			others[1].want(t, "b of m", "")
			others[2].want(t, "a of m", "")
			others[3].want(t, "", fault.CodeNotFound)
		},
		"who goes away takes nobody along": func(t *testing.T, e *scripted, g *gatherer[string]) {
			asked := seek(t, g, "m", "a")
			leaves, stays := seek(t, g, "m", "b"), seek(t, g, "n", "a")
			asked.leave()
			leaves.leave()
			asked.want(t, "", fault.CodeTimeOut)
			leaves.want(t, "", fault.CodeTimeOut)
			e.asks(t, nil, [2]string{"a", "m"})
			e.asks(t, nil, [2]string{"a", "n"})
			stays.want(t, "a of n", "")
		},
		"all who wait share an error, and nobody else": func(t *testing.T, e *scripted, g *gatherer[string]) {
			seekers := []*seeker{seek(t, g, "m", "a"), seek(t, g, "m", "b"), seek(t, g, "n", "a")}
			e.asks(t, nil, [2]string{"a", "m"})
			later := seek(t, g, "m", "a")
			e.asks(t, errors.New("the connection broke"), [2]string{"b", "m"}, [2]string{"a", "n"})
			e.asks(t, nil, [2]string{"a", "m"})
			seekers[0].want(t, "a of m", "")
			seekers[1].want(t, "", fault.CodeDatabaseUnavailable)
			seekers[2].want(t, "", fault.CodeDatabaseUnavailable)
			later.want(t, "a of m", "")
		},
		"a panic ends one question": func(t *testing.T, e *scripted, g *gatherer[string]) {
			s := seek(t, g, "m", "p")
			e.asks(t, nil, [2]string{"p", "m"})
			s.want(t, "", fault.CodeInternal)
			again := seek(t, g, "m", "a")
			e.asks(t, nil, [2]string{"a", "m"})
			again.want(t, "a of m", "")
		},
		"a row that cannot be read fails alone": func(t *testing.T, e *scripted, g *gatherer[string]) {
			first := seek(t, g, "m", "a")
			bad, good := seek(t, g, "m", "x"), seek(t, g, "m", "b")
			e.asks(t, nil, [2]string{"a", "m"})
			e.asks(t, nil, [2]string{"x", "m"}, [2]string{"b", "m"})
			first.want(t, "a of m", "")
			bad.want(t, "", fault.CodeDatabaseUnavailable)
			good.want(t, "b of m", "")
		},
		"a question has a limit": func(t *testing.T, e *scripted, g *gatherer[string]) {
			all := make([]*seeker, 2+gathered)
			keys := make([][2]string, len(all))
			for i := range all {
				keys[i] = [2]string{fmt.Sprint(i), "m"}
				all[i] = seek(t, g, "m", keys[i][0])
			}
			e.asks(t, nil, keys[0])
			e.asks(t, nil, keys[1:1+gathered]...)
			e.asks(t, nil, keys[1+gathered])
			for _, s := range all {
				s.want(t, "", fault.CodeNotFound)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, g := newScripted(has)
				test(t, e, g)
			})
		})
	}
}

// TestGathererAsksTwice has two questions under way, whichever of them is answered first, and no third.
func TestGathererAsksTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, g := newScripted(map[[2]string]string{
			{"a", "m"}: "a of m", {"b", "m"}: "b of m", {"a", "n"}: "a of n", {"c", "m"}: "c of m",
		})
		g.most = 2
		slow, quick := seek(t, g, "m", "a"), seek(t, g, "m", "b")
		waiting := []*seeker{seek(t, g, "n", "a"), seek(t, g, "m", "a")}
		if first, second := <-e.asked, <-e.asked; len(first) != 1 || len(second) != 1 || first[0] == second[0] {
			t.Fatalf("asked for %v and %v, want one of the first two each", first, second)
		}
		synctest.Wait()
		select {
		case third := <-e.asked:
			t.Fatalf("asked for %v, want it to wait", third)
		default:
		}
		e.answers <- nil
		synctest.Wait()
		if slow.over == quick.over {
			t.Fatal("want one of the first two to be told, and the other not")
		}
		third := <-e.asked // while one of the first two goes on
		if want := [][2]string{{"a", "n"}, {"a", "m"}}; !slices.Equal(third, want) {
			t.Errorf("asked for %v, want %v", third, want)
		}
		e.answers <- nil
		e.answers <- nil
		slow.want(t, "a of m", "")
		quick.want(t, "b of m", "")
		waiting[0].want(t, "a of n", "")
		waiting[1].want(t, "a of m", "")
		last := seek(t, g, "m", "c")
		e.asks(t, nil, [2]string{"c", "m"})
		last.want(t, "c of m", "")
		if g.asking != 0 {
			t.Errorf("%d questions are under way, want none", g.asking)
		}
	})
}
