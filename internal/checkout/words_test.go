package checkout

import (
	"strings"
	"testing"
	"time"

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
	// In Tehran and in Dhaka it is the next day already, and in Iran the next year.
	winter := time.Date(2025, 3, 20, 20, 45, 0, 0, time.UTC)
	summer := time.Date(2026, 7, 1, 23, 5, 0, 0, time.UTC)
	tests := []struct {
		tag            string
		unit           money.Unit
		winter, summer string
	}{
		{"fa", money.IRR, "۱ فروردین ۱۴۰۴، ساعت ۰۰:۱۵", "۱۱ تیر ۱۴۰۵، ساعت ۰۲:۳۵"},
		{"fa", money.EUR, "۳۰ اسفند ۱۴۰۳، ساعت ۲۰:۴۵ به وقت لیسبون", "۱۱ تیر ۱۴۰۵، ساعت ۰۰:۰۵ به وقت لیسبون"},
		{"en", money.IRT, "21 March 2025, 00:15 (Tehran time)", "2 July 2026, 02:35 (Tehran time)"},
		{"en", money.BDT, "21 March 2025, 02:45 (Dhaka time)", "2 July 2026, 05:05 (Dhaka time)"},
		{"en", money.EUR, "20 March 2025, 20:45 (Lisbon time)", "2 July 2026, 00:05 (Lisbon time)"},
		{"en", money.RUB, "20 March 2025, 23:45 (Moscow time)", "2 July 2026, 02:05 (Moscow time)"},
		{"en", money.USD, "20 March 2025, 20:45 (UTC)", "1 July 2026, 23:05 (UTC)"},
		{"bn", money.BDT, "২১ মার্চ ২০২৫, ০২:৪৫ (ঢাকার সময়)", "২ জুলাই ২০২৬, ০৫:০৫ (ঢাকার সময়)"},
		{"bn", money.IRR, "২১ মার্চ ২০২৫, ০০:১৫ (তেহরানের সময়)", "২ জুলাই ২০২৬, ০২:৩৫ (তেহরানের সময়)"},
		{"pt", money.EUR, "20 de março de 2025, 20:45 (Lisboa)", "2 de julho de 2026, 00:05 (Lisboa)"},
		{"pt", money.USDT, "20 de março de 2025, 20:45 (UTC)", "1 de julho de 2026, 23:05 (UTC)"},
		{"ru", money.RUB, "20 марта 2025 г., 23:45 (мск)", "2 июля 2026 г., 02:05 (мск)"},
		{"ru", money.BDT, "21 марта 2025 г., 02:45 (время Дакки)", "2 июля 2026 г., 05:05 (время Дакки)"},
	}
	for _, test := range tests {
		v := speak(t, test.tag)
		if got := v.Time(winter, test.unit); got != test.winter {
			t.Errorf("%s, %s: got %q, want %q", test.tag, test.unit, got, test.winter)
		}
		if got := v.Time(summer, test.unit); got != test.summer {
			t.Errorf("%s, %s: got %q, want %q", test.tag, test.unit, got, test.summer)
		}
	}
}

// TestClocksHaveNames: every language names every clock.
func TestClocksHaveNames(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, tag := range []string{"fa", "en", "bn", "pt", "ru"} {
		v := speak(t, tag)
		seen := map[string]bool{}
		for _, unit := range []money.Unit{money.IRR, money.BDT, money.EUR, money.RUB, money.USD} {
			got := v.Time(at, unit)
			if seen[got] || strings.Contains(got, "date.in_") {
				t.Errorf("%s, %s: got %q, want a clock of its own", tag, unit, got)
			}
			seen[got] = true
		}
	}
}

func TestLeft(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 10, 35, 0, 0, time.UTC)
	tests := []struct {
		tag  string
		unit money.Unit
		left time.Duration
		want string
	}{
		{
			"en", money.IRR, 59 * time.Second,
			"You have less than a minute to pay, until 20 November 2026, 14:05 (Tehran time).",
		},
		{"en", money.IRR, time.Minute, "You have 1 minute to pay,"},
		{"en", money.IRR, 119 * time.Minute, "You have 119 minutes to pay,"},
		{"en", money.IRR, 2 * time.Hour, "You have 2 hours to pay,"},
		{"en", money.IRR, 47*time.Hour + 59*time.Minute, "You have 47 hours to pay,"},
		{"en", money.IRR, 48 * time.Hour, "You have 2 days to pay,"},
		{"fa", money.IRR, 15 * time.Minute, "برای پرداخت ۱۵ دقیقه فرصت دارید: تا ۲۹ آبان ۱۴۰۵، ساعت ۱۴:۲۰."},
		{
			"bn", money.BDT, 15 * time.Minute,
			"পরিশোধের জন্য আর ১৫ মিনিট সময় আছে: ২০ নভেম্বর ২০২৬, ১৬:৫০ (ঢাকার সময়) পর্যন্ত।",
		},
		{"pt", money.EUR, time.Minute, "Tem 1 minuto para pagar,"},
		{"pt", money.EUR, 15 * time.Minute, "Tem 15 minutos para pagar, até 20 de novembro de 2026, 10:50 (Lisboa)."},
		{"ru", money.RUB, 21 * time.Minute, "На оплату осталась 21 минута: до 20 ноября 2026 г., 13:56 (мск)."},
		{"ru", money.RUB, 3 * time.Minute, "На оплату осталось 3 минуты:"},
		{"ru", money.RUB, 11 * time.Minute, "На оплату осталось 11 минут:"},
		{"ru", money.RUB, 22 * time.Hour, "На оплату осталось 22 часа:"},
		{"ru", money.RUB, 31 * 24 * time.Hour, "На оплату остался 31 день:"},
	}
	for _, test := range tests {
		if got := speak(t, test.tag).left(now, now.Add(test.left), test.unit); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s, %v: got %q, want %q", test.tag, test.left, got, test.want)
		}
	}
}

// wide keeps a number and its unit on one line, and groups digits.
const wide = "\u00a0"

func TestAmount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		amount  money.Amount
		numbers map[string]string // by language
		unit    map[string]string // by language; none = its key
	}{
		{
			money.New(0, money.IRR),
			map[string]string{"fa": "۰", "en": "0", "bn": "০", "pt": "0", "ru": "0"},
			map[string]string{"fa": "ریال", "en": "Rial", "bn": "রিয়াল", "pt": "rial", "ru": "риалов"},
		},
		{
			money.New(1_250_000, money.IRR),
			map[string]string{
				"fa": "۱٬۲۵۰٬۰۰۰", "en": "1,250,000", "bn": "১২,৫০,০০০",
				"pt": "1" + wide + "250" + wide + "000", "ru": "1" + wide + "250" + wide + "000",
			},
			map[string]string{"fa": "ریال", "en": "Rial", "bn": "রিয়াল", "pt": "riais", "ru": "риалов"},
		},
		{
			money.New(9_007_199_254_740_991, money.IRR),
			map[string]string{
				"fa": "۹٬۰۰۷٬۱۹۹٬۲۵۴٬۷۴۰٬۹۹۱", "en": "9,007,199,254,740,991", "bn": "৯,০০,৭১,৯৯,২৫,৪৭,৪০,৯৯১",
				"pt": strings.ReplaceAll("9 007 199 254 740 991", " ", wide),
				"ru": strings.ReplaceAll("9 007 199 254 740 991", " ", wide),
			},
			map[string]string{"fa": "ریال", "en": "Rial", "bn": "রিয়াল", "pt": "riais", "ru": "риал"},
		},
		{
			money.New(12_345_000, money.IRT),
			map[string]string{
				"fa": "۱٬۲۳۴٫۵", "en": "1,234.5", "bn": "১,২৩৪.৫", "pt": "1" + wide + "234,5", "ru": "1" + wide + "234,5",
			},
			map[string]string{"fa": "تومان", "en": "Toman", "bn": "তোমান", "pt": "tomans", "ru": "тумана"},
		},
		{
			money.New(20_000_000_000, money.IRT),
			map[string]string{
				"fa": "۲٬۰۰۰٬۰۰۰", "en": "2,000,000", "bn": "২০,০০,০০০",
				"pt": "2" + wide + "000" + wide + "000", "ru": "2" + wide + "000" + wide + "000",
			},
			map[string]string{"fa": "تومان", "en": "Toman", "bn": "তোমান", "pt": "de tomans", "ru": "туманов"},
		},
		{
			money.New(1_250_000_000, money.USD),
			map[string]string{"fa": "۱۲٫۵۰", "en": "12.50", "bn": "১২.৫০", "pt": "12,50", "ru": "12,50"},
			map[string]string{
				"fa": "دلار آمریکا", "en": "US dollars", "bn": "মার্কিন ডলার", "pt": "dólares dos EUA", "ru": "доллара США",
			},
		},
		{
			money.New(1_200_000_000, money.USD),
			map[string]string{"fa": "۱۲", "en": "12", "bn": "১২", "pt": "12", "ru": "12"},
			map[string]string{
				"fa": "دلار آمریکا", "en": "US dollars", "bn": "মার্কিন ডলার", "pt": "dólares dos EUA", "ru": "долларов США",
			},
		},
		{
			money.New(1_234_567_890, money.USD),
			map[string]string{
				"fa": "۱۲٫۳۴۵۶۷۸۹", "en": "12.3456789", "bn": "১২.৩৪৫৬৭৮৯", "pt": "12,3456789", "ru": "12,3456789",
			},
			map[string]string{
				"fa": "دلار آمریکا", "en": "US dollars", "bn": "মার্কিন ডলার", "pt": "dólares dos EUA", "ru": "доллара США",
			},
		},
		{
			money.New(1, money.USDT),
			map[string]string{
				"fa": "۰٫۰۰۰۰۰۰۰۱", "en": "0.00000001", "bn": "০.০০০০০০০১", "pt": "0,00000001", "ru": "0,00000001",
			},
			nil,
		},
		{
			money.New(-1_250, money.EUR),
			map[string]string{
				"fa": "\u2212۱۲٫۵۰", "en": "\u221212.50", "bn": "\u2212১২.৫০", "pt": "\u221212,50", "ru": "\u221212,50",
			},
			map[string]string{"fa": "یورو", "en": "Euros", "bn": "ইউরো", "pt": "euros", "ru": "евро"},
		},
		{
			money.New(100_000_000, money.USD),
			map[string]string{"fa": "۱", "en": "1", "bn": "১", "pt": "1", "ru": "1"},
			map[string]string{
				"fa": "دلار آمریکا", "en": "US dollar", "bn": "মার্কিন ডলার", "pt": "dólar dos EUA", "ru": "доллар США",
			},
		},
		{
			money.New(100, money.RUB),
			map[string]string{"fa": "۱", "en": "1", "bn": "১", "pt": "1", "ru": "1"},
			map[string]string{"fa": "روبل", "en": "Rouble", "bn": "রুবল", "pt": "rublo", "ru": "рубль"},
		},
		{
			money.New(100, money.BDT),
			map[string]string{"fa": "۱", "en": "1", "bn": "১", "pt": "1", "ru": "1"},
			map[string]string{"fa": "تاکا", "en": "Taka", "bn": "টাকা", "pt": "taca", "ru": "така"},
		},
	}
	for _, test := range tests {
		for tag, number := range test.numbers {
			want := shownAmount{Number: number, Unit: test.unit[tag]}
			if test.unit == nil {
				want.Unit = string(test.amount.Unit())
			}
			if got := speak(t, tag).plain(test.amount); got != want {
				t.Errorf("%s in %s: got %q, want %q", test.amount, tag, got, want)
			}
		}
	}
}

// People in Iran count in Toman what is written in Rial.
func TestAmountBeside(t *testing.T) {
	t.Parallel()
	for amount, want := range map[money.Amount]string{
		money.New(999, money.IRR):        "معادل ۹۹٫۹" + wide + "تومان",
		money.New(1_250_000, money.IRR):  "معادل ۱۲۵٬۰۰۰" + wide + "تومان",
		money.New(12_345_000, money.IRT): "",
		money.New(1, money.USDT):         "",
	} {
		if got := speak(t, "fa").Amount(amount).Beside; got != want {
			t.Errorf("%s: got %q, want %q", amount, got, want)
		}
		for _, tag := range []string{"en", "bn", "pt", "ru"} {
			if got := speak(t, tag).Amount(amount).Beside; got != "" {
				t.Errorf("%s in %s: got %q, want nothing", amount, tag, got)
			}
		}
	}
}

func TestTypedAmount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		tag, text string
		unit      money.Unit
		want      int64 // -1 = refused
	}{
		{"en", "250000", money.IRR, 250_000},
		{"en", "250,000", money.IRR, 250_000},
		{"en", "1,250,000", money.IRR, 1_250_000},
		{"en", "12,50,000", money.IRR, 1_250_000},
		{"fa", "۲۵۰٬۰۰۰", money.IRR, 250_000},
		{"fa", "٢٥٠،٠٠٠", money.IRR, 250_000},
		{"en", "۲۵۰ ۰۰۰", money.IRR, 250_000},
		{"fa", "\u200f۲۵۰۰۰۰", money.IRR, 250_000},
		{"en", "12.50", money.EUR, 1_250},
		{"fa", "۱٬۰۱۲٫۵", money.EUR, 101_250},
		{"bn", "১২,৫০,০০০", money.IRR, 1_250_000},
		{"bn", "১২.৫০", money.EUR, 1_250},
		{"pt", "1" + wide + "250,5", money.EUR, 125_050},
		{"pt", "1.250,50", money.EUR, 125_050},
		{"pt", "1.250.000", money.IRR, 1_250_000},
		{"ru", "1 250 000", money.IRR, 1_250_000},
		{"ru", "12,5", money.EUR, 1_250},
		{"pt", "12.50", money.EUR, -1},
		{"ru", "1,250.00", money.EUR, -1},
		{"pt", "250,000", money.IRR, -1},
		{"en", "1,5", money.EUR, -1},
		{"en", "1,5.00", money.EUR, -1},
		{"en", "1.000,50", money.EUR, -1},
		{"en", "1.000,500", money.USDT, -1},
		{"en", "250.000", money.IRR, -1},
		{"fa", "۲۵۰٫۰۰۰", money.IRR, -1},
		{"en", "25,00", money.IRR, -1},
		{"en", "", money.IRR, -1},
		{"en", ",", money.IRR, -1},
		{"en", "1e6", money.IRR, -1},
		{"en", "-5000", money.IRR, -1},
		{"en", "+5000", money.IRR, -1},
		{"fa", "5000 ریال", money.IRR, -1},
		{"en", "99999999999999999999", money.IRR, -1},
		{"en", "5000", "XXQ", -1},
	}
	for _, test := range tests {
		got, err := speak(t, test.tag).typedAmount(test.text, test.unit)
		if test.want < 0 {
			if err == nil {
				t.Errorf("%q in %s: got %s, want a refusal", test.text, test.tag, got)
			}
			continue
		}
		if err != nil || got != money.New(test.want, test.unit) {
			t.Errorf("%q in %s: got %s, %v, want %d steps", test.text, test.tag, got, err, test.want)
		}
	}
}

func FuzzTypedAmount(f *testing.F) {
	f.Add("۱٬۲۵۰٬۰۰۰")
	f.Add("12,50.5")
	f.Add("১২,৫০,০০০")
	f.Add("1\u00a0250,5")
	all, err := readVoices()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range all.list {
			for _, u := range []money.Unit{money.IRR, money.EUR, money.USDT} {
				a, err := v.typedAmount(text, u)
				if err != nil {
					continue
				}
				// What is shown of it can be typed again and is the same money.
				again, err := v.typedAmount(v.plain(a).Number, u)
				if a.Sign() < 0 || err != nil || again != a {
					t.Errorf("%s: %q is %s, and shown and typed again %s, %v", v.Tag, text, a, again, err)
				}
			}
		}
	})
}

func TestKeyed(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"10001": "10001", " ۱۰۰۰۱ ": "10001", "١٠٠٠١": "10001", "১০০০১": "10001", "10 001\u200e": "10001",
		" Sara@example.ir\r\n": "Sara@example.ir", "a\x00b\xff": "ab", "\u200f": "", "": "",
	} {
		if got := keyed(typed); got != want {
			t.Errorf("%q: got %q, want %q", typed, got, want)
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
