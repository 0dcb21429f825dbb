package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/wallet"
)

// customerView is a customer as programs see it; balances and transfers are
// shown of a single one only. The PIN never is.
type customerView struct {
	Account    int64          `json:"account_number"`
	Merchant   string         `json:"merchant"`
	State      string         `json:"state"`
	FirstName  string         `json:"first_name,omitempty"`
	LastName   string         `json:"last_name,omitempty"`
	Email      string         `json:"email,omitempty"`
	NationalID string         `json:"national_id,omitempty"`
	HasPIN     bool           `json:"has_pin"`
	CreatedAt  string         `json:"created_at"`
	Balances   []balanceView  `json:"balances,omitempty"`
	Transfers  []transferView `json:"transfers,omitempty"`
}

func viewCustomer(c wallet.Customer) customerView {
	return customerView{
		Account: c.Number, Merchant: c.Merchant, State: string(c.State), FirstName: c.FirstName, LastName: c.LastName,
		Email: c.Email, NationalID: c.NationalID, HasPIN: c.PIN != "", CreatedAt: moment(c.CreatedAt),
	}
}

func (v customerView) row() []string {
	return []string{
		strconv.FormatInt(v.Account, 10), dash(strings.TrimSpace(v.FirstName + " " + v.LastName)), dash(v.Email),
		dash(v.NationalID), yes(v.HasPIN), v.State, v.CreatedAt,
	}
}

var customerHead = []string{"ACCOUNT", "NAME", "EMAIL", "NATIONAL ID", "PIN", "STATE", "SINCE"}

// transferView is a transfer as programs see it.
type transferView struct {
	ID          string `json:"id"`
	From        int64  `json:"from"`
	To          int64  `json:"to"`
	Amount      string `json:"amount"`
	Reference   string `json:"reference,omitempty"`
	Description string `json:"description,omitempty"`
	CreatedAt   string `json:"created_at"`
}

func (v transferView) row() []string {
	return []string{
		v.CreatedAt, strconv.FormatInt(v.From, 10), strconv.FormatInt(v.To, 10), v.Amount, dash(v.Reference),
		dash(v.Description),
	}
}

var transferHead = []string{"WHEN", "FROM", "TO", "AMOUNT", "REFERENCE", "DESCRIPTION"}

// explainAccount says where the accounts of a merchant are listed.
func explainAccount(err error, merchantID string) error {
	if fault.Is(err, fault.CodeAccountNotFound) {
		return errors.New("this merchant has no such account: purser customer list --merchant " + merchantID +
			" shows them")
	}
	return err
}

// NewCustomer is the wish to open an account for somebody.
type NewCustomer struct {
	Merchant   string
	FirstName  string
	LastName   string
	Email      string
	NationalID string
	PIN        string // where it is read from, as SetPIN reads it; empty = there is none yet
}

// AddCustomer opens an account with the next number.
func (c Commands) AddCustomer(ctx context.Context, n NewCustomer) error {
	wish := app.NewCustomer{
		Merchant: n.Merchant, FirstName: n.FirstName, LastName: n.LastName, Email: n.Email, NationalID: n.NationalID,
	}
	if n.PIN != "" {
		var err error
		if wish.PIN, err = c.readPIN(n.PIN); err != nil {
			return err
		}
	}
	return c.with(ctx, forWriting, func(k *core) error {
		made, err := k.app.CreateCustomer(ctx, wish)
		if fault.Is(err, fault.CodeDuplicate) {
			return settingError("email", "belongs to another customer of this merchant, or to the merchant itself")
		} else if err != nil {
			return err
		}
		view := viewCustomer(made)
		return c.Terminal.show(view, customerHead, [][]string{view.row()})
	})
}

// readPIN reads a PIN from a file; "-" is standard input, without an echo where
// somebody types. It is never an argument, because every process of the
// machine can read those, and its errors never show it.
func (c Commands) readPIN(source string) (string, error) {
	var text []byte
	var err error
	switch {
	case source != "-":
		text, err = os.ReadFile(source) //nolint:gosec // the operator names the file
	case c.Terminal.Hidden != nil:
		if _, err = fmt.Fprint(c.Terminal.Err, "PIN: "); err == nil {
			text, err = c.Terminal.Hidden()
		}
	default:
		text, err = readAll(c.Terminal.In)
	}
	if err != nil {
		return "", fmt.Errorf("read PIN: %w", err)
	}
	pin := strings.TrimSpace(string(text))
	if err := wallet.CheckPIN(pin); err != nil {
		return "", explain(err)
	}
	return pin, nil
}

// SetPIN gives a customer another PIN and forgets the wrong attempts.
func (c Commands) SetPIN(ctx context.Context, merchantID string, account int64, source string) error {
	pin, err := c.readPIN(source)
	if err != nil {
		return err
	}
	return c.with(ctx, forWriting, func(k *core) error {
		if err := k.app.SetPIN(ctx, merchantID, account, pin); err != nil {
			return explainAccount(err, merchantID)
		}
		number := strconv.FormatInt(account, 10)
		return c.Terminal.show(map[string]any{"account_number": account, "has_pin": true},
			[]string{"Account " + number + " has a new PIN; its wrong attempts are forgotten."}, nil)
	})
}

// Customers lists the newest customers of a merchant.
func (c Commands) Customers(ctx context.Context, merchantID string, limit int) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, merchantID); err != nil {
			return err
		}
		found, err := newest(limit, func(p app.Page) ([]wallet.Customer, error) {
			return k.app.Customers(ctx, merchantID, p)
		})
		views, rows := make([]customerView, len(found)), make([][]string, len(found))
		for n, one := range found {
			views[n] = viewCustomer(one)
			rows[n] = views[n].row()
		}
		if err != nil {
			return err
		}
		return c.Terminal.show(views, customerHead, rows)
	})
}

// newest reads the first so many of a list, page by page.
func newest[T any](limit int, read func(app.Page) ([]T, error)) ([]T, error) {
	var list []T
	for len(list) < limit {
		page := app.Page{Limit: min(pageSize, limit-len(list)), Offset: len(list)}
		found, err := read(page)
		if err != nil {
			return nil, err
		}
		if list = append(list, found...); len(found) < page.Limit {
			break
		}
	}
	return list, nil
}

// lastTransfers is how many transfers are shown with a customer.
const lastTransfers = 10

// ShowCustomer shows a customer with the balances and the last transfers.
func (c Commands) ShowCustomer(ctx context.Context, merchantID string, account int64) error {
	return c.with(ctx, forReading, func(k *core) error {
		found, err := k.app.Customer(ctx, merchantID, account)
		if err != nil {
			return explainAccount(err, merchantID)
		}
		view := viewCustomer(found)
		if view.Balances, err = balancesOf(ctx, k, merchantID, account); err != nil {
			return err
		}
		transfers, _, err := k.app.Transfers(ctx, merchantID, app.TransferFilter{Account: account},
			app.Page{Limit: lastTransfers})
		if err != nil {
			return err
		}
		rows := make([][]string, len(transfers))
		for n, t := range transfers {
			view.Transfers = append(view.Transfers, transferView{
				ID: t.ID, From: t.From, To: t.To, Amount: t.Amount.String(), Reference: t.Reference,
				Description: t.Description, CreatedAt: moment(t.CreatedAt),
			})
			rows[n] = view.Transfers[n].row()
		}
		return errors.Join(
			c.Terminal.show(view, customerHead, [][]string{view.row()}),
			c.Terminal.also("Balances", balanceHead, balanceRows(view.Balances)),
			c.Terminal.also("Last transfers", transferHead, rows))
	})
}

// Block is an operator's word about a customer.
type Block struct {
	Merchant string
	Account  int64
	Lift     bool // let money go out again
	Operator string
	Note     string
}

// BlockCustomer keeps money from leaving a customer's account, or lets it go
// again. Money may always come in.
func (c Commands) BlockCustomer(ctx context.Context, b Block) error {
	trigger, state := wallet.Block, wallet.Blocked
	if b.Lift {
		trigger, state = wallet.Unblock, wallet.Active
	}
	return c.with(ctx, forWriting, func(k *core) error {
		number := strconv.FormatInt(b.Account, 10)
		err := k.app.BlockCustomer(ctx, b.Merchant, b.Account, trigger, b.Operator, b.Note)
		if fault.Is(err, fault.CodeWrongState) {
			return errors.New("account " + number + " is " + string(state) + " already")
		}
		if err != nil {
			return explainAccount(err, b.Merchant)
		}
		return c.Terminal.show(map[string]any{"account_number": b.Account, "state": string(state)},
			[]string{"Account " + number + " is " + string(state) + "."}, nil)
	})
}
