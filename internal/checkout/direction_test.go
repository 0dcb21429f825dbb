package checkout_test

import (
	"net/http"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
)

// Marks that turn around what stands beside them are not shown, and the words of merchants
// have their own direction.
func TestWordsKeepTheirDirection(t *testing.T) {
	t.Parallel()
	const turned = "\u202b\u2067خرید\u202e Hosting \u2066\u2068x\u2069\u202c\u202a\u202d"
	s := openShop(t, turned, 0)
	i := s.hosted(func(n *app.NewInvoice) { n.Title, n.Description = turned, "در "+turned })
	s.create(app.NewInvoice{
		Amount: rial(5000), Title: turned, Link: invoice.Link{Token: "tok", Kind: invoice.Fixed, Amount: rial(5000)},
	})
	s.create(app.NewInvoice{
		Amount: rial(0), Open: true, Title: turned,
		Link: invoice.Link{Token: "any", Kind: invoice.OpenAmount, Amount: rial(0)},
	})
	pages := []answer{s.get(page(i)), s.get("/pay/link/tok?lang=en"), s.get("/pay/open/any")}
	for _, page := range pages {
		page.want(http.StatusOK, `<p class="about-title" dir="auto">خرید Hosting x</p>`,
			`<p class="merchant-name"><bdi>خرید Hosting x</bdi></p>`)
	}
	pages[0].want(http.StatusOK, `<p class="about-text" dir="auto">در خرید Hosting x</p>`)
	s.part(i, i.Amount)
	pages = append(pages, s.get(page(i)+"?lang=en").want(http.StatusOK, line("For", "خرید Hosting x")))
	for _, page := range pages {
		for c := '\u2066'; c <= '\u2069'; c++ {
			page.never(string(c))
		}
		for c := '\u202a'; c <= '\u202e'; c++ {
			page.never(string(c))
		}
	}
}
