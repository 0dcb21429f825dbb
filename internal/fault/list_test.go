package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/purserhq/purser/internal/fault"
)

func TestList(t *testing.T) {
	t.Parallel()
	var list fault.List
	if err := list.Err(); err != nil {
		t.Errorf("Err of an empty list = %v, want nil", err)
	}
	list.Add(nil)
	if len(list) != 0 {
		t.Errorf("Add(nil) made %d faults, want none", len(list))
	}
	first := fault.New(fault.CodeParameterMissing, "amount", "Say how much.").With(io.EOF)
	second := fault.New(fault.CodeUnitUnknown, "currency", "Say in what.")
	list.Add(first, second)
	err := list.Err()
	want := "parameter_missing (amount): Say how much.; unit_unknown (currency): Say in what."
	if err == nil || err.Error() != want {
		t.Errorf("Err() = %v, want %q", err, want)
	}
	if got := fault.From(err); got != first {
		t.Errorf("From = %v, want the first fault", got)
	}
	if !errors.Is(err, second) || !errors.Is(err, io.EOF) {
		t.Error("errors.Is does not find what is in the list")
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	one := fault.New(fault.CodeParameterMissing, "amount", "")
	two := fault.New(fault.CodeParameterInvalid, "return_url", "")
	tests := []struct {
		name string
		err  error
		want []fault.Code
	}{
		{"nothing", nil, nil},
		{"one fault", one, []fault.Code{"parameter_missing"}},
		{"a wrapped list", fmt.Errorf("decode: %w", fault.List{one, two}), []fault.Code{
			"parameter_missing", "parameter_invalid",
		}},
		{"an empty list is a mistake of ours", fault.List{}, []fault.Code{"internal"}},
		{"any other error", io.EOF, []fault.Code{"internal"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []fault.Code
			for _, e := range fault.All(test.err) {
				got = append(got, e.Code)
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("All = %v, want %v", got, test.want)
			}
		})
	}
}
