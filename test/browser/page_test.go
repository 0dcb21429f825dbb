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
	core "github.com/purserhq/purser/internal/payment"
)

// screens is where TestEveryPage leaves its pictures, for people to look at.
var screens = flag.String("screens", "", "folder for a picture of every page; empty takes none")

// glances are how every page is looked at: on every screen, by day and by night.
var glances = []struct {
	name string
	size playwright.Size
	dark bool
	axe  bool
}{
	{name: "phone", size: phone, axe: true},
	{name: "desktop", size: desktop, axe: true},
	{name: "small", size: small},
	{name: "night", size: phone, dark: true},
}

// Every page, in every language, on every screen, by day and by night: it
// shuts nobody out, no word is faint, nothing must be pushed sideways to be
// read, and the browser has nothing to complain about.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	for language := range plays {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			s := openStage(t, language, true)
			// Scripts are for axe. The pages have none: TestPolicy holds them to it.
			v := view{size: phone, locale: language, scripts: true}
			if *screens != "" {
				v.scale = 2
			}
			b := openTab(t, v)
			b.bringAxe()
			b.expected = []string{"the server responded with a status of"}
			for _, page := range s.everyPage() {
				b.visit(page.address)
				words := s.words[page.says]
				if page.act != nil {
					page.act(b)
					b.sees(words)
				}
				if words == "" || !strings.Contains(b.text(), words) {
					t.Fatalf("%s: the page does not say %q:\n%s", page.name, words, b.text())
				}
				b.lookAround(page.name+"-"+language, page.excused...)
			}
		})
	}
}

// lookAround looks at the page that is open in every way, without opening it
// anew.
func (b *tab) lookAround(name string, excused ...string) {
	b.Helper()
	for _, g := range glances {
		if g.dark {
			b.must(b.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: playwright.ColorSchemeDark}))
		}
		b.must(b.SetViewportSize(g.size.Width, g.size.Height))
		b.look(name + "-" + g.name)
		if !g.axe {
			continue
		}
		if found := b.barriers(excused...); found != "" {
			b.Errorf("%s-%s: people are shut out:\n%s", name, g.name, found)
		}
	}
	b.must(b.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: playwright.ColorSchemeLight}))
}

// look checks the page that is open, and takes its picture.
func (b *tab) look(name string) {
	b.Helper()
	if wrong := b.measure(looks); wrong != "" {
		b.Errorf("%s: %v", name, wrong)
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
// is what people with weak eyes need. axe looks for them too, but passes over
// the joined letters of Persian and Bengali, which it takes for icons.
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

// looks tells what is wrong with the looks of a page; empty = nothing.
const looks = `(() => {
	const wrong = [], root = document.documentElement, wider = root.scrollWidth - root.clientWidth;
	if (wider !== 0) wrong.push("the page is " + wider + " px wider than its screen");
	if (document.querySelectorAll(".button:not(.button-quiet)").length > 1) {
		wrong.push("there is more than one button that wants to be pressed");
	}
	const faint = ` + faintTexts + `;
	if (faint) wrong.push("hard to read:", faint);
	return wrong.join("\n");
})()`

func TestPersianIsWrittenFromTheRight(t *testing.T) {
	t.Parallel()
	s := openStage(t, "fa", true)
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

// Where to send the money reads as its merchant wrote it, on a page of either direction: an
// account number that begins with its last group is another one. It is copied with usual blanks.
func TestWhereTheMoneyGoes(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"fa", "en"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			s := openStage(t, language, true)
			b := openTab(t, view{size: phone, locale: language, scripts: true})
			b.must(b.Context().GrantPermissions([]string{"clipboard-read", "clipboard-write"}))
			b.visit(s.address + "/pay/status/" + app.ReturnToken(s.chosen("till", core.BankTransfer)))
			b.sees(s.words["result.told"])
			const at = `(() => {
				const text = document.querySelector(".told").firstChild
				const left = word => {
					const from = text.data.indexOf(word), range = document.createRange()
					range.setStart(text, from)
					range.setEnd(text, from + word.length)
					return range.getBoundingClientRect().left
				}
				return %s
			})()`
			for _, order := range [][2]string{
				{"6037", "9911"}, {"9911", "1234"}, {"1234", "5678"}, {"5678", "کارت"}, {"Example", "(Berlin)"}, {"IBAN", "2020"},
			} {
				if got := b.measure(fmt.Sprintf(at, fmt.Sprintf("left(%q) < left(%q)", order[0], order[1]))); got != true {
					t.Errorf("%s is not to the left of %s", order[0], order[1])
				}
			}
			got := b.measure(`(() => {
				getSelection().selectAllChildren(document.querySelector(".told"))
				document.execCommand("copy")
				return navigator.clipboard.readText()
			})()`)
			if want := b.measure(`document.querySelector(".told").innerText.replaceAll("\u00a0", " ")`); got != want ||
				!strings.Contains(want.(string), "6037 9911 1234 5678\n") {
				t.Errorf("copied %q, want %q", got, want)
			}
		})
	}
}
