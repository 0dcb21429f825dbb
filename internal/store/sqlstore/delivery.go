package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// deliveryDetail is what no statement asks of a delivery.
type deliveryDetail struct {
	URL       string          `json:"url,omitzero"`
	Type      string          `json:"type,omitzero"`
	MediaType string          `json:"media_type,omitzero"`
	Header    string          `json:"header,omitzero"`
	Sealed    []byte          `json:"sealed,omitzero"`
	Good      []int           `json:"good,omitzero"`
	Pauses    []time.Duration `json:"pauses,omitzero"` // nanoseconds
	Rests     bool            `json:"rests,omitzero"`
	Tries     int             `json:"tries,omitzero"`
	Status    int             `json:"status,omitzero"`
	Answer    string          `json:"answer,omitzero"`
}

// deliveryRecord writes a delivery at its next version.
func deliveryRecord(d event.Delivery) (record, error) {
	detail, err := pack(deliveryDetail{
		URL: d.URL, Type: d.Type, MediaType: d.MediaType, Header: d.Header, Sealed: d.Sealed, Good: d.Good,
		Pauses: d.Pauses, Rests: d.Rests, Tries: d.Tries, Status: d.Status, Answer: d.Answer,
	})
	return record{
		d.ID, d.Merchant, d.Version + 1, string(d.State), d.Queue, perhapsMicros(d.RunAt), d.Endpoint, d.Subject,
		micros(d.CreatedAt), micros(d.UpdatedAt), detail, d.Body,
	}, err
}

// scanListed reads what deliveryRecord wrote, up to the body, and any columns
// that follow.
func scanListed(r row, more ...func(*event.Delivery) any) (event.Delivery, error) {
	var (
		d                event.Delivery
		run              *int64
		created, updated int64
		detail           string
		rest             deliveryDetail
	)
	into := []any{
		&d.ID, &d.Merchant, &d.Version, &d.State, &d.Queue, &run, &d.Endpoint, &d.Subject, &created, &updated, &detail,
	}
	for _, place := range more {
		into = append(into, place(&d))
	}
	if err := r.Scan(into...); err != nil {
		return d, err
	}
	err := unpack(detail, &rest)
	d.URL, d.Type, d.MediaType, d.Header, d.Sealed = rest.URL, rest.Type, rest.MediaType, rest.Header, rest.Sealed
	d.Good, d.Pauses, d.Rests, d.Tries = rest.Good, rest.Pauses, rest.Rests, rest.Tries
	d.Status, d.Answer = rest.Status, rest.Answer
	d.RunAt, d.CreatedAt, d.UpdatedAt = perhapsInstant(run), instant(created), instant(updated)
	return d, err
}

// scanDelivery reads a whole delivery. An empty body is none, as SQLite reads it.
func scanDelivery(r row) (event.Delivery, error) {
	d, err := scanListed(r, func(d *event.Delivery) any { return &d.Body })
	if len(d.Body) == 0 {
		d.Body = nil
	}
	return d, err
}

// Delivery finds a delivery. Error: not_found.
func (d *DB) Delivery(ctx context.Context, merchantID, id string) (event.Delivery, error) {
	return one(ctx, d, fault.CodeNotFound, scanDelivery,
		selectFrom(deliveries, "id = $1 and merchant_id = $2"), id, merchantID)
}

// Deliveries are a merchant's, newest first, without their bodies.
func (d *DB) Deliveries(
	ctx context.Context, merchantID string, filter store.DeliveryFilter, page store.Page,
) ([]event.Delivery, error) {
	limit, offset := bounds(page)
	args := []any{merchantID, limit, offset, filter.Endpoint, filter.Type}
	query := d.listed(filter.State, ordered(page, byAge))
	if filter.Subject != "" {
		query, args = d.listedOf(ordered(page, byAge)), append(args, filter.Subject, string(filter.State))
	}
	if query == "" {
		return nil, nil
	}
	return many(ctx, d, func(r row) (event.Delivery, error) { return scanListed(r) }, query, args...)
}

// ListDeliveries are a merchant's, newest first, without their bodies. The index
// keeps the states apart, so that each is read by itself; those of one thing are few
// and have an index too.
func (d *DB) ListDeliveries(ctx context.Context, merchantID string, filter store.DeliveryFilter, p store.Older,
) ([]event.Delivery, error) {
	var found []event.Delivery
	for _, s := range event.States.States() {
		if filter.State != "" && filter.State != s {
			continue
		}
		c := where("merchant_id = ? and state = ?", merchantID, string(s))
		if filter.Subject == "" {
			c.and(whole)
		}
		c.only("endpoint_id", filter.Endpoint)
		c.only("subject", filter.Subject)
		c.only(d.engine.detailText("type"), filter.Type)
		list, err := older(ctx, d, outline, func(r row) (event.Delivery, error) { return scanListed(r) }, c, p)
		if err != nil {
			return nil, err
		}
		found = merged(found, list, p, func(d event.Delivery) (time.Time, string) { return d.CreatedAt, d.ID })
	}
	return found, nil
}

// DeliveryDepth is when the delivery was made that so many of the part lie before.
func (d *DB) DeliveryDepth(ctx context.Context, merchantID string, state event.State, p store.Older, looks int,
) (time.Time, error) {
	var deepest time.Time
	for _, s := range event.States.States() {
		if state != "" && state != s {
			continue
		}
		at, err := depth(ctx, d, deliveries,
			where("merchant_id = ? and state = ? and "+whole, merchantID, string(s)), p, looks)
		if err != nil {
			return at, err
		}
		if at.After(deepest) {
			deepest = at
		}
	}
	return deepest, nil
}

// outline is what is listed of a delivery.
var outline = &table{deliveries.name, deliveries.key, deliveries.columns[:len(deliveries.columns)-1]}

// byOwner says whose is listed, and of which endpoint and type.
func (d *DB) byOwner() string {
	return whole + " and merchant_id = $1 and (cast($4 as text) = '' or endpoint_id = $4)" +
		" and (cast($5 as text) = '' or " + d.engine.detailText("type") + " = $5)"
}

// listedOf lists the few deliveries of a subject.
func (d *DB) listedOf(order string) string {
	return selectFrom(outline, d.byOwner()+" and subject = $6 and (cast($7 as text) = '' or state = $7)"+order+
		" limit $2 offset $3")
}

// listed lists the deliveries in one state or, for none, in all: the first of
// each, merged, because the index keeps the states apart.
func (d *DB) listed(state event.State, order string) string {
	var parts []string
	for _, s := range event.States.States() {
		if state == "" || state == s {
			parts = append(parts, "select * from ("+selectFrom(outline, d.byOwner()+" and state = '"+string(s)+"'"+
				order+" limit cast($2 as bigint) + cast($3 as bigint)")+") "+string(s))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "select * from (" + strings.Join(parts, " union all ") + ") merged" + order + " limit $2 offset $3"
}

// What is due is found by stepping from queue to queue through the index and
// looking at the head of each: a long queue costs no more than a short one. The
// first of every queue come before the second of any. Each engine writes the
// look at the heads in its own way; bodies are read only of what is chosen.
const (
	queuesDue = `with recursive line (queue) as (
	select (select min(queue) from delivery where state = 'due')
	union all
	select (select min(queue) from delivery where state = 'due' and queue > line.queue)
	from line where line.queue is not null
), head as (
	select d.id, d.merchant_id, d.run_at, row_number() over (partition by d.queue order by d.run_at, d.id) as rank
	from line `
	headsDue = "state = 'due' and queue = line.queue and run_at <= $1 order by run_at limit $2"
	firstDue = `
), chosen as (
	select id, merchant_id, rank from head order by rank, run_at, id limit $3
)
select `
	wholeDue = ` from chosen c join delivery d on d.id = c.id and d.merchant_id = c.merchant_id
order by c.rank, d.run_at, d.id`
)

// DueDeliveries are those whose RunAt has passed, of any merchant: the longest
// due of every queue, at most perQueue of each and limit in all.
func (d *DB) DueDeliveries(ctx context.Context, now time.Time, perQueue, limit int) ([]event.Delivery, error) {
	if perQueue < 1 || limit < 1 {
		return nil, nil
	}
	return many(ctx, d, scanDelivery, d.dueQuery(), micros(now), perQueue, min(limit, most))
}

// dueQuery is the whole statement of DueDeliveries.
func (d *DB) dueQuery() string {
	return queuesDue + d.engine.forEach(deliveries, "d", headsDue) + firstDue + prefixed("d", deliveries) + wholeDue
}
