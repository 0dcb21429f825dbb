package sqlstore

import (
	"bytes"
	"context"

	"github.com/purserhq/purser/internal/ledger"
)

// booksLook is one look at all entries with their postings and seals, in the order of
// their ids: three tables side by side, none of which is sorted or remembered. Seals are
// under way at the same time, some hundred bytes each.
type booksLook struct {
	*evidence

	rules map[string]ruleSort
	known *remembered // the accounts that there are
	under map[int64]*content
	spare chan []byte // what held the lines of a part
}

// booksReader is one of those who look.
type booksReader struct {
	*evidence

	look  *booksLook
	units []unitSum // of the entry

	entries, postings, sealed *ahead

	under  map[int64]*content // of the part
	number int64              // the seal of the entry before
	latest *content           // what that covers, nil at first
	id     []byte             // of that entry
}

func newBooksLook(e *evidence) *booksLook {
	const buffers = 1 << 8
	return &booksLook{
		evidence: e, rules: ruleSorts(), under: map[int64]*content{}, spare: make(chan []byte, buffers),
	}
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

// all looks at accounts, and then at the rest.
func (b *booksLook) all(ctx context.Context, from source) error {
	if err := b.accounts(ctx, from); err != nil {
		return err
	}
	if err := b.lines(ctx, from); err != nil {
		return err
	}
	b.known = nil
	return b.compareSeals(ctx, from)
}

// lines goes through entries, postings and what is sealed side by side.
func (b *booksLook) lines(ctx context.Context, from source) error {
	all := b.forReaders(from)
	readers := make([]*booksReader, len(all))
	for n, e := range all {
		readers[n] = &booksReader{evidence: e, look: b}
	}
	err := inParts(ctx, from, []scan{entryScan, postingScan, sealedScan},
		func(_ context.Context, reader int, part []stream) (map[int64]*content, error) {
			r := readers[reader]
			err := r.lines(part, from.readers() > 1)
			return r.under, err
		}, b.take)
	b.plus(all...)
	return err
}

// take adds what a part has of seals to what is known of them.
func (b *booksLook) take(part map[int64]*content) error {
	for number, c := range part {
		before := b.under[number]
		if before == nil {
			b.under[number] = c
			c.begin()
		} else {
			before.join(c)
		}
		if c.waiting != nil {
			select {
			case b.spare <- c.waiting[:0]:
			default:
			}
			c.waiting = nil
		}
	}
	return nil
}

// lines goes through a part. What seals cover of it is held where another one may come
// before it.
func (b *booksReader) lines(part []stream, held bool) (err error) {
	b.under, b.latest = map[int64]*content{}, nil
	if b.entries, err = b.open(part[0], entryScan); err != nil {
		return err
	}
	if b.postings, err = b.open(part[1], postingScan); err != nil {
		return err
	}
	if b.sealed, err = b.open(part[2], sealedScan); err != nil {
		return err
	}
	for b.entries.row != nil {
		if err := b.entry(held); err != nil {
			return err
		}
		if err := b.entries.skip(); err != nil {
			return err
		}
	}
	b.settle()
	b.doubtIf(b.postings.row != nil, doubtEntries) // one has no entry
	b.doubtIf(b.sealed.row != nil, doubtSeals)     // an entry is gone
	return nil
}

// accounts takes the balances, and remembers which accounts there are.
func (b *booksLook) accounts(ctx context.Context, from source) error {
	var rows int64
	if err := each(ctx, from, "select count(*) from account", func(r row) error { return r.Scan(&rows) }); err != nil {
		return err
	}
	b.known = newRemembered(int(min(rows, accountsMost)))
	all := b.forReaders(from)
	err := inParts(ctx, from, []scan{accountScan},
		func(_ context.Context, reader int, part []stream) (keys []uint64, err error) {
			err = all[reader].each(part[0], accountScan, func(t tuple) error {
				keys = append(keys, all[reader].account(t))
				return nil
			})
			return keys, err
		}, func(keys []uint64) error {
			for _, key := range keys {
				b.known.put(key, 0)
			}
			return nil
		})
	b.plus(all...)
	return err
}

// account takes the balance of one, and gives its weight.
func (e *evidence) account(t tuple) uint64 {
	key, merchant, role, unit, balance := t[0].text, t[1].text, t[2].text, t[3].text, t[4].number
	e.doubtIf(!unitOf(key, unit), doubtAccounts)
	weight := e.of('a', key, merchant)
	e.sums[sumBalances].add(weight, balance)
	switch string(role) {
	case string(ledger.MerchantPending):
		e.sums[sumPending].add(e.of('u', merchant, unit), balance)
	case string(ledger.MerchantHeld):
		e.sums[sumHeld].add(e.of('u', merchant, unit), balance)
	case string(ledger.Suspense):
		e.doubtIf(balance != 0, doubtLies)
	case string(ledger.RefundsInTransit):
		e.doubtIf(balance != 0, doubtTransit)
	}
	return weight
}

// unitOf says that the key of an account has a unit: it is the last word.
func unitOf(account, unit []byte) bool {
	rest, ok := bytes.CutSuffix(account, unit)
	return ok && len(unit) > 0 && bytes.HasSuffix(rest, []byte("/")) && !bytes.Contains(unit, []byte("/"))
}

// entry takes one entry with its postings.
func (b *booksReader) entry(held bool) error {
	e := b.entries.row
	subject, rule := e[3].text, b.begins(e[1].text, e[2].text, e[3].text)
	c, err := b.seal(e, held)
	if err != nil {
		return err
	}
	lines := 0
	for ; b.postings.is(e); lines++ {
		b.posting(b.postings.row, rule, subject)
		if p := b.postings.row; c != nil {
			addPosting(c, p[3].text, p[4].text, p[2].number, p[5].number)
		}
		if err := b.postings.skip(); err != nil {
			return err
		}
	}
	b.ends(lines)
	return nil
}

// begins takes an entry without its postings.
func (b *booksReader) begins(merchant, rule, subject []byte) ruleSort {
	of := b.look.rules[string(rule)]
	b.doubts |= of.leaves
	if of.takes {
		b.sums[sumTaken].add(b.of('p', subject, merchant), 1)
	}
	if of.transfers {
		b.sums[sumTransfers].add(b.of('t', subject, merchant), 1)
	}
	b.units = b.units[:0]
	return of
}

// ends looks at what the postings of an entry come to.
func (b *booksReader) ends(lines int) {
	b.doubtIf(lines < 2, doubtEntries)
	for _, u := range b.units {
		b.doubtIf(u.total != 0, doubtEntries)
	}
}

// posting takes one posting of an entry.
func (b *booksReader) posting(p tuple, of ruleSort, subject []byte) {
	merchant, account, unit, amount := p[1].text, p[3].text, p[4].text, p[5].number
	weight := b.of('a', account, merchant)
	_, known := b.look.known.get(weight)
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
func (b *booksReader) inUnit(unit []byte, amount int64) (fits bool) {
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
func (b *booksReader) seal(e tuple, held bool) (*content, error) {
	if !b.sealed.is(e) {
		return nil, nil
	}
	if number := b.sealed.row[2].number; b.latest == nil || number != b.number {
		b.settle()
		c := b.under[number]
		if c == nil {
			c = b.look.newPart(held)
			b.under[number] = c
		}
		b.number, b.latest = number, c
	}
	c := b.latest
	c.entries++
	b.id = append(b.id[:0], e[0].text...)
	addEntry(c, e[0].text, e[1].text, e[2].text, e[3].text, e[4].number)
	return c, b.sealed.skip()
}

// settle says where a seal has come to.
func (b *booksReader) settle() {
	if b.latest != nil {
		b.latest.last = string(b.id)
	}
}

// newPart is nothing yet of what a seal covers in a part.
func (b *booksLook) newPart(held bool) *content {
	if !held {
		return newContent()
	}
	c := &content{held: true}
	select {
	case c.waiting = <-b.spare:
	default:
	}
	return c
}

// compareSeals compares seals with what they cover.
func (b *booksLook) compareSeals(ctx context.Context, q querier) error {
	f, err := judgeSeals(ctx, q, b.under, nil)
	b.doubtIf(f.Wrong > 0, doubtSeals)
	return err
}
