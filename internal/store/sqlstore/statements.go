package sqlstore

// Statements that both engines have in common.
const (
	upsertTally = "insert into tally (merchant_id, events, invoices) values ($1, $2, $3)" + addTally
	// addTally counts on; the row stays locked until the commit, and with it
	// everything else of the merchant.
	addTally = " on conflict (merchant_id) do update set" +
		" events = tally.events + excluded.events, invoices = tally.invoices + excluded.invoices"
	// addBalance adds to an account, which its first posting opens.
	addBalance = " on conflict (key, merchant_id) do update set balance = account.balance + excluded.balance"
	// replaceExpired takes an answer's key if it is free or its answer has
	// expired; the time follows.
	replaceExpired = " on conflict (key, merchant_id) do update set fingerprint = excluded.fingerprint," +
		" status = excluded.status, body = excluded.body, expires_at = excluded.expires_at" +
		" where answer.expires_at <= "
	// recognise finds an event by its number and by what nobody else would
	// write under it.
	recognise = "select 1 from event where seq = $1 and merchant_id = $2 and subject = $3 and trigger = $4 and at = $5"
)

// sweep removes some rows of a table that have expired, oldest first. PostgreSQL
// needs a lock.
func sweep(t *table, lock string) string {
	return "delete from " + t.name + " where (" + t.keyNames() + ") in (select " + t.keyNames() + " from " + t.name +
		" where expires_at <= $1 order by expires_at limit $2" + lock + ")"
}

// texts are the statements of each table, built once.
type texts struct {
	insert, update, version, find string
}

// statements holds the one-row statements of all tables.
var statements = func() map[*table]texts {
	all := make(map[*table]texts)
	few := []*table{claims, answers, tallies, events, accounts, entries, postings, sealedTable}
	for _, t := range append(few, nouns...) {
		where := list(t.columns[:t.key], " and ", func(i int, c field) string { return c.name + " = " + place(i) })
		all[t] = texts{
			insert: "insert into " + t.name + " (" + t.names() + ") values (" +
				list(t.columns, ", ", func(i int, _ field) string { return place(i) }) + ")",
			update: "update " + t.name + " set " +
				t.tail(func(i int, _ field) string { return place(i) }) + " where " + where,
			version: "select version from " + t.name + " where " + where,
			find:    selectFrom(t, where),
		}
	}
	return all
}()

// insertOne inserts one row.
func insertOne(t *table) string { return statements[t].insert }

// updateOne replaces one row.
func updateOne(t *table) string { return statements[t].update }

// versionOf reads the version of one row.
func versionOf(t *table) string { return statements[t].version }
