package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/store/sqlstore" // brings SQLite's driver along
)

// The engines.
const (
	postgres = "PostgreSQL"
	sqlite   = "SQLite"
)

// tables are Purser's own, with their checks, triggers and indexes, and the
// fastest way to fill them. One caller at a time.
type tables interface {
	addInvoices(ctx context.Context, rows []invoiceRow) error
	// addTransfers writes transfers, books an entry with two postings for each,
	// and adds what they move to the balances. Here as above an event tells of
	// each row, if there is a feed.
	addTransfers(ctx context.Context, rows []transferRow) error
	close() error
}

// openTables makes the tables. Of those with a feed only one may be open.
func openTables(ctx context.Context, database string, withFeed bool) (_ tables, err error) {
	if _, err := sqlstore.Migrate(ctx, sqlstore.Options{URL: database, Now: time.Now}); err != nil {
		return nil, err
	}
	var f *feed
	if withFeed {
		if f, err = openFeed(ctx, database); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(database, "postgres://") {
		conn, err := pgx.Connect(ctx, database)
		if err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		return postgresTables{conn, f}, nil
	}
	return openSQLite(ctx, database, f)
}

// The columns that are filled. Those of an invoice at a terminal keep what
// they have by default.
const (
	invoiceColumns = "invoice (id, merchant_id, version, state, unit, amount, captured, reserved, due_at, created_at," +
		" updated_at, detail)"
	transferColumns = "transfer (id, merchant_id, version, sender, receiver, unit, amount, created_at, detail)"
	postingColumns  = "posting (entry_id, merchant_id, line, account, unit, amount)"
	entryColumns    = "entry (id, merchant_id, rule, subject, at)"
	accountColumns  = "account (key, merchant_id, role, owner, unit, floor, balance)"
	addBalance      = " on conflict (key, merchant_id) do update set balance = account.balance + excluded.balance"
)

// postgresTables writes a group in one trip to the server, which is its own
// transaction.
type postgresTables struct {
	conn *pgx.Conn
	feed *feed
}

func (t postgresTables) close() error { return t.conn.Close(context.Background()) }

func (t postgresTables) addInvoices(ctx context.Context, rows []invoiceRow) error {
	ids, shops, details := make([]string, len(rows)), make([]string, len(rows)), make([]string, len(rows))
	numbers := columns[int64](3, len(rows))
	for i, r := range rows {
		ids[i], shops[i], details[i] = r.id, r.merchant, r.detail
		fill(numbers, i, r.amount, r.at, t.feed.next(r.merchant))
	}
	_, err := t.conn.Exec(ctx, "with n as materialized (select * from"+
		" unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])"+
		" as n (id, shop, detail, amount, at, seq))"+t.tell("invoice", string(invoice.Open))+
		" insert into "+invoiceColumns+" select id, shop, 1, 'open', 'IRR', amount, 0, 0, null, at, at, detail from n",
		slices.Concat([]any{ids, shops, details}, anyOf(numbers))...)
	return err
}

// tell is the part of a statement that writes events of the rows n.
func (t postgresTables) tell(noun, state string) string {
	if t.feed == nil {
		return ""
	}
	return ", told as (insert into " + eventColumns + " select seq, shop, '" + noun + "', id, 'create', '', '" + state +
		"', 'merchant', '', at from n)"
}

// sqliteTables writes with prepared statements, one transaction per group.
type sqliteTables struct {
	db   *sql.DB
	conn *sql.Conn

	feed *feed

	invoice, transfer, posting, entry, account, event *sql.Stmt
}

// openSQLite opens the file. The pragmas are Purser's.
func openSQLite(ctx context.Context, file string, f *feed) (_ tables, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)"+
		"&_pragma=foreign_keys(on)&_pragma=temp_store(memory)&_pragma=cache_size(-16384)"+
		"&_pragma=wal_autocheckpoint(8000)")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	t := &sqliteTables{db: db, feed: f}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	if t.conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	for text, into := range map[string]**sql.Stmt{
		"insert into " + invoiceColumns + " values ($1, $2, 1, 'open', 'IRR', $3, 0, 0, null, $4, $4, $5)": &t.invoice,
		"insert into " + transferColumns + " values ($1, $2, 1, $3, $4, $5, $6, $7, $8)":                   &t.transfer,
		"insert into " + postingColumns + " values ($1, $2, $3, $4, $5, $6)":                               &t.posting,
		"insert into " + entryColumns + " values ($1, $2, $3, $4, $5)":                                     &t.entry,
		"insert into " + accountColumns + " values ($1, $2, $3, $4, $5, null, $6)" + addBalance:            &t.account,
		"insert into " + eventColumns + " values ($1, $2, $3, $4, 'create', '', $5, 'merchant', '', $6)":   &t.event,
	} {
		if *into, err = t.conn.PrepareContext(ctx, text); err != nil { //nolint:sqlclosecheck // close does
			return nil, fmt.Errorf("prepare %q: %w", text, err)
		}
	}
	return t, nil
}

func (t *sqliteTables) close() error {
	var errs []error
	for _, s := range []*sql.Stmt{t.invoice, t.transfer, t.posting, t.entry, t.account, t.event} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	if t.conn != nil {
		errs = append(errs, t.conn.Close())
	}
	return errors.Join(append(errs, t.db.Close())...)
}

// together runs statements in one transaction.
func (t *sqliteTables) together(ctx context.Context, run func() error) error {
	if _, err := t.conn.ExecContext(ctx, "begin immediate"); err != nil {
		return err
	}
	if err := run(); err != nil {
		_, wrong := t.conn.ExecContext(ctx, "rollback")
		return errors.Join(err, wrong)
	}
	_, err := t.conn.ExecContext(ctx, "commit")
	return err
}

func (t *sqliteTables) addInvoices(ctx context.Context, rows []invoiceRow) error {
	return t.together(ctx, func() error {
		for _, r := range rows {
			if _, err := t.invoice.ExecContext(ctx, r.id, r.merchant, r.amount, r.at, r.detail); err != nil {
				return err
			}
			if err := t.tell(ctx, r.merchant, "invoice", r.id, string(invoice.Open), r.at); err != nil {
				return err
			}
		}
		return nil
	})
}

// tell writes an event, if there is a feed.
func (t *sqliteTables) tell(ctx context.Context, merchant, noun, id, state string, at int64) error {
	if t.feed == nil {
		return nil
	}
	_, err := t.event.ExecContext(ctx, t.feed.next(merchant), merchant, noun, id, state, at)
	return err
}

// count counts rows in the database itself, not in what a server says of it.
func count(ctx context.Context, database, of string) (int, error) {
	n, err := number(ctx, database, "select count(*) from "+of)
	return int(n), err
}

// number asks the database itself for one number.
func number(ctx context.Context, database, query string) (n int64, err error) {
	if strings.HasPrefix(database, "postgres://") {
		conn, err := pgx.Connect(ctx, database)
		if err != nil {
			return 0, fmt.Errorf("connect: %w", err)
		}
		err = conn.QueryRow(ctx, query).Scan(&n)
		return n, errors.Join(err, conn.Close(ctx))
	}
	db, err := sql.Open("sqlite", "file:"+database+"?_pragma=busy_timeout(5000)&_pragma=query_only(on)")
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", database, err)
	}
	err = db.QueryRowContext(ctx, query).Scan(&n)
	return n, errors.Join(err, db.Close())
}
