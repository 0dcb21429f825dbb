package payment

// Reason is why a payment failed, in the same words for every gateway: software can
// tell the payer what would help. Empty = it did not fail, or a merchant said so
// without a gateway.
type Reason string

// The reasons.
const (
	Refused          Reason = "refused"               // the payer's bank or the gateway said no, and not why
	NoFunds          Reason = "insufficient_funds"    // the payer has less than that
	WrongDetails     Reason = "wrong_details"         // a number, a PIN or a code that is not right
	CardExpired      Reason = "card_expired"          // it is too old
	OverLimit        Reason = "limit_exceeded"        // too much, or too often
	NotAuthenticated Reason = "authentication_failed" // the payer did not pass the bank's own check
	TimedOut         Reason = "timed_out"             // the payer took too long
	TryLater         Reason = "try_later"             // the payer's bank could not be reached
	NotOpened        Reason = "not_opened"            // no gateway let the payer begin
	NoRoom           Reason = "no_room"               // the invoice was paid otherwise: the money goes back
	GivenBack        Reason = "given_back"            // the gateway took the money and gave it back
	NotReceived      Reason = "not_received"          // a person looked, and no money had come
	Unconfirmed      Reason = "unconfirmed"           // the invoice waits for the merchant's confirmation
)

// Reasons are all of them.
var Reasons = []Reason{
	Refused, NoFunds, WrongDetails, CardExpired, OverLimit, NotAuthenticated, TimedOut, TryLater, NotOpened, NoRoom,
	GivenBack, NotReceived, Unconfirmed,
}
