package sqlstore

import (
	"context"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
)

// attachmentDetail is what no statement asks of an attachment.
type attachmentDetail struct {
	Type string `json:"type"`
	Size int    `json:"size"`
	By   string `json:"by"`
}

// attachmentRecord writes an attachment, which never changes.
func attachmentRecord(t deal.Attachment) (record, error) {
	detail, err := pack(attachmentDetail{Type: t.Type, Size: t.Size, By: t.By})
	return record{t.ID, t.Merchant, int64(1), t.Deal, micros(t.CreatedAt), detail, t.Data}, err
}

// scanAttachment reads what attachmentRecord wrote, up to the data, and any
// columns that follow.
func scanAttachment(r row, more ...func(*deal.Attachment) any) (deal.Attachment, error) {
	var (
		t                deal.Attachment
		version, created int64
		detail           string
		rest             attachmentDetail
	)
	into := []any{&t.ID, &t.Merchant, &version, &t.Deal, &created, &detail}
	for _, place := range more {
		into = append(into, place(&t))
	}
	if err := r.Scan(into...); err != nil {
		return t, err
	}
	err := unpack(detail, &rest)
	t.Type, t.Size, t.By, t.CreatedAt = rest.Type, rest.Size, rest.By, instant(created)
	return t, err
}

// labels are attachments without their data.
var labels = &table{attachments.name, attachments.key, attachments.columns[:len(attachments.columns)-1]}

// Attachments are those of deals without their data, in order of creation.
func (d *DB) Attachments(ctx context.Context, merchantID string, dealIDs ...string) ([]deal.Attachment, error) {
	if len(dealIDs) == 0 {
		return nil, nil
	}
	among, argument, err := d.engine.among("deal_id", dealIDs)
	if err != nil {
		return nil, err
	}
	return many(ctx, d, func(r row) (deal.Attachment, error) { return scanAttachment(r) },
		selectFrom(labels, among+" and merchant_id = $2 order by created_at, id"), argument, merchantID)
}

// Attachment is one with its data. Error: not_found with the parameter
// "attachment".
func (d *DB) Attachment(ctx context.Context, merchantID, id string) (deal.Attachment, error) {
	t, err := one(ctx, d, fault.CodeNotFound, func(r row) (deal.Attachment, error) {
		return scanAttachment(r, func(t *deal.Attachment) any { return &t.Data })
	}, selectFrom(attachments, "id = $1 and merchant_id = $2"), id, merchantID)
	return t, missing("attachment", err)
}
