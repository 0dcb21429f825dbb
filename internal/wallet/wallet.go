// Package wallet is the customers of a merchant and the accounts they own.
package wallet

import "time"

// Customer is a payer whom a merchant keeps on record and who can own money.
type Customer struct {
	ID        string
	Merchant  string
	Version   int64 // the version that was read; 0 = not stored yet
	Number    int64 // the account number the customer is known by, from 10001
	Name      string
	Email     string
	CreatedAt time.Time
	UpdatedAt time.Time
}
