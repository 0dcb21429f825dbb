package sqlstore

import (
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payout"
)

// dealChecks prove that deals say what was booked for them: the coins that a trader
// paid, or was paid, and the fee of them. It begins with the deals, of which there
// are few beside the entries.
func (d *DB) dealChecks() []check {
	amount := func(name string) string {
		return "coalesce(cast(" + d.engine.detailText(name, "steps") + " as bigint), 0)"
	}
	subject := "case when payout_id = '' then coalesce(" + d.engine.detailText("payment") + ", '') else payout_id end"
	on := func(role ledger.Role) string { return "p.account like '" + string(role) + "/%'" }
	return []check{{
		"I4", "every deal that is completed has its coins and its fee in the books, and no other has", "deal",
		// What is disputed after it was paid for stays paid. The deals of one payout share its entries.
		`select b.subject as example from (
			select subject, merchant_id, sum(coins) as coins, sum(fee) as fee from (
				select ` + subject + ` as subject, merchant_id,
					case when booked then ` + amount("coins") + ` else 0 end as coins,
					case when booked then ` + amount("fee") + ` else 0 end as fee
				from (
					select deal.*, state = '` + string(deal.Completed) + `' or (state = '` + string(deal.Disputed) + `'
						and exists (select 1 from payout o where o.id = deal.payout_id and o.merchant_id = deal.merchant_id
							and o.state = '` + string(payout.Paid) + `')) as booked
					from deal
				) of_deals
			) told group by subject, merchant_id
		) b
			left join entry e on e.subject = b.subject and e.merchant_id = b.merchant_id and e.rule in (` +
			quoted([]ledger.Rule{
				ledger.RuleDealt, ledger.RuleDealRaised, ledger.RuleDealLowered, ledger.RuleFee, ledger.RuleFeeReversed,
				ledger.RulePayoutDealt, ledger.RulePayoutUndone, ledger.RulePayoutFee,
			}) + `)
			left join posting p on p.entry_id = e.id and p.merchant_id = e.merchant_id
			group by b.subject, b.merchant_id, b.coins, b.fee
			having b.fee <> coalesce(sum(case when ` + on(ledger.Fees) + ` then p.amount end), 0)
				or b.coins <> coalesce(sum(case
					when e.rule in (` + quoted([]ledger.Rule{ledger.RulePayoutDealt, ledger.RulePayoutUndone}) + `) and ` +
			on(ledger.Trader) + ` then p.amount
					when e.rule in (` + quoted([]ledger.Rule{
			ledger.RuleDealt, ledger.RuleDealRaised, ledger.RuleDealLowered,
		}) + `) and ` + on(ledger.MerchantAvailable) + ` then p.amount end), 0)`,
	}}
}
