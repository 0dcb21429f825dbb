package app

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/settlement"
	"github.com/purserhq/purser/internal/store"
)

// What settlement files and their rows are narrowed down to.
type (
	// SettlementList selects settlement files.
	SettlementList = store.SettlementList
	// SettlementRows selects what came of the rows of one.
	SettlementRows = store.SettlementRows
)

// SettlementFile finds a settlement file that was read for a merchant. Error:
// not_found.
func (a *App) SettlementFile(ctx context.Context, merchantID, id string) (settlement.File, error) {
	return a.store.Settlement(ctx, merchantID, id)
}

// ListSettlements lists the settlement files that were read for a merchant.
func (a *App) ListSettlements(ctx context.Context, merchantID string, l SettlementList, part Older,
) ([]settlement.File, error) {
	return a.store.ListSettlements(ctx, merchantID, l, part)
}

// ListSettlementRows lists what came of the rows of a settlement file, in their
// order; what the file does not name comes last.
func (a *App) ListSettlementRows(ctx context.Context, merchantID string, l SettlementRows) ([]settlement.Row, error) {
	return a.store.SettlementRows(ctx, merchantID, l)
}

// begin records that a file is being read.
func (s *settling) begin(ctx context.Context) error {
	if s.Check {
		return nil
	}
	now := s.app.now()
	s.done.ID = cmp.Or(s.ID, s.app.newID(now))
	return s.app.commit(ctx, store.Change{Settlements: []settlement.File{{
		ID: s.done.ID, Merchant: s.Merchant, Gateway: s.Gateway, Name: s.Name, Operator: s.Operator,
		Taken: s.done.Taken, Fees: s.done.Fees, Returned: s.done.Returned, CreatedAt: now, UpdatedAt: now,
	}}})
}

// rowsAtOnce is how many differences are written in one commit.
const rowsAtOnce = 200

// end records what differs, and what came of the whole file. What is missing
// gets the numbers above the file's last line.
func (s *settling) end(ctx context.Context, last int) error {
	if s.Check {
		return nil
	}
	rows := make([]settlement.Row, 0, len(s.done.Differences))
	for _, d := range s.done.Differences {
		number := d.Line
		if number == 0 {
			last++
			number = last
		}
		rows = append(rows, settlement.Row{
			File: s.done.ID, Merchant: s.Merchant, Number: int64(number), Kind: d.Kind, Line: int64(d.Line),
			Receipt: kept(d.Receipt), Payment: d.Payment, Ours: kept(d.Ours), Theirs: kept(d.Theirs),
		})
	}
	for part := range slices.Chunk(rows, rowsAtOnce) {
		if err := s.app.commit(ctx, store.Change{SettlementRows: part}); err != nil {
			return err
		}
	}
	return s.app.update(ctx, func(r store.Reader) (store.Change, error) {
		f, err := r.Settlement(ctx, s.Merchant, s.done.ID)
		if err != nil {
			return store.Change{}, err
		}
		now, d := s.app.now(), s.done
		f.Rows, f.Payments, f.Refunds = int64(d.Rows), int64(d.Payments), int64(d.Refunds)
		f.PaymentsBefore, f.RefundsBefore = int64(d.PaymentsBefore), int64(d.RefundsBefore)
		f.Differences, f.Taken, f.Fees, f.Returned = int64(len(rows)), d.Taken, d.Fees, d.Returned
		f.From, f.Until, f.EndedAt, f.UpdatedAt = d.From, d.Until, now, now
		return store.Change{Settlements: []settlement.File{f}}, nil
	})
}

// longestKept bounds what is kept of a text of a file, in characters.
const longestKept = 500

// kept is a text of a file as a database can hold it.
func kept(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
	runes := []rune(text)
	return string(runes[:min(longestKept, len(runes))])
}
