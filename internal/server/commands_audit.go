package server

import (
	"context"
	"errors"
	"strconv"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// ErrDifferences says that an audit found something wrong, which it has shown.
var ErrDifferences = errors.New("the books do not agree: keep the database as it is and find out why " +
	"before more money moves")

// auditView is an audit as programs see it.
type auditView struct {
	Agrees   bool          `json:"agrees"`
	Findings []findingView `json:"findings"`
	Waiting  []waitingView `json:"waiting"`
	Asked    []askedView   `json:"asked"` // lists of what somebody is asked to decide, where there is any
	Sealed   sealedView    `json:"sealed"`
}

// sealedView is how far the books are sealed.
type sealedView struct {
	Seal     string `json:"seal"`     // the last one, to be kept elsewhere; empty = there is none
	At       string `json:"at"`       // when it was made
	Unsealed int64  `json:"unsealed"` // entries that the next one will cover
	Acts     string `json:"acts"`     // the last seal over the record of acts
}

// AuditWish is what an audit does beyond proving the books.
type AuditWish struct {
	Seal  bool   // seal first what no seal covers
	Known string // a seal that was kept elsewhere; empty = none
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

// askedView is a list of what somebody is asked to decide in the usual course.
type askedView struct {
	What string `json:"what"`
	List string `json:"list"` // the command that shows it
}

// Audit proves the books, beside a running server too, and lists what waits
// for a person. Error: ErrDifferences.
func (c Commands) Audit(ctx context.Context, w AuditWish) error {
	var known store.Seal
	if w.Known != "" {
		var err error
		if known, err = store.ParseSeal(w.Known); err != nil {
			return err
		}
	}
	does := forReading
	if w.Seal {
		does = forWriting
	}
	var view auditView
	err := c.with(ctx, does, func(k *core) error {
		if w.Seal {
			if err := c.seal(ctx, k); err != nil {
				return err
			}
		}
		var err error
		if view, err = c.prove(ctx, k, known); err != nil {
			return err
		}
		return c.showAudit(view)
	})
	if err == nil && !view.Agrees {
		return ErrDifferences
	}
	return err
}

// prove makes all checks, and looks for a seal that was kept elsewhere.
func (c Commands) prove(ctx context.Context, k *core, known store.Seal) (view auditView, err error) {
	show, clear := c.Terminal.progress("auditing")
	findings, err := k.store.Audit(ctx, show)
	clear()
	if err != nil {
		return view, err
	}
	if known.Number != 0 {
		f, err := recognise(ctx, k.store, known)
		if err != nil {
			return view, err
		}
		findings = append(findings, f)
	}
	waiting, err := k.app.Attention(ctx)
	if err != nil {
		return view, err
	}
	view = viewAudit(findings, waiting)
	if view.Asked, err = asked(ctx, k); err != nil {
		return view, err
	}
	view.Sealed, err = viewSealed(ctx, k.store, findings)
	return view, err
}

// asked looks whether there are deals and payouts that somebody is to decide.
func asked(ctx context.Context, k *core) ([]askedView, error) {
	list, one := []askedView{}, app.Page{Limit: 1}
	deals := func(s deal.State) (int, error) {
		found, err := k.app.Deals(ctx, app.DealFilter{State: s}, one)
		return len(found), err
	}
	payouts := func(s payout.State) (int, error) {
		found, err := k.app.Payouts(ctx, app.PayoutFilter{State: s}, one)
		return len(found), err
	}
	for _, of := range []struct {
		look       func() (int, error)
		what, list string
	}{
		{func() (int, error) { return deals(deal.Disputed) }, "disputes", "dispute list"},
		{
			func() (int, error) { return deals(deal.TransferConfirmed) }, "transfers that are said to be sent",
			"deal list --state transfer_confirmed",
		},
		{func() (int, error) { return payouts(payout.Requested) }, "payouts to approve", "payout list --state requested"},
		{func() (int, error) { return payouts(payout.Approved) }, "payouts to send", "payout list --state approved"},
	} {
		many, err := of.look()
		if err != nil {
			return nil, err
		}
		if many > 0 {
			list = append(list, askedView{of.what, "purser " + of.list})
		}
	}
	return list, nil
}

// seal seals everything that no seal covers.
func (c Commands) seal(ctx context.Context, k *core) error {
	const most = 1000
	total, err := k.store.Unsealed(ctx)
	if err != nil {
		return err
	}
	show, clear := c.Terminal.progress("sealing")
	defer clear()
	for done := int64(0); ; {
		n, err := k.app.SealBooks(ctx, most)
		if err != nil || n == 0 {
			return err
		}
		done += int64(n)
		show(int(min(100, done*100/max(1, total))))
	}
}

// recognise looks for a seal that was kept elsewhere.
func recognise(ctx context.Context, s store.Keeper, known store.Seal) (store.Finding, error) {
	f := store.Finding{ID: "I13", Checks: "the seal that was kept elsewhere is in the chain", Rows: 1}
	find, name := s.SealOf, "seal "
	if known.OfActs {
		find, name = s.ActSealOf, "seal of acts "
	}
	got, err := find(ctx, known.Number)
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		return f, err
	}
	if got.String() != known.String() {
		f.Wrong, f.Example = 1, name+strconv.FormatInt(known.Number, 10)
	}
	return f, nil
}

// viewSealed shows how far the books are sealed.
func viewSealed(ctx context.Context, s *sqlstore.DB, audit []store.Finding) (sealedView, error) {
	last, err := s.SealOf(ctx, 0)
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		return sealedView{}, err
	}
	acts, err := s.ActSealOf(ctx, 0)
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		return sealedView{}, err
	}
	return sealedView{
		Seal: last.String(), At: moment(last.At), Unsealed: sqlstore.UnsealedOf(audit), Acts: acts.String(),
	}, nil
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
	if err := c.showSealed(view.Sealed, view.Agrees); err != nil {
		return err
	}
	if err := c.showWaiting(view.Waiting); err != nil {
		return err
	}
	if len(view.Asked) == 0 {
		return c.Terminal.tell("No dispute, no transfer that a payer says is sent and no payout waits for a decision.")
	}
	if err := c.Terminal.tell("\nSomebody is asked to decide:"); err != nil {
		return err
	}
	rows = rows[:0]
	for _, a := range view.Asked {
		rows = append(rows, []string{a.What, a.List})
	}
	return c.Terminal.show(nil, []string{"WHAT", "SEE"}, rows)
}

// showWaiting lists what nobody but a person can get on with.
func (c Commands) showWaiting(waiting []waitingView) error {
	if len(waiting) == 0 {
		return c.Terminal.tell("\nNo payment, refund or payout is stuck and waits for a person.")
	}
	if err := c.Terminal.tell("\nWaiting for a person:"); err != nil {
		return err
	}
	rows := make([][]string, 0, len(waiting))
	for _, w := range waiting {
		rows = append(rows, []string{w.Since, w.Merchant, w.Noun, w.Subject, w.Reason})
	}
	return c.Terminal.show(nil, []string{"SINCE", "MERCHANT", "WHAT", "ID", "WHY"}, rows)
}

// showSealed says what to keep elsewhere, if the audit found nothing wrong.
func (c Commands) showSealed(v sealedView, agrees bool) error {
	if err := c.showSealedBooks(v, agrees); err != nil || v.Acts == "" || !agrees {
		return err
	}
	return c.Terminal.tell("\nThe last seal over the record of acts, to be kept likewise:\n%s", v.Acts)
}

func (c Commands) showSealedBooks(v sealedView, agrees bool) error {
	if v.Seal == "" {
		return c.Terminal.tell("\nNothing is sealed yet; %d entries wait to be.", v.Unsealed)
	}
	if !agrees {
		return c.Terminal.tell("\nSealed at %s, and %d entries since. "+
			"The last seal is no proof while the books do not agree:\n%s", v.At, v.Unsealed, v.Seal)
	}
	return c.Terminal.tell("\nSealed at %s, and %d entries since. Keep the seal elsewhere, for purser audit --known:\n%s",
		v.At, v.Unsealed, v.Seal)
}
