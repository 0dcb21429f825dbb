package sqlstore

import (
	"strconv"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/wallet"
)

// moneyChecks prove that invoices, payments and refunds agree with each other.
func moneyChecks() []check {
	return []check{
		{
			"I4", "no payment gives back more than it took, pending refunds counted", "payment",
			`select id as example from payment where refunded + in_return > amount`,
		},
		{
			"I4", "every payment agrees with its refunds", "payment",
			`select p.id as example from payment p left join (
				select payment_id, merchant_id,
					sum(case when state = 'succeeded' then amount else 0 end) as done,
					sum(case when state in ('requested', 'processing') then amount else 0 end) as pending
				from refund where source in (` + ofMerchant + `) group by payment_id, merchant_id
			) r on r.payment_id = p.id and r.merchant_id = p.merchant_id
			where coalesce(p.refunded, 0) <> coalesce(r.done, 0) or coalesce(p.in_return, 0) <> coalesce(r.pending, 0)`,
		},
		{
			"I4", "no more goes back from suspense than came in for the payment", "refund",
			`select r.payment_id as example from (
				select payment_id, merchant_id, sum(amount) as back from refund
				where source = 'suspense' and state <> 'failed' group by payment_id, merchant_id
			) r left join (
				select e.subject, e.merchant_id, sum(p.amount) as late from entry e
				join posting p on p.entry_id = e.id and p.merchant_id = e.merchant_id and p.amount > 0
				where e.rule = 'late_payment' group by e.subject, e.merchant_id
			) l on l.subject = r.payment_id and l.merchant_id = r.merchant_id
			where r.back > coalesce(l.late, 0)`,
		},
		{
			"I4", "every invoice agrees with its payments", "invoice",
			`select i.id as example from invoice i left join (
				select invoice_id, merchant_id,
					sum(case when state in (` + collected + `) then amount - refunded else 0 end) as captured,
					sum(reserved * amount) as reserved
				from payment group by invoice_id, merchant_id
			) p on p.invoice_id = i.id and p.merchant_id = i.merchant_id
			where coalesce(i.captured, 0) <> coalesce(p.captured, 0)
				or coalesce(i.reserved, 0) <> coalesce(p.reserved, 0)`,
		},
		{
			"I4", "no invoice has taken more than was asked for", "invoice",
			`select id as example from invoice where amount > 0 and captured + reserved > amount`,
		},
		{
			"I4", "every payment has its invoice and every refund its payment", "payment",
			`select p.id as example from payment p
				left join invoice i on i.id = p.invoice_id and i.merchant_id = p.merchant_id where i.id is null
			union all
			select r.id from refund r
				left join payment p on p.id = r.payment_id and p.merchant_id = r.merchant_id where p.id is null`,
		},
	}
}

// ofMerchant are the sources of refunds that a payment counts: its money came
// in for the invoice, whoever it belongs to now.
var ofMerchant = quoted(merchantSources)

var merchantSources = []refund.Source{refund.FromMerchant, refund.FromOwed, refund.FromDeposit}

// collected are the states of payments whose money was taken for the merchant.
const collected = "'captured', 'settled', 'reversed', 'refunded'"

// captureChecks prove that money was taken once.
func (d *DB) captureChecks() []check {
	receipt, gateway := d.engine.detailText("attempt", "receipt"), d.engine.detailText("attempt", "gateway")
	return []check{
		{
			"I5", "every collected payment was captured once in the books, and no other was", "payment",
			`select p.id as example from payment p
				left join entry e on e.subject = p.id and e.merchant_id = p.merchant_id and e.rule in (` + takings + `)
				where p.state in (` + collected + `) group by p.id, p.merchant_id having count(e.id) <> 1
			union all
			select e.subject from entry e
				left join payment p on p.id = e.subject and p.merchant_id = e.merchant_id
					and p.state in (` + collected + `)
				where e.rule in (` + takings + `) and p.id is null`,
		},
		{
			"I5", "no gateway's receipt belongs to two payments", "payment",
			`select min(id) as example from (
				select id, merchant_id, ` + gateway + ` as gateway, ` + receipt + ` as receipt
				from payment where state in (` + collected + `)
			) p where receipt is not null group by merchant_id, gateway, receipt having count(*) > 1`,
		},
		{
			"I5", "no gateway's return of a payment's money belongs to two refunds", "refund",
			`select min(id) as example from (
				select id, merchant_id, payment_id, ` + d.engine.detailText("receipt") + ` as receipt, ` +
				d.engine.detailText("way") + ` as way from refund where state = 'succeeded'
			) r where receipt is not null and way = '` + string(refund.ByRefund) + `'
			group by merchant_id, payment_id, receipt having count(*) > 1`,
		},
	}
}

// settlements are the rules under which a payment is settled: at most once each.
var settlements = quoted([]ledger.Rule{ledger.RuleSettled, ledger.RuleFeeSettled})

// settlementChecks prove that gateways paid out what they had taken, once. That
// their rules take no payment's money is said to the index.
func (d *DB) settlementChecks() []check {
	return []check{
		{
			"I5", "every settled payment was settled once in the books, and no other was", "payment",
			// One that was settled may have been given back since.
			`select p.id as example from payment p
				left join entry e on e.subject = p.id and e.merchant_id = p.merchant_id and e.rule in (` + settlements + `)
					and e.rule not in (` + takings + `)
				where p.state = 'settled' group by p.id, p.merchant_id
				having count(e.id) = 0 or count(e.id) <> count(distinct e.rule)
			union all
			select e.subject from entry e
				left join payment p on p.id = e.subject and p.merchant_id = e.merchant_id
				where e.rule in (` + settlements + `)
				group by e.subject, e.merchant_id
				having count(distinct case when p.state in ('settled', 'refunded') then p.id end) = 0
					or count(e.id) <> count(distinct e.rule)`,
		},
		{
			"I4", "what was settled of a payment is what was captured, no more and no less", "payment",
			// With what was taken beyond that and never was the merchant's, where a statement shows it.
			`select s.subject as example from (
				select e.subject, e.merchant_id, sum(g.amount) as settled from entry e
				join posting g on g.entry_id = e.id and g.merchant_id = e.merchant_id and g.amount > 0
				where e.rule in (` + settlements + `) group by e.subject, e.merchant_id
			) s join payment p on p.id = s.subject and p.merchant_id = s.merchant_id
			where s.settled <> coalesce(p.amount, 0) and s.settled <> coalesce(p.amount, 0) + coalesce((
				select sum(g.amount) from entry l
				join posting g on g.entry_id = l.id and g.merchant_id = l.merchant_id and g.amount > 0
				where l.subject = p.id and l.merchant_id = p.merchant_id and l.rule = '` + string(ledger.RuleLate) + `'), 0)`,
		},
		{
			"I4", "what a gateway kept of refunds is what its statements showed", "refund",
			`select payment_id as example from (
				select payment_id, merchant_id, amount as kept from refund
					where state = 'succeeded' and ` + d.engine.detailText("settled_at") + ` is not null
				union all
				select e.subject, e.merchant_id, -g.amount from entry e
					join posting g on g.entry_id = e.id and g.merchant_id = e.merchant_id and g.amount > 0
					where e.rule = 'refund_settled'
			) k group by payment_id, merchant_id having sum(kept) <> 0`,
		},
	}
}

// held are the states of payouts whose money is set aside.
var held = quoted([]payout.State{payout.Requested, payout.Approved, payout.Processing})

// holdChecks prove that what is set aside is what somebody waits for.
func (d *DB) holdChecks() []check {
	toVerify := d.engine.detailText("verify_in")
	coins, coinUnit := d.engine.detailText("held", "steps"), d.engine.detailText("held", "unit")
	return []check{
		{
			"I18", "what waits to be verified is what paid invoices took", "account",
			// One that is not paid may have a part of its money, and one that was
			// verified and opened again has what is the merchant's already.
			`select merchant_id || ' ' || unit as example from (
				select merchant_id, unit, balance as held from account where role = '` + string(ledger.MerchantPending) + `'
				union all
				select merchant_id, unit, -captured from invoice where captured > 0 and (state = 'paid' or (
					state in ('open', 'expired', 'canceled') and ` + toVerify + ` is not null and not exists (
						select 1 from entry e where e.subject = invoice.id and e.merchant_id = invoice.merchant_id
							and e.rule = 'verified' and e.rule not in (` + takings + `))))
			) h group by merchant_id, unit having sum(held) <> 0`,
		},
		{
			"I18", "every paid invoice has a time by which it must be verified", "invoice",
			`select id as example from invoice where state = 'paid' and verify_by is null`,
		},
		{
			"I18", "what payers' banks hold is what authorized payments are for", "account",
			`select merchant_id || ' ' || unit as example from (
				select merchant_id, unit, balance as held from account where role = '` + string(ledger.MerchantHeld) + `'
				union all
				select merchant_id, unit, -amount from payment where state = 'authorized'
			) h group by merchant_id, unit having sum(held) <> 0`,
		},
		{
			"I18", "what was let go before it was taken is what refunds say", "payment",
			`select p.id as example from payment p left join (
				select payment_id, merchant_id, sum(amount) as let_go from refund
				where source = '` + string(refund.FromHold) + `' and state <> 'failed' group by payment_id, merchant_id
			) r on r.payment_id = p.id and r.merchant_id = p.merchant_id
			where coalesce(p.released, 0) <> coalesce(r.let_go, 0)`,
		},
		{
			"I18", "what traders have set aside is what undecided deals hold", "account",
			`select merchant_id || ' ' || unit as example from (
				select merchant_id, unit, balance as held from account where role = '` + string(ledger.DealsHeld) + `'
				union all
				select merchant_id, ` + coinUnit + `, -cast(` + coins + ` as bigint) from deal where ` + coins + ` is not null
			) h group by merchant_id, unit having sum(held) <> 0`,
		},
		{
			"I18", "what is on its way out is what unfinished payouts took", "account",
			`select merchant_id || ' ' || unit as example from (
				select merchant_id, unit, balance as held from account where role = '` + string(ledger.PayoutsInTransit) + `'
				union all
				select merchant_id, unit, -amount from payout where state in (` + held + `)
			) h group by merchant_id, unit having sum(held) <> 0`,
		},
	}
}

// What returnChecks say.
const (
	inSuspense = "what lies in suspense is what payments without room and refused refunds left there"
	inTransit  = "what gateways are to give back is what open refunds took"
	allIsOwed  = "what is left of payments that gateways refused to give back lies in suspense, or a record kept it"
)

// refused are the payments of which a gateway refused to give back what is owed, and what
// lies in suspense of them (ADR 0015): what the first refund took from the merchant, than
// which none later is larger, less what went back since or is on its way.
var refused = `select payment_id, merchant_id, unit,
		max(amount) - sum(case when state = 'failed' then 0 else amount end) as owed
	from refund where source = '` + string(refund.FromOwed) + `' group by payment_id, merchant_id, unit
	having max(case when state = 'failed' then 1 else 0 end) = 1`

// returnChecks prove that money which is to go back lies where its refund says.
func (d *DB) returnChecks() []check {
	// What comes from suspense is taken out when its way back is chosen.
	opened := "(state in ('processing', 'succeeded') or " +
		"state = 'requested' and " + d.engine.detailText("way") + " is not null)"
	recorded := func(sum string) string {
		return "coalesce(cast(" + d.engine.detailText("record", sum, "steps") + " as bigint), 0)"
	}
	return []check{
		{
			"I18", inSuspense, "account",
			`select merchant_id || ' ' || unit as example from (
				select merchant_id, unit, balance as held from account where role = '` + string(ledger.Suspense) + `'
				union all
				select merchant_id, unit, -max(amount) from refund where source = '` + string(refund.FromSuspense) + `'
					group by payment_id, merchant_id, unit having max(case when ` + opened + ` then 1 else 0 end) = 0
				union all
				select merchant_id, unit, -owed from (` + refused + `) r
			) h group by merchant_id, unit having sum(held) <> 0`,
		},
		{
			// The merchant did not pay again for what it had given up, nor was any of it forgotten.
			"I18", allIsOwed, "payment",
			`select p.id as example from (` + refused + `) r
				join payment p on p.id = r.payment_id and p.merchant_id = r.merchant_id
				where p.amount - coalesce(p.refunded, 0) - coalesce(p.in_return, 0) - r.owed not in (0,
					case when p.recorded_at is null then 0
					else p.amount - ` + recorded("before") + ` - ` + recorded("amount") + ` end)`,
		},
		{
			"I18", inTransit, "account",
			`select merchant_id || ' ' || unit as example from (
				select merchant_id, unit, balance as held from account where role = '` + string(ledger.RefundsInTransit) + `'
				union all
				select merchant_id, unit, -amount from refund where state in ('requested', 'processing')
					and (source in (` + ofMerchant + `) or source = '` + string(refund.FromSuspense) + `' and ` + opened + `)
			) h group by merchant_id, unit having sum(held) <> 0`,
		},
	}
}

// payoutChecks prove that payouts were paid for as they stand.
func (d *DB) payoutChecks() []check {
	return []check{
		{
			"I4", "every payout that is paid was paid for once in the books, and no other is", "payout",
			`select id as example from (
				select id, merchant_id, case when state = 'paid' then 1 else 0 end as times from payout
				union all
				select subject, merchant_id, case when rule = 'payout_undone' then 1 else -1 end from entry
					where rule in ('payout_paid', 'payout_dealt', 'payout_undone') and rule not in (` + takings + `)
			) p group by id, merchant_id having sum(times) <> 0`,
		},
		{
			"I4", "a payout has a deal that is not decided when a trader has taken it, and no other has", "payout",
			// What is disputed after it was paid for stays paid.
			`select p.id as example from (
				select id, merchant_id, state from payout where ` + d.engine.detailText("rail") + ` = '` + payout.Traders + `'
			) p
				left join deal d on d.payout_id = p.id and d.merchant_id = p.merchant_id and d.payout_id <> '' and (
					d.state in ('transfer_waiting', 'transfer_confirmed') or (d.state = 'dispute' and p.state <> 'paid'))
				group by p.id, p.merchant_id, p.state
				having count(d.id) <> max(case when p.state = 'processing' then 1 else 0 end)
			union all
			select d.id from deal d
				left join payout p on p.id = d.payout_id and p.merchant_id = d.merchant_id
				where d.payout_id <> '' and p.id is null`,
		},
	}
}

// accountOf is an expression for the key of the account, in a unit, that a
// number belongs to.
func accountOf(number, unit string) string {
	return "(case when " + number + " = " + strconv.FormatInt(wallet.House, 10) + " then '" +
		string(ledger.MerchantAvailable) + "//' else '" + string(ledger.CustomerWallet) + "/' || cast(" + number +
		" as text) || '/' end || " + unit + ")"
}

// tradeChecks prove that transfers and exchanges are in the books as they were
// made. That their rules take no payment's money is said to the index.
func (d *DB) tradeChecks() []check {
	number := func(path ...string) string { return "cast(" + d.engine.detailText(path...) + " as bigint)" }
	return []check{
		{
			"I4", "every transfer is in the books once, and no other is", "transfer",
			`select t.id as example from transfer t
				left join entry e on e.subject = t.id and e.merchant_id = t.merchant_id and e.rule = 'transferred'
					and e.rule not in (` + takings + `)
				left join posting g on g.entry_id = e.id and g.merchant_id = e.merchant_id
					and g.account = ` + accountOf("t.sender", "t.unit") + ` and g.amount = -t.amount
				left join posting r on r.entry_id = e.id and r.merchant_id = e.merchant_id
					and r.account = ` + accountOf("t.receiver", "t.unit") + ` and r.amount = t.amount
				group by t.id, t.merchant_id having count(e.id) <> 1 or count(g.line) <> 1 or count(r.line) <> 1
			union all
			select e.subject from entry e
				left join transfer t on t.id = e.subject and t.merchant_id = e.merchant_id
				where e.rule = 'transferred' and t.id is null`,
		},
		{
			"I4", "every exchange is in the books once, and no other is", "exchange",
			`select x.id as example from (
				select id, merchant_id, account, ` + number("spent", "steps") + ` as spent, ` + number("got", "steps") + ` as got,
					` + d.engine.detailText("spent", "unit") + ` as gave, ` + d.engine.detailText("got", "unit") + ` as took
				from exchange
			) x
				left join entry e on e.subject = x.id and e.merchant_id = x.merchant_id and e.rule = 'exchanged'
					and e.rule not in (` + takings + `)
				left join posting g on g.entry_id = e.id and g.merchant_id = e.merchant_id
					and g.account = ` + accountOf("x.account", "x.gave") + ` and g.amount = -x.spent
				left join posting r on r.entry_id = e.id and r.merchant_id = e.merchant_id
					and r.account = ` + accountOf("x.account", "x.took") + ` and r.amount = x.got
				group by x.id, x.merchant_id having count(e.id) <> 1 or count(g.line) <> 1 or count(r.line) <> 1
			union all
			select e.subject from entry e
				left join exchange x on x.id = e.subject and x.merchant_id = e.merchant_id
				where e.rule = 'exchanged' and x.id is null`,
		},
	}
}

// rates proves that no exchange gave more or less than its rate.
func rates() judgement {
	return judgement{
		"I17", "every exchange gave what its own rate says, to the last step", selectFrom(exchanges, "true"),
		func(r row) (bool, string, error) {
			e, err := scanExchange(r)
			return e.Right(), e.ID, err
		},
	}
}

// deliveryChecks prove that nothing that was promised to anybody lies where no
// worker finds it.
func deliveryChecks() []check {
	return []check{
		{
			"P6", "every delivery is for an endpoint that exists or has a queue of its own", "delivery",
			`select d.id as example from delivery d
				left join endpoint e on e.id = d.endpoint_id and e.merchant_id = d.merchant_id
				where (d.endpoint_id <> '' and e.id is null) or d.queue = ''`,
		},
		{
			"P6", "every delivery that is due has a time", "delivery",
			`select id as example from delivery where state = 'due' and run_at is null`,
		},
	}
}
