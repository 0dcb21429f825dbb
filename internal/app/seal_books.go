package app

import (
	"context"
	"log/slog"
)

// SealBooks seals entries and acts that no seal covers, up to limit of each, and says
// how many of the sort of which there were more. The log has the hash of every seal: a
// log that is kept elsewhere proves that nobody wrote the books or the record of acts,
// and their seals, anew.
func (a *App) SealBooks(ctx context.Context, limit int) (int, error) {
	books, err := a.store.Seal(ctx, limit)
	if err != nil {
		return 0, err
	}
	if books.Entries > 0 {
		a.log.InfoContext(ctx, "books sealed", slog.String("seal", books.String()), slog.Int64("entries", books.Entries))
	}
	acts, err := a.store.SealActs(ctx, limit)
	if err != nil {
		return 0, err
	}
	if acts.Entries > 0 {
		a.log.InfoContext(ctx, "acts sealed", slog.String("seal", acts.String()), slog.Int64("acts", acts.Entries))
	}
	return int(max(books.Entries, acts.Entries)), nil
}
