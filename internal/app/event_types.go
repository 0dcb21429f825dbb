package app

import (
	"slices"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/wallet"
)

// standings are the states of each noun that endpoints can be told of.
//
//exhaustive:ignore
var standings = map[event.Noun][]string{
	event.Invoice:   statesIn(invoice.States),
	event.Payment:   statesIn(payment.States),
	event.Refund:    statesIn(refund.States),
	event.Payout:    statesIn(payout.States),
	event.Deal:      statesIn(deal.States),
	event.Customer:  statesIn(wallet.States),
	event.Transfer:  {wallet.Completed},
	event.Exchange:  {wallet.Completed},
	event.Market:    {wallet.Priced},
	event.Trader:    {string(deal.Active), string(deal.Disabled)},
	event.Requisite: {string(deal.Active), string(deal.Disabled)},
}

func statesIn[S ~string, V any](table map[S]V) []string {
	var all []string
	for state := range table {
		all = append(all, string(state))
	}
	return all
}

// EventTypes are the types of the events that endpoints can be told of, those of each
// noun in the order of the alphabet.
func EventTypes() []string {
	var all []string
	for _, noun := range event.Told {
		for _, word := range slices.Sorted(slices.Values(slices.Concat(standings[noun], noun.Facts()))) {
			all = append(all, string(noun)+"."+word)
		}
	}
	return slices.Compact(all)
}

// checkTypes is nil when every filter of an endpoint is a type that there is: an endpoint
// with a misspelled one would wait for ever. Error: parameter_invalid.
func checkTypes(types []string) error {
	if err := event.CheckTypes(types); err != nil {
		return err
	}
	for _, kind := range types {
		name, word, _ := strings.Cut(kind, ".")
		noun := event.Noun(name)
		if word != "*" && !slices.Contains(standings[noun], word) && !slices.Contains(noun.Facts(), word) {
			return fault.New(fault.CodeParameterInvalid, "types", "There is no event "+strconv.Quote(kind)+".")
		}
	}
	return nil
}
