package zibal

import (
	"net/url"
	"strconv"

	"github.com/purserhq/purser/internal/sandbox"
)

// checkAmount holds the amount against the border and the ceiling.
func checkAmount(a *asked) int {
	amount, ok := a.fields.Whole("amount")
	switch {
	case !ok || amount < minAmount:
		return 105
	case amount == minAmount && a.Setting(switchAmountBorder) == "1000-refused":
		return 105
	case amount > a.Number(switchCeiling):
		return number(a.Setting(switchCeilingCode), 113)
	}
	return 0
}

// checkCallback wants an address that a browser can go to.
func checkCallback(a *asked) int {
	callback := a.fields.Text("callbackUrl")
	if callback == "" {
		return 140
	}
	target, err := url.Parse(callback)
	switch {
	case err != nil || !sandbox.WebAddress(callback) || !sandbox.OnDomain(callback, a.merchant.Domain):
		return 106
	case a.Setting(switchHTTPSOnly) == "on" && target.Scheme != "https":
		return 106
	}
	return 0
}

// checkModes looks at who pays the fee and how shares are counted.
func checkModes(a *asked) int {
	if a.fields.Has("percentMode") {
		if mode, ok := a.fields.Whole("percentMode"); !ok || mode < 0 || mode > 1 {
			return 107
		}
	}
	if !a.fields.Has("feeMode") {
		return 0
	}
	mode, ok := a.fields.Whole("feeMode")
	switch {
	case !ok || mode < 0 || mode > 2:
		return 116
	case mode == 2 && a.Setting(switchFeeMode2) == "116":
		return 116
	case mode == 1 && a.merchant.Flag("wallet-empty"):
		return 112
	}
	return 0
}

// checkShares looks at the split of the amount between receivers. What a "self" entry looks like is not published;
// here it is one whose receiver is the word self.
func checkShares(a *asked) int {
	shares, known := a.fields.List("multiplexingInfos")
	if !known {
		return 108
	}
	if len(shares) == 0 {
		return 0
	}
	var total int64
	self := false
	for _, share := range shares {
		receiver := ""
		for _, name := range []string{"bankAccount", "subMerchantId", "walletID"} {
			if share.Word(name) != "" {
				receiver = share.Word(name)
			}
		}
		part, ok := share.Whole("amount")
		switch {
		case receiver == "" || !ok || part < 0:
			return 108
		case a.merchant.Flag("inactive-receiver:" + receiver):
			return 109
		}
		self = self || receiver == "self"
		total += part
	}
	if !self {
		return 110
	}
	whole, _ := a.fields.Whole("amount")
	if mode, _ := a.fields.Whole("percentMode"); mode == 1 {
		whole = 100
	}
	if total != whole {
		return 111
	}
	return 0
}

// checkPayer looks at the national code of the card's owner.
func checkPayer(a *asked) int {
	if a.fields.Has("nationalCode") && !nationalCode(a.fields.Text("nationalCode")) {
		return 114
	}
	return 0
}

// nationalCode checks the ten digits of an Iranian national code, the last of which is a check digit.
func nationalCode(code string) bool {
	if len(code) != 10 {
		return false
	}
	sum := 0
	for i := range 10 {
		digit, err := strconv.Atoi(code[i : i+1])
		if err != nil {
			return false
		}
		if i == 9 {
			rest := sum % 11
			return rest < 2 && digit == rest || rest >= 2 && digit == 11-rest
		}
		sum += digit * (10 - i)
	}
	return false
}

// checkOrder refuses a second payment for one order, where the switch asks for it. The code is this emulator's own.
func checkOrder(a *asked) int {
	order := a.fields.Word("orderId")
	if order == "" || a.Setting(switchOrderUnique) == "off" {
		return 0
	}
	for _, p := range a.Payments() {
		if p.Merchant == a.id && p.OrderID == order {
			return 117
		}
	}
	return 0
}
