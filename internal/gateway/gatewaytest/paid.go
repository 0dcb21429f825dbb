package gatewaytest

import (
	"testing"

	"github.com/purserhq/purser/internal/gateway"
)

// PaidFault says what one fault of the emulator makes of Look and Take of a
// paid attempt.
type PaidFault struct {
	Fault, Call, Value string
	Look, Take         gateway.Outcome
	Alarm              bool // of Take
}

// FaultsOfPaid asks about a paid attempt under each fault. Whatever is said
// then, the money is taken all the same once the provider is well.
func FaultsOfPaid(t *testing.T, world func() World, faults []PaidFault) {
	t.Helper()
	for _, f := range faults {
		t.Run(f.Fault+f.Value, func(t *testing.T) {
			t.Parallel()
			s := Stage(t, world())
			a := s.Pay()
			s.Fault(f.Fault, f.Call, f.Value)
			if got := s.Gateway.Resolve(s.world.listening(t), a, gateway.Look); got.Outcome != f.Look {
				t.Errorf("look: got %+v, want %s", got, f.Look)
			}
			got := s.Gateway.Resolve(s.world.listening(t), a, gateway.Take)
			if got.Outcome != f.Take || (got.Alarm != "") != f.Alarm {
				t.Errorf("take: got %+v, want %s, alarm %v", got, f.Take, f.Alarm)
			}
			s.Well()
			s.Taken(a)
		})
	}
}
