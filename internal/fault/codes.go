package fault

// Whatever nobody classified.
const (
	CodeInternal Code = "internal"
)

// The request itself.
const (
	CodeParameterMissing     Code = "parameter_missing"
	CodeParameterInvalid     Code = "parameter_invalid"
	CodeBodyUnreadable       Code = "body_unreadable"
	CodeBodyTooLarge         Code = "body_too_large"
	CodeMediaTypeUnsupported Code = "media_type_unsupported"
	CodeUnsupported          Code = "unsupported"
	CodeSettingInvalid       Code = "setting_invalid"
)

// Amounts and units.
const (
	CodeAmountInvalid        Code = "amount_invalid"
	CodeAmountTooSmall       Code = "amount_too_small"
	CodeAmountTooLarge       Code = "amount_too_large"
	CodeAmountAboveRemaining Code = "amount_above_remaining"
	CodeAmountOverflow       Code = "amount_overflow"
	CodeUnitMismatch         Code = "unit_mismatch"
	CodeUnitUnknown          Code = "unit_unknown"
	CodeUnitInexact          Code = "unit_inexact"
	CodeRateInvalid          Code = "rate_invalid"
	CodeRateMissing          Code = "rate_missing"
)

// Things that are not there. Another merchant's things are not there either.
const (
	CodeNotFound         Code = "not_found"
	CodeMerchantNotFound Code = "merchant_not_found"
	CodeTerminalNotFound Code = "terminal_not_found"
	CodeInvoiceNotFound  Code = "invoice_not_found"
	CodePaymentNotFound  Code = "payment_not_found"
	CodeRefundNotFound   Code = "refund_not_found"
	CodePayoutNotFound   Code = "payout_not_found"
	CodeWalletNotFound   Code = "wallet_not_found"
	CodeDealNotFound     Code = "deal_not_found"
	CodeAccountNotFound  Code = "account_not_found"
	CodeEventNotFound    Code = "event_not_found"
	CodeEndpointNotFound Code = "endpoint_not_found"
	CodeGatewayNotFound  Code = "gateway_not_found"
	CodeLinkNotFound     Code = "link_not_found"
	CodeRouteNotFound    Code = "route_not_found"
	CodeMethodNotAllowed Code = "method_not_allowed"
)

// States and repetitions.
const (
	CodeWrongState            Code = "wrong_state"
	CodeVersionConflict       Code = "version_conflict"
	CodeDuplicate             Code = "duplicate"
	CodeIdempotencyKeyReuse   Code = "idempotency_key_reuse"
	CodeIdempotencyInProgress Code = "idempotency_in_progress"
	CodeInvoiceClosed         Code = "invoice_closed"
	CodeInvoicePaid           Code = "invoice_paid"
	CodeInvoiceHeld           Code = "invoice_held"
	CodeLinkUsed              Code = "link_used"
	CodeLinkUnusable          Code = "link_unusable"
	CodeRefundInProgress      Code = "refund_in_progress"
	CodeRefundTooLarge        Code = "refund_too_large"
	CodeAccountClosed         Code = "account_closed"
)

// Who asks.
const (
	CodeKeyMissing       Code = "key_missing"
	CodeKeyInvalid       Code = "key_invalid"
	CodeSignatureInvalid Code = "signature_invalid"
	CodeLoginInvalid     Code = "login_invalid"
	CodeScopeMissing     Code = "scope_missing"
	CodeAddressForbidden Code = "address_forbidden"
	CodeMerchantInactive Code = "merchant_inactive"
)

// Money that was refused.
const (
	CodeInsufficientFunds Code = "insufficient_funds"
	CodePaymentDeclined   Code = "payment_declined"
	CodePayerCanceled     Code = "payer_canceled"
	CodeCardInvalid       Code = "card_invalid"
	CodeLimitExceeded     Code = "limit_exceeded"
	CodeFraudSuspected    Code = "fraud_suspected"
	CodeRefundRefused     Code = "refund_refused"
	CodeNationalID        Code = "national_id_mismatch"
)

// Gateways.
const (
	CodeGatewayRefused        Code = "gateway_refused"
	CodeGatewayUnavailable    Code = "gateway_unavailable"
	CodeGatewayUnknownOutcome Code = "gateway_unknown_outcome"
	CodeGatewayMismatch       Code = "gateway_mismatch"
	CodeNoGateway             Code = "no_gateway"
	CodeNoTrader              Code = "no_trader"
)

// The server's own limits.
const (
	CodeQueueFull    Code = "queue_full"
	CodeShuttingDown Code = "shutting_down"
	CodeRateLimited  Code = "rate_limited"
	CodeTimeOut      Code = "time_out"

	CodeDatabaseUnavailable Code = "database_unavailable"
	CodeBooksBroken         Code = "books_broken"
	CodeSecretUnreadable    Code = "secret_unreadable"
)

// The ledger.
const (
	CodeEntryUnbalanced Code = "entry_unbalanced"
)
