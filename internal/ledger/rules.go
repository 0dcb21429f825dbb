package ledger

import "github.com/purserhq/purser/internal/money"

// The business events that move money. Each has one rule below; docs/ledger.md
// shows the same table.
const (
	RuleCaptured       Rule = "captured"        // a gateway took the payer's money for us
	RuleFee            Rule = "fee"             // the gateway keeps a part of it
	RuleLate           Rule = "late_payment"    // a gateway took money that no invoice has room for
	RuleRefundOpened   Rule = "refund_opened"   // money of the merchant is on its way back
	RuleSuspenseOpened Rule = "suspense_opened" // money in suspense is on its way back
	RuleRefunded       Rule = "refunded"        // the gateway gave it back
	RuleReversed       Rule = "reversed"        // the gateway undid the payment
	RuleFeeReversed    Rule = "fee_reversed"    // an undone payment costs nothing
	RuleRefundFailed   Rule = "refund_failed"   // the gateway refused: back to the merchant
	RuleSuspenseFailed Rule = "suspense_failed" // the gateway refused: back to suspense
)

// step is one movement of an entry: amount goes from one role to another.
type step struct {
	from, to Role
}

// steps is the whole posting table of payments and refunds: every rule moves
// one amount between two accounts.
var steps = map[Rule]step{
	RuleCaptured:       {GatewayClearing, MerchantAvailable},
	RuleFee:            {MerchantAvailable, Fees},
	RuleLate:           {GatewayClearing, Suspense},
	RuleRefundOpened:   {MerchantAvailable, RefundsInTransit},
	RuleSuspenseOpened: {Suspense, RefundsInTransit},
	RuleRefunded:       {RefundsInTransit, GatewayClearing},
	RuleReversed:       {RefundsInTransit, GatewayClearing},
	RuleFeeReversed:    {Fees, MerchantAvailable},
	RuleRefundFailed:   {RefundsInTransit, MerchantAvailable},
	RuleSuspenseFailed: {RefundsInTransit, Suspense},
}

// Rules lists the posting rules in the order in which docs/ledger.md shows them.
var Rules = []struct {
	Rule    Rule
	Meaning string
}{
	{RuleCaptured, "a gateway took the payer's money for the merchant"},
	{RuleFee, "the gateway keeps its fee of what it took"},
	{RuleLate, "a gateway took money that no invoice has room for"},
	{RuleRefundOpened, "money of the merchant is on its way back to the payer"},
	{RuleSuspenseOpened, "money in suspense is on its way back to the payer"},
	{RuleRefunded, "the gateway gave the money back"},
	{RuleReversed, "the gateway undid the payment"},
	{RuleFeeReversed, "a payment that was undone costs no fee"},
	{RuleRefundFailed, "the gateway refused to give the merchant's money back"},
	{RuleSuspenseFailed, "the gateway refused to give money in suspense back"},
}

// Sides are the roles between which a rule moves money.
func (r Rule) Sides() (from, to Role) { return steps[r].from, steps[r].to }

// Book makes the entry of one business event: amount, which must be positive,
// moves between the two accounts of the rule. Gateway names the clearing or
// fee account that takes part. Errors: entry_unbalanced for an unknown rule or
// an amount that is not positive.
func Book(rule Rule, c Cause, gateway string, amount money.Amount) (Entry, error) {
	s, ok := steps[rule]
	if !ok || amount.Sign() <= 0 {
		return New(rule, c)
	}
	less, err := amount.Neg()
	if err != nil {
		return Entry{}, err
	}
	account := func(r Role) Account {
		a := Account{Merchant: c.Merchant, Role: r, Unit: amount.Unit()}
		if r == GatewayClearing || r == Fees {
			a.Owner = gateway
		}
		return a
	}
	return New(rule, c, Posting{account(s.from), less}, Posting{account(s.to), amount})
}
