package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // as readRows has it

	"github.com/purserhq/purser/internal/app"
)

// openAny opens a database of either engine.
func openAny(database string) (*sql.DB, error) {
	if strings.HasPrefix(database, "postgres://") {
		return sql.Open("pgx", database)
	}
	return sql.Open("sqlite", "file:"+database+"?_pragma=busy_timeout(5000)")
}

// readRows reads all rows of a query with the names of their columns.
func readRows(ctx context.Context, database, query string) (columns []string, all [][]any, err error) {
	db, err := openAny(database)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, err
		}
		all = append(all, row)
	}
	return columns, all, rows.Err()
}

// bulk writes many rows at once, as fast as an engine can.
type bulk interface {
	write(ctx context.Context, table string, columns []string, rows [][]any) error
	exec(ctx context.Context, query string) error
	close(ctx context.Context) error
}

// copyLives is how many lives are made at once, and saidEvery after how many the progress
// is told.
const (
	copyLives = 1000
	saidEvery = 500_000
)

// multiply makes so many more payments in a database that nobody else has open, and says
// from time to time how many there are.
func multiply(
	ctx context.Context, database string, payments int, say func(made int),
) (sample []sampled, err error) {
	m, err := newMultiplying(ctx, database)
	if err != nil {
		return nil, err
	}
	const remembered = 20_000
	m.every = max(1, payments/remembered)
	b, err := openBulk(ctx, database)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close(ctx)) }()
	// All have come by now, in the order of time: what is made later comes behind.
	begin := time.Now().UnixMicro()
	const step = 10
	for m.made < payments {
		if err := b.exec(ctx, "begin"); err != nil {
			return nil, err
		}
		rows := m.copies(min(copyLives, payments-m.made), begin, step)
		for _, table := range lifeTables {
			if err := b.write(ctx, table, m.columns[table], rows[table]); err != nil {
				return nil, fmt.Errorf("write %s: %w", table, err)
			}
		}
		if err := b.exec(ctx, "commit"); err != nil {
			return nil, err
		}
		if m.made%saidEvery == 0 {
			say(m.made)
		}
	}
	for merchant, t := range m.tallies {
		if err := b.exec(ctx, fmt.Sprintf("update tally set events = %d, invoices = %d where merchant_id = '%s'", t.events,
			t.invoices, merchant)); err != nil {
			return nil, err
		}
	}
	for account, sum := range m.booked {
		if err := b.exec(ctx, fmt.Sprintf("update account set balance = balance + %d where key = '%s' and merchant_id = '%s'",
			sum, account[0], account[1])); err != nil {
			return nil, err
		}
	}
	return m.sample, nil
}

// sealAll seals everything that is booked.
func (s stand) sealAll(ctx context.Context) error {
	return s.inProcess(ctx, func(a *app.App) error {
		for {
			const most = 1000
			if n, err := a.SealBooks(ctx, most); err != nil || n == 0 {
				return err
			}
		}
	})
}

// openBulk opens a database to be filled.
func openBulk(ctx context.Context, database string) (bulk, error) {
	if strings.HasPrefix(database, "postgres://") {
		conn, err := pgx.Connect(ctx, database)
		if err != nil {
			return nil, err
		}
		_, err = conn.Exec(ctx, "set synchronous_commit = off")
		return postgresBulk{conn}, err
	}
	db, err := sql.Open("sqlite", "file:"+database+"?_pragma=journal_mode(off)&_pragma=synchronous(off)"+
		"&_pragma=cache_size(-524288)&_pragma=temp_store(memory)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return &sqliteBulk{db: db, statements: map[string]*sql.Stmt{}}, nil
}

type postgresBulk struct{ conn *pgx.Conn }

func (b postgresBulk) write(ctx context.Context, table string, columns []string, rows [][]any) error {
	_, err := b.conn.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
	return err
}

func (b postgresBulk) exec(ctx context.Context, query string) error {
	_, err := b.conn.Exec(ctx, query)
	return err
}

// close also does what PostgreSQL does by itself in a quiet hour.
func (b postgresBulk) close(ctx context.Context) error {
	return errors.Join(b.exec(ctx, "vacuum analyze"), b.conn.Close(ctx))
}

type sqliteBulk struct {
	db         *sql.DB
	statements map[string]*sql.Stmt
}

// write writes rows a hundred at a time.
func (b *sqliteBulk) write(ctx context.Context, table string, columns []string, rows [][]any) error {
	const most = 100
	for len(rows) > 0 {
		some := rows[:min(most, len(rows))]
		rows = rows[len(some):]
		var args []any
		for _, row := range some {
			args = append(args, row...)
		}
		s, err := b.statement(ctx, table, columns, len(some)) //nolint:sqlclosecheck // close does
		if err != nil {
			return err
		}
		if _, err := s.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// statement prepares an insert of so many rows.
func (b *sqliteBulk) statement(ctx context.Context, table string, columns []string, n int) (*sql.Stmt, error) {
	key := table + " " + strconv.Itoa(n)
	if s := b.statements[key]; s != nil {
		return s, nil
	}
	values := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	//nolint:gosec // the names are those of our own tables
	s, err := b.db.PrepareContext(ctx, "insert into "+table+" ("+strings.Join(columns, ", ")+") values "+values+
		strings.Repeat(", "+values, n-1))
	b.statements[key] = s
	return s, err
}

func (b *sqliteBulk) exec(ctx context.Context, query string) error {
	_, err := b.db.ExecContext(ctx, query)
	return err
}

func (b *sqliteBulk) close(context.Context) error {
	var errs []error
	for _, s := range b.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, b.db.Close())...)
}
