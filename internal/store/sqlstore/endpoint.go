package sqlstore

import (
	"context"

	"github.com/purserhq/purser/internal/event"
)

// endpointDetail is what no statement asks of an endpoint. Sealed is encrypted
// before it gets here.
type endpointDetail struct {
	URL      string   `json:"url,omitzero"`
	Types    []string `json:"types,omitzero"`
	Disabled string   `json:"disabled,omitzero"`
	Sealed   []byte   `json:"sealed,omitzero"`
}

// endpointRecord writes an endpoint at its next version.
func endpointRecord(e event.Endpoint) (record, error) {
	detail, err := pack(endpointDetail{URL: e.URL, Types: e.Types, Disabled: e.Disabled, Sealed: e.Sealed})
	return record{e.ID, e.Merchant, e.Version + 1, micros(e.CreatedAt), micros(e.UpdatedAt), detail}, err
}

// scanEndpoint reads what endpointRecord wrote.
func scanEndpoint(r row) (event.Endpoint, error) {
	var (
		e                event.Endpoint
		created, updated int64
		detail           string
		d                endpointDetail
	)
	if err := r.Scan(&e.ID, &e.Merchant, &e.Version, &created, &updated, &detail); err != nil {
		return e, err
	}
	err := unpack(detail, &d)
	e.URL, e.Types, e.Disabled, e.Sealed = d.URL, d.Types, d.Disabled, d.Sealed
	e.CreatedAt, e.UpdatedAt = instant(created), instant(updated)
	return e, err
}

// Endpoints are a merchant's in order of creation, disabled ones too.
func (d *DB) Endpoints(ctx context.Context, merchantID string) ([]event.Endpoint, error) {
	return many(ctx, d, scanEndpoint,
		selectFrom(endpoints, "merchant_id = $1 order by created_at, id"), merchantID)
}
