package sqlstore

import (
	"bytes"
	"context"
	"errors"

	"github.com/purserhq/purser/internal/ledger"
)

// booksLook is one look at all entries with their postings and seals, in the order of
// their ids: three streams side by side, none of which is sorted or remembered. Seals are
// under way at the same time, about a thousand bytes each.
type booksLook struct {
	*evidence

	rules map[string]ruleSort
	known *remembered // the accounts that there are
	under map[int64]*content
	units []unitSum // of the entry

	entries, postings, sealed *ahead
}

// ruleSort is what an entry's rule has to do with payments and the like.
type ruleSort struct {
	takes, transfers bool
	leaves           doubt // to a query
}

// unitSum is what the postings of an entry come to in one unit.
type unitSum struct {
	unit  []byte
	total int64
}

// sealedTable has what seals cover.
var sealedTable = &table{"sealed", 2, []field{{"entry_id", text}, {"merchant_id", text}, {"seal", number}}}

// The scans of the books.
var (
	entryScan   = scan{entries, []string{"id", "merchant_id", "rule", "subject", "at"}, true}
	postingScan = scan{postings, []string{"entry_id", "merchant_id", "line", "account", "unit", "amount"}, true}
	sealedScan  = scan{sealedTable, []string{"entry_id", "merchant_id", "seal"}, true}
	accountScan = scan{accounts, []string{"key", "merchant_id", "role", "unit", "balance"}, false}
)

// ruleSorts sorts the rules that some check asks about.
func ruleSorts() map[string]ruleSort {
	all := map[string]ruleSort{}
	for _, r := range ledger.Takings {
		all[string(r)] = ruleSort{takes: true}
	}
	for _, r := range []ledger.Rule{ledger.RuleSettled, ledger.RuleFeeSettled} {
		all[string(r)] = ruleSort{leaves: doubtSettled}
	}
	for _, r := range []ledger.Rule{ledger.RulePayoutPaid, ledger.RulePayoutDealt, ledger.RulePayoutUndone} {
		all[string(r)] = ruleSort{leaves: doubtPayouts}
	}
	all[string(ledger.RuleRefundSettled)] = ruleSort{leaves: doubtKept}
	all[string(ledger.RuleExchanged)] = ruleSort{leaves: doubtExchanges}
	all[string(ledger.RuleTransferred)] = ruleSort{transfers: true}
	return all
}

// all looks at accounts, and then at the rest. from has three snapshots, or one that
// may be asked for several things by turns.
func (b *booksLook) all(ctx context.Context, from []snapshot) error {
	if err := b.accounts(ctx, from[0]); err != nil {
		return err
	}
	if err := b.lines(ctx, from); err != nil {
		return err
	}
	return b.compareSeals(ctx, from[0])
}

// lines goes through entries, postings and what is sealed side by side.
func (b *booksLook) lines(ctx context.Context, from []snapshot) (err error) {
	for n, of := range []struct {
		scan
		into **ahead
	}{{entryScan, &b.entries}, {postingScan, &b.postings}, {sealedScan, &b.sealed}} {
		opened, err := b.open(ctx, from[n%len(from)], of.scan)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, opened.close()) }()
		*of.into = opened
	}
	for b.entries.row != nil {
		if err := b.entry(); err != nil {
			return err
		}
		if err := b.entries.skip(); err != nil {
			return err
		}
	}
	b.doubtIf(b.postings.row != nil, doubtEntries) // one has no entry
	b.doubtIf(b.sealed.row != nil, doubtSeals)     // an entry is gone
	return nil
}

// accounts takes the balances, and remembers which accounts there are.
func (b *booksLook) accounts(ctx context.Context, from snapshot) error {
	var rows int64
	if err := each(ctx, from, "select count(*) from account", func(r row) error { return r.Scan(&rows) }); err != nil {
		return err
	}
	b.known = newRemembered(int(min(rows, rememberMost)))
	return b.each(ctx, from, accountScan, func(t tuple) error {
		key, merchant, role, unit, balance := t[0].text, t[1].text, t[2].text, t[3].text, t[4].number
		b.doubtIf(!unitOf(key, unit), doubtAccounts)
		weight := b.of('a', key, merchant)
		b.known.put(weight, 0)
		b.sums[sumBalances].add(weight, balance)
		switch string(role) {
		case string(ledger.MerchantPending):
			b.sums[sumPending].add(b.of('u', merchant, unit), balance)
		case string(ledger.MerchantHeld):
			b.sums[sumHeld].add(b.of('u', merchant, unit), balance)
		}
		return nil
	})
}

// unitOf says that the key of an account has a unit: it is the last word.
func unitOf(account, unit []byte) bool {
	rest, ok := bytes.CutSuffix(account, unit)
	return ok && len(unit) > 0 && bytes.HasSuffix(rest, []byte("/")) && !bytes.Contains(unit, []byte("/"))
}

// entry takes one entry with its postings.
func (b *booksLook) entry() error {
	e := b.entries.row
	merchant, subject, rule := e[1].text, e[3].text, b.rules[string(e[2].text)]
	b.doubts |= rule.leaves
	if rule.takes {
		b.sums[sumTaken].add(b.of('p', subject, merchant), 1)
	}
	if rule.transfers {
		b.sums[sumTransfers].add(b.of('t', subject, merchant), 1)
	}
	c, err := b.seal(e)
	if err != nil {
		return err
	}
	lines := 0
	for b.units = b.units[:0]; b.postings.is(e); lines++ {
		b.posting(b.postings.row, rule, subject)
		if p := b.postings.row; c != nil {
			addPosting(c, p[3].text, p[4].text, p[2].number, p[5].number)
		}
		if err := b.postings.skip(); err != nil {
			return err
		}
	}
	b.doubtIf(lines < 2, doubtEntries)
	for _, u := range b.units {
		b.doubtIf(u.total != 0, doubtEntries)
	}
	return nil
}

// posting takes one posting of an entry.
func (b *booksLook) posting(p tuple, of ruleSort, subject []byte) {
	merchant, account, unit, amount := p[1].text, p[3].text, p[4].text, p[5].number
	weight := b.of('a', account, merchant)
	_, known := b.known.get(weight)
	b.doubtIf(!known || !unitOf(account, unit), doubtAccounts)
	b.doubtIf(!b.inUnit(unit, amount), doubtEntries)
	b.sums[sumBalances].add(weight, -amount)
	if of.transfers {
		b.sums[sumLegs].add(b.leg(subject, merchant, account, amount), 1)
	}
}

// leg is the weight of an account's part in a transfer.
func (e *evidence) leg(transfer, merchant, account []byte, amount int64) uint64 {
	return e.ofNumber('l', amount, transfer, merchant, account)
}

// inUnit adds an amount to what the entry has in its unit, if that fits.
func (b *booksLook) inUnit(unit []byte, amount int64) (fits bool) {
	for n := range b.units {
		if u := &b.units[n]; bytes.Equal(u.unit, unit) {
			u.total, fits = plus(u.total, amount)
			return fits
		}
	}
	n := len(b.units)
	if n < cap(b.units) {
		b.units = b.units[:n+1]
	} else {
		b.units = append(b.units, unitSum{})
	}
	b.units[n].unit, b.units[n].total = append(b.units[n].unit[:0], unit...), amount
	return true
}

// seal adds an entry to the seal that covers it, if one does.
func (b *booksLook) seal(e tuple) (*content, error) {
	if !b.sealed.is(e) {
		return nil, nil
	}
	number := b.sealed.row[2].number
	c := b.under[number]
	if c == nil {
		c = newContent()
		b.under[number] = c
	}
	c.entries++
	c.last = string(e[0].text)
	addEntry(c, e[0].text, e[1].text, e[2].text, e[3].text, e[4].number)
	return c, b.sealed.skip()
}

// compareSeals compares seals with what they cover.
func (b *booksLook) compareSeals(ctx context.Context, q querier) error {
	f, err := judgeSeals(ctx, q, b.under, nil)
	b.doubtIf(f.Wrong > 0, doubtSeals)
	return err
}
