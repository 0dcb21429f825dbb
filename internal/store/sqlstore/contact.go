package sqlstore

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/event"
)

// contactDetail is what no statement asks of a contact.
type contactDetail struct {
	Kind    string `json:"kind"`
	What    string `json:"what"`
	Gateway string `json:"gateway,omitempty"`
	Method  string `json:"method,omitempty"`
	Address string `json:"address,omitempty"`
	Sent    string `json:"sent,omitempty"`
	Answer  string `json:"answer,omitempty"`
	Status  int    `json:"status,omitempty"`
	Lost    string `json:"lost,omitempty"`
	Took    int64  `json:"took,omitempty"` // microseconds
}

// contactRecord writes a contact, which never changes.
func contactRecord(c event.Contact) (record, error) {
	detail, err := pack(contactDetail{
		Kind: string(c.Kind), What: c.What, Gateway: c.Gateway, Method: c.Method, Address: c.Address, Sent: c.Sent,
		Answer: c.Answer, Status: c.Status, Lost: c.Lost, Took: c.Took.Microseconds(),
	})
	return record{c.ID, c.Merchant, int64(1), c.Subject, micros(c.At), detail}, err
}

// scanContact reads what contactRecord wrote.
func scanContact(r row) (event.Contact, error) {
	var (
		c           event.Contact
		version, at int64
		detail      string
		rest        contactDetail
	)
	if err := r.Scan(&c.ID, &c.Merchant, &version, &c.Subject, &at, &detail); err != nil {
		return c, err
	}
	err := unpack(detail, &rest)
	c.Kind, c.What, c.Gateway = event.ContactKind(rest.Kind), rest.What, rest.Gateway
	c.Method, c.Address, c.Sent, c.Answer = rest.Method, rest.Address, rest.Sent, rest.Answer
	c.Status, c.Lost, c.Took, c.At = rest.Status, rest.Lost, time.Duration(rest.Took)*time.Microsecond, instant(at)
	return c, err
}

// Contacts are those about one thing, in the order in which they were had.
func (d *DB) Contacts(ctx context.Context, merchantID, subject string, limit int) ([]event.Contact, error) {
	return many(ctx, d, scanContact,
		selectFrom(contacts, "subject = $1 and merchant_id = $2 order by id limit $3"), subject, merchantID, limit)
}

// ContactsHad is how many there are about one thing, as far as a number.
func (d *DB) ContactsHad(ctx context.Context, merchantID, subject string, most int) (int, error) {
	found, err := many(ctx, d, func(r row) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	}, "select id from contact where subject = $1 and merchant_id = $2 limit $3", subject, merchantID, most)
	return len(found), err
}
