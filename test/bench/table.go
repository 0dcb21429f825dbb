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

// openTable makes Purser's own table of invoices, with its checks and indexes,
// and the fastest way to fill it.
func openTable(ctx context.Context, database string) (
	insert func(context.Context, []row) error, closeDatabase func() error, err error,
) {
	if _, _, err := sqlstore.Migrate(ctx, sqlstore.Options{URL: database, Now: time.Now}); err != nil {
		return nil, nil, err
	}
	if strings.HasPrefix(database, "postgres://") {
		return openPostgres(ctx, database)
	}
	return openSQLite(ctx, database)
}

// openPostgres inserts with one statement, which is its own transaction.
func openPostgres(ctx context.Context, url string) (func(context.Context, []row) error, func() error, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, nil, fmt.Errorf("connect: %w", err)
	}
	closeDatabase := func() error { return conn.Close(context.WithoutCancel(ctx)) }
	insert := func(ctx context.Context, rows []row) error {
		ids, shops, details := make([]string, len(rows)), make([]string, len(rows)), make([]string, len(rows))
		amounts, times := make([]int64, len(rows)), make([]int64, len(rows))
		for i, r := range rows {
			ids[i], shops[i], details[i], amounts[i], times[i] = r.id, r.merchant, r.detail, r.amount, r.at
		}
		_, err := conn.Exec(ctx, "insert into invoice select id, shop, 1, 'open', 'IRR', amount, 0, 0, null, at, at, detail"+
			" from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) as n (id, shop, amount, at, detail)",
			ids, shops, amounts, times, details)
		return err
	}
	return insert, closeDatabase, nil
}

// openSQLite inserts with one prepared statement, in one transaction per group.
// The pragmas are Purser's.
func openSQLite(ctx context.Context, file string) (func(context.Context, []row) error, func() error, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)"+
		"&_pragma=temp_store(memory)&_pragma=cache_size(-16384)")
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", file, err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	one, err := conn.PrepareContext(ctx,
		"insert into invoice values ($1, $2, 1, 'open', 'IRR', $3, 0, 0, null, $4, $4, $5)")
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close(), db.Close())
	}
	insert := func(ctx context.Context, rows []row) error {
		if _, err := conn.ExecContext(ctx, "begin immediate"); err != nil {
			return err
		}
		for _, r := range rows {
			if _, err := one.ExecContext(ctx, r.id, r.merchant, r.amount, r.at, r.detail); err != nil {
				_, wrong := conn.ExecContext(ctx, "rollback")
				return errors.Join(err, wrong)
			}
		}
		_, err := conn.ExecContext(ctx, "commit")
		return err
	}
	return insert, func() error { return errors.Join(one.Close(), conn.Close(), db.Close()) }, nil
}

// count counts rows in the database itself, not in what a server says of it.
func count(ctx context.Context, database, of string) (n int, err error) {
	query := "select count(*) from " + of
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
