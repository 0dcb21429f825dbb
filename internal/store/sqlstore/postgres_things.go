package sqlstore

import (
	"context"

	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
)

// things looks at everything that has a state. There is a payment and an invoice for every
// few events, so those are packed; of the rest there is little.
func (p *packedLook) things(ctx context.Context) error {
	for _, of := range []func(context.Context) error{p.payments, p.invoices} {
		if err := of(ctx); err != nil {
			return err
		}
	}
	if err := p.rest(ctx); err != nil {
		return err
	}
	for _, s := range p.states {
		if s != nil {
			p.total.add(uint64(s.things), int64(s.hash)) //nolint:gosec // all 64 bits count
		}
	}
	if p.total != (weighed{}) {
		return errDoubt
	}
	return nil
}

// rest looks at what is not packed.
func (p *packedLook) rest(ctx context.Context) error {
	from := p.from[0].alone()
	readers := []*witness{{
		evidence: p.forReaders(from)[0], look: p.lookBack, moves: map[string]*move{}, invoices: map[string]int64{},
	}}
	for _, of := range allThings {
		if of.table == payments || of.table == invoices {
			continue
		}
		if err := p.thing(ctx, from, readers, of, p.moves.states()); err != nil {
			return err
		}
	}
	if readers[0].absent.Wrong > 0 {
		return errDoubt
	}
	if p.shard == 0 {
		if err := p.others(ctx, from, readers); err != nil {
			return err
		}
	} else {
		clear(readers[0].rows) // they were counted before
	}
	p.plus(readers[0].evidence)
	return nil
}

// sheet asks of every thing whether its state is that of its last event.
func (p *packedLook) sheet(t *table) *sheet {
	s := &sheet{evidence: p.evidence}
	s.ask("count(*)", func(value packed, column int) error {
		rows := value.number(column)
		p.asked = rows
		p.rows[t.name] += rows
		p.read(int(rows))
		return nil
	})
	s.sum("h", "true", p.total.less)
	s.ask("string_agg(int8send((k & -4096) | (h & 4095)), '')", func(value packed, column int) error {
		words := value.numbers(column)
		if int64(words.len()) != p.asked {
			return errDoubt
		}
		for n := range words.len() {
			if err := p.stands(words.at(n)); err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

// stands compares a thing with its last event.
func (p *packedLook) stands(word uint64) error {
	of, key := p.states[word&small], subjectKey(word)
	if of == nil {
		return errDoubt
	}
	of.things++
	if !p.has(key) {
		return nil
	}
	last, there := p.last.get(key)
	for chapters := p.moves.states(); len(p.chapterHashes) < len(chapters); {
		state := chapters[len(p.chapterHashes)].state
		p.chapterHashes = append(p.chapterHashes, hashText([]byte(state), p.codes))
	}
	if !there || p.chapterHashes[last] != of.hash {
		return errDoubt
	}
	p.standing++
	return nil
}

// question is what is asked of all rows of a table, and what is asked only of those of which
// something is so, if there are any: such sums cost time even where there is nothing to add.
type question struct {
	of        *table
	rows      string // a query for them, but for which part
	all, rare *sheet
	isRare    string
}

// look has the server fill in a sheet for every part of a table.
func (p *packedLook) look(ctx context.Context, q question) error {
	parts, err := p.from[0].pagesOf(ctx, q.of)
	if err != nil {
		return err
	}
	var rare []int // parts
	if q.rare != nil {
		q.all.ask("bool_or("+q.isRare+")", func(value packed, column int) error {
			if value.is(column) {
				rare = append(rare, p.at)
			}
			return nil
		})
	}
	p.standing = 0
	if err := inTurn(ctx, p.from, 0, parts, func(part int) string { return q.all.query(q.rows + inPages(part, parts)) },
		func(part int, value packed) error {
			p.at = part
			return q.all.take(value)
		}); err != nil {
		return err
	}
	// Then whatever has events is there, and what belongs to it may be looked for there.
	p.doubtIf(p.standing != p.present[q.of.name], doubtOrphans)
	return inTurn(ctx, p.from, 0, len(rare), func(n int) string {
		return q.rare.query(q.rows + inPages(rare[n], parts) + " and (" + q.isRare + ")")
	}, func(_ int, value packed) error { return q.rare.take(value) })
}

// payments asks of them what lookBack.payment asks of each.
func (p *packedLook) payments(ctx context.Context) error {
	q := question{
		of: payments, all: p.sheet(payments),
		rows: "select state, unit, amount, refunded, in_return, reserved, released, merchant_id, detail, " +
			"greatest(amount, 0) - greatest(refunded, 0) as took, state in (" + collected + ") as taken, " +
			hashOf(p.serverSeed('p'), "id", "merchant_id") + " as k, " +
			hashOf(p.serverSeed('i'), "invoice_id", "merchant_id") + " as i, " +
			hashOf(p.codes, "state") + " as h from payment where ",
	}
	q.all.ask("string_agg(int8send(i), '')", func(value packed, column int) error {
		of := value.numbers(column)
		for n := range of.len() {
			if key := subjectKey(of.at(n)); p.has(key) {
				_, there := p.last.get(key)
				p.doubtIf(!there, doubtOrphans)
			}
		}
		if int64(of.len()) != p.asked {
			return errDoubt
		}
		return nil
	})
	p.receipts(q.all)
	if p.shard == 0 {
		authorized := "state = '" + string(payment.Authorized) + "'"
		q.all.count(sumTaken, -1, "k", "taken")
		q.all.lower(sumCaptured, -1, "i", "took", "taken")
		q.isRare = "refunded <> 0 or in_return <> 0 or released <> 0 or reserved <> 0 or amount < 0" +
			" or amount > 4294967295 or " + authorized
		q.rare = &sheet{evidence: p.evidence}
		q.rare.never("amount < 0 or refunded < 0 or in_return < 0 or released < 0")
		q.rare.doubt("case when amount >= 0 and refunded >= 0 and in_return >= 0 then refunded > amount - in_return end",
			doubtReturned)
		q.rare.upper(sumCaptured, -1, "i", "took", "taken")
		q.rare.weigh(sumReturned, 1, "k", "refunded", "true")
		q.rare.weigh(sumReturning, 1, "k", "in_return", "true")
		q.rare.weigh(sumReleased, 1, "k", "released", "true")
		q.rare.weigh(sumReserved, -1, "i", "amount", "reserved <> 0")
		q.rare.weigh(sumHeld, -1, hashOf(p.serverSeed('u'), "merchant_id", "unit"), "amount", authorized)
	}
	err := p.look(ctx, q)
	settled := hashText([]byte(payment.Settled), p.codes)
	p.doubtIf(p.states[settled&small].things > 0, doubtSettled)
	return err
}

// receipts asks for those of collected payments.
func (p *packedLook) receipts(s *sheet) {
	var merchants numbers
	var attempt [2][]byte
	var keys []uint64
	s.ask("string_agg(int8send("+hashOf(p.serverSeed('r'), "merchant_id")+"), '') filter (where taken)",
		func(value packed, column int) error {
			merchants = value.numbers(column)
			return nil
		})
	s.ask(`string_agg(detail, e'\n') filter (where taken)`, func(value packed, column int) error {
		keys = keys[:0]
		details, ok := value.texts(column, int64(merchants.len()))
		if !ok {
			return errDoubt
		}
		for n, detail := range details {
			plain := plainTexts(detail, "attempt", receiptNames, attempt[:])
			p.doubtIf(!plain, doubtReceipts)
			key := hashText(attempt[1], hashText(attempt[0], merchants.at(n))) & weightBits
			if plain && attempt[1] != nil && p.has(key) {
				keys = append(keys, key)
			}
		}
		return p.takeReceipts(keys)
	})
}

// invoices asks of them what lookBack.invoice asks of each.
func (p *packedLook) invoices(ctx context.Context) error {
	q := question{
		of: invoices, all: p.sheet(invoices),
		rows: "select state, unit, amount, captured, reserved, number, verify_by, merchant_id, " +
			hashOf(p.serverSeed('i'), "id", "merchant_id") + " as k, " + hashOf(p.codes, "state") + " as h from invoice where ",
	}
	if p.shard == 0 {
		paid := "state = '" + string(invoice.Paid) + "'"
		part := "captured > 0 and state in (" +
			quoted([]invoice.State{invoice.Open, invoice.Expired, invoice.Canceled}) + ")"
		of := hashOf(p.serverSeed('n'), "merchant_id")
		q.all.never("number < 1 or number > 4294967295")
		q.all.lower(sumCaptured, 1, "k", "captured", "true")
		q.all.sum("hashint8extended(number, "+of+")", "true", func(w weighed) { q.all.into(sumNumbers, 1, w) })
		q.all.sum("hashint8extended(number - 1, "+of+")", "true", func(w weighed) { q.all.into(sumNumbers, -1, w) })
		q.isRare = "captured < 0 or captured > 4294967295 or reserved <> 0 or amount < 0 or captured > amount or " + paid +
			" or " + part
		q.rare = &sheet{evidence: p.evidence}
		q.rare.never("amount < 0 or captured < 0 or reserved < 0")
		q.rare.doubt("amount > 0 and case when captured >= 0 and reserved >= 0 then captured > amount - reserved end",
			doubtAsked)
		q.rare.doubt(paid+" and verify_by is null", doubtVerify)
		q.rare.doubt(part, doubtPart)
		q.rare.upper(sumCaptured, 1, "k", "captured", "true")
		q.rare.weigh(sumReserved, 1, "k", "reserved", "true")
		q.rare.weigh(sumPending, -1, hashOf(p.serverSeed('u'), "merchant_id", "unit"), "captured", paid+" and captured > 0")
	}
	if err := p.look(ctx, q); err != nil || p.shard != 0 {
		return err
	}
	return p.numbersAgree(ctx)
}

// numbersAgree compares the numbers of invoices with those that there should be. Of every
// number its own weight was added, and that of the one before was taken away; so what is
// left is the weight of each merchant's last number less that of zero.
func (p *packedLook) numbersAgree(ctx context.Context) error {
	err := each(ctx, p.from[0], "select merchant_id, invoices from tally", func(r row) error {
		var merchant string
		var invoices int64
		err := r.Scan(&merchant, &invoices)
		of := p.serverHash('n', [][]byte{[]byte(merchant)})
		var last weighed
		last.add(1, int64(hashNumber(invoices, of)))        //nolint:gosec // all 64 bits count
		p.sums[sumNumbers].add(1, int64(hashNumber(0, of))) //nolint:gosec // all 64 bits count
		p.sums[sumNumbers].less(last)
		return err
	})
	p.doubtIf(p.sums[sumNumbers] != (weighed{}), doubtCounted)
	return err
}
