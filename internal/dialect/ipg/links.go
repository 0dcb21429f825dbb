package ipg

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// linkTitle is the title of invoices that are made for a link.
const linkTitle = "ReadyToPay"

// createLink makes an invoice with a link, or extends an invoice and gives it
// a link that pays just the extension.
func (s *shop) createLink(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeLink(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	token := s.NewToken()
	var base string
	switch {
	case n.invoice != "" && !n.amount.Valid():
		return dialect.Reply{}, fault.New(fault.CodeLinkUnusable, "amount", "")
	case n.invoice != "":
		base, err = s.Links.Extension, s.extend(r, n, token)
	case n.amount.Valid():
		base, err = s.Links.Fixed, s.create(r, n, invoice.Link{Token: token, Kind: invoice.Fixed, Amount: n.amount})
	default:
		link := invoice.Link{Token: token, Kind: invoice.OpenAmount, Amount: money.Zero(money.IRR)}
		base, err = s.Links.OpenAmount, s.create(r, n, link)
	}
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{Body: linkBody{Token: token, Link: withToken(base, token)}}, nil
}

func (s *shop) create(r *dialect.Request, n newLink, link invoice.Link) error {
	link.Gateway = n.gateway
	_, err := s.App.CreateInvoice(r.Context(), r.Merchant, app.NewInvoice{
		ID: s.NewID(), Amount: link.Amount, Open: link.Kind == invoice.OpenAmount, Title: linkTitle,
		Description: n.description, Payer: invoice.Payer{Name: n.name, Mobile: n.mobile}, Link: link,
		Bag: map[string]string{limitless: ""},
	})
	return err
}

// extend leaves the payer and the words of the invoice as they are.
func (s *shop) extend(r *dialect.Request, n newLink, token string) error {
	view, err := s.invoice(r, n.invoice)
	if err != nil {
		return err
	}
	amount, err := n.amount.In(view.Invoice.Amount.Unit())
	if err != nil {
		return err
	}
	sum, err := view.Invoice.Amount.Add(amount)
	if err != nil {
		return fault.New(fault.CodeAmountTooLarge, "amount", "")
	}
	if total, err := rial(sum); err != nil || total > maxAmount {
		return fault.New(fault.CodeAmountTooLarge, "amount", "")
	}
	_, err = s.App.ExtendInvoice(r.Context(), r.Merchant, app.Extension{
		Invoice: n.invoice, Amount: amount, Token: token, Gateway: n.gateway,
	})
	return err
}

// withToken completes the address of a link; New has parsed the base before.
func withToken(base, token string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base + "?token=" + token
	}
	query := u.Query()
	query.Set("token", token)
	u.RawQuery = query.Encode()
	return u.String()
}

func (s *shop) readyToPay(r *dialect.Request) (dialect.Reply, error) { return s.openLink(r, true) }

func (s *shop) extensionToPay(r *dialect.Request) (dialect.Reply, error) { return s.openLink(r, false) }

// openLink shows people a page that starts nothing, and opens an attempt for
// programs.
func (s *shop) openLink(r *dialect.Request, split bool) (dialect.Reply, error) {
	token, err := decodeToken(r.Params)
	if err != nil {
		return dialect.Reply{}, err
	}
	if dialect.WantsPage(r.Request) {
		return dialect.Reply{Page: func(w http.ResponseWriter, r *http.Request) { s.Pages.Link(w, r, token) }}, nil
	}
	i, err := s.linked(r, token)
	if err != nil {
		return dialect.Reply{}, err
	}
	unknown := fault.New(fault.CodeLinkNotFound, "token", "")
	if i.Link.Kind == invoice.OpenAmount {
		return dialect.Reply{}, unknown
	}
	if i.Link.Amount.Steps() < leastPayable {
		var small inputs
		small.between("amount", i.Link.Amount.Steps(), leastPayable, maxAmount)
		return dialect.Reply{}, small.err()
	}
	done, err := s.App.OpenLink(r.Context(), app.OpenLink{Token: token, NewID: s.NewID, Split: split})
	if fault.Is(err, fault.CodeLinkUnusable) {
		err = unknown
	}
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{Body: encodeOpened(done, split)}, nil
}

// linked finds the invoice behind a token.
func (s *shop) linked(r *dialect.Request, token string) (invoice.Invoice, error) {
	view, err := s.App.Link(r.Context(), token)
	return view.Invoice, err
}

// openAmount is the page on which a payer says how much.
func (s *shop) openAmount(r *dialect.Request) (dialect.Reply, error) {
	token, err := decodeToken(r.Params)
	if err != nil {
		return dialect.Reply{}, err
	}
	i, err := s.linked(r, token)
	if err != nil {
		return dialect.Reply{}, err
	}
	if i.Link.Kind != invoice.OpenAmount {
		return dialect.Reply{}, fault.New(fault.CodeLinkNotFound, "token", "")
	}
	return dialect.Reply{Page: func(w http.ResponseWriter, r *http.Request) { s.Pages.OpenAmount(w, r, token) }}, nil
}

// payOpenAmount opens an attempt for the sum that a payer chose. The token is
// the credential, so one address may not try too often.
func (s *shop) payOpenAmount(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeOpenPay(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	if wait, ok := s.payers.Allow(s.Now(), dialect.ClientAddress(r.Request)+" "+n.token); !ok {
		return dialect.Reply{}, &dialect.Later{Fault: fault.New(fault.CodeRateLimited, "", ""), Wait: wait}
	}
	i, err := s.linked(r, n.token)
	if err != nil {
		return dialect.Reply{}, err
	}
	unknown := fault.New(fault.CodeLinkNotFound, "token", "")
	if i.Link.Kind != invoice.OpenAmount {
		return dialect.Reply{}, unknown
	}
	payer := payment.Payer(i.Payer)
	payer.Email = cmp.Or(n.email, payer.Email)
	done, err := s.App.OpenLink(r.Context(), app.OpenLink{
		Token: n.token, Amount: n.amount, Payer: payer, Note: n.description, NewID: s.NewID,
	})
	if fault.Is(err, fault.CodeLinkUnusable) {
		err = unknown
	}
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{Body: encodeOpened(done, false)}, nil
}

// gatewayReturn hands the payer who comes back to the pages.
func (s *shop) gatewayReturn(*dialect.Request) (dialect.Reply, error) {
	return dialect.Reply{Page: s.Pages.Return}, nil
}
