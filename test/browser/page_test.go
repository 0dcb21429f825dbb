//go:build browser

package browser

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mxschmitt/playwright-go"

	"github.com/purserhq/purser/internal/app"
)

// screens is where TestEveryPage leaves its pictures, for people to look at.
var screens = flag.String("screens", "", "folder for a picture of every page; empty takes none")

// Every page, in every language, on every screen, by day and by night: no
// word is faint, nothing must be pushed sideways to be read, and the browser
// has nothing to complain about.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"fa", "en"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			s := openStage(t, language)
			pages := s.everyPage()
			for name, v := range map[string]view{
				"phone": {size: phone, scale: 2}, "desktop": {size: desktop}, "small": {size: small},
				"night": {size: phone, scale: 2, dark: true},
			} {
				t.Run(name, func(t *testing.T) {
					v.locale = language
					b := openTab(t, v)
					b.expected = []string{"the server responded with a status of"}
					for _, page := range pages {
						b.visit(page.address)
						if page.act != nil {
							page.act(b)
						}
						b.look(strings.Join([]string{page.name, language, name}, "-"))
					}
				})
			}
		})
	}
}

// shownPage is one page of a stage.
type shownPage struct {
	name, address string
	act           func(*tab) // what is done on it first; nil = nothing
}

func (s *stage) everyPage() []shownPage {
	s.Helper()
	used := s.sentAway("zarinpal")
	at := func(path string) string { return s.address + path }
	submit := func(b *tab) { b.must(b.Locator("button[type=submit]").Click()) }
	return []shownPage{
		{name: "link", address: at("/pay/link/" + s.link(12_500_000))},
		{name: "parts", address: at("/pay/link/" + s.link(50_000_000))},
		{name: "open", address: at("/pay/open/" + s.link(0))},
		{name: "wrong", address: at("/pay/open/" + s.link(0)), act: submit},
		{name: "paid", address: s.back(used)},
		{name: "used", address: at("/pay/link/" + used.Link)},
		{name: "unpaid", address: s.back(s.sentAway("shepa"))},
		{name: "checking", address: s.back(s.sentAway("zibal"))},
		{name: "later", address: at("/pay/status/" + app.ReturnToken(s.sentAway("zibal")) + "?n=99")},
		{name: "transfer", address: at("/pay/status/" + app.ReturnToken(s.sentAway("manual")))},
		{name: "returned", address: s.back(s.givenBack())},
		{name: "missing", address: at("/pay/link/nosuch")},
		{name: "nobody", address: at("/cb?session=nobody")},
	}
}

// look checks the page that is open, and takes its picture.
func (b *tab) look(name string) {
	b.Helper()
	if wider := b.measure(`document.documentElement.scrollWidth - document.documentElement.clientWidth`); wider != 0 {
		b.Errorf("%s: the page is %v px wider than its screen", name, wider)
	}
	if faint := b.measure(faintTexts); faint != "" {
		b.Errorf("%s: hard to read:\n%v", name, faint)
	}
	if got := b.measure(`document.querySelectorAll(".button:not(.button-quiet)").length <= 1`); got != true {
		b.Errorf("%s: there is more than one button that wants to be pressed", name)
	}
	if *screens == "" {
		return
	}
	_, err := b.Screenshot(playwright.PageScreenshotOptions{
		Path: playwright.String(filepath.Join(*screens, name+".png")), FullPage: playwright.Bool(true),
	})
	b.must(err)
}

// faintTexts lists the texts of a page whose contrast is below 4.5 to 1, which
// is what people with weak eyes need.
const faintTexts = `(() => {
	const channel = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4 };
	const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
	const read = text => text.match(/[\d.]+/g).map(Number);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = read(getComputedStyle(e).backgroundColor);
			if (c.length < 4 || c[3] > 0) return c;
		}
		return [255, 255, 255];
	};
	const faint = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const text = walk.currentNode.textContent.trim(), e = walk.currentNode.parentElement;
		if (!text) continue;
		const [a, b] = [light(read(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
		const contrast = (a + 0.05) / (b + 0.05);
		if (contrast < 4.5) faint.push(contrast.toFixed(2) + " " + text);
	}
	return faint.join("\n");
})()`

func TestPersianIsWrittenFromTheRight(t *testing.T) {
	t.Parallel()
	s := openStage(t, "fa")
	b := openTab(t, view{size: phone})
	b.visit(s.address + "/pay/link/" + s.link(12_500_000))
	for expression, want := range map[string]any{
		`document.documentElement.lang`:                                            "fa",
		`document.documentElement.dir`:                                             "rtl",
		`getComputedStyle(document.body).direction`:                                "rtl",
		`/[0-9]/.test(document.querySelector("main").innerText)`:                   false,
		`document.querySelector(".merchant-mark").getBoundingClientRect().x > 195`: true,
		`document.querySelector(".gateway input").getBoundingClientRect().x > 195`: true,
	} {
		if got := b.measure(expression); got != want {
			t.Errorf("%s = %v, want %v", expression, got, want)
		}
	}
}

// Everything that a page does is what its policy lets it do: one with a script
// or a style of its own would complain, and openTab fails on complaints.
func TestPolicy(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	b := openTab(t, view{size: phone})
	headers := b.visit(s.link(90_000)).Headers()
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self' https:"} {
		if !strings.Contains(headers["content-security-policy"], part) {
			t.Errorf("Content-Security-Policy = %q, want %q in it", headers["content-security-policy"], part)
		}
	}
	if got := headers["referrer-policy"]; got != "no-referrer" {
		t.Errorf("Referrer-Policy = %q, want no-referrer: the address is a credential", got)
	}
	for expression, what := range map[string]string{
		`document.scripts.length`: "scripts",
		`document.querySelectorAll("[style], [onclick], [onsubmit]").length`: "inline styles or handlers",
		`performance.getEntriesByType("resource").filter(e => new URL(e.name).origin !== location.origin).length`: "" +
			"things from elsewhere",
	} {
		if got := b.measure(expression); fmt.Sprint(got) != "0" {
			t.Errorf("the page has %v %s, want none", got, what)
		}
	}
	if got := b.measure(`getComputedStyle(document.querySelector(".card")).borderTopLeftRadius`); got != "20px" {
		t.Errorf("the card's corners are %v: the style sheet was not read", got)
	}
}

// Chat programs read a link as soon as somebody sends it.
func TestLinkPreviewStartsNothing(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	address := s.link(90_000)
	for _, reader := range []string{
		"TelegramBot (like TwitterBot)", "WhatsApp/2.23.20.0", "facebookexternalhit/1.1", "Twitterbot/1.0",
	} {
		b := openTab(t, view{size: desktop, headers: map[string]string{"User-Agent": reader}})
		if got := b.visit(address).Status(); got != http.StatusOK {
			t.Errorf("%s: status = %d, want 200", reader, got)
		}
	}
	if all := s.payments(); len(all) != 0 {
		t.Errorf("payments = %+v, want none", all)
	}
}
