package checkout

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"path"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/style.css
var styleSheet []byte

//go:embed static/page.js
var script []byte

// screens is every page's template, each with the frame around it.
type screens map[string]*template.Template

func readScreens() (screens, error) {
	frame, err := template.ParseFS(templateFiles, "templates/frame.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("read the frame: %w", err)
	}
	all := screens{}
	for _, name := range []string{
		linkScreen, openScreen, invoiceScreen, dealScreen, transferScreen, resultScreen, troubleScreen,
	} {
		page, err := template.Must(frame.Clone()).ParseFS(templateFiles, path.Join("templates", name+".html"))
		if err != nil {
			return nil, fmt.Errorf("read page %s: %w", name, err)
		}
		all[name] = page
	}
	return all, nil
}

// The pages.
const (
	linkScreen     = "link"
	openScreen     = "open"
	invoiceScreen  = "invoice"
	dealScreen     = "deal"
	transferScreen = "transfer"
	resultScreen   = "result"
	troubleScreen  = "trouble"
)

// screen is what one page shows. Merchants' and payers' words are text in it,
// never markup: the template escapes them.
type screen struct {
	*voice
	Name     string
	Status   int
	Title    string
	Merchant string // empty when nothing may be said about who is paid
	Here     string // the address of this page for GET; empty = the request's own
	Refresh  string // what a refresh header would say; empty = the page stays
	// LeadsToHTTP says that its forms may lead to a merchant's site without TLS.
	LeadsToHTTP bool
	LeadsNear   bool   // its forms may lead to a sandbox on this machine, without TLS
	Watch       *watch // how the page keeps itself up to date; nil = it has no script
	Body        any

	Style     File // the style sheet, at its whole path
	Script    File // ... and the script
	Languages []languageLink
}

// languageLink leads to the same page in another language.
type languageLink struct {
	Tag, Name, Href string
	Current         bool
}

// Initial is the letter that stands for the merchant.
func (s screen) Initial() string {
	for _, letter := range s.Merchant {
		return string(letter)
	}
	return ""
}

// Pays says that the page has a button that leads to a gateway.
func (s screen) Pays() bool {
	return s.Name == linkScreen || s.Name == openScreen || s.Name == invoiceScreen
}

// show writes a page.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, s screen) {
	v, chosen := p.voices.choose(r)
	if s.voice == nil {
		s.voice = v
	}
	if chosen {
		http.SetCookie(w, &http.Cookie{
			Name: languageCookie, Value: v.Tag, Path: "/", MaxAge: 24 * 60 * 60,
			HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
		})
	}
	s.Script, s.Style = p.files[0], p.files[1]
	s.Languages = p.languageLinks(r, s)
	var page bytes.Buffer
	if err := p.screens[s.Name].ExecuteTemplate(&page, "frame", s); err != nil {
		p.log.ErrorContext(r.Context(), "payment page cannot be drawn",
			slog.String("page", s.Name), slog.String("cause", err.Error()))
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	p.guard(w.Header(), s.LeadsToHTTP, s.LeadsNear)
	if s.Watch != nil {
		const policy = "Content-Security-Policy"
		w.Header().Set(policy, w.Header().Get(policy)+"; script-src 'self'; connect-src 'self'")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", s.Tag)
	w.WriteHeader(s.Status)
	_, _ = w.Write(inOrder(page.Bytes())) // the payer has gone: nobody is left to tell
}

// inOrder drops the characters that turn around whatever stands beside them, where merchants
// or payers wrote them: a title could make another amount of the one below it. Each such
// text has an element that knows its direction.
func inOrder(page []byte) []byte {
	return bytes.Map(func(c rune) rune {
		if '\u202a' <= c && c <= '\u202e' || '\u2066' <= c && c <= '\u2069' { // embeddings, overrides and isolates
			return -1
		}
		return c
	}, page)
}

// guard sets what protects a page: it runs no script (but that one file where a
// page keeps itself up to date, which show adds), loads nothing from elsewhere,
// is shown in no frame, is stored nowhere, and its address, which is a
// credential, is told to nobody.
func (p *Pages) guard(h http.Header, leadsToHTTP, leadsNear bool) {
	// Some browsers also hold the answer to a form against form-action, and
	// ours is a redirect to a gateway's page or to a merchant's. Both are the
	// merchants' to choose, so every https address must be possible. The sandbox
	// of a demo is a plain http page of this machine; and a merchant's site
	// without TLS may send payers on from one of its names to another.
	targets := "'self' https:"
	if leadsToHTTP {
		targets += " http:"
	} else if leadsNear || p.insecure {
		targets += " http://127.0.0.1:* http://localhost:*"
	}
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action "+targets+
		"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
}

// languageLinks lead to this page in every language.
func (p *Pages) languageLinks(r *http.Request, s screen) []languageLink {
	here, err := url.Parse(s.Here)
	if err != nil || s.Here == "" {
		here = &url.URL{RawQuery: r.URL.RawQuery}
	}
	query := here.Query()
	links := make([]languageLink, len(p.voices.list))
	for n, v := range p.voices.list {
		query.Set("lang", v.Tag)
		links[n] = languageLink{
			Tag: v.Tag, Name: v.T("language.name"), Href: here.Path + "?" + query.Encode(), Current: v.Tag == s.Tag,
		}
	}
	return links
}

// trouble shows a page that only says what is wrong and what to do about it.
func (p *Pages) trouble(w http.ResponseWriter, r *http.Request, status int, words string) {
	p.troubleWith(w, r, "", status, words)
}

// troubleWith is trouble with a merchant's link, which may be asked about it.
func (p *Pages) troubleWith(w http.ResponseWriter, r *http.Request, merchant string, status int, words string) {
	v, _ := p.voices.choose(r)
	p.show(w, r, screen{
		voice: v, Name: troubleScreen, Status: status, Merchant: merchant,
		Title: v.T("trouble." + words + ".title"), Body: v.T("trouble." + words + ".advice"),
	})
}

// failed shows the trouble that a fault stands for; merchant is empty when
// none is known yet.
func (p *Pages) failed(w http.ResponseWriter, r *http.Request, merchant string, err error) {
	p.logged(r, err)
	status, words := problem(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	p.troubleWith(w, r, merchant, status, words)
}

// The names of files change with what is in them, so that browsers may keep them.
var (
	styleName  = nameOf("style", styleSheet, ".css")
	scriptName = nameOf("page", script, ".js")
)

func nameOf(name string, content []byte, ending string) string {
	sum := sha256.Sum256(content)
	return name + "-" + hex.EncodeToString(sum[:6]) + ending
}

// staticPath is where those files are, seen from the prefix.
const staticPath = "/pay/static/"

// static gives the style sheet and the script away.
func (p *Pages) static(w http.ResponseWriter, r *http.Request) {
	var media string
	var content []byte
	switch r.PathValue("name") {
	case styleName:
		media, content = "text/css", styleSheet
	case scriptName:
		media, content = "text/javascript", script
	default:
		p.trouble(w, r, http.StatusNotFound, "no_page")
		return
	}
	h := w.Header()
	h.Set("Content-Type", media+"; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(content) // the payer has gone: nobody is left to tell
}
