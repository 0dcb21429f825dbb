package money

import (
	"maps"
	"slices"

	"github.com/purserhq/purser/internal/fault"
)

// Unit is the key of a currency unit in the register: "IRR", "USDT". One
// currency can have several units: Rial (IRR) and Toman (IRT) are both Iran's.
type Unit string

// Units that code names.
const (
	IRR  Unit = "IRR"  // Iranian Rial
	IRT  Unit = "IRT"  // Toman, ten Rial
	USD  Unit = "USD"  // US dollar as wallets keep it, with eight decimal places
	USDT Unit = "USDT" // Tether
	RUB  Unit = "RUB"  // Russian rouble
	EUR  Unit = "EUR"  // euro
	BDT  Unit = "BDT"  // Bangladeshi taka
	KZT  Unit = "KZT"  // Kazakhstani tenge
)

// The kinds of a unit.
const (
	Fiat   = "fiat"
	Crypto = "crypto"
)

// Info is what the register knows about a unit.
type Info struct {
	Unit     Unit
	Scale    int      // decimal places; the smallest step is ten to the power of minus Scale
	Kind     string   // Fiat or Crypto
	Currency string   // ISO 4217 code or coin; the same for all units of one currency
	Times    int64    // how many of the currency's own unit make one of this unit
	Rounding Rounding // how a converted amount is cut to whole steps unless the caller says otherwise
	Name     string   // English name
	Symbol   string   // sign as printed beside an amount
}

// register is the list of units, in the order of their keys. Scales are those
// of ISO 4217, with these exceptions: IRR is counted in whole Rial, since no
// gateway has dinars; IRT has the four places that a wallet keeps, and USD
// eight, because wallets exchange it with coins.
var register = byUnit(
	fiat("AED", 2, "United Arab Emirates dirham", "AED"),
	fiat("AMD", 2, "Armenian dram", "֏"),
	fiat("AUD", 2, "Australian dollar", "A$"),
	fiat("AZN", 2, "Azerbaijani manat", "₼"),
	fiat("BDT", 2, "Bangladeshi taka", "৳"),
	fiat("BHD", 3, "Bahraini dinar", "BHD"),
	fiat("BRL", 2, "Brazilian real", "R$"),
	crypto("BTC", 8, "Bitcoin", "₿"),
	fiat("CAD", 2, "Canadian dollar", "C$"),
	fiat("CHF", 2, "Swiss franc", "CHF"),
	fiat("CNY", 2, "Chinese yuan", "CN¥"),
	fiat("EUR", 2, "Euro", "€"),
	fiat("GBP", 2, "Pound sterling", "£"),
	fiat("GEL", 2, "Georgian lari", "₾"),
	fiat("INR", 2, "Indian rupee", "₹"),
	fiat("IQD", 3, "Iraqi dinar", "IQD"),
	fiat("IRR", 0, "Iranian rial", "﷼"),
	another(fiat("IRT", 4, "Iranian toman", "تومان"), "IRR", 10),
	fiat("JPY", 0, "Japanese yen", "¥"),
	fiat("KGS", 2, "Kyrgyzstani som", "сом"),
	fiat("KRW", 0, "South Korean won", "₩"),
	fiat("KWD", 3, "Kuwaiti dinar", "KWD"),
	fiat("KZT", 2, "Kazakhstani tenge", "₸"),
	fiat("OMR", 3, "Omani rial", "OMR"),
	fiat("PKR", 2, "Pakistani rupee", "Rs"),
	fiat("PLN", 2, "Polish zloty", "zł"),
	fiat("QAR", 2, "Qatari riyal", "QAR"),
	fiat("RUB", 2, "Russian rouble", "₽"),
	fiat("SAR", 2, "Saudi riyal", "SAR"),
	fiat("SEK", 2, "Swedish krona", "kr"),
	fiat("TJS", 2, "Tajikistani somoni", "TJS"),
	fiat("TRY", 2, "Turkish lira", "₺"),
	fiat("UAH", 2, "Ukrainian hryvnia", "₴"),
	fiat("USD", 8, "US dollar", "$"),
	crypto("USDT", 8, "Tether", "₮"),
	fiat("UZS", 2, "Uzbekistani som", "soʻm"),
	fiat("VND", 0, "Vietnamese dong", "₫"),
)

// fiat is a row of the register for money that a state issues.
func fiat(u Unit, scale int, name, symbol string) Info {
	return Info{
		Unit: u, Scale: scale, Kind: Fiat, Currency: string(u), Times: 1,
		Rounding: HalfEven, Name: name, Symbol: symbol,
	}
}

// crypto is a row of the register for a coin. Coins are rounded down, because
// nobody can send a step of a coin that does not exist.
func crypto(u Unit, scale int, name, symbol string) Info {
	i := fiat(u, scale, name, symbol)
	i.Kind, i.Rounding = Crypto, Down
	return i
}

// another makes the row one of another unit of currency.
func another(i Info, currency string, times int64) Info {
	i.Currency, i.Times = currency, times
	return i
}

// byUnit indexes the rows.
func byUnit(rows ...Info) map[Unit]Info {
	m := make(map[Unit]Info, len(rows))
	for _, i := range rows {
		m[i.Unit] = i
	}
	return m
}

// Lookup finds a unit in the register, or gives a unit_unknown fault. Keys are
// upper case; whoever reads other spellings translates them first.
func Lookup(u Unit) (Info, error) {
	i, ok := register[u]
	if !ok {
		return Info{}, fault.New(fault.CodeUnitUnknown, "currency", "")
	}
	return i, nil
}

// Units lists the register, sorted by key.
func Units() []Info {
	rows := make([]Info, 0, len(register))
	for _, u := range slices.Sorted(maps.Keys(register)) {
		rows = append(rows, register[u])
	}
	return rows
}
