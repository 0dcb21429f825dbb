package stripe

import (
	stripego "github.com/stripe/stripe-go/v86"

	"github.com/purserhq/purser/internal/payment"
)

// reasons are what the provider's decline codes come to, https://docs.stripe.com/declines/codes.
// A card that was lost or stolen is not among them, as its payer is not to be told.
var reasons = map[string]payment.Reason{
	string(stripego.DeclineCodeInsufficientFunds):            payment.NoFunds,
	string(stripego.DeclineCodeExpiredCard):                  payment.CardExpired,
	string(stripego.DeclineCodeIncorrectNumber):              payment.WrongDetails,
	string(stripego.DeclineCodeInvalidNumber):                payment.WrongDetails,
	string(stripego.DeclineCodeIncorrectCVC):                 payment.WrongDetails,
	string(stripego.DeclineCodeInvalidCVC):                   payment.WrongDetails,
	string(stripego.DeclineCodeIncorrectPIN):                 payment.WrongDetails,
	string(stripego.DeclineCodeInvalidPIN):                   payment.WrongDetails,
	string(stripego.DeclineCodeIncorrectZip):                 payment.WrongDetails,
	string(stripego.DeclineCodeInvalidExpiryMonth):           payment.WrongDetails,
	string(stripego.DeclineCodeInvalidExpiryYear):            payment.WrongDetails,
	string(stripego.DeclineCodeCardVelocityExceeded):         payment.OverLimit,
	string(stripego.DeclineCodePINTryExceeded):               payment.OverLimit,
	string(stripego.DeclineCodeWithdrawalCountLimitExceeded): payment.OverLimit,
	string(stripego.DeclineCodeIssuerNotAvailable):           payment.TryLater,
	string(stripego.DeclineCodeProcessingError):              payment.TryLater,
	string(stripego.DeclineCodeReenterTransaction):           payment.TryLater,
	string(stripego.DeclineCodeTryAgainLater):                payment.TryLater,
	string(stripego.DeclineCodeAuthenticationRequired):       payment.NotAuthenticated,

	string(stripego.ErrorCodePaymentIntentAuthenticationFailure): payment.NotAuthenticated,
}

// reasonOf is why a card was declined; empty = the provider said no more than no. The
// bank's own word is nearer to it than the provider's.
func reasonOf(said *stripego.Error) payment.Reason {
	if said == nil {
		return ""
	}
	if r, ok := reasons[string(said.DeclineCode)]; ok {
		return r
	}
	return reasons[string(said.Code)]
}
