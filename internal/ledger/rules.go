package ledger

import "github.com/purserhq/purser/internal/money"

// The business events that move money. Each has one row below; docs/ledger.md
// shows the same table.
const (
	RuleAuthorized     Rule = "authorized"
	RuleReleased       Rule = "released"
	RuleCaptured       Rule = "captured"
	RuleHeld           Rule = "held"
	RuleDeposited      Rule = "deposited"
	RuleWalletPaid     Rule = "wallet_paid"
	RuleWalletHeld     Rule = "wallet_held"
	RuleVerified       Rule = "verified"
	RuleRejected       Rule = "rejected"
	RuleWalletRejected Rule = "wallet_rejected"
	RuleFee            Rule = "fee"
	RuleLate           Rule = "late_payment"
	RuleRefundOpened   Rule = "refund_opened"
	RuleRefundOwed     Rule = "refund_owed"
	RuleDepositOpened  Rule = "deposit_refund_opened"
	RuleSuspenseOpened Rule = "suspense_opened"
	RuleRefunded       Rule = "refunded"
	RuleReversed       Rule = "reversed"
	RuleFeeReversed    Rule = "fee_reversed"
	RuleWalletRefunded Rule = "wallet_refunded"
	RuleRefundFailed   Rule = "refund_failed"
	RuleSuspenseFailed Rule = "suspense_failed"
	RuleDepositFailed  Rule = "deposit_refund_failed"
	RuleTransferred    Rule = "transferred"
	RuleExchanged      Rule = "exchanged"
	RulePayoutHeld     Rule = "payout_held"
	RulePayoutPaid     Rule = "payout_paid"
	RulePayoutFee      Rule = "payout_fee"
	RulePayoutReleased Rule = "payout_released"
	RulePayoutDealt    Rule = "payout_dealt"
	RulePayoutUndone   Rule = "payout_undone"
	RuleTraderPaidIn   Rule = "trader_paid_in"
	RuleTraderPaidOut  Rule = "trader_paid_out"
	RuleDealHeld       Rule = "deal_held"
	RuleDealReleased   Rule = "deal_released"
	RuleDealt          Rule = "dealt"
	RuleDealRaised     Rule = "deal_raised"
	RuleDealLowered    Rule = "deal_lowered"
	RuleSettled        Rule = "settled"
	RuleFeeSettled     Rule = "fee_settled"
	RuleRefundSettled  Rule = "refund_settled"
)

// own stands for the account of a number: the merchant's own money, or the
// wallet of a customer.
const own Role = "merchant_available` or `customer_wallet"

// step is one movement of an entry: an amount goes from one role to another.
type step struct {
	from, to Role
	covered  bool // it must be there, also where the account has no floor
	meaning  string
}

// steps is the whole posting table: every rule moves one amount between two
// accounts, but RuleExchanged, which moves two through an exchange desk.
var steps = map[Rule]step{
	RuleAuthorized: {GatewayHold, MerchantHeld, false, "a payer's bank holds money for the merchant"},
	RuleReleased:   {MerchantHeld, GatewayHold, false, "held money was let go, or is being taken"},
	RuleCaptured:   {GatewayClearing, MerchantAvailable, false, "a gateway took the payer's money for the merchant"},
	RuleHeld: {
		GatewayClearing, MerchantPending, false, "a gateway took the payer's money, and the merchant has to verify it",
	},
	RuleDeposited: {
		GatewayClearing, CustomerWallet, false, "a gateway took money that a customer puts into a wallet",
	},
	RuleWalletPaid: {CustomerWallet, MerchantAvailable, false, "a customer paid from a wallet"},
	RuleWalletHeld: {
		CustomerWallet, MerchantPending, false, "a customer paid from a wallet, and the merchant has to verify it",
	},
	RuleVerified:       {MerchantPending, MerchantAvailable, false, "the merchant verified in time"},
	RuleRejected:       {MerchantPending, RefundsInTransit, false, "the merchant did not: a gateway has to give it back"},
	RuleWalletRejected: {MerchantPending, CustomerWallet, false, "the merchant did not: it is back in the wallet"},
	RuleFee:            {MerchantAvailable, Fees, false, "the gateway keeps its fee of what it took"},
	RuleLate:           {GatewayClearing, Suspense, false, "a gateway took money that no invoice has room for"},
	RuleRefundOpened: {
		MerchantAvailable, RefundsInTransit, false, "money of the merchant is on its way back to the payer",
	},
	RuleRefundOwed: {
		MerchantAvailable, RefundsInTransit, true, "the merchant refunded an invoice: a gateway has to give it back",
	},
	RuleDepositOpened:  {CustomerWallet, RefundsInTransit, false, "a deposit is on its way back to the payer"},
	RuleSuspenseOpened: {Suspense, RefundsInTransit, false, "money in suspense is on its way back to the payer"},
	RuleRefunded:       {RefundsInTransit, GatewayClearing, false, "the gateway gave the money back"},
	RuleReversed:       {RefundsInTransit, GatewayClearing, false, "the gateway undid the payment"},
	RuleFeeReversed:    {Fees, MerchantAvailable, false, "a payment or payout that was undone costs no fee"},
	RuleWalletRefunded: {
		MerchantAvailable, CustomerWallet, true, "the merchant refunded an invoice that was paid from a wallet",
	},
	RuleRefundFailed: {
		RefundsInTransit, MerchantAvailable, false, "the gateway refused to give the merchant's money back",
	},
	RuleSuspenseFailed: {
		RefundsInTransit, Suspense, false, "the gateway refused to give back money that is not the merchant's",
	},
	RuleDepositFailed: {RefundsInTransit, CustomerWallet, false, "the gateway refused to give a deposit back"},
	RuleTransferred:   {own, own, true, "an account sent money to another"},
	RuleExchanged: {
		own, own, true, "an account's money was exchanged: both units pass through the `exchange` account of the market",
	},
	RulePayoutHeld: {own, PayoutsInTransit, true, "a payout was asked for"},
	RulePayoutPaid: {PayoutsInTransit, GatewayClearing, false, "a rail sent the payout"},
	RulePayoutFee:  {PayoutsInTransit, Fees, false, "the rail keeps its fee of what it sent, or the market its own"},
	RulePayoutReleased: {
		PayoutsInTransit, own, false, "a payout was rejected or failed: it is back where it was taken from",
	},
	RulePayoutDealt:   {PayoutsInTransit, Trader, false, "a trader sent a payout's money and is paid for it"},
	RulePayoutUndone:  {Trader, own, false, "what a trader was paid for did not arrive: the coins go back"},
	RuleTraderPaidIn:  {GatewayClearing, Trader, false, "a trader put coins in"},
	RuleTraderPaidOut: {Trader, GatewayClearing, false, "a trader took coins out"},
	RuleDealHeld:      {Trader, DealsHeld, false, "a deal began: its trader's coins for it are set aside"},
	RuleDealReleased:  {DealsHeld, Trader, false, "no money came for a deal, or another sum: the coins are the trader's"},
	RuleDealt:         {DealsHeld, MerchantAvailable, false, "a trader received the payer's money and pays for it"},
	RuleDealRaised: {
		Trader, MerchantAvailable, false, "more had come for a deal than its trader has paid for: the rest is paid",
	},
	RuleDealLowered: {
		MerchantAvailable, Trader, true, "less had come for a deal than its trader has paid for: the rest goes back",
	},
	RuleSettled:       {MerchantBank, GatewayClearing, false, "the gateway paid out what it had taken"},
	RuleFeeSettled:    {Fees, GatewayClearing, false, "the gateway kept its fee of what it paid out"},
	RuleRefundSettled: {GatewayClearing, MerchantBank, false, "the gateway kept what it had given back"},
}

// Rules lists the posting rules in the order in which docs/ledger.md shows
// them, which is also one in which they can follow each other.
var Rules = []Rule{
	RuleAuthorized, RuleReleased,
	RuleTraderPaidIn, RuleDealHeld, RuleDealReleased, RuleTraderPaidOut,
	RuleCaptured, RuleHeld, RuleDeposited, RuleWalletPaid, RuleWalletHeld, RuleDealt, RuleFee, RuleLate,
	RuleVerified, RuleRejected, RuleWalletRejected,
	RuleRefundOpened, RuleRefundOwed, RuleDepositOpened, RuleSuspenseOpened,
	RuleRefunded, RuleReversed, RuleFeeReversed, RuleWalletRefunded,
	RuleRefundFailed, RuleSuspenseFailed, RuleDepositFailed, RuleDealRaised, RuleDealLowered,
	RuleTransferred, RuleExchanged, RulePayoutHeld, RulePayoutPaid, RulePayoutFee, RulePayoutReleased,
	RulePayoutDealt, RulePayoutUndone,
	RuleSettled, RuleFeeSettled, RuleRefundSettled,
}

// Takings are the rules that take a payment's money. A payment has one entry
// under one of them, once.
var Takings = []Rule{RuleCaptured, RuleHeld, RuleDeposited, RuleWalletPaid, RuleWalletHeld, RuleDealt}

// Sides are the roles between which a rule moves money.
func (r Rule) Sides() (from, to Role) { return steps[r].from, steps[r].to }

// Meaning says when the rule is booked.
func (r Rule) Meaning() string { return steps[r].meaning }

// Names say whose accounts take part in an entry, where a role has several.
type Names struct {
	Gateway string // of a clearing or fee account: the gateway or rail
	Owner   string // of the account that a wish is about; empty = the merchant's own
	To      string // of the account that a transfer goes to; empty = the merchant's own
	Trader  string // of a trader's account
}

// account is the account of a role. The owner is that of a wallet.
func (n Names) account(c Cause, r Role, owner string, u money.Unit) Account {
	if r == own {
		return Own(c.Merchant, owner, u)
	}
	a := Account{Merchant: c.Merchant, Role: r, Unit: u}
	if r == GatewayClearing || r == Fees || r == GatewayHold {
		a.Owner = n.Gateway
	}
	if r == CustomerWallet {
		a.Owner = owner
	}
	if r == Trader {
		a.Owner = n.Trader
	}
	return a
}

// Own is where the money of an account is: the merchant's own where no owner
// is named, a customer's wallet otherwise.
func Own(merchant, owner string, u money.Unit) Account {
	if owner == "" {
		return Account{Merchant: merchant, Role: MerchantAvailable, Unit: u}
	}
	return Account{Merchant: merchant, Role: CustomerWallet, Owner: owner, Unit: u}
}

// Book makes the entry of one business event: amount, which must be positive,
// moves between the two accounts of the rule. Errors: entry_unbalanced for an
// unknown rule, an amount that is not positive, two accounts that are one, or
// an account whose gateway or customer is not named.
func Book(rule Rule, c Cause, n Names, amount money.Amount) (Entry, error) {
	s, ok := steps[rule]
	if !ok || rule == RuleExchanged || amount.Sign() <= 0 {
		return New(rule, c)
	}
	from, to := n.account(c, s.from, n.Owner, amount.Unit()), n.account(c, s.to, n.Owner, amount.Unit())
	if rule == RuleTransferred {
		to = n.account(c, s.to, n.To, amount.Unit())
	}
	if from == to || from.nameless() || to.nameless() {
		return New(rule, c)
	}
	return New(rule, c,
		Posting{Account: from, Amount: opposite(amount), Covered: s.covered}, Posting{Account: to, Amount: amount})
}

// opposite is the negative of a positive amount, which always has one.
func opposite(a money.Amount) money.Amount { return money.New(-a.Steps(), a.Unit()) }

// Swap makes the entry of an exchange: the owner gives spent to the desk of
// the market and takes got from it. What rounding cut stays with the desk.
// Errors: entry_unbalanced for amounts that are not positive or of one unit,
// or no market.
func Swap(c Cause, owner, market string, spent, got money.Amount) (Entry, error) {
	if spent.Sign() <= 0 || got.Sign() <= 0 || spent.Unit() == got.Unit() || market == "" {
		return New(RuleExchanged, c)
	}
	desk := func(u money.Unit) Account {
		return Account{Merchant: c.Merchant, Role: Exchange, Owner: market, Unit: u}
	}
	covered := steps[RuleExchanged].covered
	return New(RuleExchanged, c,
		Posting{Account: Own(c.Merchant, owner, spent.Unit()), Amount: opposite(spent), Covered: covered},
		Posting{Account: desk(spent.Unit()), Amount: spent},
		Posting{Account: desk(got.Unit()), Amount: opposite(got)},
		Posting{Account: Own(c.Merchant, owner, got.Unit()), Amount: got})
}
