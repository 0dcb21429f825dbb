package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

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
	// and adds what they move to the balances.
	addTransfers(ctx context.Context, rows []transferRow) error
	close() error
}

// openTables makes the tables.
func openTables(ctx context.Context, database string) (tables, error) {
	if _, err := sqlstore.Migrate(ctx, sqlstore.Options{URL: database, Now: time.Now}); err != nil {
		return nil, err
	}
	if strings.HasPrefix(database, "postgres://") {
		conn, err := pgx.Connect(ctx, database)
		if err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		return postgresTables{conn}, nil
	}
	return openSQLite(ctx, database)
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
type postgresTables struct{ conn *pgx.Conn }

func (t postgresTables) close() error { return t.conn.Close(context.Background()) }

func (t postgresTables) addInvoices(ctx context.Context, rows []invoiceRow) error {
	ids, shops, details := make([]string, len(rows)), make([]string, len(rows)), make([]string, len(rows))
	amounts, times := make([]int64, len(rows)), make([]int64, len(rows))
	for i, r := range rows {
		ids[i], shops[i], details[i], amounts[i], times[i] = r.id, r.merchant, r.detail, r.amount, r.at
	}
	_, err := t.conn.Exec(ctx, "insert into "+invoiceColumns+
		" select id, shop, 1, 'open', 'IRR', amount, 0, 0, null, at, at, detail"+
		" from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) as n (id, shop, amount, at, detail)",
		ids, shops, amounts, times, details)
	return err
}

// sqliteTables writes with prepared statements, one transaction per group.
type sqliteTables struct {
	db   *sql.DB
	conn *sql.Conn

	invoice, transfer, posting, entry, account *sql.Stmt
}

// openSQLite opens the file. The pragmas are Purser's.
func openSQLite(ctx context.Context, file string) (_ tables, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)"+
		"&_pragma=foreign_keys(on)&_pragma=temp_store(memory)&_pragma=cache_size(-16384)"+
		"&_pragma=wal_autocheckpoint(8000)")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	t := &sqliteTables{db: db}
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
	} {
		if *into, err = t.conn.PrepareContext(ctx, text); err != nil { //nolint:sqlclosecheck // close does
			return nil, fmt.Errorf("prepare %q: %w", text, err)
		}
	}
	return t, nil
}

func (t *sqliteTables) close() error {
	var errs []error
	for _, s := range []*sql.Stmt{t.invoice, t.transfer, t.posting, t.entry, t.account} {
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
		}
		return nil
	})
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
