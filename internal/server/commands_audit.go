package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/purserhq/purser/internal/store"
)

// ErrDifferences says that an audit found something wrong, which it has shown.
var ErrDifferences = errors.New("the books do not agree: keep the database as it is and find out why " +
	"before more money moves")

// auditView is an audit as programs see it.
type auditView struct {
	Agrees   bool          `json:"agrees"`
	Findings []findingView `json:"findings"`
	Waiting  []waitingView `json:"waiting"`
}

type findingView struct {
	ID      string `json:"id"`
	Checks  string `json:"checks"`
	Rows    int64  `json:"rows"`
	Wrong   int64  `json:"wrong"`
	Example string `json:"example,omitempty"`
}

type waitingView struct {
	Merchant string `json:"merchant"`
	Noun     string `json:"noun"`
	Subject  string `json:"subject"`
	Reason   string `json:"reason"`
	Since    string `json:"since"`
}

// Audit proves the books, beside a running server too, and lists what waits
// for a person. Error: ErrDifferences.
func (c Commands) Audit(ctx context.Context) error {
	var view auditView
	err := c.with(ctx, forReading, func(k *core) error {
		show, clear := c.Terminal.progress("auditing")
		findings, err := k.store.Audit(ctx, show)
		clear()
		if err != nil {
			return err
		}
		waiting, err := k.app.Attention(ctx)
		if err != nil {
			return err
		}
		view = viewAudit(findings, waiting)
		return c.showAudit(view)
	})
	if err == nil && !view.Agrees {
		return ErrDifferences
	}
	return err
}

func viewAudit(findings []store.Finding, waiting []store.Waiting) auditView {
	view := auditView{Agrees: true, Findings: []findingView{}, Waiting: []waitingView{}}
	for _, f := range findings {
		view.Agrees = view.Agrees && f.Wrong == 0
		view.Findings = append(view.Findings, findingView(f))
	}
	for _, w := range waiting {
		view.Waiting = append(view.Waiting, waitingView{
			Merchant: w.Merchant, Noun: string(w.Noun), Subject: w.Subject, Reason: w.Reason, Since: moment(w.Since),
		})
	}
	return view
}

func (c Commands) showAudit(view auditView) error {
	rows := make([][]string, 0, len(view.Findings))
	for _, f := range view.Findings {
		rows = append(rows, []string{
			f.ID, f.Checks, strconv.FormatInt(f.Rows, 10), strconv.FormatInt(f.Wrong, 10), dash(f.Example),
		})
	}
	if err := c.Terminal.show(view, []string{"CHECK", "WHAT MUST HOLD", "ROWS", "WRONG", "FIRST"}, rows); err != nil {
		return err
	}
	if c.Terminal.JSON {
		return nil
	}
	if len(view.Waiting) == 0 {
		return c.Terminal.tell("\nNothing waits for a person.")
	}
	if _, err := fmt.Fprintln(c.Terminal.Out, "\nWaiting for a person:"); err != nil {
		return err
	}
	rows = rows[:0]
	for _, w := range view.Waiting {
		rows = append(rows, []string{w.Since, w.Merchant, w.Noun, w.Subject, w.Reason})
	}
	return c.Terminal.show(nil, []string{"SINCE", "MERCHANT", "WHAT", "ID", "WHY"}, rows)
}
