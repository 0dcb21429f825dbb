package dialect

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// WantsPage says whether a visitor of an address that serves both people and
// programs should see a page: one whose Accept prefers HTML to JSON, a browser
// that navigates, and the bots that only look for a preview. For these a GET
// must start nothing.
func WantsPage(r *http.Request) bool {
	html, object := preferences(r.Header.Values("Accept"))
	if html.weight != object.weight {
		return html.weight > object.weight
	}
	// JSON wins a tie: it is what the copied APIs answer. A bot is only believed
	// to be a program where it asks for JSON by name.
	if html.weight > 0 && html.exact > object.exact {
		return true
	}
	return object.exact < 2 && (r.Header.Get("Sec-Fetch-Mode") == "navigate" || previews(r))
}

// Prefers says whether a caller names a media type, and would rather have it than
// JSON.
func Prefers(r *http.Request, media string) bool {
	accept := r.Header.Values("Accept")
	_, object := preferences(accept)
	var wanted preference
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		named, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err == nil && named == media {
			wanted.hear(1, quality(params["q"]))
		}
	}
	return wanted.weight > 0 && (wanted.weight > object.weight || wanted.weight == object.weight && object.exact == 0)
}

// bots are words in the User-Agent of those who fetch a link to show what is
// behind it. Most of them accept anything.
var bots = []string{
	"bot", "crawler", "spider", "preview", "facebookexternalhit", "whatsapp", "telegram", "skype", "viber",
	"slack", "discord", "linkedin", "pinterest", "embedly", "iframely", "mastodon", "synapse", "google-",
}

func previews(r *http.Request) bool {
	purpose := r.Header.Get("Purpose") + " " + r.Header.Get("Sec-Purpose") + " " + r.Header.Get("X-Purpose")
	if strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "preview") {
		return true
	}
	agent := strings.ToLower(r.UserAgent())
	for _, word := range bots {
		if strings.Contains(agent, word) {
			return true
		}
	}
	return false
}

// preferences are what an Accept header says of HTML and of JSON.
func preferences(accept []string) (html, object preference) {
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		media, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		weight := quality(params["q"])
		switch media {
		case "text/html", "application/xhtml+xml":
			html.hear(2, weight)
		case "text/*":
			html.hear(1, weight)
		case "application/json":
			object.hear(2, weight)
		case "application/*":
			object.hear(1, weight)
		case "*/*":
			html.hear(0, weight)
			object.hear(0, weight)
		}
	}
	return html, object
}

// preference is what a header says of one type: the most exact word counts.
type preference struct{ exact, weight int }

func (p *preference) hear(exact, weight int) {
	if exact > p.exact || (exact == p.exact && weight > p.weight) {
		p.exact, p.weight = exact, weight
	}
}

// quality reads a q value as thousandths; one that is missing or unreadable is 1.
func quality(text string) int {
	if text == "" {
		return 1000
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if whole != "0" {
		return 1000
	}
	fraction = (fraction + "000")[:3]
	n, err := strconv.Atoi(fraction)
	if err != nil {
		return 1000
	}
	return n
}
