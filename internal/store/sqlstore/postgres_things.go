package sqlstore

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/purserhq/purser/internal/invoice"
)

// things looks at everything that has a state. What is wanted of invoices can be added up;
// the rows of the rest are asked for, those of payments because of their details. These
// tables are read as a whole: the server does that through a small ring of its memory,
// which costs half of what it costs in parts.
func (p *packedLook) things(ctx context.Context) error {
	if len(p.from) == 1 {
		if err := p.rest(ctx); err != nil {
			return err
		}
		return p.invoices(ctx, p.evidence, p.from[0])
	}
	var group errgroup.Group // whoever is in doubt leaves the other's connection as it is
	aside := newEvidence(p.seed, p.read)
	aside.server = p.server
	group.Go(func() error { return p.rest(ctx) })
	group.Go(func() error { return p.invoices(ctx, aside, p.from[1]) })
	err := group.Wait()
	p.plus(aside)
	return err
}

// rest looks at what is not added up.
func (p *packedLook) rest(ctx context.Context) error {
	from := p.from[0].alone()
	readers := []*witness{{
		evidence: p.forReaders(from)[0], look: p.lookBack, moves: map[string]*move{}, invoices: map[string]int64{},
	}}
	for _, of := range allThings {
		if of.table == invoices {
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

// stands wants the things of a table to be those that have events, in the states that the
// last of these say. The state of each is hashed with what it is remembered by.
func (p *packedLook) stands(s *sheet, t *table) (agree func() error) {
	noun, mine := p.ofNoun([]byte(t.name)), "true"
	if p.shards > 1 {
		mine = fmt.Sprintf("(((k # %s) >> 32) & 4294967295) %% %d = %d", literalHash(noun), p.shards, p.shard)
	}
	var things int64
	var sum weighed
	s.ask("count(*) filter (where "+mine+")", func(value packed, column int) error {
		things = value.number(column)
		return nil
	})
	s.sum(fmt.Sprintf("hashtextextended(state, k & -%d)", small+1), mine, func(w weighed) { sum.plus(w) })
	return func() error {
		chapters := p.moves.states()
		for _, slot := range p.last.slots {
			if slot == 0 {
				continue
			}
			if of := &chapters[slot&small-1]; of.noun == t.name {
				sum.less(signed(hashText([]byte(of.state), (slot^noun)&^small)))
			}
		}
		if things != p.present[t.name] || sum != (weighed{}) {
			return errDoubt
		}
		return nil
	}
}

// invoices asks of them what lookBack.invoice asks of each.
func (p *packedLook) invoices(ctx context.Context, e *evidence, from postgresSnapshot) error {
	rows := "select state, unit, amount, captured, reserved, number, verify_by, merchant_id, " +
		hashOf(p.server, "merchant_id") + " as m, " + hashOf(p.server, "merchant_id", "id") + " as k from invoice"
	all := &sheet{evidence: e}
	agree := p.stands(all, invoices)
	var counted int64
	if p.shard == 0 {
		p.sumsOf(all, &counted)
	}
	value, err := from.pack(ctx, all.query(rows))
	if err != nil {
		return err
	}
	if err := all.take(value); err != nil {
		return err
	}
	if err := agree(); err != nil || p.shard > 0 {
		return err
	}
	if value.is(len(value) - 1) {
		rare := p.rareOf(e)
		if value, err = from.pack(ctx, rare.query(rows+" where "+rareInvoice)); err != nil {
			return err
		}
		if err := rare.take(value); err != nil {
			return err
		}
	}
	return p.numbersAgree(ctx, e, from, counted)
}

// What may be asked of an invoice that is not like most.
var (
	paidInvoice = "state = '" + string(invoice.Paid) + "'"
	partInvoice = "captured > 0 and state in (" +
		quoted([]invoice.State{invoice.Open, invoice.Expired, invoice.Canceled}) + ")"
	rareInvoice = "(captured < 0 or captured > 4294967295 or reserved <> 0 or amount < 0 or captured > amount or " +
		paidInvoice + " or " + partInvoice + ")"
)

// sumsOf asks for the sums of all invoices, how many there are and, at last, whether there
// is one that is not like most.
func (p *packedLook) sumsOf(s *sheet, counted *int64) {
	s.ask("count(*)", func(value packed, column int) error {
		*counted = value.number(column)
		s.rows[invoices.name] += *counted
		s.read(int(*counted))
		return nil
	})
	s.never("number < 1 or number > 4294967295")
	s.lower(sumCaptured, 1, "k", "captured", "true")
	s.sum("hashint8extended(number, m)", "true", func(w weighed) { s.into(sumNumbers, 1, w) })
	s.ask("bool_or("+rareInvoice+")", func(packed, int) error { return nil })
}

// rareOf asks what is asked only of those: such sums cost time even where there is nothing
// to add.
func (p *packedLook) rareOf(e *evidence) *sheet {
	s := &sheet{evidence: e}
	s.never("amount < 0 or captured < 0 or reserved < 0")
	s.doubt("amount > 0 and case when captured >= 0 and reserved >= 0 then captured > amount - reserved end", doubtAsked)
	s.doubt(paidInvoice+" and verify_by is null", doubtVerify)
	s.doubt(partInvoice, doubtPart)
	s.upper(sumCaptured, 1, "k", "captured", "true")
	s.weigh(sumReserved, 1, "k", "reserved", "true")
	s.weigh(sumPending, -1, hashOf(p.server, "merchant_id", "unit"), "captured", paidInvoice+" and captured > 0")
	return s
}

// numbersAgree compares the numbers of invoices with those that there should be.
func (p *packedLook) numbersAgree(ctx context.Context, e *evidence, from postgresSnapshot, counted int64) error {
	should := int64(0)
	err := each(ctx, from, "select merchant_id, invoices from tally", func(r row) error {
		var merchant string
		var invoices int64
		err := r.Scan(&merchant, &invoices)
		if invoices < 0 || invoices > counted-should { // there are not so many
			should = counted + 1
			return err
		}
		should += invoices
		of := e.serverHash('n', [][]byte{[]byte(merchant)})
		for n := range invoices {
			e.sums[sumNumbers].less(signed(hashNumber(n+1, of)))
		}
		return err
	})
	if should != counted {
		e.sums[sumNumbers] = weighed{1, 1}
	}
	e.doubtIf(e.sums[sumNumbers] != (weighed{}), doubtCounted)
	return err
}
