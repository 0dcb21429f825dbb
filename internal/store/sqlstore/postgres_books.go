package sqlstore

import (
	"context"
	"strconv"
)

// packedBooks is a booksLook at entries, postings and what is sealed as the server packs
// them: a thousand entries and more at once, with what belongs to them.
type packedBooks struct {
	*booksReader

	from    postgresSnapshot
	planned map[string]prepared // by query
}

// bookPart is a part of the books: some entries, and what belongs to those and to none
// between them.
type bookPart struct {
	entries, postings, sealed packed
	err                       error
}

// newPackedBooks is one, whose evidence is added to that of the look.
func newPackedBooks(l *booksLook, from postgresSnapshot) *packedBooks {
	e := newEvidence(l.seed, l.read)
	e.server = l.server
	return &packedBooks{&booksReader{evidence: e, look: l}, from, map[string]prepared{}}
}

// all looks at accounts, and then at the rest.
func (b *packedBooks) all(ctx context.Context) error {
	if err := b.look.accounts(ctx, b.from.alone()); err != nil {
		return err
	}
	if err := b.from.plainly(ctx); err != nil {
		return err
	}
	parts, stop, ended := make(chan bookPart, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		b.ask(ctx, parts, stop)
	}()
	err := b.takeAll(parts)
	close(stop)
	<-ended
	for _, p := range b.planned {
		err = p.end(ctx, err)
	}
	if err == nil {
		err = b.from.asUsual(ctx)
	}
	if err != nil {
		return err
	}
	b.look.plus(b.evidence)
	b.look.known = nil
	return b.look.compareSeals(ctx, b.from)
}

// takeAll takes part after part.
func (b *packedBooks) takeAll(parts <-chan bookPart) error {
	for of := range parts {
		if of.err != nil {
			return of.err
		}
		if err := b.take(of); err != nil {
			return err
		}
	}
	return nil
}

// pack asks a query, which is planned once.
func (b *packedBooks) pack(ctx context.Context, query string, words ...[]byte) (packed, error) {
	p, known := b.planned[query]
	if !known {
		var err error
		if p, err = b.from.prepare(ctx, query); err != nil {
			return nil, err
		}
		b.planned[query] = p
	}
	return p.pack(ctx, words...)
}

// ask asks for part after part, ahead of whoever takes them.
func (b *packedBooks) ask(ctx context.Context, into chan<- bookPart, stop <-chan struct{}) {
	defer close(into)
	behind, last := ">=", [][]byte{{}, {}}
	for more := true; more; {
		var of bookPart
		if of.entries, of.err = b.pack(ctx, entriesQuery(behind), last...); of.err == nil {
			between := last
			if last, more, of.err = lastEntry(of.entries); more {
				between = append(between, last...)
			}
			of = b.belonging(ctx, of, behind, between)
			behind = ">"
		}
		select {
		case into <- of:
		case <-stop:
			return
		}
		if of.err != nil {
			return
		}
	}
}

// entriesQuery asks for the entries behind one.
func entriesQuery(behind string) string {
	return `select count(*), bool_or(id is null or merchant_id is null or rule is null or subject is null or at is null),
		string_agg(id, e'\n'), string_agg(merchant_id, e'\n'), string_agg(rule, e'\n'), string_agg(subject, e'\n'),
		string_agg(int8send(at), '')
		from (select id, merchant_id, rule, subject, at from entry where (id, merchant_id) ` + behind + ` ($1, $2)
			order by id, merchant_id limit ` + strconv.Itoa(atOnce.entries) + `) e`
}

// lastEntry is the key of the last one that was packed, if there was one.
func lastEntry(entries packed) (key [][]byte, ok bool, err error) {
	rows := entries.number(0)
	for _, column := range []int{2, 3} {
		texts, ok := entries.texts(column, rows)
		if !ok {
			return nil, false, errDoubt
		}
		if rows > 0 {
			key = append(key, texts[rows-1])
		}
	}
	return key, rows > 0, nil
}

// belonging asks for postings and what is sealed of entries behind one and up to another,
// or for one behind all.
func (b *packedBooks) belonging(ctx context.Context, of bookPart, behind string, between [][]byte) bookPart {
	where, limit := " where (entry_id, merchant_id) "+behind+" ($1, $2)", " limit 1"
	if len(between) > 2 {
		where, limit = where+" and (entry_id, merchant_id) <= ($3, $4)", ""
	}
	entry := hashOf(b.server, "merchant_id", "entry_id")
	for _, q := range []struct {
		into  *packed
		query string
	}{
		{&of.postings, `select count(*),
			bool_or(line < 0 or line > 255 or account is null or unit is null or amount is null),
			string_agg(int8send((` + entry + ` & -256) | line), ''), string_agg(account, e'\n'), string_agg(unit, e'\n'),
			string_agg(int8send(amount), '') from (select entry_id, merchant_id, line, account, unit, amount from posting` +
			where + ` order by entry_id, merchant_id, line` + limit + `) p`},
		{&of.sealed, `select count(*), bool_or(seal is null), string_agg(int8send(` + entry + `), ''),
			string_agg(int8send(seal), '') from (select entry_id, merchant_id, seal from sealed` +
			where + ` order by entry_id, merchant_id` + limit + `) s`},
	} {
		if of.err == nil {
			*q.into, of.err = b.pack(ctx, q.query, between...)
		}
	}
	return of
}

// lineBits are what a posting's line takes of the hash of its entry.
const lineBits = 0xff

// lines are the rows of a part.
type lines struct {
	ids, merchants, rules, subjects, accounts, units [][]byte
	times, belongs, amounts, sealed, seals           numbers
}

// bookLines takes them out of it.
func bookLines(of bookPart) (l lines, err error) {
	whole := true
	for _, t := range []struct {
		from   packed
		column int
		into   *[][]byte
	}{
		{of.entries, 2, &l.ids},
		{of.entries, 3, &l.merchants},
		{of.entries, 4, &l.rules},
		{of.entries, 5, &l.subjects},
		{of.postings, 3, &l.accounts},
		{of.postings, 4, &l.units},
	} {
		texts, ok := t.from.texts(t.column, t.from.number(0))
		*t.into, whole = texts, whole && ok && !t.from.is(1)
	}
	for _, n := range []struct {
		from   packed
		column int
		into   *numbers
	}{
		{of.entries, 6, &l.times},
		{of.postings, 2, &l.belongs},
		{of.postings, 5, &l.amounts},
		{of.sealed, 2, &l.sealed},
		{of.sealed, 3, &l.seals},
	} {
		*n.into = n.from.numbers(n.column)
		whole = whole && int64(n.into.len()) == n.from.number(0) && !n.from.is(1)
	}
	if !whole {
		return l, errDoubt
	}
	return l, nil
}

// covers is what a seal covers, with one more entry.
func (b *packedBooks) covers(seal int64, entry []byte) *content {
	c := b.look.under[seal]
	if c == nil {
		c = newContent()
		b.look.under[seal] = c
	}
	c.entries++
	c.last = string(entry)
	return c
}

// take takes the entries of a part, with their postings.
func (b *packedBooks) take(of bookPart) error {
	l, err := bookLines(of)
	if err != nil {
		return err
	}
	posting, sealed := 0, 0
	row := make(tuple, len(postingScan.columns))
	for n, id := range l.ids {
		merchant, subject := l.merchants[n], l.subjects[n]
		key := b.serverHash('e', [][]byte{id, merchant})
		rule := b.begins(merchant, l.rules[n], subject)
		var c *content
		if sealed < l.sealed.len() && l.sealed.at(sealed) == key {
			c = b.covers(int64(l.seals.at(sealed)), id)                          //nolint:gosec // all 64 bits count
			addEntry(c, id, merchant, l.rules[n], subject, int64(l.times.at(n))) //nolint:gosec // all 64 bits count
			sealed++
		}
		first := posting
		for ; posting < l.belongs.len() && l.belongs.at(posting)&^lineBits == key&^lineBits; posting++ {
			account, unit := l.accounts[posting], l.units[posting]
			amount := int64(l.amounts.at(posting)) //nolint:gosec // all 64 bits count
			row[1].text, row[3].text, row[4].text, row[5].number = merchant, account, unit, amount
			b.posting(row, rule, subject)
			if c != nil {
				addPosting(c, account, unit, int64(l.belongs.at(posting)&lineBits), amount)
			}
		}
		b.ends(posting - first)
	}
	b.doubtIf(posting < l.belongs.len(), doubtEntries) // one has no entry
	b.doubtIf(sealed < l.sealed.len(), doubtSeals)     // an entry is gone
	for _, t := range []struct {
		name string
		rows packed
	}{{entries.name, of.entries}, {postings.name, of.postings}, {sealedTable.name, of.sealed}} {
		b.rows[t.name] += t.rows.number(0)
		b.read(int(t.rows.number(0)))
	}
	return nil
}
