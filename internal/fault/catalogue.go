package fault

// Entry describes one code: the kind of its faults, the words they have unless
// others are given, and what a developer should know about it.
type Entry struct {
	Code  Code
	Kind  Kind
	Words string // one sentence, safe to show to a payer
	Doc   string // what it means and what to do, for docs/errors.md
}

// Catalogue is the whole list of codes. docs/errors.md is drawn from it, and
// every dialect is tested to have an answer for each row. It is read only.
var Catalogue = []Entry{
	{
		Code: CodeInternal, Kind: Internal, Words: "Something went wrong on our side.",
		Doc: "A mistake or a breakdown in the server. The cause is in its log, under the request's id.",
	},
	{
		Code: CodeParameterMissing, Kind: Invalid, Words: "A required parameter is missing.",
		Doc: "The parameter named is required and was not sent, or was sent empty.",
	},
	{
		Code: CodeParameterInvalid, Kind: Invalid, Words: "A parameter is not valid.",
		Doc: "The parameter named has the wrong form, or a value outside its range.",
	},
	{
		Code: CodeBodyUnreadable, Kind: Invalid, Words: "The request body cannot be read.",
		Doc: "The body is not of the announced form, or ends too early.",
	},
	{
		Code: CodeBodyTooLarge, Kind: Invalid, Words: "The request body is too large.",
		Doc: "The body is longer than the route accepts.",
	},
	{
		Code: CodeMediaTypeUnsupported, Kind: Invalid, Words: "The content type is not supported.",
		Doc: "The route does not read bodies of this content type.",
	},
	{
		Code: CodeUnsupported, Kind: Invalid, Words: "This is not supported here.",
		Doc: "The request is understood, and this server, merchant or gateway does not offer what it asks for.",
	},
	{
		Code: CodeSettingInvalid, Kind: Invalid, Words: "A setting is not valid.",
		Doc: "A setting of the server, a merchant or a gateway cannot work as it stands.",
	},
	{
		Code: CodeAmountInvalid, Kind: Invalid, Words: "The amount is not a valid decimal number.",
		Doc: "The amount is not plain decimal text, or has more decimal places than its unit.",
	},
	{
		Code: CodeAmountTooSmall, Kind: Invalid, Words: "The amount is too small.",
		Doc: "The amount is below what the merchant, the method or the gateway accepts, or is not positive.",
	},
	{
		Code: CodeAmountTooLarge, Kind: Invalid, Words: "The amount is too large.",
		Doc: "The amount is above what the merchant, the method or the gateway accepts.",
	},
	{
		Code: CodeAmountAboveRemaining, Kind: Invalid, Words: "The amount is more than what remains.",
		Doc: "The amount exceeds what is still owed on the invoice, or still held by the authorization.",
	},
	{
		Code: CodeAmountOverflow, Kind: Invalid, Words: "The amount is beyond what can be counted.",
		Doc: "The amount, or a sum of amounts, does not fit into 64 bits of the unit's smallest step.",
	},
	{
		Code: CodeUnitMismatch, Kind: Invalid, Words: "The currency units do not match.",
		Doc: "Two amounts of different units meet where one unit is needed.",
	},
	{
		Code: CodeUnitUnknown, Kind: Invalid, Words: "The currency unit is not known.",
		Doc: "The unit is not in the register of units.",
	},
	{
		Code: CodeUnitInexact, Kind: Invalid, Words: "The amount is not whole in the other unit.",
		Doc: "The amount cannot be said exactly in another unit of the same currency, such as a part of a Rial.",
	},
	{
		Code: CodeRateInvalid, Kind: Invalid, Words: "The rate is not a valid positive decimal number.",
		Doc: "The rate is not plain decimal text above zero of at most 38 digits.",
	},
	{
		Code: CodeRateMissing, Kind: Unavailable, Words: "There is no rate for this pair of units.",
		Doc: "The merchant has no market with both units, or one without the rate that is needed. " +
			"It stays so until a rate is set.",
	},
	{
		Code: CodeNotFound, Kind: NotFound, Words: "There is no such thing.",
		Doc: "What the request names does not exist, or belongs to another merchant.",
	},
	{
		Code: CodeMerchantNotFound, Kind: NotFound, Words: "There is no such merchant.",
		Doc: "No merchant has this id.",
	},
	{
		Code: CodeTerminalNotFound, Kind: NotFound, Words: "There is no such terminal.",
		Doc: "The merchant has no terminal with this number.",
	},
	{
		Code: CodeInvoiceNotFound, Kind: NotFound, Words: "There is no such invoice.",
		Doc: "The merchant has no invoice with this id or number.",
	},
	{
		Code: CodePaymentNotFound, Kind: NotFound, Words: "There is no such payment.",
		Doc: "The merchant has no payment with this id or reference.",
	},
	{
		Code: CodeRefundNotFound, Kind: NotFound, Words: "There is no such refund.",
		Doc: "The merchant has no refund with this id or reference.",
	},
	{
		Code: CodePayoutNotFound, Kind: NotFound, Words: "There is no such payout.",
		Doc: "The merchant has no payout with this id or reference.",
	},
	{
		Code: CodeWalletNotFound, Kind: NotFound, Words: "There is no such wallet.",
		Doc: "The merchant has no wallet or customer account with this id or number.",
	},
	{
		Code: CodeDealNotFound, Kind: NotFound, Words: "There is no such deal.",
		Doc: "The merchant has no deal or dispute with this id.",
	},
	{
		Code: CodeAccountNotFound, Kind: NotFound, Words: "There is no such ledger account.",
		Doc: "The ledger has no account of this owner and role.",
	},
	{
		Code: CodeEventNotFound, Kind: NotFound, Words: "There is no such event.",
		Doc: "The merchant has no event with this id.",
	},
	{
		Code: CodeEndpointNotFound, Kind: NotFound, Words: "There is no such event endpoint.",
		Doc: "The merchant has no event endpoint with this id.",
	},
	{
		Code: CodeGatewayNotFound, Kind: NotFound, Words: "There is no such gateway.",
		Doc: "The merchant has no gateway of this name, or the server has no connector for it.",
	},
	{
		Code: CodeLinkNotFound, Kind: NotFound, Words: "There is no such payment link.",
		Doc: "No payment link has this address.",
	},
	{
		Code: CodeRouteNotFound, Kind: NotFound, Words: "There is nothing at this address.",
		Doc: "No route has this path.",
	},
	{
		Code: CodeMethodNotAllowed, Kind: Invalid, Words: "This address does not take that method.",
		Doc: "The path exists, and not with this HTTP method.",
	},
	{
		Code: CodeWrongState, Kind: Conflict, Words: "The present state does not allow this.",
		Doc: "The state machine has no such step from the present state. Read the thing again and decide anew.",
	},
	{
		Code: CodeVersionConflict, Kind: Conflict, Words: "Somebody else changed this at the same time.",
		Doc: "The version that was read is no longer the present one. Read the thing again and decide anew.",
	},
	{
		Code: CodeDuplicate, Kind: Conflict, Words: "This exists already.",
		Doc: "A key that must be new is taken: a number, a reference or a gateway's transaction.",
	},
	{
		Code: CodeIdempotencyKeyReuse, Kind: Conflict, Words: "The idempotency key was used for another request.",
		Doc: "The same key came with a different request. Use a new key for a new wish.",
	},
	{
		Code: CodeIdempotencyInProgress, Kind: Conflict,
		Words: "A request with this idempotency key is still running.",
		Doc: "The first request with this key has no answer yet. Send the same one again in a moment; after a " +
			"server died within a call to a gateway, for up to two minutes.",
	},
	{
		Code: CodeInvoiceClosed, Kind: Conflict, Words: "The invoice is closed.",
		Doc: "The invoice is expired, canceled or otherwise finished and takes no payment.",
	},
	{
		Code: CodeInvoicePaid, Kind: Conflict, Words: "The invoice is paid already.",
		Doc: "The invoice was paid in full and takes no further payment.",
	},
	{
		Code: CodeInvoiceHeld, Kind: Conflict, Words: "The invoice waits for the merchant's confirmation.",
		Doc: "The amount is far from what is usually paid at the terminal, as if two units were mixed up. " +
			"Confirm the invoice, or cancel it.",
	},
	{
		Code: CodeLinkUsed, Kind: Conflict, Words: "The payment link was used already.",
		Doc: "The link was good for one payment, and that payment was made.",
	},
	{
		Code: CodeLinkUnusable, Kind: Conflict, Words: "The payment link cannot be used.",
		Doc: "The link is expired, switched off, or its invoice takes no payment.",
	},
	{
		Code: CodeRefundInProgress, Kind: Conflict, Words: "A refund is in progress already.",
		Doc: "Another refund of the same payment has no outcome yet, and this one does not fit beside it: " +
			"it names no amount, or more than is left, or is of the whole invoice.",
	},
	{
		Code: CodeRefundTooLarge, Kind: Invalid, Words: "The refund is larger than what can be given back.",
		Doc: "Captured money, less refunds made and pending, is less than the amount asked for.",
	},
	{
		Code: CodeAccountClosed, Kind: Conflict, Words: "No money can leave this account.",
		Doc: "The account's owner is blocked: money comes in and none goes out until an operator lifts it.",
	},
	{
		Code: CodeKeyMissing, Kind: Unauthenticated, Words: "An API key is required.",
		Doc: "The request carries no key, token or signature.",
	},
	{
		Code: CodeKeyInvalid, Kind: Unauthenticated, Words: "The API key is not valid.",
		Doc: "The key or token is unknown, revoked or expired.",
	},
	{
		Code: CodeSignatureInvalid, Kind: Unauthenticated, Words: "The signature is not valid.",
		Doc: "The signature does not match the request, or its time is too far from ours.",
	},
	{
		Code: CodeLoginInvalid, Kind: Unauthenticated, Words: "The sign-in details are not valid.",
		Doc: "The name, password, PIN or one-time code is wrong. Which one is not said.",
	},
	{
		Code: CodeScopeMissing, Kind: Forbidden, Words: "The API key may not do this.",
		Doc: "The key is good and lacks the scope that the route needs.",
	},
	{
		Code: CodeAddressForbidden, Kind: Forbidden, Words: "Requests from this address are not allowed.",
		Doc: "The merchant limits its keys to certain network addresses, and this is none of them.",
	},
	{
		Code: CodeMerchantInactive, Kind: Forbidden, Words: "The merchant is not active.",
		Doc: "The merchant or terminal is suspended or not yet approved.",
	},
	{
		Code: CodeInsufficientFunds, Kind: Declined, Words: "There is not enough money.",
		Doc: "The balance would fall below its floor, or the payer's bank said so.",
	},
	{
		Code: CodePaymentDeclined, Kind: Declined, Words: "The payment was declined.",
		Doc: "The gateway or the bank declined, and gave no reason that we know.",
	},
	{
		Code: CodePayerCanceled, Kind: Declined, Words: "The payer canceled the payment.",
		Doc: "The payer turned back at the gateway's page.",
	},
	{
		Code: CodeCardInvalid, Kind: Declined, Words: "The card is not valid.",
		Doc: "The card's number, expiry or second password was refused.",
	},
	{
		Code: CodeLimitExceeded, Kind: Declined, Words: "A limit was exceeded.",
		Doc: "A limit of the payer's card, wallet or account was exceeded.",
	},
	{
		Code: CodeFraudSuspected, Kind: Declined, Words: "The payment was declined.",
		Doc: "A gateway or rule suspected fraud. The words say no more than a decline does.",
	},
	{
		Code: CodeRefundRefused, Kind: Declined, Words: "The refund was refused.",
		Doc: "The gateway refused to give the money back, or cannot.",
	},
	{
		Code: CodeNationalID, Kind: Declined, Words: "Only a certain person may pay this.",
		Doc: "The invoice asks for a payer with a national id, and this wallet's owner has another one or none.",
	},
	{
		Code: CodeGatewayRefused, Kind: Declined, Words: "The gateway refused the request.",
		Doc: "The gateway answered and said no: its terms, our settings there, or the amount.",
	},
	{
		Code: CodeGatewayUnavailable, Kind: Unavailable, Words: "The gateway cannot be reached at the moment.",
		Doc: "Nothing was taken: the gateway could not be reached or said that it is out of order.",
	},
	{
		Code: CodeGatewayUnknownOutcome, Kind: Unavailable, Words: "The outcome is not known yet.",
		Doc: "The gateway was asked and gave no clear answer. " +
			"The payment stays in processing until it does; do not pay again.",
	},
	{
		Code: CodeGatewayMismatch, Kind: Conflict, Words: "The gateway confirmed something else.",
		Doc: "The gateway's answer names another amount, unit, merchant or reference than the payment.",
	},
	{
		Code: CodeNoGateway, Kind: Unavailable, Words: "No gateway can take this payment.",
		Doc: "No enabled gateway of the merchant has the unit, the method and the limits. It stays so until " +
			"one is added, enabled or changed; a gateway that is only out of order is another fault.",
	},
	{
		Code: CodeNoTrader, Kind: Unavailable, Words: "No trader is free for this at the moment.",
		Doc: "No trader has the option, the bank, the amount and the coins for it just now. " +
			"Nothing was begun; ask again later.",
	},
	{
		Code: CodeQueueFull, Kind: Unavailable, Words: "The server is busy.",
		Doc: "The queue of changes is full and nothing was done. Ask again after the time in Retry-After.",
	},
	{
		Code: CodeShuttingDown, Kind: Unavailable, Words: "The server is shutting down.",
		Doc: "The server takes no new work and nothing was done. Ask again; another node or the next start answers.",
	},
	{
		Code: CodeRateLimited, Kind: RateLimited, Words: "Too many requests.",
		Doc: "The caller exceeded its rate. Ask again after the time in Retry-After.",
	},
	{
		Code: CodeTimeOut, Kind: Unavailable, Words: "It took too long.",
		Doc: "The time for this request ran out. Whether it took effect is to be read before it is sent again.",
	},
	{
		Code: CodeDatabaseUnavailable, Kind: Unavailable, Words: "The server cannot reach its database.",
		Doc: "The database does not answer or takes no writes, and nothing was done. Ask again after " +
			"the time in Retry-After.",
	},
	{
		Code: CodeBooksBroken, Kind: Unavailable, Words: "The server moves no money at the moment.",
		Doc: "The audit proved that the books are wrong, so nothing that moves money is done until a person has " +
			"looked; nothing was done. Reads go on. Ask again after the time in Retry-After.",
	},
	{
		Code: CodeSecretUnreadable, Kind: Unavailable, Words: "The server cannot open a secret that it keeps.",
		Doc: "A credential or a signing secret was sealed under another keyset than the server has, so nothing was done. " +
			"The operator gives the server the old keyset back, or the secret is entered or made anew.",
	},
	{
		Code: CodeEntryUnbalanced, Kind: Internal, Words: "Something went wrong on our side.",
		Doc: "An entry's postings do not sum to zero per unit. It was not booked. This is a mistake in a posting rule.",
	},
}

// byCode finds an entry by its code.
var byCode = index(Catalogue)

// index keeps the first entry of a code; a test refuses a second one.
func index(entries []Entry) map[Code]Entry {
	byCode := make(map[Code]Entry, len(entries))
	for _, e := range entries {
		if _, taken := byCode[e.Code]; !taken {
			byCode[e.Code] = e
		}
	}
	return byCode
}
