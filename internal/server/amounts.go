package server

import (
	"context"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/money"
)

// unitOf finds the currency unit that an operator names.
func unitOf(text string) (money.Info, error) {
	info, err := money.Lookup(money.Unit(strings.ToUpper(text)))
	if err != nil {
		return info, settingError("unit", "must be a currency unit such as USD, USDT, IRT or IRR, not "+strconv.Quote(text))
	}
	return info, nil
}

// amountOf reads an amount that an operator types; zero is one, too.
func amountOf(flag, text string, unit money.Info) (money.Amount, error) {
	amount, err := money.Parse(text, unit.Unit)
	if err != nil || amount.Sign() < 0 {
		return amount, settingError(flag, "must be a decimal number with at most "+strconv.Itoa(unit.Scale)+
			" places, such as 12, not "+strconv.Quote(text))
	}
	return amount, nil
}

// percentOf reads a share of a hundred that an operator types; zero is none.
func percentOf(flag, text string) (money.Rate, error) {
	if text == "0" {
		return money.Rate{}, nil
	}
	percent, err := money.ParseRate(text)
	whole, _, _ := strings.Cut(percent.Text(), ".")
	if err != nil || len(whole) > len("99") {
		return money.Rate{}, settingError(flag, "must be a decimal number from 0 to below 100, such as 8.5, not "+
			strconv.Quote(text))
	}
	return percent, nil
}

// marketOf takes the name of a market apart. A slash says where; without one
// there must be a single way to read it.
func marketOf(name string, known []money.Info) (base, quote money.Unit, err error) {
	name = strings.ToUpper(name)
	if first, second, ok := strings.Cut(name, "/"); ok {
		return money.Unit(first), money.Unit(second), nil // whoever is handed them looks them up
	}
	ways := 0
	for _, first := range known {
		rest, ok := strings.CutPrefix(name, string(first.Unit))
		if !ok {
			continue
		}
		for _, second := range known {
			if rest == string(second.Unit) {
				base, quote, ways = first.Unit, second.Unit, ways+1
			}
		}
	}
	switch ways {
	case 1:
		return base, quote, nil
	case 0:
		return "", "", settingError("market", "must be two currency units such as USDIRT, not "+strconv.Quote(name))
	default:
		return "", "", settingError("market", "can be read in several ways: put a slash between the units of "+
			strconv.Quote(name))
	}
}

// balanceView is what an account has of one unit.
type balanceView struct {
	Unit   string `json:"unit"`
	Amount string `json:"amount"`
}

var balanceHead = []string{"UNIT", "BALANCE"}

func balanceRows(views []balanceView) [][]string {
	rows := make([][]string, len(views))
	for n, v := range views {
		rows[n] = []string{v.Unit, v.Amount}
	}
	return rows
}

// balancesOf are what an account has, unit by unit.
func balancesOf(ctx context.Context, k *core, merchantID string, account int64) ([]balanceView, error) {
	amounts, err := k.app.AvailableBalances(ctx, merchantID, account)
	views := make([]balanceView, len(amounts))
	for n, a := range amounts {
		views[n] = balanceView{string(a.Unit()), a.Text()}
	}
	return views, err
}
