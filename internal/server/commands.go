package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// Commands are what an operator does at a terminal, each on an open database.
type Commands struct {
	Config   Config
	Terminal Terminal
}

// AsOperator says that a command is an operator's of this name.
func AsOperator(ctx context.Context, name string) context.Context { return app.AsOperator(ctx, name) }

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
	if err := c.Terminal.tellMigrated(k.store.Migrated(), config); err != nil {
		return errors.Join(err, k.close())
	}
	return errors.Join(explain(do(k)), k.close())
}

// tellMigrated says beside the answer what a command did to the schema that nobody
// had asked for: the nodes on that database may run another release, and where there was
// no database the folder may be a slip of the pen.
func (t Terminal) tellMigrated(m sqlstore.Migrated, c Config) error {
	if m.Before == m.After {
		return nil
	}
	line := fmt.Sprintf("purser: the schema of the database went from version %d to %d", m.Before, m.After)
	switch {
	case m.Before == 0 && c.Database == "":
		folder, err := filepath.Abs(c.Data)
		if err != nil {
			folder = c.Data
		}
		line = fmt.Sprintf("purser: there was no database in %s, so a new one was made there, with schema version %d: is "+
			"this the right folder?", plain(folder), m.After)
	case m.Before == 0:
		line = fmt.Sprintf("purser: the database was empty; its schema is made, version %d", m.After)
	}
	if m.Copy != "" {
		line += "; the database as it was is kept in " + plain(m.Copy)
	}
	_, err := fmt.Fprintln(t.Err, line)
	return err
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
	done, err := sqlstore.Migrate(ctx, k.storeOptions(forWriting))
	if err != nil {
		return advised(err)
	}
	if done.Before == 0 {
		if err := c.Terminal.tellMigrated(done, config); err != nil {
			return err
		}
	}
	view := migratedView{Before: done.Before, After: done.After, Copy: done.Copy}
	if done.Before == done.After {
		return c.Terminal.show(view, []string{"The schema is up to date: version " + strconv.FormatInt(done.After, 10)}, nil)
	}
	if err := c.Terminal.show(view,
		[]string{fmt.Sprintf("The schema went from version %d to %d", done.Before, done.After)}, nil); err != nil {
		return err
	}
	if done.Copy == "" {
		return nil
	}
	return c.Terminal.tell("The database as it was before is kept in %s; remove it when you are sure.", done.Copy)
}

// migratedView is a migration as programs see it.
type migratedView struct {
	Before int64  `json:"before"`
	After  int64  `json:"after"`
	Copy   string `json:"copy,omitempty"` // of the database as it was
}

// Word is an operator's word about a payment that only a person can confirm.
type Word struct {
	Payment  string
	Receipt  string // of the bank or the till; needed when it is paid
	Paid     bool
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
		p, err := k.takeWord(ctx, owner, app.Confirmation(w))
		if err != nil {
			return err
		}
		return c.Terminal.show(
			map[string]string{"id": p.ID, "state": string(p.State), "amount": p.Amount.String()},
			[]string{"PAYMENT", "STATE", "AMOUNT"}, [][]string{{p.ID, string(p.State), p.Amount.String()}})
	})
}

// CancelPayment withdraws a payment that is not paid. One that is open at a
// gateway ends by the gateway's word; nobody is sent there any more.
func (c Commands) CancelPayment(ctx context.Context, w Word) error {
	if strings.TrimSpace(w.Operator) == "" {
		return fault.New(fault.CodeParameterMissing, "operator", "")
	}
	return c.with(ctx, forWriting, func(k *core) error {
		owner, err := k.app.PaymentOwner(ctx, w.Payment)
		if err != nil {
			return errors.New("there is no payment " + w.Payment)
		}
		p, err := k.app.CancelPayment(ctx, owner, w.Payment, w.Operator, w.Note)
		if fault.Is(err, fault.CodeWrongState) {
			return fmt.Errorf("payment %s is %s: only one that is not paid can be withdrawn", p.ID, p.State)
		}
		if err != nil {
			return err
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
