package checkout

import (
	"fmt"
	"strings"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
)

func TestAccountEnd(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"+7(900)000-12-34": "number ending in 1234", "2200 1234 5678 9010": "number ending in 9010", "1234567": "",
		"https://qr.nspk.ru/AS10001234": "", "": "",
	} {
		if got := speak(t, "en").accountEnd(number); got != want {
			t.Errorf("%q: got %q, want %q", number, got, want)
		}
	}
}

// The drawing is the code, square by square.
func TestQRCode(t *testing.T) {
	t.Parallel()
	const content = "https://www.sberbank.com/sms/pbpn?requisiteNumber=79967779977"
	got := qrCodeOf(content)
	code, err := qrcode.New(content, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	want := code.Bitmap()
	drawn := make([][]bool, got.Size)
	for y := range drawn {
		drawn[y] = make([]bool, got.Size)
	}
	for run := range strings.SplitSeq(strings.TrimSuffix(got.Path, "z"), "z") {
		var x, y, wide, back int
		if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%d", &x, &y, &wide, &back); err != nil || wide != back {
			t.Fatalf("%q: %v", run, err)
		}
		for n := range wide {
			drawn[y][x+n] = true
		}
	}
	if fmt.Sprint(drawn) != fmt.Sprint(want) {
		t.Error("the drawing is not the code")
	}
	for _, none := range []string{"", strings.Repeat("1", mostCoded+1)} {
		if qrCodeOf(none) != nil {
			t.Errorf("%.10q has a code", none)
		}
	}
}

func TestRouteTitle(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		tag  string
		of   route
		want string
	}{
		{"en", route{"SBP", "sberbank"}, "Sberbank (SBP, by phone number)"},
		{"ru", route{"TO_CARD", "tinkoff"}, "Т-Банк (по номеру карты)"},
		{"en", route{"TO_CARD", "novobank"}, "novobank (by card number)"},
		{"fa", route{"TO_CARD", "vtb"}, "\u200f\u2068VTB\u2069 (با شمارهٔ کارت)"},
		{"en", route{"VIET_QR", "unknown"}, "VIET_QR"},
		{"pt", route{"SBP_QR", "unknown"}, "SBP, por código"},
	} {
		if got := speak(t, test.tag).routeTitle(test.of); got != test.want {
			t.Errorf("%s, %v: got %q, want %q", test.tag, test.of, got, test.want)
		}
	}
}
