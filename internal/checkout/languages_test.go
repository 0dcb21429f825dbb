package checkout

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/nicksnyder/go-i18n/v2/i18n"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
)

// languages are all that the pages must speak, each with the script of its
// letters and the forms that its nouns take after a number, as CLDR has them.
// A language whose nouns stay as they are after numbers has no forms here.
var languages = map[string]struct {
	direction string
	script    *unicode.RangeTable
	forms     []string
}{
	"fa": {"rtl", unicode.Arabic, nil},
	"en": {"ltr", unicode.Latin, []string{"one", "other"}},
	"bn": {"ltr", unicode.Bengali, nil},
	"pt": {"ltr", unicode.Latin, []string{"many", "one", "other"}},
	"ru": {"ltr", unicode.Cyrillic, []string{"few", "many", "one", "other"}},
}

// messages reads one language file: the texts of every message by form. One
// that is the same for all numbers has the form "other" alone.
func messages(t *testing.T, tag string) map[string]map[string]string {
	t.Helper()
	file := tag + ".json"
	text, err := languageFiles.ReadFile(path.Join("languages", file))
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	flat := map[string]map[string]string{}
	var walk func(id string, value any)
	walk = func(id string, value any) {
		switch value := value.(type) {
		case string:
			flat[id] = map[string]string{"other": value}
		case map[string]any:
			if _, forms := value["other"]; !forms {
				for name, child := range value {
					walk(strings.TrimPrefix(id+"."+name, "."), child)
				}
				return
			}
			flat[id] = map[string]string{}
			for form, text := range value {
				flat[id][form] = fmt.Sprint(text)
			}
		default:
			t.Errorf("%s: %s is neither text nor a group of texts", file, id)
		}
	}
	walk("", tree)
	return flat
}

func TestLanguagesAreThere(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(languageFiles, "languages/*.json")
	if err != nil || len(files) != len(languages) {
		t.Errorf("files are %v, %v, want one for each of %d languages", files, err, len(languages))
	}
	all, err := readVoices()
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range languages {
		v := all.named(tag)
		if v == nil {
			t.Errorf("nobody speaks %s", tag)
			continue
		}
		if v.Direction != want.direction {
			t.Errorf("%s is written %q, want %q", tag, v.Direction, want.direction)
		}
	}
}

var places = regexp.MustCompile(`\{\{\.[A-Za-z]+\}\}`)

// A language is complete: the same messages, with the same places to fill in
// each of their forms.
func TestLanguagesAgree(t *testing.T) {
	t.Parallel()
	shape := func(tag string) map[string][]string {
		shape := map[string][]string{}
		for id, forms := range messages(t, tag) {
			for form, text := range forms {
				if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
					t.Errorf("%s: %s (%s) is %q", tag, id, form, text)
				}
				found := places.FindAllString(text, -1)
				slices.Sort(found)
				if before, ok := shape[id]; ok && !slices.Equal(before, found) {
					t.Errorf("%s: the forms of %s have different places", tag, id)
				}
				shape[id] = found
			}
		}
		return shape
	}
	first := shape(firstLanguage.String())
	for tag := range languages {
		if diff := cmp.Diff(first, shape(tag)); diff != "" {
			t.Errorf("%s differs from the first language:\n%s", tag, diff)
		}
	}
}

// What is said of a number of things has every form that its language knows,
// and the number chooses one.
func TestForms(t *testing.T) {
	t.Parallel()
	counted := map[string]bool{}
	for tag := range languages {
		for id, forms := range messages(t, tag) {
			counted[id] = counted[id] || len(forms) > 1
		}
	}
	for tag, want := range languages {
		known, v := messages(t, tag), speak(t, tag)
		for id, is := range counted {
			got := slices.Sorted(maps.Keys(known[id]))
			// Units are called by names that need no forms in some languages.
			same := slices.Equal(got, []string{"other"}) && (want.forms == nil || strings.HasPrefix(id, "unit."))
			if !is || same {
				continue
			}
			if !slices.Equal(got, want.forms) {
				t.Errorf("%s: %s has the forms %v, want %v", tag, id, got, want.forms)
			}
			for _, n := range []any{0, 1, 2, 5, 11, 21, 22, 112, 1_000_000, "0.5", "1.50", "1000000.00000001"} {
				_, err := v.words.Localize(&i18n.LocalizeConfig{
					MessageID: id, PluralCount: n,
					TemplateData: map[string]any{"Parts": 1, "Most": 1, "Left": 1, "Time": 1},
				})
				if err != nil {
					t.Errorf("%s: %s of %v: %v", tag, id, n, err)
				}
			}
		}
	}
}

// Names of companies, settings and what has no words at all.
var sameEverywhere = regexp.MustCompile(`^(language\..*|page\.title|bank\..*|` +
	`gateway\.(zarinpal|shepa|zibal|bkash|nagad)|method\.(mb_way|rocket)|unit\.beside_.*)$`)

// Every text is written in its own language: in the right letters, and not as
// another language has it.
func TestNothingIsLeftUntranslated(t *testing.T) {
	t.Parallel()
	all := map[string]map[string]map[string]string{}
	for tag := range languages {
		all[tag] = messages(t, tag)
	}
	for tag, l := range languages {
		for id, forms := range all[tag] {
			if sameEverywhere.MatchString(id) {
				continue
			}
			for form, text := range forms {
				if c, wrong := strange(places.ReplaceAllString(text, ""), l.script); wrong {
					t.Errorf("%s: %s (%s) has %q in it: %q", tag, id, form, c, text)
				}
				for other := range languages {
					if other != tag && all[other][id][form] == text {
						t.Errorf("%s: %s is the same as in %s: %q", tag, id, other, text)
					}
				}
			}
		}
	}
}

// strange finds a letter of another script; wrong is also a text without letters.
func strange(text string, script *unicode.RangeTable) (found rune, wrong bool) {
	letters := 0
	for _, c := range text {
		if !unicode.IsLetter(c) {
			continue
		}
		letters++
		if !unicode.Is(script, c) {
			return c, true
		}
	}
	return 0, letters == 0
}

// A message that a page, the code or a fault asks for must be there.
func TestMessagesAreThere(t *testing.T) {
	t.Parallel()
	known := messages(t, "en")
	asked := regexp.MustCompile(`\b(?:T|Count)\(? ?"([a-z_.]+[a-z])"`)
	pages, err := fs.Glob(os.DirFS("."), "templates/*.html")
	if err != nil || len(pages) == 0 {
		t.Fatalf("pages: %v, %v", pages, err)
	}
	code, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil || len(code) == 0 {
		t.Fatalf("code: %v, %v", code, err)
	}
	for _, file := range append(pages, code...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range asked.FindAllStringSubmatch(string(text), -1) {
			if known[match[1]] == nil {
				t.Errorf("%s asks for %q, which no language has", file, match[1])
			}
		}
	}
	told := func(what any, words string) {
		t.Helper()
		if known[words+".title"] == nil || known[words+".advice"] == nil {
			t.Errorf("%v is told by %q, which no language has", what, words)
		}
	}
	for _, entry := range fault.Catalogue {
		status, words := problem(fault.New(entry.Code, "", ""))
		told(entry.Code, "trouble."+words)
		if (status == 500) != (entry.Kind == fault.Internal) {
			t.Errorf("%s has status %d", entry.Code, status)
		}
	}
	for _, words := range []string{
		"too_many_tries", "being_paid", "choice_gone", "push_refused", "push_lost",
		"no_page", "foreign", "unreadable", "check_later",
	} {
		told("a page", "trouble."+words)
	}
	for _, v := range []verdict{isPaid, isUnpaid, isReturned, isChecking, isConfirm, isBank, isCash, isTransfer} {
		told(v, "result."+string(v))
		if v.open() != (known["result."+string(v)+".later"] != nil) {
			t.Errorf("%s: what comes later is told only while it is open", v)
		}
	}
	for method := range payment.Methods {
		if known["method."+string(method)] == nil {
			t.Errorf("no language has a name for %s", method)
		}
		if pushes(method) != (phoneForms[method].form != nil) {
			t.Errorf("%s: a phone is asked for, and what its number looks like is not known, or the other way round", method)
		}
	}
	p := &Pages{now: func() time.Time { return time.UnixMicro(0) }}
	for state := range invoice.States {
		over := p.endOf(app.HostedInvoice{InvoiceView: app.InvoiceView{Invoice: invoice.Invoice{State: state}}})
		if (over == nil) != (state == invoice.Open) {
			t.Errorf("%s: the end is %v", state, over)
		}
		if over != nil {
			told(state, over.words)
		}
	}
}
