package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/fault"
)

// same compares two faults by their public part.
func same(t *testing.T, got, want *fault.Error) {
	t.Helper()
	type public struct {
		Kind         fault.Kind
		Code         fault.Code
		Param, Words string
	}
	g := public{got.Kind, got.Code, got.Param, got.Words}
	w := public{want.Kind, want.Code, want.Param, want.Words}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("fault differs (-want +got):\n%s", diff)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		got  *fault.Error
		want *fault.Error
		text string
	}{
		{
			name: "words of the catalogue",
			got:  fault.New(fault.CodeWrongState, "", ""),
			want: &fault.Error{
				Kind: fault.Conflict, Code: "wrong_state", Words: "The present state does not allow this.",
			},
			text: "wrong_state: The present state does not allow this.",
		},
		{
			name: "own words and a parameter",
			got:  fault.New(fault.CodeParameterMissing, "return_url", "Say where the payer goes."),
			want: &fault.Error{
				Kind: fault.Invalid, Code: "parameter_missing", Param: "return_url", Words: "Say where the payer goes.",
			},
			text: "parameter_missing (return_url): Say where the payer goes.",
		},
		{
			name: "formatted words",
			got:  fault.Newf(fault.CodeAmountTooSmall, "amount", "At least %d %s.", 1000, "IRR"),
			want: &fault.Error{
				Kind: fault.Invalid, Code: "amount_too_small", Param: "amount", Words: "At least 1000 IRR.",
			},
			text: "amount_too_small (amount): At least 1000 IRR.",
		},
		{
			name: "a code outside the catalogue shows nothing",
			got:  fault.New("made_up", "secret", "not for your eyes"),
			want: &fault.Error{
				Kind: fault.Internal, Code: "internal", Words: "Something went wrong on our side.",
			},
			text: "internal: Something went wrong on our side.",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			same(t, test.got, test.want)
			if got := test.got.Error(); got != test.text {
				t.Errorf("Error() = %q, want %q", got, test.text)
			}
		})
	}
}

func TestUnknownCodeKeepsItsStoryForTheLog(t *testing.T) {
	t.Parallel()
	got := fault.Detail(fault.New("made_up", "", "some words"))
	want := `internal: Something went wrong on our side: fault code "made_up" is not in the catalogue: some words`
	if got != want {
		t.Errorf("Detail = %q, want %q", got, want)
	}
}

func TestCopies(t *testing.T) {
	t.Parallel()
	original := fault.New(fault.CodeGatewayUnavailable, "", "")
	caused := original.With(io.ErrUnexpectedEOF)
	reworded := caused.Because("Try the other bank.")

	if got := original.Unwrap(); got != nil {
		t.Errorf("With changed the original: its cause is %v", got)
	}
	if original.Words != caused.Words {
		t.Errorf("Because changed the original: its words are %q", caused.Words)
	}
	if reworded.Words != "Try the other bank." {
		t.Errorf("Words = %q, want %q", reworded.Words, "Try the other bank.")
	}
	if !errors.Is(reworded, io.ErrUnexpectedEOF) {
		t.Error("errors.Is does not find the cause of the reworded copy")
	}
	if got, want := caused.Error(), original.Error(); got != want {
		t.Errorf("Error() = %q, want %q: the cause must not show", got, want)
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	inner := fault.New(fault.CodeVersionConflict, "", "")
	outer := fault.New(fault.CodeGatewayUnavailable, "", "").With(inner)
	internal := fault.New(fault.CodeInternal, "", "")
	var none *fault.Error
	tests := []struct {
		name string
		err  error
		want *fault.Error
	}{
		{"a fault", inner, inner},
		{"a wrapped fault", fmt.Errorf("submit payment: %w", inner), inner},
		{"a fault that hides another", outer, outer},
		{"a list", fault.List{inner, outer}, inner},
		{"an empty list", fault.List{}, internal},
		{"any other error", io.EOF, internal},
		{"a nil fault that became an error", fmt.Errorf("close: %w", none), internal},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			same(t, fault.From(test.err), test.want)
			if got := fault.KindOf(test.err); got != test.want.Kind {
				t.Errorf("KindOf = %q, want %q", got, test.want.Kind)
			}
			if !fault.Is(test.err, test.want.Code) {
				t.Errorf("Is(%q) = false, want true", test.want.Code)
			}
		})
	}
	if got := fault.From(nil); got != nil {
		t.Errorf("From(nil) = %v, want nil", got)
	}
	if got := fault.KindOf(nil); got != "" {
		t.Errorf("KindOf(nil) = %q, want none", got)
	}
	if fault.Is(nil, fault.CodeInternal) {
		t.Error("Is(nil) = true, want false")
	}
	if fault.Is(outer, fault.CodeVersionConflict) {
		t.Error("Is sees the cause of a fault: it was translated and must not count")
	}
	if !errors.Is(fault.From(io.EOF), io.EOF) {
		t.Error("From loses the error it wraps")
	}
}

func TestDetail(t *testing.T) {
	t.Parallel()
	refused := errors.New("dial tcp 127.0.0.1:1: connection refused")
	caused := fault.New(fault.CodeGatewayUnavailable, "", "No answer.").With(refused)
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nothing", nil, ""},
		{"a plain error", io.EOF, "EOF"},
		{"a fault without a cause", fault.New(fault.CodeDuplicate, "", "Again."), "duplicate: Again."},
		{
			"a wrapped fault with causes",
			fmt.Errorf("start: %w", fault.New(fault.CodeNoGateway, "", "None.").With(fmt.Errorf("route: %w", caused))),
			"start: no_gateway: None: route: gateway_unavailable: No answer: dial tcp 127.0.0.1:1: connection refused",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := fault.Detail(test.err); got != test.want {
				t.Errorf("Detail = %q, want %q", got, test.want)
			}
		})
	}
}
