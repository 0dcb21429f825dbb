package api

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// accountView is an account as callers see it.
type accountView struct {
	Account  int64         `json:"account"`
	Status   string        `json:"status"`
	Email    string        `json:"email,omitempty"`
	Balances []balanceView `json:"balances" nullable:"false"`
}

// balanceView is what an account has of one unit.
type balanceView struct {
	Available string `json:"available"`
	Unit      string `json:"unit"`
}

// bookView is one account of the books, as callers see it.
type bookView struct {
	Role    string `json:"role"`
	Owner   string `json:"owner,omitempty"`
	Balance string `json:"balance"`
	Unit    string `json:"unit"`
}

// entryView is one entry of the books, as callers see it.
type entryView struct {
	ID       string        `json:"id"`
	Rule     string        `json:"rule"`
	Subject  string        `json:"subject"`
	At       string        `json:"at" format:"date-time"`
	Postings []postingView `json:"postings" nullable:"false"`
}

// postingView is one line of an entry.
type postingView struct {
	Role   string `json:"role"`
	Owner  string `json:"owner,omitempty"`
	Amount string `json:"amount"`
	Unit   string `json:"unit"`
}

// wholeOf is a list that is given in one piece.
type wholeOf[Item any] struct {
	Data []Item `json:"data" nullable:"false"`
}

// accountList is what a list of accounts can be narrowed down to.
type accountList struct {
	dated

	Status string `query:"status"`
	Email  string `query:"email" maxLength:"200"`
	Unit   string `query:"unit" maxLength:"10"`
}

// mostBalances is how many accounts of the books a page has: most merchants have no more.
const mostBalances = 1000

// balanceList is what a list of balances can be narrowed down to.
type balanceList struct {
	formatted

	Limit  int64  `query:"limit" minimum:"1" maximum:"1000" default:"1000"`
	Cursor string `query:"cursor" maxLength:"400"`
	Role   string `query:"role"`
	Owner  string `query:"owner" maxLength:"200"`
	Unit   string `query:"unit" maxLength:"10"`

	list string
}

// of says which list it is a page of.
func (q *balanceList) of(list string) { q.list = list }

// entryList is what a list of entries can be narrowed down to.
type entryList struct {
	dated

	Subject string `query:"subject" maxLength:"200"`
	Rule    string `query:"rule"`
	Role    string `query:"role"`
	Owner   string `query:"owner" maxLength:"200"`
	Unit    string `query:"unit" maxLength:"10"`
}

var (
	roleWord  = word{doc: "What kind of account it is.", example: string(ledger.MerchantAvailable)}
	ownerWord = word{doc: "Whose it is: a gateway, or the number of a customer's account.", example: "stripe"}
)

var ledgerWords = words{
	"accountView": {
		"account":  {doc: "Its number; 10000 is your own.", example: 10001},
		"status":   {doc: "active, or blocked: money comes in and none goes out.", example: "active"},
		"email":    {doc: "The owner's e-mail address.", example: "ada@example.com"},
		"balances": {doc: "What it has, unit by unit; units that it never had are left out."},
	},
	"balanceView": {"available": {doc: "What can leave it now.", example: "12.50"}},
	"bookView": {
		"role": roleWord, "owner": ownerWord, "balance": {doc: "The sum of its postings.", example: "12.50"},
	},
	"entryView": {
		"id":       {doc: "Its id.", example: "019a3c1f0b7c0001b8f0f2f0c4a59b1e"},
		"rule":     {doc: "The business event that it books.", example: string(ledger.RuleCaptured)},
		"subject":  {doc: "The id of the payment, refund, transfer or other thing behind it.", example: examplePayment},
		"at":       {doc: "When it was booked.", example: "2026-12-01T12:00:00Z"},
		"postings": {doc: "They add up to zero for every unit."},
	},
	"postingView": {
		"role": roleWord, "owner": ownerWord, "amount": {doc: "Positive: the account gains.", example: "12.50"},
	},
	"accountList": {
		"status": {doc: "Only those in this state.", example: "blocked", choices: choices(wallet.States)},
		"email":  {doc: "Only whose owner has this e-mail address.", example: "ada@example.com"},
		"unit":   {doc: "Only those that have or had something in this currency unit, with that balance.", example: "EUR"},
	},
	"balanceList": {
		"role":  {doc: "Only accounts of this kind.", example: "fees", choices: ledgerRoles()},
		"owner": {doc: "Only accounts of this owner.", example: "stripe"},
		"unit":  ofUnit,
	},
	"entryList": {
		"subject": {
			doc:     "Only those of the thing with this id: all of them at once, in the order in which they were booked.",
			example: examplePayment,
		},
		"rule":  {doc: "Only those of this business event.", example: string(ledger.RuleCaptured), choices: ledgerRules()},
		"role":  {doc: "Only those that move an account of this kind.", example: "fees", choices: ledgerRoles()},
		"owner": {doc: "Only those that move an account of this owner, as the postings name it.", example: "stripe"},
		"unit":  ofUnit,
	},
}

func (d *desk) ledger() resource {
	return resource{
		name: "ledger", about: "Accounts, their balances, and the double-entry books behind them.",
		words: ledgerWords, example: "10001",
		operations: []operation{
			get(row{
				id: "getAccount", path: "/accounts/{id}", scope: merchant.LedgerRead, summary: "Get an account",
				about:  "Shows an account and what it has; the id is its number, and 10000 your own.",
				faults: []fault.Code{fault.CodeAccountNotFound},
			}, d.getAccount),
			list(row{
				id: "listAccounts", path: "/accounts", scope: merchant.LedgerRead, summary: "List accounts",
				about: "Lists your accounts with what they have: those of customers, the highest number first, and then your own.",
			}, d.listAccounts),
			list(row{
				id: "listBalances", path: "/balances", scope: merchant.LedgerRead, summary: "List balances",
				about: "Lists the accounts of your books with their balances, in the order of their kinds and owners. " +
					"All of them together add up to zero for every unit.",
			}, d.listBalances),
			list(row{
				id: "listEntries", path: "/entries", scope: merchant.LedgerRead, summary: "List entries",
				about: "Lists what was booked, the newest first, or with a subject all that was booked for one thing, in order. " +
					"Role, owner and unit are looked for in one posting. Where many merchants share a server, pages may be empty: " +
					"go on until next_cursor is null.",
			}, d.listEntries),
		},
	}
}

func (d *desk) getAccount(c *call, id string, _ none) (out accountView, err error) {
	number, err := accountNumber(id)
	if err != nil {
		return out, err
	}
	account, err := d.App.Account(c.Context(), c.Merchant, number)
	if err != nil {
		return out, err
	}
	balances, err := d.App.AvailableBalances(c.Context(), c.Merchant, number)
	return viewAccount(account, balances), err
}

func (d *desk) listAccounts(c *call, q accountList) (out pageOf[accountView], err error) {
	if err := knownUnit("unit", q.Unit); err != nil {
		return out, err
	}
	part, below, err := q.belowNumber()
	if err != nil {
		return out, err
	}
	found, err := d.App.ListAccounts(c.Context(), c.Merchant,
		app.CustomerList{State: wallet.State(q.Status), Email: q.Email}, below, part)
	out = paged(q.paging, found, func(h app.Holding) accountView { return viewAccount(h.Account, h.Available) },
		func(h app.Holding) (time.Time, string) { return h.CreatedAt, strconv.FormatInt(h.Number, 10) })
	if q.Unit != "" {
		for n := range out.Data {
			out.Data[n].Balances = slices.DeleteFunc(out.Data[n].Balances,
				func(b balanceView) bool { return b.Unit != q.Unit })
		}
		out.Data = slices.DeleteFunc(out.Data, func(v accountView) bool { return len(v.Balances) == 0 })
	}
	return out, err
}

func (d *desk) listBalances(c *call, q balanceList) (out pageOf[bookView], err error) {
	behind, err := paging{Cursor: q.Cursor, list: q.list}.after()
	if err != nil {
		return out, err
	}
	if err := knownUnit("unit", q.Unit); err != nil {
		return out, err
	}
	size := int(cmp.Or(q.Limit, mostBalances))
	found, err := d.App.ListBalances(c.Context(), c.Merchant, app.BalanceList{
		Role: ledger.Role(q.Role), Owner: q.Owner, Unit: money.Unit(q.Unit), After: behind.ID, Limit: size + 1,
	})
	if len(found) > size { // one more shows that there is another page
		found = found[:size]
		out.goOn(q.list, time.Time{}, found[size-1].Account.Key())
	}
	out.Data = []bookView{}
	for _, p := range found {
		out.Data = append(out.Data, bookView{
			Role: string(p.Account.Role), Owner: p.Account.Owner, Balance: p.Amount.Fixed(), Unit: string(p.Amount.Unit()),
		})
	}
	return out, err
}

func (d *desk) listEntries(c *call, q entryList) (out pageOf[entryView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	if err := knownUnit("unit", q.Unit); err != nil {
		return out, err
	}
	wanted := app.EntryList{
		Rule: ledger.Rule(q.Rule), Role: ledger.Role(q.Role), Owner: q.Owner, Unit: money.Unit(q.Unit),
	}
	if q.Subject == "" {
		return seek(c, q.paging, app.Entries, true, part, func(part app.Older) ([]ledger.Entry, error) {
			return d.App.ListEntries(c.Context(), c.Merchant, wanted, part)
		}, viewEntry, func(e ledger.Entry) (time.Time, string) { return e.At(), e.ID() })
	}
	found, err := d.App.EntriesOf(c.Context(), c.Merchant, q.Subject, wanted, part)
	out.Data = []entryView{}
	for _, e := range found {
		out.Data = append(out.Data, viewEntry(e))
	}
	return out, err
}

// ledgerRules are all business events that are booked.
func ledgerRules() (all []string) {
	for _, r := range ledger.Rules {
		all = append(all, string(r))
	}
	return all
}

// ledgerRoles are all kinds of accounts.
func ledgerRoles() (all []string) {
	for _, r := range ledger.Roles {
		all = append(all, string(r.Role))
	}
	return all
}

// viewAccount shows an account.
func viewAccount(a app.Account, has []money.Amount) accountView {
	view := accountView{Account: a.Number, Status: string(a.State), Email: a.Email, Balances: []balanceView{}}
	for _, amount := range has {
		view.Balances = append(view.Balances, balanceView{Available: amount.Fixed(), Unit: string(amount.Unit())})
	}
	return view
}

// viewEntry shows an entry.
func viewEntry(e ledger.Entry) entryView {
	view := entryView{ID: e.ID(), Rule: string(e.Rule()), Subject: e.Subject(), At: moment(e.At())}
	for _, p := range e.Postings() {
		view.Postings = append(view.Postings, postingView{
			Role: string(p.Account.Role), Owner: p.Account.Owner, Amount: p.Amount.Fixed(), Unit: string(p.Amount.Unit()),
		})
	}
	return view
}
