package checkout

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	qrcode "github.com/skip2/go-qrcode"

	"github.com/purserhq/purser/internal/deal"
)

// transferBody is what the page shows on which the payer is told where to send
// the money.
type transferBody struct {
	Amount   shownAmount
	Left     string
	Facts    []labelled
	Copies   []labelled // what is copied into the bank's app: in Latin digits
	Code     *qrCode    // nil = it does not fit into one
	CodeSoon bool       // there will be one: what the account has now leads nowhere
	Open     string     // the bank's own page for this account; empty = none
	Claim    *claim
	Check    string
	Cancel   string
	Alert    *alert
}

// showTransfer says where to send the money, and how much, and takes the
// payer's word that it is sent.
func (p *Pages) showTransfer(w http.ResponseWriter, r *http.Request, view dealView, d deal.Deal) {
	v, _ := p.voices.choose(r)
	i := view.Invoice
	body := transferBody{
		Amount: v.Amount(d.Amount), Left: v.left(p.now(), d.Deadline, d.Amount.Unit()), Claim: p.claim(r, view, d),
		Check: p.action(dealPath(i.ID), r), Cancel: p.cancelPage(r, view), Alert: view.alert(),
		Copies: []labelled{
			{Label: v.T("deal.number"), Value: d.Account(), Code: true},
			{Label: v.T("result.amount"), Value: d.Amount.Fixed(), Code: true},
		},
	}
	if i.Title != "" {
		body.Facts = append(body.Facts, labelled{Label: v.T("result.for"), Value: i.Title})
	}
	body.Facts = append(body.Facts, labelled{Label: v.T("result.method"), Value: v.routeTitle(route{d.Option, d.Method})})
	if d.Holder != "" {
		body.Facts = append(body.Facts, labelled{Label: v.T("deal.holder"), Value: d.Holder})
	}
	body.Open = d.CodeLink()
	if body.CodeSoon = d.ByCode() && body.Open == ""; body.CodeSoon {
		body.Copies = body.Copies[1:]
	} else {
		body.Code = qrCodeOf(cmp.Or(body.Open, d.Number))
	}
	p.show(w, r, screen{
		voice: v, Name: transferScreen, Status: view.status(), Title: v.T("deal.title"), Merchant: view.merchant,
		Here: p.prefix + dealPath(i.ID), Watch: p.watch(r, view), Body: body,
	})
}

// qrCode is a code as a drawing: Path of squares of one unit each, on a ground
// of Size by Size. It is Wide pixels wide: as many for each square as for every
// other.
type qrCode struct {
	Size, Wide int
	Path       string
}

// usualWide is about how wide a code is on the page, in pixels.
const usualWide = 240

// mostCoded bounds what goes into a code that a telephone can still read from a
// screen, in bytes.
const mostCoded = 300

// qrCodeOf draws a code with the quiet border that readers need, or gives nil.
func qrCodeOf(content string) *qrCode {
	if content == "" || len(content) > mostCoded {
		return nil
	}
	code, err := qrcode.New(content, qrcode.Medium)
	if err != nil {
		return nil // the number is on the page all the same
	}
	rows := code.Bitmap()
	var path strings.Builder
	for y, row := range rows {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from, y, x-from, x-from)
			}
		}
	}
	return &qrCode{Size: len(rows), Wide: usualWide / len(rows) * len(rows), Path: path.String()}
}
