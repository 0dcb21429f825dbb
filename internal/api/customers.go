package api

import (
	"maps"
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

// customerList is what a list of customers can be narrowed down to.
type customerList struct {
	dated

	Status string `query:"status"`
	Email  string `query:"email" maxLength:"200"`
}

// newCustomer is the wish to open an account for somebody.
type newCustomer struct {
	FirstName  string `json:"first_name,omitempty" maxLength:"200"`
	LastName   string `json:"last_name,omitempty" maxLength:"200"`
	Email      string `json:"email,omitempty" maxLength:"200"`
	NationalID string `json:"national_id,omitempty" maxLength:"200"`
	PIN        string `json:"pin,omitempty" minLength:"4" maxLength:"12" format:"password"`
}

// newPIN is the PIN that a customer is to have.
type newPIN struct {
	PIN string `json:"pin" minLength:"4" maxLength:"12" format:"password"`
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

var pinWord = word{
	doc: "The PIN with which the customer pays from the wallet: 4 to 12 digits. It is kept hashed, and shown " +
		"to nobody.",
	example: "471100",
}

var customerWords = words{
	"customerView": nameWords, "newPIN": {"pin": pinWord}, "noted": {"note": noteWord},
	"decided":     {"operator": operatorWord, "note": noteWord},
	"newCustomer": withPIN(nameWords),
	"customerList": {
		"status": {doc: "Only those in this state.", example: "blocked", choices: choices(wallet.States)},
		"email":  {doc: "Only who has this e-mail address.", example: "ada@example.com"},
	},
}

func withPIN(names map[string]word) map[string]word {
	all := maps.Clone(names)
	all["pin"] = pinWord
	return all
}

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
				faults: []fault.Code{fault.CodeDuplicate}, pin: "pin", newPIN: true,
			}, "cus", d.createCustomer, opened),
			get(row{
				id: "getCustomer", path: "/customers/{id}", scope: merchant.CustomersRead, summary: "Get a customer",
				about: "Shows the owner of an account; the id is its number.", faults: []fault.Code{fault.CodeAccountNotFound},
			}, plain(d.customerNow)),
			act(row{
				id: "setCustomerPIN", path: "/customers/{id}/pin", scope: merchant.CustomersWrite, summary: "Set a PIN",
				about:  "Gives a customer another PIN, and forgets wrong attempts.",
				faults: []fault.Code{fault.CodeAccountNotFound}, pin: "pin", newPIN: true,
			}, d.setPIN, opened),
			act(row{
				id: "blockCustomer", path: "/customers/{id}/block", scope: merchant.CustomersWrite,
				summary: "Block a customer",
				about:   "Keeps money from leaving a customer's account. It goes on coming in.",
				faults:  []fault.Code{fault.CodeAccountNotFound, fault.CodeWrongState},
			}, d.blockCustomer, opened),
			act(row{
				id: "unblockCustomer", path: "/customers/{id}/unblock", scope: merchant.Operator,
				summary: "Unblock a customer",
				about: "Lets money leave a customer's account again. Only who runs the server can: who blocked it may have " +
					"known more than you.",
				faults: []fault.Code{fault.CodeAccountNotFound, fault.CodeWrongState},
			}, d.unblockCustomer, opened),
			list(row{
				id: "listCustomers", path: "/customers", scope: merchant.CustomersRead, summary: "List customers",
				about: "Lists all customers that are selected, the highest account number first.",
			}, d.listCustomers),
		},
	}
}

func (d *desk) createCustomer(c *call, _ string, in newCustomer) (customerView, error) {
	return show(viewCustomer)(d.App.CreateCustomer(c.Context(), app.NewCustomer{
		Merchant: c.Merchant, FirstName: in.FirstName, LastName: in.LastName, Email: in.Email, NationalID: in.NationalID,
		PIN: string(c.PIN),
	}))
}

func (d *desk) setPIN(c *call, id string, _ newPIN) (out customerView, err error) {
	number, err := accountNumber(id)
	if err != nil {
		return out, err
	}
	if err := d.App.SetPIN(c.Context(), c.Merchant, number, string(c.PIN)); err != nil {
		return out, err
	}
	return d.customerNow(c, id)
}

func (d *desk) blockCustomer(c *call, id string, in noted) (customerView, error) {
	return d.turnCustomer(c, id, wallet.Block, "", in.Note)
}

func (d *desk) unblockCustomer(c *call, id string, in decided) (customerView, error) {
	return d.turnCustomer(c, id, wallet.Unblock, c.said(in.Operator), in.Note)
}

// turnCustomer blocks a customer or lets go.
func (d *desk) turnCustomer(c *call, id string, t wallet.Trigger, operator, note string) (out customerView, err error) {
	number, err := accountNumber(id)
	if err != nil {
		return out, err
	}
	if err := d.App.BlockCustomer(c.Context(), c.Merchant, number, t, operator, note); err != nil {
		return out, err
	}
	return d.customerNow(c, id)
}

func (d *desk) customerNow(c *call, id string) (out customerView, err error) {
	number, err := accountNumber(id)
	if err != nil {
		return out, err
	}
	return show(viewCustomer)(d.App.Customer(c.Context(), c.Merchant, number))
}

func (d *desk) listCustomers(c *call, q customerList) (out pageOf[customerView], err error) {
	part, below, err := q.belowNumber()
	if err != nil {
		return out, err
	}
	found, err := d.App.ListCustomers(c.Context(), c.Merchant,
		app.CustomerList{State: wallet.State(q.Status), Email: q.Email}, below, part)
	return paged(q.paging, found, viewCustomer, func(u wallet.Customer) (time.Time, string) {
		return u.CreatedAt, strconv.FormatInt(u.Number, 10)
	}), err
}

// belowNumber is where a page begins of a list by the numbers of accounts: below one, or
// at the newest for 0. Error: parameter_invalid.
func (d dated) belowNumber() (part app.Older, below int64, err error) {
	if part, err = d.after(); err != nil || part.ID == "" {
		return part, 0, err
	}
	if below, err = accountNumber(part.ID); err != nil {
		return part, 0, wrongCursor().With(err)
	}
	return part, below, nil
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
