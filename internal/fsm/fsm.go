// Package fsm is a state machine as a table: ask it what comes next, check
// that it is whole, draw it.
package fsm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/fault"
)

// Table holds, for every state, the triggers it answers to and the states they
// lead to. An empty row is a final state.
type Table[S, T ~string] map[S]map[T]S

// Actor is who must act next for a thing to leave its state.
type Actor string

// The actors. Nobody acts on a final state, and only there.
const (
	Nobody   Actor = "nobody"
	Us       Actor = "us"
	Payer    Actor = "payer"
	Merchant Actor = "merchant"
	Gateway  Actor = "gateway"
	Operator Actor = "operator"
	Trader   Actor = "trader"
)

// Next is the state that the trigger leads to, or a wrong_state fault that
// names both. It is the only way to change a state.
func (t Table[S, T]) Next(from S, by T) (S, error) {
	to, ok := t[from][by]
	if !ok {
		return "", fault.Newf(fault.CodeWrongState, "", "The step %q is not possible in the state %q.", by, from)
	}
	return to, nil
}

// Can reports whether the state answers to the trigger.
func (t Table[S, T]) Can(from S, by T) bool {
	_, ok := t[from][by]
	return ok
}

// Final reports whether the state is in the table and nothing leads out of it.
func (t Table[S, T]) Final(s S) bool {
	row, ok := t[s]
	return ok && len(row) == 0
}

// States lists the states that have a row, sorted.
func (t Table[S, T]) States() []S {
	return slices.Sorted(maps.Keys(t))
}

// Triggers lists every trigger of every row once, sorted.
func (t Table[S, T]) Triggers() []T {
	var all []T
	for _, row := range t {
		all = slices.AppendSeq(all, maps.Keys(row))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Mermaid draws the machine as a stateDiagram-v2. The same table always gives
// the same text, so that a drawing can be compared with the code.
func (t Table[S, T]) Mermaid(start S) string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	fmt.Fprintf(&b, "    [*] --> %s\n", start)
	for _, from := range t.States() {
		for _, by := range slices.Sorted(maps.Keys(t[from])) {
			fmt.Fprintf(&b, "    %s --> %s: %s\n", from, t[from][by], by)
		}
		if t.Final(from) {
			fmt.Fprintf(&b, "    %s --> [*]\n", from)
		}
	}
	return b.String()
}

// Check proves the table whole, for the tests of each noun. It names every
// state that cannot be reached from start, every target that has no row, every
// state for which nobody is said to act and every final state that waits for
// somebody. A state that is not final may wait for nobody: it rests until
// something happens. It is nil where all is well.
func (t Table[S, T]) Check(start S, waits map[S]Actor) error {
	var errs []error
	miss := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, ok := t[start]; !ok {
		miss("start %q is no state", start)
	}
	reached := t.reach(start)
	for _, s := range t.States() {
		if !reached[s] {
			miss("state %q cannot be reached from %q", s, start)
		}
		for _, by := range slices.Sorted(maps.Keys(t[s])) {
			if _, ok := t[t[s][by]]; !ok {
				miss("state %q: trigger %q leads to %q, which is no state", s, by, t[s][by])
			}
		}
		switch actor := waits[s]; {
		case actor == "":
			miss("state %q: nobody said who acts next", s)
		case t.Final(s) && actor != Nobody:
			miss("state %q is final and waits for %q", s, actor)
		}
	}
	for _, s := range slices.Sorted(maps.Keys(waits)) {
		if _, ok := t[s]; !ok {
			miss("%q waits for %q and is no state", s, waits[s])
		}
	}
	return errors.Join(errs...)
}

// reach finds every state that some chain of triggers leads to from start.
func (t Table[S, T]) reach(start S) map[S]bool {
	reached := map[S]bool{start: true}
	for todo := []S{start}; len(todo) > 0; todo = todo[1:] {
		for _, to := range t[todo[0]] {
			if !reached[to] {
				reached[to] = true
				todo = append(todo, to)
			}
		}
	}
	return reached
}
