package checkout

import (
	"embed"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/purserhq/purser/internal/money"
)

// A language is one file: its words, its direction and its calendar. Digits and
// the grouping of numbers come with the region that it names.
//
//go:embed languages/*.json
var languageFiles embed.FS

// firstLanguage is that of most payers: it comes first, serves whoever asks
// for none, and lends its words where another file lacks one.
var firstLanguage = language.Persian

// foreignLanguage serves whoever asks for languages that are all unknown: more
// of them read it than the first one.
const foreignLanguage = "en"

// anyLanguage is how a browser's "*" is read.
var anyLanguage = language.MustParse("mul")

// voice is one language that the pages can be read in.
type voice struct {
	Tag       string // as in the file's name: "fa"
	Direction string // "rtl" or "ltr"
	calendar  func(time.Time) day
	zones     map[string]*time.Location
	words     *i18n.Localizer
	numbers   *message.Printer
	numerals  [10]string // the language's own digits
	point     string     // its decimal separator
}

// voices are all languages, the first one first.
type voices struct {
	list    []*voice
	matcher language.Matcher
}

// readVoices loads every embedded language.
func readVoices() (*voices, error) {
	bundle := i18n.NewBundle(firstLanguage)
	files, err := languageFiles.ReadDir("languages")
	if err != nil {
		return nil, fmt.Errorf("list languages: %w", err)
	}
	tags := []language.Tag{firstLanguage}
	for _, f := range files {
		read, err := bundle.LoadMessageFileFS(languageFiles, path.Join("languages", f.Name()))
		if err != nil {
			return nil, fmt.Errorf("read language %s: %w", f.Name(), err)
		}
		if read.Tag != firstLanguage {
			tags = append(tags, read.Tag)
		}
	}
	zones, err := readZones()
	if err != nil {
		return nil, err
	}
	known := &voices{matcher: language.NewMatcher(tags)}
	for _, tag := range tags {
		v, err := newVoice(bundle, tag, zones)
		if err != nil {
			return nil, fmt.Errorf("read language %s: %w", tag, err)
		}
		known.list = append(known.list, v)
	}
	return known, nil
}

func newVoice(bundle *i18n.Bundle, tag language.Tag, zones map[string]*time.Location) (*voice, error) {
	v := &voice{Tag: tag.String(), calendar: gregorian, zones: zones, words: i18n.NewLocalizer(bundle, tag.String())}
	region, err := language.Parse(v.T("language.numbers"))
	if err != nil {
		return nil, fmt.Errorf("whose numbers: %w", err)
	}
	v.numbers = message.NewPrinter(region)
	v.Direction = v.T("language.direction")
	if v.T("language.calendar") == "jalali" {
		v.calendar = jalali
	}
	for n := range v.numerals {
		v.numerals[n] = v.numbers.Sprint(number.Decimal(n, number.NoSeparator()))
	}
	// The printer offers no way to ask for the separator alone.
	one := v.numbers.Sprint(number.Decimal(1, number.MinFractionDigits(1)))
	v.point = strings.TrimSuffix(strings.TrimPrefix(one, v.numerals[1]), v.numerals[0])
	return v, nil
}

// languageCookie keeps the payer's choice on the way to the gateway and back.
// It says nothing about the payer and gives no right.
const languageCookie = "purser_language"

// choose finds the language for a request: what the payer chose in the
// address, chose before, or what the browser prefers. chosen says that the
// address named it.
func (s *voices) choose(r *http.Request) (v *voice, chosen bool) {
	if v := s.named(r.URL.Query().Get("lang")); v != nil {
		return v, true
	}
	if c, err := r.Cookie(languageCookie); err == nil {
		if v := s.named(c.Value); v != nil {
			return v, false
		}
	}
	wanted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(wanted) == 0 || wanted[0] == anyLanguage {
		return s.list[0], false
	}
	_, best, sure := s.matcher.Match(wanted...)
	if best == 0 && sure == language.No {
		return s.named(foreignLanguage), false
	}
	return s.list[best], false
}

func (s *voices) named(tag string) *voice {
	n := slices.IndexFunc(s.list, func(v *voice) bool { return v.Tag == tag })
	if n < 0 {
		return nil
	}
	return s.list[n]
}

// T is the message with this id. Pairs of a name and a value fill the places
// in it. A message that no language has gives its id: a test looks for those.
func (v *voice) T(id string, pairs ...any) string { return v.say(id, nil, pairs) }

// Count is the message with this id as it is said of a number of things: a
// whole number, or plain decimal text.
func (v *voice) Count(id string, count any, pairs ...any) string { return v.say(id, count, pairs) }

func (v *voice) say(id string, count any, pairs []any) string {
	data := make(map[string]any, len(pairs)/2)
	for n := 0; n+1 < len(pairs); n += 2 {
		data[fmt.Sprint(pairs[n])] = pairs[n+1]
	}
	// A message with one form for all numbers comes with an error and is right.
	text, err := v.words.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: count})
	if text == "" && err != nil {
		return id
	}
	return text
}

// has says whether some language has the message.
func (v *voice) has(id string) bool { return v.T(id) != id }

// Number is a whole number in the language's digits, grouped.
func (v *voice) Number(n int64) string { return v.numbers.Sprint(number.Decimal(n)) }

// Digits puts the language's digits in the place of 0 to 9.
func (v *voice) Digits(text string) string {
	var b strings.Builder
	for _, c := range text {
		if c >= '0' && c <= '9' {
			b.WriteString(v.numerals[c-'0'])
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// Time is a moment in the language's calendar and digits, by the clock that goes
// with the unit of the money. The words name the clock where it is not plain.
func (v *voice) Time(t time.Time, unit money.Unit) string {
	c := clockOf(unit)
	t = t.In(v.zones[c.zone])
	d := v.calendar(t)
	return v.T("date."+c.name,
		"Day", v.Digits(strconv.Itoa(d.date)), "Month", v.T("date.month_"+strconv.Itoa(d.month)),
		"Year", v.Digits(strconv.Itoa(d.year)), "Time", v.Digits(t.Format("15:04")))
}

// gatewayTitle translates the name that a connector has for people.
func (v *voice) gatewayTitle(title string) string {
	id := "gateway." + strings.ToLower(title)
	if strings.Contains(title, ".") || !v.has(id) {
		return title
	}
	return v.T(id)
}
