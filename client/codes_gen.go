// Code generated from docs/openapi.json and internal/fault; DO NOT EDIT.

package client

// The codes that an operation may answer.
const (
	// A mistake or a breakdown in the server. The cause is in its log, under the request's id.
	CodeInternal Code = "internal"
	// The parameter named is required and was not sent, or was sent empty.
	CodeParameterMissing Code = "parameter_missing"
	// The parameter named has the wrong form, or a value outside its range.
	CodeParameterInvalid Code = "parameter_invalid"
	// The body is not of the announced form, or ends too early.
	CodeBodyUnreadable Code = "body_unreadable"
	// The body is longer than the route accepts.
	CodeBodyTooLarge Code = "body_too_large"
	// The route does not read bodies of this content type.
	CodeMediaTypeUnsupported Code = "media_type_unsupported"
	// The request is understood, and this server, merchant or gateway does not offer what it asks for.
	CodeUnsupported Code = "unsupported"
	// The amount is not plain decimal text, or has more decimal places than its unit.
	CodeAmountInvalid Code = "amount_invalid"
	// The amount is below what the merchant, the method or the gateway accepts, or is not positive.
	CodeAmountTooSmall Code = "amount_too_small"
	// The amount is above what the merchant, the method or the gateway accepts.
	CodeAmountTooLarge Code = "amount_too_large"
	// The amount exceeds what is still owed on the invoice, or still held by the authorization.
	CodeAmountAboveRemaining Code = "amount_above_remaining"
	// The amount, or a sum of amounts, does not fit into 64 bits of the unit's smallest step.
	CodeAmountOverflow Code = "amount_overflow"
	// Two amounts of different units meet where one unit is needed.
	CodeUnitMismatch Code = "unit_mismatch"
	// The unit is not in the register of units.
	CodeUnitUnknown Code = "unit_unknown"
	// The rate is not plain decimal text above zero of at most 38 digits.
	CodeRateInvalid Code = "rate_invalid"
	// The merchant has no market with both units, or one without the rate that is needed. It stays so until a rate is set.
	CodeRateMissing Code = "rate_missing"
	// What the request names does not exist, or belongs to another merchant.
	CodeNotFound Code = "not_found"
	// The merchant has no terminal with this number.
	CodeTerminalNotFound Code = "terminal_not_found"
	// The merchant has no invoice with this id or number.
	CodeInvoiceNotFound Code = "invoice_not_found"
	// The merchant has no payment with this id or reference.
	CodePaymentNotFound Code = "payment_not_found"
	// The merchant has no refund with this id or reference.
	CodeRefundNotFound Code = "refund_not_found"
	// The merchant has no payout with this id or reference.
	CodePayoutNotFound Code = "payout_not_found"
	// The merchant has no deal or dispute with this id.
	CodeDealNotFound Code = "deal_not_found"
	// The ledger has no account of this owner and role.
	CodeAccountNotFound Code = "account_not_found"
	// The merchant has no event endpoint with this id.
	CodeEndpointNotFound Code = "endpoint_not_found"
	// The merchant has no gateway of this name, or the server has no connector for it.
	CodeGatewayNotFound Code = "gateway_not_found"
	// No payment link has this address.
	CodeLinkNotFound Code = "link_not_found"
	// The state machine has no such step from the present state. Read the thing again and decide anew.
	CodeWrongState Code = "wrong_state"
	// A key that must be new is taken: a number, a reference or a gateway's transaction.
	CodeDuplicate Code = "duplicate"
	// The same key came with a different request. Use a new key for a new wish.
	CodeIdempotencyKeyReuse Code = "idempotency_key_reuse"
	// The first request with this key has no answer yet. Send the same one again in a moment; after a server died within a call to a gateway, for up to two minutes.
	CodeIdempotencyInProgress Code = "idempotency_in_progress"
	// The invoice is expired, canceled or otherwise finished and takes no payment.
	CodeInvoiceClosed Code = "invoice_closed"
	// The invoice was paid in full and takes no further payment.
	CodeInvoicePaid Code = "invoice_paid"
	// The amount is far from what is usually paid at the terminal, as if two units were mixed up. Confirm the invoice, or cancel it.
	CodeInvoiceHeld Code = "invoice_held"
	// The link is expired, switched off, or its invoice takes no payment.
	CodeLinkUnusable Code = "link_unusable"
	// Another refund of the same payment has no outcome yet, and this one does not fit beside it: it names no amount, or more than is left, or is of the whole invoice.
	CodeRefundInProgress Code = "refund_in_progress"
	// Captured money, less refunds made and pending, is less than the amount asked for.
	CodeRefundTooLarge Code = "refund_too_large"
	// The account's owner is blocked: money comes in and none goes out until an operator lifts it.
	CodeAccountClosed Code = "account_closed"
	// The request carries no key, token or signature.
	CodeKeyMissing Code = "key_missing"
	// The key or token is unknown, revoked or expired.
	CodeKeyInvalid Code = "key_invalid"
	// The name, password, PIN or one-time code is wrong. Which one is not said.
	CodeLoginInvalid Code = "login_invalid"
	// The key is good and lacks the scope that the route needs.
	CodeScopeMissing Code = "scope_missing"
	// The balance would fall below its floor, or the payer's bank said so.
	CodeInsufficientFunds Code = "insufficient_funds"
	// A limit of the payer's card, wallet or account was exceeded.
	CodeLimitExceeded Code = "limit_exceeded"
	// The invoice asks for a payer with a national id, and this wallet's owner has another one or none.
	CodeNationalIdMismatch Code = "national_id_mismatch"
	// The gateway answered and said no: its terms, our settings there, or the amount.
	CodeGatewayRefused Code = "gateway_refused"
	// Nothing was taken: the gateway could not be reached or said that it is out of order.
	CodeGatewayUnavailable Code = "gateway_unavailable"
	// No enabled gateway of the merchant has the unit, the method and the limits. It stays so until one is added, enabled or changed; a gateway that is only out of order is another fault.
	CodeNoGateway Code = "no_gateway"
	// No trader has the option, the bank, the amount and the coins for it just now. Nothing was begun; ask again later.
	CodeNoTrader Code = "no_trader"
	// The caller exceeded its rate. Ask again after the time in Retry-After.
	CodeRateLimited Code = "rate_limited"
	// The database does not answer or takes no writes, and nothing was done. Ask again after the time in Retry-After.
	CodeDatabaseUnavailable Code = "database_unavailable"
	// The audit proved that the books are wrong, so nothing that moves money is done until a person has looked; nothing was done. Reads go on. Ask again after the time in Retry-After.
	CodeBooksBroken Code = "books_broken"
	// A credential or a signing secret was sealed under another keyset than the server has, so nothing was done. The operator gives the server the old keyset back, or the secret is entered or made anew.
	CodeSecretUnreadable Code = "secret_unreadable"
)
