package gatewaytest

import (
	"context"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
)

// listening is the test's context, under which all that is said with the provider is heard
// as it would be kept, and must tell no secret, no card number and nothing of the payer.
func (k Kit) listening(t *testing.T) context.Context {
	t.Helper()
	personal := []string{testCard}
	if a := k.Attempt(); a.Payer.Mobile != "" {
		personal = append(personal, a.Payer.Mobile)
	}
	check := func(what string, kept any, text string) {
		k.silent(t, what, kept)
		for _, private := range personal {
			if strings.Contains(text, private) {
				t.Errorf("%s: %q is kept: %s", what, private, text)
			}
		}
	}
	return gateway.Listen(t.Context(), func(q gateway.Asked) func(gateway.Answered) {
		check("what is asked", q, q.Address+q.Body)
		if q.Method == "" || !strings.HasPrefix(q.Address, "http") {
			t.Errorf("got %+v, want a method and an address", q)
		}
		return func(said gateway.Answered) {
			check("what is answered", said, said.Body)
			if (said.Status == 0 || said.Body == "") && said.Lost == "" {
				t.Errorf("got %+v, want an answer or why there is none", said)
			}
		}
	})
}
