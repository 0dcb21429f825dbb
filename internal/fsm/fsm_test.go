package fsm_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/fsm"
)

type (
	state   string
	trigger string
	table   = fsm.Table[state, trigger]
)

// door is a whole machine: it can be opened and shut until it is walled up.
func door() (table, map[state]fsm.Actor) {
	machine := table{
		"shut":   {"open": "ajar", "wall": "walled"},
		"ajar":   {"open": "open", "shut": "shut"},
		"open":   {"shut": "shut"},
		"walled": {},
	}
	waits := map[state]fsm.Actor{
		"shut": fsm.Us, "ajar": fsm.Payer, "open": fsm.Merchant, "walled": fsm.Nobody,
	}
	return machine, waits
}

func TestNext(t *testing.T) {
	t.Parallel()
	machine, _ := door()
	tests := []struct {
		from state
		by   trigger
		want state
		text string // of the fault, where the step is refused
	}{
		{"shut", "open", "ajar", ""},
		{"shut", "wall", "walled", ""},
		{"ajar", "open", "open", ""},
		{"open", "open", "", `wrong_state: The step "open" is not possible in the state "open".`},
		{"walled", "open", "", `wrong_state: The step "open" is not possible in the state "walled".`},
		{"burnt", "open", "", `wrong_state: The step "open" is not possible in the state "burnt".`},
		{"shut", "burn", "", `wrong_state: The step "burn" is not possible in the state "shut".`},
	}
	for _, test := range tests {
		t.Run(string(test.from)+" "+string(test.by), func(t *testing.T) {
			t.Parallel()
			got, err := machine.Next(test.from, test.by)
			if got != test.want {
				t.Errorf("Next = %q, want %q", got, test.want)
			}
			if can := machine.Can(test.from, test.by); can != (test.text == "") {
				t.Errorf("Can = %v, want %v", can, test.text == "")
			}
			if test.text == "" {
				if err != nil {
					t.Errorf("Next gave %v, want no error", err)
				}
				return
			}
			if !fault.Is(err, fault.CodeWrongState) || fault.KindOf(err) != fault.Conflict || err.Error() != test.text {
				t.Errorf("Next gave %v, want the Conflict %q", err, test.text)
			}
		})
	}
}

func TestFinal(t *testing.T) {
	t.Parallel()
	machine, _ := door()
	for s, want := range map[state]bool{"shut": false, "ajar": false, "open": false, "walled": true, "burnt": false} {
		if got := machine.Final(s); got != want {
			t.Errorf("Final(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestListsAreSorted(t *testing.T) {
	t.Parallel()
	machine, _ := door()
	if got, want := machine.States(), []state{"ajar", "open", "shut", "walled"}; !slices.Equal(got, want) {
		t.Errorf("States = %q, want %q", got, want)
	}
	if got, want := machine.Triggers(), []trigger{"open", "shut", "wall"}; !slices.Equal(got, want) {
		t.Errorf("Triggers = %q, want %q", got, want)
	}
}

func TestMermaid(t *testing.T) {
	t.Parallel()
	machine, _ := door()
	want := `stateDiagram-v2
    [*] --> shut
    ajar --> open: open
    ajar --> shut: shut
    open --> shut: shut
    shut --> ajar: open
    shut --> walled: wall
    walled --> [*]
`
	for range 20 { // maps are walked in a new order each time
		if diff := cmp.Diff(want, machine.Mermaid("shut")); diff != "" {
			t.Fatalf("drawing differs (-want +got):\n%s", diff)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(m table, waits map[state]fsm.Actor)
		start state
		want  string
	}{
		{"whole", func(table, map[state]fsm.Actor) {}, "shut", ""},
		{
			"unreachable",
			func(m table, waits map[state]fsm.Actor) { m["lost"], waits["lost"] = map[trigger]state{}, fsm.Nobody },
			"shut", `state "lost" cannot be reached from "shut"`,
		},
		{
			"reached only by itself and its like",
			func(m table, waits map[state]fsm.Actor) {
				m["a"], m["b"] = map[trigger]state{"go": "b"}, map[trigger]state{"go": "a"}
				waits["a"], waits["b"] = fsm.Us, fsm.Us
			},
			"shut", "state \"a\" cannot be reached from \"shut\"\nstate \"b\" cannot be reached from \"shut\"",
		},
		{
			"a target that is no state",
			func(m table, _ map[state]fsm.Actor) { m["open"]["burn"] = "burnt" },
			"shut", `state "open": trigger "burn" leads to "burnt", which is no state`,
		},
		{
			"nobody said who acts",
			func(_ table, waits map[state]fsm.Actor) { delete(waits, "ajar"); waits["open"] = "" },
			"shut", "state \"ajar\": nobody said who acts next\nstate \"open\": nobody said who acts next",
		},
		{
			"a final state waits",
			func(_ table, waits map[state]fsm.Actor) { waits["walled"] = fsm.Gateway },
			"shut", `state "walled" is final and waits for "gateway"`,
		},
		{
			"somebody waits in no state",
			func(_ table, waits map[state]fsm.Actor) { waits["burnt"] = fsm.Operator },
			"shut", `"burnt" waits for "operator" and is no state`,
		},
		{
			"the start is no state",
			func(m table, waits map[state]fsm.Actor) {
				for _, s := range []state{"ajar", "open", "shut"} {
					delete(m, s)
					delete(waits, s)
				}
			},
			"shut", "start \"shut\" is no state\nstate \"walled\" cannot be reached from \"shut\"",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			machine, waits := door()
			test.spoil(machine, waits)
			got := ""
			if err := machine.Check(test.start, waits); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Check differs (-want +got):\n%s", diff)
			}
		})
	}
}

// In any table whatever, Next, Can and Final agree, and a walk along Next only
// ever stops in a final state or leaves the table.
func TestAgreement(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		states := rapid.SampledFrom([]state{"a", "b", "c", "d", "e"})
		triggers := rapid.SampledFrom([]trigger{"x", "y", "z"})
		machine := table(rapid.MapOf(states, rapid.MapOf(triggers, states)).Draw(t, "table"))
		at := states.Draw(t, "start")
		for range 20 {
			by := triggers.Draw(t, "trigger")
			next, err := machine.Next(at, by)
			if machine.Can(at, by) != (err == nil) {
				t.Fatalf("Can(%q, %q) disagrees with Next: %v", at, by, err)
			}
			if machine.Final(at) && err == nil {
				t.Fatalf("state %q is final, and %q leads to %q", at, by, next)
			}
			if err == nil {
				if !slices.Contains(machine.Triggers(), by) {
					t.Fatalf("trigger %q works and is not listed", by)
				}
				at = next
			}
		}
	})
}
