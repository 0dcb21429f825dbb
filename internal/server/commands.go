package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// Commands are what an operator does at a terminal, each on an open database.
type Commands struct {
	Config   Config
	Terminal Terminal
}

// with opens the database for one command and closes it again.
func (c Commands) with(ctx context.Context, p purpose, do func(k *core) error) error {
	config, err := c.Config.forCommand()
	if err != nil {
		return err
	}
	k, err := openCore(ctx, config, p, commandLog(c.Terminal.Err))
	if err != nil {
		return explain(err)
	}
	return errors.Join(explain(do(k)), k.close())
}

// Migrate brings the schema of the database up to date.
func (c Commands) Migrate(ctx context.Context) error {
	config, err := c.Config.forCommand()
	if err != nil {
		return err
	}
	if err := makeFolder(config, forWriting); err != nil {
		return err
	}
	k := &core{config: config, log: commandLog(c.Terminal.Err), now: now}
	before, after, err := sqlstore.Migrate(ctx, k.storeOptions(forWriting))
	if err != nil {
		return err
	}
	if before == after {
		return c.Terminal.show(map[string]int64{"before": before, "after": after},
			[]string{"The schema is up to date: version " + strconv.FormatInt(after, 10)}, nil)
	}
	return c.Terminal.show(map[string]int64{"before": before, "after": after},
		[]string{fmt.Sprintf("The schema went from version %d to %d", before, after)}, nil)
}

// merchantView is a merchant as programs see it.
type merchantView struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	SplitLimit string `json:"split_limit,omitempty"`
	CreatedAt  string `json:"created_at"`
}

func viewMerchant(m merchant.Merchant) merchantView {
	view := merchantView{ID: m.ID, Name: m.Name, CreatedAt: moment(m.CreatedAt)}
	if m.SplitLimit.Valid() {
		view.SplitLimit = m.SplitLimit.String()
	}
	return view
}

func (v merchantView) row() []string { return []string{v.ID, v.Name, dash(v.SplitLimit), v.CreatedAt} }

var merchantHead = []string{"MERCHANT", "NAME", "SPLIT ABOVE", "SINCE"}

// AddMerchant adds a merchant. A split limit is in whole Rial; empty never splits.
func (c Commands) AddMerchant(ctx context.Context, name, splitLimit string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		wish := app.NewMerchant{Name: name}
		if splitLimit != "" {
			limit, err := money.Parse(splitLimit, money.IRR)
			if err != nil {
				return settingError("split-limit", "must be a whole number of Rial")
			}
			wish.SplitLimit = limit
		}
		m, err := k.app.CreateMerchant(ctx, wish)
		if err != nil {
			return err
		}
		view := viewMerchant(m)
		return c.Terminal.show(view, merchantHead, [][]string{view.row()})
	})
}

// Merchants lists all merchants, newest first.
func (c Commands) Merchants(ctx context.Context) error {
	return c.with(ctx, forReading, func(k *core) error {
		views, rows := []merchantView{}, [][]string{}
		for offset := 0; ; offset += pageSize {
			merchants, err := k.app.Merchants(ctx, app.Page{Limit: pageSize, Offset: offset})
			if err != nil {
				return err
			}
			for _, m := range merchants {
				view := viewMerchant(m)
				views, rows = append(views, view), append(rows, view.row())
			}
			if len(merchants) < pageSize {
				return c.Terminal.show(views, merchantHead, rows)
			}
		}
	})
}

// keyView is a key as programs see it. Secret is there once, when it is made.
type keyView struct {
	ID        string   `json:"id"`
	Merchant  string   `json:"merchant"`
	Label     string   `json:"label,omitempty"`
	Scopes    []string `json:"scopes"`
	Hint      string   `json:"hint"`
	CreatedAt string   `json:"created_at"`
	RevokedAt string   `json:"revoked_at,omitempty"`
	Secret    string   `json:"secret,omitempty"`
}

func viewKey(k merchant.Key) keyView {
	view := keyView{ID: k.ID, Merchant: k.Merchant, Label: k.Label, Hint: k.Hint, CreatedAt: moment(k.CreatedAt)}
	for _, s := range k.Scopes {
		view.Scopes = append(view.Scopes, string(s))
	}
	if !k.RevokedAt.IsZero() {
		view.RevokedAt = moment(k.RevokedAt)
	}
	return view
}

func (v keyView) row() []string {
	return []string{
		v.ID, dash(v.Label), strings.Join(v.Scopes, ","), "..." + v.Hint, v.CreatedAt, dash(v.RevokedAt),
	}
}

var keyHead = []string{"KEY", "LABEL", "SCOPES", "ENDS IN", "SINCE", "REVOKED"}

// AddKey makes a key and shows its secret, for the only time.
func (c Commands) AddKey(ctx context.Context, merchantID, label string, scopes []string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		wish := app.NewKey{Merchant: merchantID, Label: label}
		for _, s := range scopes {
			wish.Scopes = append(wish.Scopes, merchant.Scope(s))
		}
		key, secret, err := k.app.CreateKey(ctx, wish)
		if err != nil {
			return err
		}
		view := viewKey(key)
		view.Secret = secret
		if err := c.Terminal.show(view, keyHead, [][]string{view.row()}); err != nil {
			return err
		}
		return c.Terminal.tell("\nThe key, shown this once:\n\n  %s\n", secret)
	})
}

// Keys lists a merchant's keys, revoked ones too.
func (c Commands) Keys(ctx context.Context, merchantID string) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, merchantID); err != nil {
			return err
		}
		keys, err := k.app.Keys(ctx, merchantID)
		if err != nil {
			return err
		}
		views, rows := []keyView{}, [][]string{}
		for _, key := range keys {
			view := viewKey(key)
			views, rows = append(views, view), append(rows, view.row())
		}
		return c.Terminal.show(views, keyHead, rows)
	})
}

// RevokeKey ends a key.
func (c Commands) RevokeKey(ctx context.Context, merchantID, keyID string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		err := k.app.RevokeKey(ctx, merchantID, keyID)
		if fault.Is(err, fault.CodeNotFound) {
			return errors.New("this merchant has no such key: purser key list --merchant " + merchantID + " shows them")
		}
		if err != nil {
			return err
		}
		return c.Terminal.show(map[string]string{"id": keyID, "status": "revoked"},
			[]string{"Key " + keyID + " is revoked."}, nil)
	})
}

// Word is an operator's word about a payment that only a person can confirm.
type Word struct {
	Payment  string
	Paid     bool
	Receipt  string // of the bank or the till; needed when it is paid
	Operator string
	Note     string
}

// Say takes an operator's word.
func (c Commands) Say(ctx context.Context, w Word) error {
	return c.with(ctx, forWriting, func(k *core) error {
		owner, err := k.app.PaymentOwner(ctx, w.Payment)
		if err != nil {
			return errors.New("there is no payment " + w.Payment)
		}
		p, err := k.app.ConfirmPayment(ctx, owner, app.Confirmation{
			Payment: w.Payment, Paid: w.Paid, Receipt: w.Receipt, Operator: w.Operator, Note: w.Note,
		})
		if err != nil {
			return err
		}
		if w.Paid && p.State != payment.Captured {
			return fmt.Errorf("payment %s is %s: %s", p.ID, p.State, dash(p.Attention+p.Note))
		}
		return c.Terminal.show(
			map[string]string{"id": p.ID, "state": string(p.State), "amount": p.Amount.String()},
			[]string{"PAYMENT", "STATE", "AMOUNT"}, [][]string{{p.ID, string(p.State), p.Amount.String()}})
	})
}

// readAll reads what a command is given, which is never large.
func readAll(r io.Reader) ([]byte, error) {
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && len(text) > most {
		err = errors.New("is too long")
	}
	return text, err
}
