package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// upgrade brings a file up to date that holds something. It is copied before, and
// the copy is kept; when anything fails it becomes the file again.
func (e *sqliteEngine) upgrade(ctx context.Context, s *schema, version int64) (snapshot string, err error) {
	snapshot = fmt.Sprintf("%s.v%d.%s", e.file, version, e.options.Now().UTC().Format("20060102T150405.000000Z"))
	before, _ := e.disagreements(ctx) // what an older schema cannot be asked is taken for right
	if err := vacuumInto(ctx, e.writer, snapshot); err != nil {
		return "", fmt.Errorf("copy the database before its schema is brought from version %d to %d: %w", version,
			s.newest(), err)
	}
	e.options.Log.InfoContext(ctx, "the database is copied before its schema is brought up to date",
		slog.String("copy", snapshot), slog.Int64("from", version), slog.Int64("to", s.newest()))
	if _, err = s.provider.Up(ctx); err == nil {
		err = e.upgraded(ctx, before)
	}
	if err == nil {
		return snapshot, nil
	}
	err = fmt.Errorf("the schema could not be brought from version %d to %d: %w", version, s.newest(), err)
	if wrong := e.putBack(snapshot); wrong != nil {
		return "", errors.Join(err, fmt.Errorf("nor could the database be put back: %w\ndo it by hand: put %s in the "+
			"place of %s, and remove %[3]s-wal and %[3]s-shm", wrong, snapshot, e.file))
	}
	return "", fmt.Errorf("%w\nthe database is again what it was before, at version %d: run the program of before", err,
		version)
}

// upgraded proves a file that was brought up to date, as far as it was right
// before.
func (e *sqliteEngine) upgraded(ctx context.Context, before map[string]int64) error {
	if err := e.options.stage("upgraded"); err != nil {
		return err
	}
	if err := undamaged(ctx, e.writer, "quick_check"); err != nil {
		return err
	}
	after, err := e.disagreements(ctx)
	if err != nil {
		return err
	}
	for says, wrong := range after {
		if wrong > before[says] {
			return fmt.Errorf("the books do not agree any more: %s (%d wrong, %d before)", says, wrong, before[says])
		}
		if wrong > 0 {
			e.options.Log.WarnContext(ctx, "the books were wrong before the schema was brought up to date, and still are: "+
				"look with purser audit", slog.String("check", says), slog.Int64("wrong", wrong))
		}
	}
	return nil
}

// disagreements counts what is wrong with the ledger by what should hold.
func (e *sqliteEngine) disagreements(ctx context.Context) (map[string]int64, error) {
	found := map[string]int64{}
	var errs []error
	for _, c := range ledgerChecks() {
		f, err := c.prove(ctx, e)
		found[f.Checks] = f.Wrong
		errs = append(errs, err)
	}
	return found, errors.Join(errs...)
}

// putBack makes a copy the file, whose lock stays taken. None is left: a service that is
// started again and again would fill the disk with them.
func (e *sqliteEngine) putBack(snapshot string) error {
	err := errors.Join(e.readers.Close(), e.keeper.Close(), e.writer.Close(), GiveToFolder(snapshot))
	if err != nil {
		return err
	}
	// The log belongs to the file that goes; the copy is whole without one.
	for _, name := range []string{e.file + "-wal", e.file + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(snapshot, e.file); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(e.file))
}
