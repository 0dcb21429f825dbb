package sqlstore

import (
	"context"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// customerDetail is what no statement asks of a customer. The PIN is hashed,
// and sealed as a rule, before it gets here.
type customerDetail struct {
	FirstName  string `json:"first_name,omitzero"`
	LastName   string `json:"last_name,omitzero"`
	Email      string `json:"email,omitzero"`
	NationalID string `json:"national_id,omitzero"`
	PIN        string `json:"pin,omitzero"`
}

// customerRecord writes a customer at the next version.
func customerRecord(c wallet.Customer) (record, error) {
	detail, err := pack(customerDetail{
		FirstName: c.FirstName, LastName: c.LastName, Email: c.Email, NationalID: c.NationalID, PIN: c.PIN,
	})
	return record{
		numbered(c.Number), c.Merchant, c.Version + 1, string(c.State), c.Number, micros(c.CreatedAt),
		micros(c.UpdatedAt), detail,
	}, err
}

// scanCustomer reads what customerRecord wrote.
func scanCustomer(r row) (wallet.Customer, error) {
	var (
		c                wallet.Customer
		id, detail       string
		created, updated int64
		d                customerDetail
	)
	if err := r.Scan(&id, &c.Merchant, &c.Version, &c.State, &c.Number, &created, &updated, &detail); err != nil {
		return c, err
	}
	err := unpack(detail, &d)
	c.FirstName, c.LastName, c.Email, c.NationalID, c.PIN = d.FirstName, d.LastName, d.Email, d.NationalID, d.PIN
	c.CreatedAt, c.UpdatedAt = instant(created), instant(updated)
	return c, err
}

// Customer finds the owner of an account. Error: account_not_found.
func (d *DB) Customer(ctx context.Context, merchantID string, number int64) (wallet.Customer, error) {
	return byKey(ctx, d.gather.customers, fault.CodeAccountNotFound, merchantID, numbered(number))
}

// Customers are a merchant's, newest first: their numbers rise.
func (d *DB) Customers(ctx context.Context, merchantID string, page store.Page) ([]wallet.Customer, error) {
	return part(ctx, d, customers, scanCustomer, where("merchant_id = ? and "+numberedFrom, merchantID), page, "number")
}

// LastCustomer is the highest number of a merchant's customers, or 0.
func (d *DB) LastCustomer(ctx context.Context, merchantID string) (int64, error) {
	return one(ctx, d, fault.CodeInternal, scanOne[int64],
		"select coalesce(max(number), 0) from customer where merchant_id = $1 and "+numberedFrom, merchantID)
}
