package stripe

import (
	"strings"

	"github.com/purserhq/purser/internal/sandbox"
)

// effect is what a test card does.
type effect struct {
	code, decline string // of the refusal; empty = it pays
	threeDS       bool
	dispute       bool
	refundFails   bool
}

// numbers are the test cards by number.
var numbers = map[string]effect{
	"4242424242424242": {},
	"4000000000000002": {code: "card_declined", decline: "generic_decline"},
	"4000000000009995": {code: "card_declined", decline: "insufficient_funds"},
	"4000000000009987": {code: "card_declined", decline: "lost_card"},
	"4000000000009979": {code: "card_declined", decline: "stolen_card"},
	"4000000000000069": {code: "expired_card", decline: "expired_card"},
	"4000000000000127": {code: "incorrect_cvc", decline: "incorrect_cvc"},
	"4000000000000119": {code: "processing_error", decline: "processing_error"},
	"4000000000006975": {code: "card_declined", decline: "card_velocity_exceeded"},
	"4000002500003155": {threeDS: true},
	benchCard:          {},
}

// benchCard is what the usual bank page offers.
const benchCard = "6037991200001234"

// exampleCard is no card: examples show it.
const exampleCard = "1234567890123456"

// methods are the test payment methods by name.
var methods = map[string]effect{
	"pm_card_visa":                                 {},
	"pm_card_visa_chargeDeclined":                  numbers["4000000000000002"],
	"pm_card_visa_chargeDeclinedInsufficientFunds": numbers["4000000000009995"],
	"pm_card_visa_chargeDeclinedLostCard":          numbers["4000000000009987"],
	"pm_card_visa_chargeDeclinedStolenCard":        numbers["4000000000009979"],
	"pm_card_chargeDeclinedExpiredCard":            numbers["4000000000000069"],
	"pm_card_chargeDeclinedIncorrectCvc":           numbers["4000000000000127"],
	"pm_card_chargeDeclinedProcessingError":        numbers["4000000000000119"],
	"pm_card_authenticationRequired":               {threeDS: true},
	"pm_card_threeDSecure2Required":                {threeDS: true},
	"pm_card_createDispute":                        {dispute: true},
	"pm_card_refundFail":                           {refundFails: true},
}

// shown is what is kept of a number that a merchant sent. Somebody may try a card of their own, and what is kept is
// written to a file.
func shown(number string) string {
	const kept = 4
	if len(number) <= kept || number == benchCard {
		return number
	}
	return strings.Repeat("*", len(number)-kept) + number[len(number)-kept:]
}

// byNumber is what a card with the number does; any number that is no test card is declined.
func byNumber(c *sandbox.Call, number string) effect {
	if number == exampleCard && c.Setting(switchExampleCard) == "accepted" {
		return effect{}
	}
	if known, ok := numbers[number]; ok {
		return known
	}
	return effect{code: "card_declined", decline: "generic_decline"}
}

// byName is what a payment method does.
func byName(c *sandbox.Call, name string) (effect, bool) {
	known, ok := methods[name]
	if wanted := c.Setting(switchThreeDS); known.threeDS && wanted != "both" && wanted != name {
		return effect{}, false
	}
	return known, ok
}
