package checkout

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

func speak(t *testing.T, tag string) *voice {
	t.Helper()
	all, err := readVoices()
	if err != nil {
		t.Fatal(err)
	}
	v := all.named(tag)
	if v == nil {
		t.Fatalf("language %q is not there", tag)
	}
	return v
}

func TestJalali(t *testing.T) {
	t.Parallel()
	tests := []struct {
		day  string
		want day
	}{
		{"1800-04-01", day{1179, 1, 12}},
		{"1925-03-21", day{1304, 1, 1}},
		{"1970-01-01", day{1348, 10, 11}},
		{"1979-02-11", day{1357, 11, 22}},
		{"1996-03-19", day{1374, 12, 29}},
		{"1996-03-20", day{1375, 1, 1}},
		{"2000-02-29", day{1378, 12, 10}},
		{"2017-03-20", day{1395, 12, 30}}, // a leap year's last day
		{"2020-03-19", day{1398, 12, 29}},
		{"2020-03-20", day{1399, 1, 1}},
		{"2021-03-20", day{1399, 12, 30}}, // a leap year's last day
		{"2021-03-21", day{1400, 1, 1}},
		{"2024-09-21", day{1403, 6, 31}}, // the last month of 31 days
		{"2024-09-22", day{1403, 7, 1}},
		{"2025-03-20", day{1403, 12, 30}}, // a leap year's last day
		{"2025-03-21", day{1404, 1, 1}},
		{"2026-03-20", day{1404, 12, 29}},
		{"2026-11-20", day{1405, 8, 29}},
		{"2100-01-01", day{1478, 10, 12}},
	}
	for _, test := range tests {
		at, err := time.Parse(time.DateOnly, test.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := jalali(at); got != test.want {
			t.Errorf("%s: got %v, want %v", test.day, got, test.want)
		}
	}
}

// Every day follows the one before it: no day is missing and none comes twice.
func TestJalaliDaysFollow(t *testing.T) {
	t.Parallel()
	at := time.Date(1850, 1, 1, 12, 0, 0, 0, time.UTC)
	before := jalali(at)
	for at.Year() < 2123 {
		at = at.AddDate(0, 0, 1)
		d := jalali(at)
		next := d == day{before.year, before.month, before.date + 1}
		month := before.date >= 29 && d == day{before.year, before.month + 1, 1}
		year := before.month == 12 && before.date >= 29 && d == day{before.year + 1, 1, 1}
		if !next && !month && !year || d.date > 31 || d.month > 12 {
			t.Fatalf("%s is %v after %v", at.Format(time.DateOnly), d, before)
		}
		before = d
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	// In Tehran it is the next day already, and the next year.
	at := time.Date(2025, 3, 20, 20, 45, 0, 0, time.UTC)
	if got, want := speak(t, "fa").Time(at), "۱ فروردین ۱۴۰۴، ساعت ۰۰:۱۵"; got != want {
		t.Errorf("Persian: got %q, want %q", got, want)
	}
	if got, want := speak(t, "en").Time(at), "21 March 2025, 00:15"; got != want {
		t.Errorf("English: got %q, want %q", got, want)
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	const wide = "\u00a0"
	tests := []struct {
		amount                   money.Amount
		persian, beside, english string
	}{
		{money.New(0, money.IRR), "۰" + wide + "ریال", "معادل ۰" + wide + "تومان", "0" + wide + "Rial"},
		{money.New(999, money.IRR), "۹۹۹" + wide + "ریال", "معادل ۹۹٫۹" + wide + "تومان", "999" + wide + "Rial"},
		{
			money.New(1_250_000, money.IRR), "۱٬۲۵۰٬۰۰۰" + wide + "ریال", "معادل ۱۲۵٬۰۰۰" + wide + "تومان",
			"1,250,000" + wide + "Rial",
		},
		{
			money.New(9_007_199_254_740_991, money.IRR), "۹٬۰۰۷٬۱۹۹٬۲۵۴٬۷۴۰٬۹۹۱" + wide + "ریال",
			"معادل ۹۰۰٬۷۱۹٬۹۲۵٬۴۷۴٬۰۹۹٫۱" + wide + "تومان", "9,007,199,254,740,991" + wide + "Rial",
		},
		{money.New(12_345_000, money.IRT), "۱٬۲۳۴٫۵" + wide + "تومان", "", "1,234.5" + wide + "Toman"},
		{money.New(1_250, money.EUR), "۱۲٫۵۰" + wide + "EUR", "", "12.50" + wide + "EUR"},
		{money.New(1, money.USDT), "۰٫۰۰۰۰۰۰۰۱" + wide + "USDT", "", "0.00000001" + wide + "USDT"},
		{money.New(-1_250, money.EUR), "\u2212۱۲٫۵۰" + wide + "EUR", "", "\u221212.50" + wide + "EUR"},
	}
	persian, english := speak(t, "fa"), speak(t, "en")
	for _, test := range tests {
		got := persian.Amount(test.amount)
		if got.String() != test.persian || got.Beside != test.beside {
			t.Errorf("%s in Persian: got %q, %q, want %q, %q", test.amount, got.String(), got.Beside, test.persian, test.beside)
		}
		if got := english.Amount(test.amount); got.String() != test.english || got.Beside != "" {
			t.Errorf("%s in English: got %q, %q, want %q alone", test.amount, got.String(), got.Beside, test.english)
		}
	}
}

func TestTypedAmount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		unit money.Unit
		want int64 // -1 = refused
	}{
		{"250000", money.IRR, 250_000},
		{"250,000", money.IRR, 250_000},
		{"1,250,000", money.IRR, 1_250_000},
		{"12,50,000", money.IRR, 1_250_000},
		{"۲۵۰٬۰۰۰", money.IRR, 250_000},
		{"٢٥٠،٠٠٠", money.IRR, 250_000},
		{"۲۵۰ ۰۰۰", money.IRR, 250_000},
		{"\u200f۲۵۰۰۰۰", money.IRR, 250_000},
		{"12.50", money.EUR, 1_250},
		{"۱٬۰۱۲٫۵", money.EUR, 101_250},
		{"1,5", money.EUR, -1},
		{"1,5.00", money.EUR, -1},
		{"1.000,50", money.EUR, -1},
		{"250.000", money.IRR, -1},
		{"۲۵۰٫۰۰۰", money.IRR, -1},
		{"25,00", money.IRR, -1},
		{"", money.IRR, -1},
		{",", money.IRR, -1},
		{"1e6", money.IRR, -1},
		{"-5000", money.IRR, -1},
		{"+5000", money.IRR, -1},
		{"5000 ریال", money.IRR, -1},
		{"99999999999999999999", money.IRR, -1},
		{"5000", "XXQ", -1},
	}
	for _, test := range tests {
		got, err := typedAmount(test.text, test.unit)
		if test.want < 0 {
			if err == nil {
				t.Errorf("%q: got %s, want a refusal", test.text, got)
			}
			continue
		}
		if err != nil || got != money.New(test.want, test.unit) {
			t.Errorf("%q: got %s, %v, want %d steps", test.text, got, err, test.want)
		}
	}
}

func FuzzTypedAmount(f *testing.F) {
	f.Add("۱٬۲۵۰٬۰۰۰")
	f.Add("12,50.5")
	f.Fuzz(func(t *testing.T, text string) {
		for _, u := range []money.Unit{money.IRR, money.EUR} {
			a, err := typedAmount(text, u)
			if err != nil {
				continue
			}
			// What is shown of it can be typed again and is the same money.
			again, err := typedAmount(speak(t, "fa").plain(a).Number, u)
			if a.Sign() < 0 || err != nil || again != a {
				t.Errorf("%q is %s, and shown and typed again %s, %v", text, a, again, err)
			}
		}
	})
}

// messages reads one language file as its flat list of messages.
func messages(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := languageFiles.ReadFile(path.Join("languages", file))
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	flat := map[string]string{}
	var walk func(prefix string, branch map[string]any)
	walk = func(prefix string, branch map[string]any) {
		for name, value := range branch {
			switch value := value.(type) {
			case string:
				flat[prefix+name] = value
			case map[string]any:
				walk(prefix+name+".", value)
			default:
				t.Errorf("%s: %s%s is neither text nor a group of texts", file, prefix, name)
			}
		}
	}
	walk("", tree)
	return flat
}

// A language is complete: the same messages, with the same places to fill.
func TestLanguagesAgree(t *testing.T) {
	t.Parallel()
	files, err := fs.ReadDir(languageFiles, "languages")
	if err != nil {
		t.Fatal(err)
	}
	places := regexp.MustCompile(`\{\{\.[A-Za-z]+\}\}`)
	shape := func(file string) map[string][]string {
		shape := map[string][]string{}
		for id, text := range messages(t, file) {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s is empty", file, id)
			}
			found := places.FindAllString(text, -1)
			slices.Sort(found)
			shape[id] = found
		}
		return shape
	}
	first := shape(firstLanguage.String() + ".json")
	if len(files) < 2 {
		t.Errorf("there are %d languages, want at least two", len(files))
	}
	for _, f := range files {
		if diff := cmp.Diff(first, shape(f.Name())); diff != "" {
			t.Errorf("%s differs from the first language:\n%s", f.Name(), diff)
		}
		tag := strings.TrimSuffix(f.Name(), ".json")
		if v := speak(t, tag); v.Direction != "rtl" && v.Direction != "ltr" {
			t.Errorf("%s: direction is %q", f.Name(), v.Direction)
		}
	}
}

// A message that a page or a fault asks for must be there.
func TestMessagesAreThere(t *testing.T) {
	t.Parallel()
	known := messages(t, "en.json")
	asked := regexp.MustCompile(`\bT "([^"]+)"`)
	pages, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil || len(pages) == 0 {
		t.Fatalf("pages: %v, %v", pages, err)
	}
	for _, page := range pages {
		text, err := templateFiles.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range asked.FindAllStringSubmatch(string(text), -1) {
			if known[match[1]] == "" {
				t.Errorf("%s asks for %q, which no language has", page, match[1])
			}
		}
	}
	for _, entry := range fault.Catalogue {
		status, words := problem(fault.New(entry.Code, "", ""))
		if known["trouble."+words+".title"] == "" || known["trouble."+words+".advice"] == "" {
			t.Errorf("%s is told by %q, which no language has", entry.Code, words)
		}
		if (status == 500) != (entry.Kind == fault.Internal) {
			t.Errorf("%s has status %d", entry.Code, status)
		}
	}
	for _, v := range []verdict{isPaid, isUnpaid, isReturned, isChecking, isTransfer} {
		if known["result."+string(v)+".title"] == "" || known["result."+string(v)+".advice"] == "" {
			t.Errorf("verdict %s has no words", v)
		}
	}
}

func TestWellFormed(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]bool{
		"0b9f3c1e-5a57-4a52-9d8e-3d6d5f6c1a2b": true, "66f0c0ffee00000000000001.0123": true, "": false,
		"a b": false, "a\x00": false, "a/b": false, "ا": false, strings.Repeat("a", 513): false,
	} {
		if got := wellFormed(token); got != want {
			t.Errorf("wellFormed(%q) = %v, want %v", token, got, want)
		}
	}
}

func TestNetworkOf(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.1:1234": "192.0.2.1/32", "[::ffff:192.0.2.1]:1234": "192.0.2.1/32",
		"[2001:db8:1:2:3::4]:5": "2001:db8:1:2::/64", "nonsense": "invalid Prefix", "": "invalid Prefix",
	} {
		if got := networkOf(remote).String(); got != want {
			t.Errorf("networkOf(%q) = %s, want %s", remote, got, want)
		}
	}
}
