package api

import (
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/wallet"
)

// customerView is a customer as callers see it.
type customerView struct {
	Account    int64  `json:"account"`
	Status     string `json:"status"`
	FirstName  string `json:"first_name,omitempty"`
	LastName   string `json:"last_name,omitempty"`
	Email      string `json:"email,omitempty"`
	NationalID string `json:"national_id,omitempty"`
	CreatedAt  string `json:"created_at" format:"date-time"`
	UpdatedAt  string `json:"updated_at" format:"date-time"`
}

// newCustomer is the wish to open an account for somebody.
type newCustomer struct {
	FirstName  string `json:"first_name,omitempty" maxLength:"200"`
	LastName   string `json:"last_name,omitempty" maxLength:"200"`
	Email      string `json:"email,omitempty" maxLength:"200"`
	NationalID string `json:"national_id,omitempty" maxLength:"200"`
}

var nameWords = map[string]word{
	"account": {doc: "The number of the customer's account.", example: 10001},
	"status": {
		doc: "active, or blocked: money comes in and none goes out.", example: "active", choices: choices(wallet.States),
	},
	"first_name":  {doc: "The first name.", example: "Ada"},
	"last_name":   {doc: "The last name.", example: "Lovelace"},
	"email":       {doc: "An e-mail address; no two customers have the same.", example: "ada@example.com"},
	"national_id": {doc: "The number of the identity card.", example: "0012345679"},
}

var customerWords = words{"customerView": nameWords, "newCustomer": nameWords}

func (d *desk) customers() resource {
	opened := story[customerView]{
		now: d.customerNow,
		of: func(change app.Change) (out customerView, ok bool) {
			if len(change.Customers) != 1 {
				return out, false
			}
			return viewCustomer(change.Customers[0]), true
		},
	}
	return resource{
		name: "customers", about: "A customer is a payer whom you keep on record and who can own money.",
		words: customerWords, example: "10001",
		operations: []operation{
			create(row{
				id: "createCustomer", path: "/customers", scope: merchant.CustomersWrite, summary: "Create a customer",
				about:  "Opens an account for somebody. Its number is the next one.",
				faults: []fault.Code{fault.CodeDuplicate},
			}, "cus", d.createCustomer, opened),
			get(row{
				id: "getCustomer", path: "/customers/{id}", scope: merchant.CustomersRead, summary: "Get a customer",
				about: "Shows the owner of an account; the id is its number.", faults: []fault.Code{fault.CodeAccountNotFound},
			}, plain(d.customerNow)),
			list(row{
				id: "listCustomers", path: "/customers", scope: merchant.CustomersRead, summary: "List customers",
				about: "Lists all customers, the highest account number first.",
			}, d.listCustomers),
		},
	}
}

func (d *desk) createCustomer(c *call, _ string, in newCustomer) (customerView, error) {
	return show(viewCustomer)(d.App.CreateCustomer(c.Context(), app.NewCustomer{
		Merchant: c.Merchant, FirstName: in.FirstName, LastName: in.LastName, Email: in.Email, NationalID: in.NationalID,
	}))
}

func (d *desk) customerNow(c *call, id string) (out customerView, err error) {
	number, err := accountNumber(id)
	if err != nil {
		return out, err
	}
	return show(viewCustomer)(d.App.Customer(c.Context(), c.Merchant, number))
}

func (d *desk) listCustomers(c *call, q paging) (out pageOf[customerView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	below := int64(0)
	if part.ID != "" {
		if below, err = accountNumber(part.ID); err != nil {
			return out, wrongCursor().With(err)
		}
	}
	found, err := d.App.ListCustomers(c.Context(), c.Merchant, below, part.Limit)
	return paged(q, found, viewCustomer, func(u wallet.Customer) (time.Time, string) {
		return u.CreatedAt, strconv.FormatInt(u.Number, 10)
	}), err
}

// accountNumber reads the number of an account. Error: account_not_found.
func accountNumber(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number <= 0 || strconv.FormatInt(number, 10) != text {
		return 0, fault.New(fault.CodeAccountNotFound, "id", "")
	}
	return number, nil
}

// viewCustomer shows a customer.
func viewCustomer(u wallet.Customer) customerView {
	return customerView{
		Account: u.Number, Status: string(u.State), FirstName: u.FirstName, LastName: u.LastName, Email: u.Email,
		NationalID: u.NationalID, CreatedAt: moment(u.CreatedAt), UpdatedAt: moment(u.UpdatedAt),
	}
}
