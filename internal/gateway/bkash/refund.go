package bkash

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
)

// repaid is one refund that the provider tells of.
type repaid struct {
	id     string
	amount money.Amount
	done   bool
}

// refundCalls are the refunds of one version of the interface.
type refundCalls interface {
	// list reads the refunds of a payment. Error: *client.Lost, *locked, *refusal.
	list(ctx context.Context, r gateway.Return) ([]repaid, error)
	// send makes the refund, once.
	send(ctx context.Context, r gateway.Return, before []repaid) gateway.ReturnReport
}

// refusal is the error of a question that the provider answered with a code.
type refusal struct{ said string }

// Error is the provider's code and words.
func (r *refusal) Error() string { return r.said }

// refundsV2 are those of version 2: whole and in parts.
type refundsV2 struct{ *Gateway }

type refundWireV2 struct {
	PaymentID string `json:"paymentId"`
	TrxID     string `json:"trxId"`
	Amount    string `json:"refundAmount,omitempty"`
	SKU       string `json:"sku,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// saidV2 is a failure of version 2; the guard in front and version 1's shapes
// may come too.
type saidV2 struct {
	said
	External client.ID `json:"externalCode"`
	English  string    `json:"errorMessageEn"`
}

// settle moves version 2's code to where every other answer has it.
func (s *saidV2) settle() {
	if s.External != "" {
		s.ErrorCode, s.ErrorMessage = s.External, s.English
	}
}

type refundedV2 struct {
	saidV2
	Original string         `json:"originalTrxId"`
	Refund   string         `json:"refundTrxId"`
	Status   string         `json:"refundTransactionStatus"`
	Amount   client.Decimal `json:"refundAmount"`
	Currency string         `json:"currency"`
}

type refundListV2 struct {
	saidV2
	Original string        `json:"originalTrxId"`
	Refunds  *[]refundedV2 `json:"refundTransactions"`
}

func (g refundsV2) list(ctx context.Context, r gateway.Return) ([]repaid, error) {
	var data refundListV2
	answer, err := g.fetch(ctx, g.client.Ask, pathRefundRead, refundWireV2{
		PaymentID: r.Attempt.Session, TrxID: r.Receipt,
	})
	if err != nil {
		return nil, err
	}
	if err := answer.Decode(&data); err != nil {
		return nil, err
	}
	data.settle()
	switch {
	case data.code() == "" && data.guarded(answer.Status):
		return nil, &locked{why: "the provider's guard says " + g.client.Words(data.Message)}
	case data.code() != "" && data.code() != codeDone:
		return nil, &refusal{said: g.words(data.said)}
	case answer.Status != http.StatusOK || data.Refunds == nil || data.Original != r.Receipt:
		return nil, answer.Strange()
	}
	list := make([]repaid, 0, len(*data.Refunds))
	for _, found := range *data.Refunds {
		amount := found.Amount.In(money.BDT)
		if !trxForm.MatchString(found.Refund) || !amount.Valid() {
			return nil, answer.Strange()
		}
		list = append(list, repaid{id: found.Refund, amount: amount, done: found.Status == statusCompleted})
	}
	return list, nil
}

func (g refundsV2) send(ctx context.Context, r gateway.Return, _ []repaid) gateway.ReturnReport {
	var data refundedV2
	answer, err := g.fetch(ctx, g.client.Send, pathRefund, refundWireV2{
		PaymentID: r.Attempt.Session, TrxID: r.Receipt, Amount: r.Amount.Fixed(), SKU: plain(r.Refund), Reason: reasonOf(r),
	})
	if err == nil {
		err = answer.Decode(&data)
	}
	if err != nil {
		return lostReturn(err)
	}
	data.settle()
	switch {
	case data.code() == "" && data.guarded(answer.Status):
		return lostReturn(&locked{why: "the provider's guard says " + g.client.Words(data.Message)})
	case data.code() != "" && data.code() != codeDone:
		return g.refusedRefund(data.said)
	case answer.Status != http.StatusOK || data.Status == "":
		return lostReturn(answer.Strange())
	}
	return g.refunded(r, data.Refund, data.Status, data.Original == r.Receipt && data.Currency == "BDT" &&
		data.Amount.In(money.BDT) == r.Amount)
}

// refundsV1 are those of version 1: one for a payment.
type refundsV1 struct {
	*Gateway
	separate bool // the question has an address of its own
}

type refundWireV1 struct {
	PaymentID string `json:"paymentID"`
	TrxID     string `json:"trxID"`
	Amount    string `json:"amount,omitempty"`
	SKU       string `json:"sku,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

type refundedV1 struct {
	said
	Original string         `json:"originalTrxID"`
	Refund   string         `json:"refundTrxID"`
	Status   string         `json:"transactionStatus"`
	Amount   client.Decimal `json:"amount"`
	Currency string         `json:"currency"`
}

func (g refundsV1) list(ctx context.Context, r gateway.Return) ([]repaid, error) {
	path := pathRefundV1
	if g.separate {
		path = pathRefundV1Read
	}
	var data refundedV1
	if err := g.call(ctx, g.client.Ask, path, refundWireV1{
		PaymentID: r.Attempt.Session, TrxID: r.Receipt,
	}, &data, &data.said); err != nil {
		return nil, err
	}
	switch {
	case data.code() != codeDone:
		return nil, &refusal{said: g.words(data.said)}
	case data.Refund == "":
		return nil, nil
	case data.Original != r.Receipt || !trxForm.MatchString(data.Refund) || !data.Amount.In(money.BDT).Valid():
		return nil, &client.Lost{Sent: true, Why: "an answer about another refund"}
	}
	return []repaid{{id: data.Refund, amount: data.Amount.In(money.BDT), done: data.Status == statusCompleted}}, nil
}

func (g refundsV1) send(ctx context.Context, r gateway.Return, before []repaid) gateway.ReturnReport {
	if len(before) > 0 {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: the payment has its one refund"}
	}
	var data refundedV1
	if err := g.call(ctx, g.client.Send, pathRefundV1, refundWireV1{
		PaymentID: r.Attempt.Session, TrxID: r.Receipt, Amount: r.Amount.Fixed(), SKU: plain(r.Refund), Reason: reasonOf(r),
	}, &data, &data.said); err != nil {
		return lostReturn(err)
	}
	if data.code() != codeDone {
		return g.refusedRefund(data.said)
	}
	return g.refunded(r, data.Refund, data.Status, data.Original == r.Receipt && data.Currency == "BDT" &&
		data.Amount.In(money.BDT) == r.Amount)
}

// refunded maps a refund that was made, when it is ours.
func (g *Gateway) refunded(r gateway.Return, id, status string, ours bool) gateway.ReturnReport {
	report := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: g.client.Words("the refund is", status)}
	switch {
	case !ours || !trxForm.MatchString(id):
		report.Alarm = "the answer speaks of another refund than " + r.Refund
	case status == statusCompleted:
		return gateway.ReturnReport{Outcome: gateway.Done, Receipt: id}
	default:
		report.Receipt = id
	}
	return report
}

// found looks for our refund among those of the payment. Without its id it is
// the one that was not there before and is no other's; where that cannot be
// told, only the whole amount, which cannot be paid back twice, is certain.
func found(r gateway.Return, receipt string, list []repaid, known recalled) gateway.ReturnReport {
	receipt = cmp.Or(receipt, known.id)
	report := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Receipt: receipt}
	var ours []repaid
	for _, one := range list {
		switch {
		case receipt != "" && one.id != receipt, one.amount != r.Amount:
		case receipt == "" && slices.Contains(known.others, one.id):
		case receipt == "" && !known.all && r.Amount != r.Attempt.Amount:
		default:
			ours = append(ours, one)
		}
	}
	switch {
	case len(ours) == 1 && ours[0].done:
		return gateway.ReturnReport{Outcome: gateway.Done, Receipt: ours[0].id}
	case len(ours) == 1:
		return gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Receipt: ours[0].id, Word: "the refund is not completed"}
	case len(ours) > 1:
		report.Alarm = "several refunds of this amount came at once"
	case len(list) > 0:
		report.Word = "the payment has refunds, and none of them is known to be this one"
	default:
		report.Word = "the payment has no refund"
	}
	return report
}

// reasonOf is why the money goes back; the provider wants a reason.
func reasonOf(r gateway.Return) string {
	if reason := plain(r.Reason); reason != "" {
		return reason
	}
	return "refund"
}

// plain leaves out what the provider does not take in texts.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(notInTexts, r) {
			return -1
		}
		return r
	}, text)
	for len(text) > mostText {
		runes := []rune(text)
		text = string(runes[:len(runes)-1])
	}
	return text
}

// lostReturn reports a refund without a usable answer.
func lostReturn(err error) gateway.ReturnReport {
	if _, ok := errors.AsType[*locked](err); ok {
		return notSent(err)
	}
	return client.LostReturn(err)
}

// notSent reports a refund that was not sent.
func notSent(err error) gateway.ReturnReport {
	report := gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: " + err.Error()}
	if _, ok := errors.AsType[*locked](err); ok {
		report.Alarm = "the contract is not let in: " + err.Error()
	}
	return report
}
