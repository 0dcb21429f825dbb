// Package nagad is a make-believe Nagad (remote payment gateway, v-0.2.0): initialize, complete, the customer page,
// on which the money moves, verify, which only reads, and cancel. Messages are sealed and signed as on the real wire.
package nagad

import (
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// TestMerchant is known from the start; its private key is one of the emulator's Keys.
const TestMerchant = "683000000000001"

// The switches' names.
const (
	switchHash        = "signature-hash"
	switchPath        = "path-name"
	switchRequireMC   = "require-mc-id"
	switchRepeat      = "repeat-initialize"
	switchSuccessCode = "success-code-form"
	switchLeaveWord   = "leave-word"
	switchFailureBody = "failure-body"
	switchCancelQuery = "cancel-query"
	switchLife        = "order-life"
	switchTolerance   = "clock-tolerance"
	switchCancelAgain = "cancel-repeat"
)

// The faults beyond the common ones. complete-lost-answer and cancel-lost-answer are short for lost-answer on the call.
const (
	FaultBadSignature      = "answer-bad-signature"       // a sealed answer with another text's signature
	FaultWrongKey          = "answer-wrong-key"           // a sealed answer that somebody else signed
	FaultSHA1              = "answer-sha1"                // a sealed answer signed over SHA-1
	FaultChallenge         = "challenge-mismatch"         // initialize tells another challenge than complete wants
	FaultForeignPage       = "page-foreign-host"          // the page's address is on somebody else's host
	FaultStatusWithoutCode = "verify-status-without-code" // Success without 000; Value reverse: 000 without Success
	FaultOtherMerchant     = "verify-other-merchant"      // verify names another merchant
	FaultUnknownStatus     = "verify-unknown-status"      // verify has a status outside the tables
	FaultVerifyLags        = "verify-lags"                // the money moved, verify still says InProgress
	FaultShuffledReturn    = "return-shuffled"            // the browser brings the members in another order
)

// dhaka is the zone of the times.
var dhaka = time.FixedZone("Asia/Dhaka", 6*3600)

// Emulator is one make-believe Nagad.
type Emulator struct {
	*sandbox.Bench
	ring     *ring
	pgPublic string
}

// New makes an emulator that knows TestMerchant and those that are listed. Both key pairs are made, and kept in the
// folder where there is one. A merchant with a key of its own has it in the flag "public-key:" and its base64.
func New(o sandbox.Options) (*Emulator, error) { return NewWithKeys(o, Keys{}) }

// NewWithKeys is New with key pairs that are given; an empty one is made.
func NewWithKeys(o sandbox.Options, keys Keys) (*Emulator, error) {
	bench, err := sandbox.NewBench(o, profile())
	if err != nil {
		return nil, err
	}
	ring, err := newRing(keys, o.Dir)
	if err != nil {
		return nil, err
	}
	public, err := publicText(&ring.pg.PublicKey)
	if err != nil {
		return nil, err
	}
	for _, base := range []string{"/api/dfs", "/remote-payment-gateway-1.0/api/dfs"} {
		for path, only := range map[string]bool{"/check-out": false, "/checkout": true} {
			bench.Handle("POST "+base+path+"/initialize/{merchant}/{order}", "initialize", nil,
				ring.sealed(other(only, initialize)))
			bench.Handle("POST "+base+path+"/complete/{reference}", "complete", subject, ring.sealed(other(only, complete)))
		}
		bench.Handle("GET "+base+"/verify/payment/{reference}", "verify", subject, verify)
		bench.Handle("POST "+base+"/purchase/cancel", "cancel", canceled, ring.sealed(cancel))
	}
	bench.Handle("GET /check-out/{reference}", "page", subject, show)
	bench.Handle("POST /check-out/{reference}", "decide", subject, press)
	return &Emulator{Bench: bench, ring: ring, pgPublic: public}, nil
}

// Keys are both private keys, to make another emulator that knows the same contracts.
func (e *Emulator) Keys() Keys { return e.ring.given }

// MerchantKey is the private key of TestMerchant, and of every merchant without one of its own.
func (e *Emulator) MerchantKey() string { return e.ring.given.MerchantPrivate }

// PublicKey is the provider's public key, which merchants seal with.
func (e *Emulator) PublicKey() string { return e.pgPublic }

// Control is the frame's control interface with one more page: GET /keys has what a merchant's contract needs.
func (e *Emulator) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		sandbox.Show(w, http.StatusOK, map[string]string{
			"merchant_id": TestMerchant, "merchant_private_key": e.MerchantKey(), "pg_public_key": e.pgPublic,
		})
	})
	mux.Handle("/", e.Bench.Control())
	return mux
}

// subject reads the payment's reference from the path.
func subject(c *sandbox.Call) string { return c.Request.PathValue("reference") }

// canceled reads it from the query.
func canceled(c *sandbox.Call) string { return c.Request.URL.Query().Get("paymentRefId") }

func profile() sandbox.Profile {
	const differ, assumed, single, both = "sources differ", "assumption", "one source", "both occur"
	return sandbox.Profile{
		Name: "nagad", Title: "Nagad", Life: switchLife, Window: switchLife,
		Switches: []sandbox.Switch{
			{Name: switchHash, Values: []string{"sha256", "sha1-accepted"}, Why: differ},
			{Name: switchPath, Values: []string{"check-out", "both"}, Why: differ},
			{Name: switchRequireMC, Values: []string{"off", "on"}, Why: single},
			{Name: switchRepeat, Values: []string{"refused", "new-reference"}, Why: assumed},
			{Name: switchSuccessCode, Values: []string{"00_0000_000", "00_000_000"}, Why: differ},
			{Name: switchLeaveWord, Values: []string{"Aborted", "Cancelled"}, Why: both},
			{Name: switchFailureBody, Values: []string{"reason+message", "devMessage"}, Why: both},
			{Name: switchCancelQuery, Values: []string{"both", "orderId-only"}, Why: differ},
			{Name: switchLife, Values: []string{"20m"}, Free: sandbox.FreeDuration, Why: assumed},
			{Name: switchTolerance, Values: []string{"5m", "off"}, Free: sandbox.FreeDuration, Why: assumed},
			{Name: switchCancelAgain, Values: []string{"cancels-again", "refused"}, Why: assumed},
		},
		Faults: []string{
			FaultBadSignature, FaultWrongKey, FaultSHA1, FaultChallenge, FaultForeignPage, FaultStatusWithoutCode,
			FaultOtherMerchant, FaultUnknownStatus, FaultVerifyLags, FaultShuffledReturn,
		},
		Return: returnMembers,
	}
}
