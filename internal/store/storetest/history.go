package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// linear checks that a history could have happened one call after another.
func linear(t *testing.T, model porcupine.Model, history []porcupine.Operation) {
	t.Helper()
	if result, _ := porcupine.CheckOperationsVerbose(model, history, time.Minute); result != porcupine.Ok {
		t.Errorf("%d calls: got %s, want a history that could have happened one call after another",
			len(history), result)
	}
}

// record lets some clients make calls at once and writes down when each began
// and ended.
func record(t *testing.T, clients, calls int, call func(client, n int) (in, out any, err error)) []porcupine.Operation {
	t.Helper()
	began := time.Now()
	now := func() int64 { return int64(time.Since(began)) }
	histories := make([][]porcupine.Operation, clients)
	errs := together(clients, func(client int) error {
		for n := range calls {
			at := now()
			in, out, err := call(client, n)
			if err != nil {
				return err
			}
			histories[client] = append(histories[client], porcupine.Operation{
				ClientId: client, Input: in, Call: at, Output: out, Return: now(),
			})
		}
		return nil
	})
	var all []porcupine.Operation
	for client, err := range errs {
		if err != nil {
			t.Fatalf("client %d: %s", client, fault.Detail(err))
		}
		all = append(all, histories[client]...)
	}
	return all
}

// moved is a wish to move so many steps; zero is a look at the balance.
type moved int64

// balanceSeen is what a caller was told.
type balanceSeen struct {
	done    bool
	balance int64
}

// accountHistory moves and reads one balance that may not fall below zero.
func accountHistory(s *shop) {
	t := s.T
	history := record(t, 8, scale(400)/8, func(client, n int) (any, any, error) {
		steps := int64((client*7+n*5)%9) - 4
		if steps == 0 {
			return moved(0), balanceSeen{true, s.balance(s.suspense())}, nil
		}
		err := s.Commit(t.Context(), store.Change{Entries: entries(s.move(steps))})
		if fault.Is(err, fault.CodeInsufficientFunds) {
			return moved(steps), balanceSeen{}, nil
		}
		return moved(steps), balanceSeen{done: true}, err
	})
	linear(t, porcupine.Model{
		Init: func() any { return int64(0) },
		Step: func(state, in, out any) (bool, any) {
			balance, steps, seen := state.(int64), int64(in.(moved)), out.(balanceSeen)
			switch {
			case steps == 0:
				return seen.balance == balance, balance
			case seen.done:
				return balance+steps >= 0, balance + steps
			default:
				return balance+steps < 0, balance
			}
		},
		DescribeOperation: func(in, out any) string { return fmt.Sprint(in, out) },
	}, history)
}

// written is a wish to capture something on top of a version; the version -1
// is a look.
type written struct{ version, captured int64 }

// invoiceSeen is what a caller was told.
type invoiceSeen struct {
	done              bool
	version, captured int64
}

// invoiceHistory reads and changes one invoice.
func invoiceHistory(s *shop) {
	t := s.T
	i := s.invoice()
	s.must(store.Change{Invoices: []invoice.Invoice{i}})
	history := record(t, 6, scale(300)/6*2, func(client, n int) (any, any, error) {
		got, err := s.Invoice(t.Context(), s.id, i.ID)
		if err != nil || n%2 == 0 {
			return written{version: -1}, invoiceSeen{true, got.Version, got.Captured.Steps()}, err
		}
		wish := written{got.Version, int64(client*1000 + n)}
		got.Captured = money.New(wish.captured, unit)
		err = s.Commit(t.Context(), store.Change{Invoices: []invoice.Invoice{got}})
		if fault.Is(err, fault.CodeVersionConflict) {
			return wish, invoiceSeen{}, nil
		}
		return wish, invoiceSeen{done: true}, err
	})
	linear(t, porcupine.Model{
		Init: func() any { return written{version: 1} },
		Step: func(state, in, out any) (bool, any) {
			is, wish, seen := state.(written), in.(written), out.(invoiceSeen)
			switch {
			case wish.version < 0:
				return seen.version == is.version && seen.captured == is.captured, is
			case seen.done:
				return wish.version == is.version, written{is.version + 1, wish.captured}
			default:
				return wish.version != is.version, is
			}
		},
		DescribeOperation: func(in, out any) string { return fmt.Sprint(in, out) },
	}, history)
}
