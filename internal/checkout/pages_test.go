package checkout_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
)

// sight is one page as it can be opened.
type sight struct {
	name    string
	handler http.HandlerFunc
	address string
	route   string // as checkout.go has it; empty = a page whose address belongs to somebody else
}

// everySight is a bazaar with things in all the states that a page shows, and the
// pages of them.
func everySight(t testing.TB) (b *bazaar, sights []sight) {
	t.Helper()
	b = openBazaar(t, byPhone)
	serve := b.pages.ServeHTTP
	b.link("tok", 5000)
	b.open()
	b.link("running", 7000)
	b.press("/pay/link/running", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	a := b.zarinpal.started()[0]
	token := b.token(a)
	hosted := b.hosted(nil)
	done := b.bill(func(n *app.NewInvoice) { n.Amount = rub(5000) })
	if _, err := b.app.CompleteDeal(t.Context(), b.word(b.begun(done))); err != nil {
		t.Fatal(err)
	}
	fresh, begun, sent := b.bill(nil), b.bill(nil), b.sending()
	b.begun(begun)
	add := func(name, route, address string) {
		sights = append(sights, sight{name, serve, address, route})
	}
	add("link", "/pay/link/{token}", "/pay/link/tok")
	add("link that is being paid", "/pay/link/{token}", "/pay/link/running")
	add("open amount", "/pay/open/{token}", "/pay/open/any")
	add("invoice", "/pay/invoice/{id}", page(hosted))
	add("wallet form", "/pay/invoice/{id}/wallet", page(hosted)+"/wallet")
	add("gateway form", "/pay/invoice/{id}/gateway", page(hosted)+"/gateway")
	add("status", "/pay/status/{token}", "/pay/status/"+token)
	add("status that looks again", "/pay/status/{token}", "/pay/status/"+token+"?look=1")
	add("status that is watched", "/pay/status/{token}", "/pay/status/"+token+"?n=0")
	add("transfer's question", "/pay/deal/{id}/cancel", "/pay/deal/"+begun.ID+"/cancel")
	for _, form := range []string{"start", "sent"} {
		add("transfer's form "+form, "/pay/deal/{id}/{form}", "/pay/deal/"+fresh.ID+"/"+form)
	}
	for name, id := range map[string]string{
		"transfer to choose": fresh.ID, "transfer to send": begun.ID, "transfer that came": done.ID, "payout": sent.ID,
	} {
		sights = append(sights, sight{name, b.pages.Deal, "/invoice?id=" + id, ""})
	}
	for _, word := range []string{"ok", "no"} {
		back := "session=zarinpal1&word=" + word
		sights = append(sights, sight{"return", b.pages.Return, "/cb?t=" + url.QueryEscape(token) + "&" + back, ""},
			sight{"return without its token", b.pages.Return, "/cb?" + back, ""})
	}
	slices.SortStableFunc(sights, func(a, b sight) int { return strings.Compare(a.name, b.name) })
	return b, sights
}

// record is what the shop's merchant has and what its banks were told: all of it,
// or only where things stand and whose money is where.
func (b *bazaar) record(all bool) string {
	b.Helper()
	events, err := b.app.Events(b.Context(), b.merchant, 0, 1000)
	if err != nil {
		b.Fatal(err)
	}
	views, _, err := b.app.Invoices(b.Context(), b.merchant, app.Page{Limit: 1000})
	if err != nil {
		b.Fatal(err)
	}
	deals, err := b.app.Deals(b.Context(), app.DealFilter{Merchant: b.merchant}, app.Page{Limit: 1000})
	if err != nil {
		b.Fatal(err)
	}
	text := fmt.Sprintf("%d deals, %d and %d starts\n", len(deals), len(b.zarinpal.started()), len(b.shepa.started()))
	if all {
		return fmt.Sprintf("%s%d events\n%+v\n", text, len(events), views)
	}
	for _, v := range views {
		text += fmt.Sprintln(v.Invoice.ID, v.Invoice.State, v.Invoice.Captured, v.Invoice.Reserved, v.Invoice.Link.Used)
		for _, one := range v.Payments {
			text += fmt.Sprintln("", one.ID, one.State, one.Amount, one.Attempt.Number, one.Attempt.Receipt)
		}
	}
	return text
}

// previews are the programs that open an address which nobody pressed: of chats,
// of mail, of search, and browsers that are ahead of their time.
var previews = [][]string{
	{"User-Agent", "TelegramBot (like TwitterBot)"},
	{"User-Agent", "WhatsApp/2.23.20.0 A"},
	{"User-Agent", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"},
	{"User-Agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
	{"User-Agent", "Slack-ImgProxy (+https://api.slack.com/robots)"},
	{"User-Agent", "Twitterbot/1.0"},
	{"User-Agent", "Discordbot/2.0; +https://discordapp.com"},
	{"User-Agent", "LinkedInBot/1.0 (compatible; Mozilla/5.0)"},
	{"User-Agent", "SkypeUriPreview Preview/0.5"},
	{"User-Agent", "Viber/13.3.0"},
	{"User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
	{"User-Agent", "Mozilla/5.0 (Windows NT 10.0) SafeLinks"},
	{"Sec-Purpose", "prefetch;prerender"},
	{"Purpose", "prefetch"},
	{"X-Moz", "prefetch"},
}

// Opening a page is a hint and nothing more, whoever opens it, in whichever way:
// nothing begins, nothing is used up, nothing is confirmed. Where a gateway sends
// payers back to, the gateway is asked, and its word counts: here it says that
// nobody has paid. The button still works afterwards.
func TestOpeningChangesNothing(t *testing.T) {
	t.Parallel()
	b, sights := everySight(t)
	callers := 0
	unchanged := func(s sight, open func()) {
		t.Helper()
		returns := strings.HasPrefix(s.address, "/cb?")
		before := b.record(!returns)
		open()
		if after := b.record(!returns); after != before {
			t.Errorf("opening %s changed something:\n%.3000s\nbefore:\n%.3000s", s.name, after, before)
		}
	}
	for _, s := range sights {
		unchanged(s, func() {
			for _, reader := range previews {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					callers++
					from := fmt.Sprintf("10.1.%d.%d:1", callers/250, callers%250)
					got := b.do(s.handler, method, s.address, "", append([]string{"from", from}, reader...)...)
					if got.status != http.StatusOK && got.status != http.StatusSeeOther {
						t.Errorf("%s %s by %s: status %d", method, s.name, reader[1], got.status)
					}
				}
			}
		})
		if _, id, ok := strings.Cut(s.address, "/invoice?id="); ok && s.name == "transfer to send" {
			// A stream of events is asked for by our own script; whoever asks whether there is one opens none.
			unchanged(s, func() {
				b.do(b.pages.ServeHTTP, http.MethodHead, "/pay/deal/"+id+"/events", "").want(http.StatusOK)
			})
		}
	}
	b.press("/pay/link/tok", url.Values{"gateway": {"shepa"}}).leadsTo("https://shepa.example/pay/shepa1")
}

// Every page that can be opened is among those of the tests.
func TestEverySight(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("checkout.go")
	if err != nil {
		t.Fatal(err)
	}
	_, sights := everySight(t)
	routes := regexp.MustCompile(`"GET (/pay/[^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(routes) < 10 {
		t.Fatalf("found only the routes %v", routes)
	}
	for _, route := range routes {
		elsewhere := route[1] == "/pay/static/{name}" || route[1] == "/pay/deal/{id}/events"
		if !elsewhere && !slices.ContainsFunc(sights, func(s sight) bool { return s.route == route[1] }) {
			t.Errorf("%s is none of the pages that everySight makes", route[1])
		}
	}
}
