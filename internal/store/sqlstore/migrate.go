package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/purserhq/purser/internal/store/sqlstore/migrations"
)

// lockID is the advisory lock that nodes take while they bring a PostgreSQL
// database up to date. It only has to differ from those of other programs.
const lockID = 0x707572736572

// schema is the migrations of one engine at work on one database.
type schema struct {
	provider *goose.Provider
	db       *sql.DB
	file     *sqliteEngine // nil = PostgreSQL
	log      *slog.Logger
}

// newSchema prepares the migrations of an engine.
func newSchema(dialect goose.Dialect, db *sql.DB, folder string, log *slog.Logger) (*schema, error) {
	files, err := fs.Sub(migrations.Files, folder)
	if err != nil {
		return nil, fmt.Errorf("find migrations: %w", err)
	}
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(log), goose.WithTableName("schema_version"),
	}
	if dialect == goose.DialectPostgres {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID), lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, fmt.Errorf("prepare migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return &schema{provider: provider, db: db, log: log}, nil
}

// newest is the version that this program needs.
func (s *schema) newest() int64 {
	all := s.provider.ListSources()
	return all[len(all)-1].Version
}

// Migrated is what a migration did.
type Migrated struct {
	Before, After int64  // the version of the schema
	Copy          string // of the database as it was before; empty = there is none
}

// ready brings the database up to date, or refuses an older one. A newer one
// is used: migrations first add what the next version needs and only later
// take away what no running version uses.
func (s *schema) ready(ctx context.Context, refuse bool) (done Migrated, err error) {
	version, err := s.provider.GetDBVersion(ctx)
	if err != nil {
		return done, fmt.Errorf("read schema version: %w", err)
	}
	done.Before, done.After = version, version
	if version > s.newest() {
		return done, s.older(ctx, version)
	}
	if version == s.newest() {
		return done, nil
	}
	if refuse {
		return done, fmt.Errorf("the database's schema is at version %d and this program needs %d: run purser migrate",
			version, s.newest())
	}
	if s.file != nil && version > 0 {
		if done.Copy, err = s.file.upgrade(ctx, s, version); err != nil {
			return done, err
		}
	} else if _, err := s.provider.Up(ctx); err != nil {
		return done, s.stopped(ctx, err)
	}
	if done.After, err = s.provider.GetDBVersion(ctx); err != nil {
		return done, err
	}
	if version == 0 {
		s.log.InfoContext(ctx, "a new database was made", slog.Int64("schema", done.After),
			slog.String("next", "if there should have been one, stop, and look whether its disk is there"))
		return done, nil
	}
	s.log.InfoContext(ctx, "the schema of the database was brought up to date",
		slog.Int64("from", done.Before), slog.Int64("to", done.After))
	return done, nil
}

// older lets a program run on a schema that is newer than its own, unless something was taken
// away since that it uses.
func (s *schema) older(ctx context.Context, version int64) error {
	var needs int64
	if err := s.db.QueryRowContext(ctx, "select coalesce(max(program), 0) from schema_needs").Scan(&needs); err != nil {
		return fmt.Errorf("read what the schema needs: %w", err)
	}
	if needs > s.newest() {
		return fmt.Errorf("the database's schema is at version %d and needs a program that knows version %d: this "+
			"one knows %d; start a newer one", version, needs, s.newest())
	}
	s.log.WarnContext(ctx, "the schema of the database is newer than this program, which runs on it meanwhile",
		slog.Int64("schema", version), slog.Int64("program", s.newest()))
	return nil
}

// stopped says where a migration was stopped that is not undone as a whole.
func (s *schema) stopped(ctx context.Context, cause error) error {
	version, err := s.provider.GetDBVersion(ctx)
	if err != nil || version == 0 {
		return fmt.Errorf("make the schema: %w", cause)
	}
	return fmt.Errorf("bring the schema to version %d: %w\nthe step that failed changed nothing, and the schema is at "+
		"version %d: the program of before runs on it", s.newest(), cause, version)
}

// Migrate brings a database up to date.
func Migrate(ctx context.Context, o Options) (Migrated, error) {
	if o.Now == nil {
		return Migrated{}, errors.New("migrate: no clock was given")
	}
	o.fill()
	s, done, err := openSchema(ctx, o)
	if err != nil {
		return Migrated{}, fmt.Errorf("open database: %w", err)
	}
	defer done()
	return s.ready(ctx, false)
}

// openSchema opens a database for its migrations alone.
func openSchema(ctx context.Context, o Options) (*schema, func(), error) {
	if !isPostgres(o.URL) {
		e, err := newSQLite(ctx, o)
		if err != nil {
			return nil, nil, err
		}
		s, err := newSchema(goose.DialectSQLite3, e.writer, "sqlite", o.Log)
		if err != nil {
			_ = e.close() // the first error is the one to tell
			return nil, nil, err
		}
		s.file = e
		return s, func() { _ = e.close() }, nil // nothing is left to be written
	}
	config, err := postgresConfig(o.URL)
	if err != nil {
		return nil, nil, err
	}
	db := stdlib.OpenDB(*config.ConnConfig)
	s, err := newSchema(goose.DialectPostgres, db, "postgres", o.Log)
	if err != nil {
		_ = db.Close() // the first error is the one to tell
		return nil, nil, err
	}
	return s, func() { _ = db.Close() }, nil // nothing is left to be written
}

// SchemaVersion is the version of the database's schema, and the one that this
// program needs.
func (d *DB) SchemaVersion(ctx context.Context) (is, needed int64, err error) {
	found, err := many(ctx, d, scanOne[int64],
		"select coalesce(max(version_id), 0) from schema_version")
	if err != nil {
		return 0, 0, err
	}
	return found[0], latest(), nil
}

// latest is the version of the last migration, the same for both engines.
func latest() int64 {
	names, err := fs.Glob(migrations.Files, "sqlite/*.sql")
	if err != nil || len(names) == 0 {
		return 0
	}
	version, err := goose.NumericComponent(names[len(names)-1])
	if err != nil {
		return 0
	}
	return version
}
