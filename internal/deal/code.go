package deal

import (
	"net/url"
	"strings"
)

// sberbank is the bank whose app opens an address for a telephone number or a
// card, as its customers know it from codes at tills.
const (
	sberbank     = "sberbank"
	sberbankPage = "https://www.sberbank.com/sms/pbpn?requisiteNumber="
)

// ByCode says that a deal is paid by a code, which its Number is the address of.
// Until the trader has one, Number is something else.
func (d Deal) ByCode() bool { return byCode(d.Option) }

func byCode(option string) bool { return strings.Contains(option, "QR") }

// CodeLink is the address that the payer's telephone opens, or scans, to send
// the money: the bank's app has the account filled in. It is empty where there
// is none, or none yet, and once no money is waited for.
func (d Deal) CodeLink() string {
	switch {
	case !d.Live():
		return ""
	case d.ByCode():
		return webAddress(d.Number)
	case d.Method != sberbank:
		return ""
	}
	digits := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, d.Number)
	if digits == "" {
		return ""
	}
	return sberbankPage + digits
}

// webAddress is the text if it is an address of a page with TLS, and else empty.
func webAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return text
}

// toCard is the option of money that is sent to the number of a card.
const toCard = "TO_CARD"

// Account is Number as its payer reads it: that of a card is in blocks of four,
// as it is on the card. Anything else is as its trader wrote it.
func (d Deal) Account() string {
	if d.Option != toCard || len(d.Number) < 12 || len(d.Number) > 19 {
		return d.Number
	}
	var blocks strings.Builder
	for n, c := range []byte(d.Number) {
		if c < '0' || c > '9' {
			return d.Number
		}
		if n > 0 && n%4 == 0 {
			blocks.WriteByte(' ')
		}
		blocks.WriteByte(c)
	}
	return blocks.String()
}
