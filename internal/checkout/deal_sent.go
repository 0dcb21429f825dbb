package checkout

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
)

// The fields of the form with which a payer says that the money is sent: which
// transfer it is about, and a file that shows it.
const (
	dealField    = "deal"
	receiptField = "receipt"
)

// What is read of such a form. A file that is too large is read on for a while
// and thrown away: a browser that is cut off shows its own trouble and not ours.
const (
	maxUpload      = 3 * deal.MaxFile
	maxUploadParts = 20
	uploadTime     = 3 * time.Minute // on a telephone, far from a mast
	answerTime     = 30 * time.Second
)

// receiptTypes are the files that a payer may send, as the form's field knows
// them and as people do.
const (
	receiptTypes = "image/png,image/jpeg,application/pdf"
	receiptNames = "PNG, JPEG, PDF"
)

// claim is the form with which a payer says that the money was sent, or shows it.
type claim struct {
	Action  string
	Deal    string // which transfer it is about: a page that is old must not speak of a newer one
	Taken   bool   // the payer has said so, and may still add files
	Types   string
	Names   string
	Most    string // megabytes of a file
	Refused bool   // the alert of the page is about the last file
}

func (p *Pages) claim(r *http.Request, view dealView, d deal.Deal) *claim {
	v, _ := p.voices.choose(r)
	return &claim{
		Action: p.dealForm(r, d.Invoice, "sent"), Deal: d.ID, Types: receiptTypes, Names: receiptNames,
		Most: v.Number(deal.MaxFile >> 20), Refused: view.refusal != nil,
	}
}

// sentForm is what a payer says of a transfer.
type sentForm struct {
	deal  string
	shows bool   // there is a file
	large bool   // ... which is larger than any may be, and was thrown away
	file  []byte // ... or this
}

// reportTransfer is the button with which the payer says that the money is sent,
// and the one that adds a file to that. A file that cannot be kept leaves
// everything as it was.
func (p *Pages) reportTransfer(w http.ResponseWriter, r *http.Request) {
	view, ok := p.pressed(w, r)
	if !ok {
		return
	}
	defer within(uploadTime+answerTime, http.NewResponseController(w).SetWriteDeadline)()
	said, ok := p.readSent(w, r)
	if !ok {
		return
	}
	id := view.Invoice.ID
	if said.shows { // it took a while
		var err error
		if view, err = p.readDeal(r.Context(), id); err != nil {
			p.failed(w, r, "", err)
			return
		}
	}
	n := slices.IndexFunc(view.deals, func(d deal.Deal) bool { return d.ID == said.deal })
	if n < 0 || !view.deals[n].Live() && !claimable(view.deals[n]) {
		p.toDeal(w, r, id) // the page says what came first
		return
	}
	view.refusal, ok = p.takeSent(w, r, view, view.deals[n], said)
	switch {
	case !ok:
	case view.refusal != nil:
		p.showDeal(w, r, view)
	default:
		p.toDeal(w, r, id)
	}
}

// takeSent takes the payer's word and keeps the file; no is why it cannot be
// kept. Where that is not known either it has answered, and is not ok.
func (p *Pages) takeSent(w http.ResponseWriter, r *http.Request, view dealView, d deal.Deal, said sentForm,
) (no *refusal, ok bool) {
	no, err := p.fits(r, d, said)
	if err == nil && no == nil {
		err = p.takeWord(r.Context(), d)
	}
	if err == nil && no == nil && said.shows {
		_, err = p.app.Attach(r.Context(), app.NewAttachment{
			ID: p.newUUID(), Merchant: d.Merchant, Deal: d.ID, Data: said.file, ByPayer: true,
		})
		switch {
		case fault.Is(err, fault.CodeWrongState): // decided meanwhile, which the page tells
			err = nil
		case fault.Is(err, fault.CodeBodyTooLarge): // another file was faster
			no, err = p.refuse(r, "many"), nil
		}
	}
	if err != nil {
		p.failed(w, r, view.merchant, err)
	}
	return no, err == nil
}

// refusal is why a form comes back to its sender.
type refusal struct {
	status int
	alert  alert
}

// refuse tells why a file was not kept.
func (p *Pages) refuse(r *http.Request, why string) *refusal {
	v, _ := p.voices.choose(r)
	status := http.StatusUnprocessableEntity
	if why == "large" {
		status = http.StatusRequestEntityTooLarge
	}
	words := "deal.receipt_" + why
	return &refusal{status, alert{
		v.T(words + ".title"), v.T(words+".advice", "Most", v.Number(deal.MaxFile>>20), "Names", receiptNames),
	}}
}

// fits finds out whether a deal may have the file too, before anything is said
// of it: nil says that it may.
func (p *Pages) fits(r *http.Request, d deal.Deal, said sentForm) (*refusal, error) {
	if !said.shows {
		return nil, nil
	}
	if said.large {
		return p.refuse(r, "large"), nil
	}
	others, err := p.app.Attachments(r.Context(), d.Merchant, d.ID)
	if err != nil {
		return nil, err
	}
	_, err = d.Attach("", "", said.file, others, p.now())
	switch {
	case fault.Is(err, fault.CodeBodyTooLarge): // not this one: it is all of them together
		return p.refuse(r, "many"), nil
	case fault.Is(err, fault.CodeParameterMissing), fault.Is(err, fault.CodeMediaTypeUnsupported):
		return p.refuse(r, "type"), nil
	}
	return nil, err
}

// readSent reads the form, or answers.
func (p *Pages) readSent(w http.ResponseWriter, r *http.Request) (f sentForm, ok bool) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		ok = p.readForm(w, r)
		return sentForm{deal: r.PostForm.Get(dealField)}, ok
	}
	leave, ok := p.uploads.take(r)
	if !ok {
		w.Header().Set("Retry-After", "10")
		p.trouble(w, r, http.StatusServiceUnavailable, "busy")
		return f, false
	}
	defer leave()
	defer within(uploadTime, http.NewResponseController(w).SetReadDeadline)()
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	f, err = readParts(r)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		f.shows, f.large, f.file, err = true, true, nil, nil
	}
	if err != nil {
		p.trouble(w, r, http.StatusBadRequest, "unreadable")
		return f, false
	}
	return f, true
}

// within gives one direction of a connection a limit of its own, in the place of
// the server's, until it is stopped. A connection that has none stays as it is.
func within(limit time.Duration, set func(deadline time.Time) error) (stop func() bool) {
	if set(time.Time{}) != nil {
		return func() bool { return true }
	}
	return time.AfterFunc(limit, func() { _ = set(time.Unix(1, 0)) }).Stop // it could be set a moment ago
}

// readParts reads a form with a file part by part: nothing is kept of what is
// too large.
func readParts(r *http.Request) (f sentForm, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return f, err
	}
	for range maxUploadParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return f, err
		}
		switch {
		case part.FormName() == dealField && part.FileName() == "":
			const longest = 100
			var id []byte
			id, err = io.ReadAll(io.LimitReader(part, longest))
			f.deal = string(id)
		case part.FormName() == receiptField && part.FileName() != "":
			err = f.readFile(part)
		}
		if err != nil {
			return f, err
		}
	}
	return f, errors.New("there are too many parts")
}

// readFile reads the one file of a form.
func (f *sentForm) readFile(part io.Reader) (err error) {
	if f.shows {
		return errors.New("there is more than one file")
	}
	f.shows = true
	if f.file, err = io.ReadAll(io.LimitReader(part, deal.MaxFile+1)); err != nil {
		return err
	}
	if f.large = len(f.file) > deal.MaxFile; f.large {
		f.file = nil
	}
	return nil
}

// sentAnyway is the reason of a dispute that a payer opens here.
const sentAnyway = "has_payment"

// takeWord takes the payer's word that the money is sent. Of a deal that was
// canceled before the word came it opens a dispute: money may be at its trader,
// and somebody has to look. What is decided stays as it is.
func (p *Pages) takeWord(ctx context.Context, d deal.Deal) error {
	_, err := p.app.ReportTransfer(ctx, d.Merchant, d.ID, true)
	if !fault.Is(err, fault.CodeWrongState) {
		return err
	}
	if d, err = p.app.Deal(ctx, d.Merchant, d.ID); err != nil || !claimable(d) {
		return err
	}
	_, err = p.app.DisputeDeal(ctx, app.NewDispute{
		Merchant: d.Merchant, Deal: d.ID, Reason: sentAnyway, ByPayer: true,
	})
	if fault.Is(err, fault.CodeWrongState) { // somebody was faster
		return nil
	}
	return err
}
