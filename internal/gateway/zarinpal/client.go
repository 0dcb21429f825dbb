package zarinpal

import (
	"context"
	"net/http"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The REST calls' paths below the base address.
const (
	pathRequest    = "/pg/v4/payment/request.json"
	pathVerify     = "/pg/v4/payment/verify.json"
	pathInquiry    = "/pg/v4/payment/inquiry.json"
	pathReverse    = "/pg/v4/payment/reverse.json"
	pathUnverified = "/pg/v4/payment/unVerified.json"
)

// The panel's queries. They are sent as they stand; values travel apart.
const (
	querySession = "query Session($terminal_id: ID, $reference_id: String) { " +
		"sessions: Session(terminal_id: $terminal_id, reference_id: $reference_id) { id amount status } }"
	queryAddRefund = "mutation AddRefund($session_id: ID!, $amount: BigInteger!, $description: String, " +
		"$method: InstantPayoutActionTypeEnum, $reason: RefundReasonEnum) { " +
		"resource: AddRefund(session_id: $session_id, amount: $amount, description: $description, " +
		"method: $method, reason: $reason) { terminal_id id amount " +
		"timeline { refund_amount refund_time refund_status } } }"
	queryRefund = "query GetRefund($id: ID!) { " +
		"refund: GetRefund(id: $id) { id amount status created_at description } }"
	queryRefunds = "query GetRefunds($terminal_id: ID, $limit: Int, $offset: Int) { " +
		"refunds: GetRefunds(terminal_id: $terminal_id, limit: $limit, offset: $offset) " +
		"{ id amount status created_at description } }"
)

// request opens an authority; it is sent once, because a repeat opens another.
func (g *Gateway) request(ctx context.Context, a gateway.Attempt) (opened, said, error) {
	var data opened
	answer, err := g.client.Send(ctx, client.Call{URL: g.base + pathRequest, Body: requestOf(g.merchant, a)})
	if err != nil {
		return data, said{}, err
	}
	s, err := read(answer, &data, &data.Code)
	return data, s, err
}

// verify takes the money, or says again that it was taken.
func (g *Gateway) verify(ctx context.Context, a gateway.Attempt) (verified, said, error) {
	var data verified
	answer, err := g.client.Ask(ctx, client.Call{URL: g.base + pathVerify, Body: verifyWire{
		MerchantID: g.merchant.Reveal(), Amount: a.Amount.Steps(), Authority: a.Session,
	}})
	if err != nil {
		return data, said{}, err
	}
	s, err := read(answer, &data, &data.Code)
	return data, s, err
}

// inquiry changes nothing and answers with one word.
func (g *Gateway) inquiry(ctx context.Context, a gateway.Attempt) (string, said, error) {
	var data struct {
		Code   int    `json:"code"`
		Status string `json:"status"`
	}
	answer, err := g.client.Ask(ctx, client.Call{URL: g.base + pathInquiry, Body: authorityWire{
		MerchantID: g.merchant.Reveal(), Authority: a.Session,
	}})
	if err != nil {
		return "", said{}, err
	}
	s, err := read(answer, &data, &data.Code)
	return data.Status, s, err
}

// reverse is sent once.
func (g *Gateway) reverse(ctx context.Context, a gateway.Attempt) (said, error) {
	var data struct {
		Code int `json:"code"`
	}
	answer, err := g.client.Send(ctx, client.Call{URL: g.base + pathReverse, Body: authorityWire{
		MerchantID: g.merchant.Reveal(), Authority: a.Session,
	}})
	if err != nil {
		return said{}, err
	}
	return read(answer, &data, &data.Code)
}

// unverified asks for the list of paid and unverified authorities.
func (g *Gateway) unverified(ctx context.Context) (unverified, said, error) {
	var data unverified
	answer, err := g.client.Ask(ctx, client.Call{URL: g.base + pathUnverified, Body: struct {
		MerchantID string `json:"merchant_id"`
	}{g.merchant.Reveal()}})
	if err != nil {
		return data, said{}, err
	}
	var code int
	s, err := read(answer, &data, &code)
	if err == nil && s.code == 0 && data.Code == "100" {
		s.code = codeDone // the only call whose code was seen as text, too
	}
	return data, s, err
}

// session finds the number under which the panel knows the payment. Without
// it no refund was asked for, and the report says why.
func (g *Gateway) session(ctx context.Context, r gateway.Return) (string, gateway.ReturnReport) {
	var data struct {
		Sessions []struct {
			ID     client.ID `json:"id"`
			Amount int64     `json:"amount"`
		} `json:"sessions"`
	}
	said, err := g.query(ctx, g.client.Ask, querySession,
		sessionVariables{TerminalID: g.terminal, ReferenceID: r.Receipt}, &data)
	if err != nil {
		return "", gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: " + err.Error()}
	}
	if said.message != "" {
		return "", g.refusedRefund(said)
	}
	if len(data.Sessions) != 1 || data.Sessions[0].ID == "" ||
		data.Sessions[0].Amount != r.Attempt.Amount.Steps() {
		return "", gateway.ReturnReport{
			Outcome: gateway.Denied, Word: "not sent: the panel does not show this payment",
			Alarm: "the panel does not show one payment with this reference and amount",
		}
	}
	return string(data.Sessions[0].ID), gateway.ReturnReport{}
}

// addRefund is sent once.
func (g *Gateway) addRefund(ctx context.Context, r gateway.Return, session string) (resource, graphSaid, error) {
	var data struct {
		Resource *resource `json:"resource"`
	}
	said, err := g.query(ctx, g.client.Send, queryAddRefund, refundVariables{
		SessionID: session, Amount: r.Amount.Steps(), Description: descriptionOf(r),
		Method: g.method, Reason: "CUSTOMER_REQUEST",
	}, &data)
	if err != nil || said.message != "" {
		return resource{}, said, err
	}
	if data.Resource == nil {
		return resource{}, said, &client.Lost{Sent: true, Why: "an answer without the refund"}
	}
	return *data.Resource, said, nil
}

// refundState reads a refund by its id, or looks for the one that carries ours.
func (g *Gateway) refundState(ctx context.Context, r gateway.Return, receipt string) gateway.ReturnReport {
	var data struct {
		Refund  refundWire   `json:"refund"`
		Refunds []refundWire `json:"refunds"`
	}
	query, variables := queryRefund, any(refundIDVariables{ID: receipt})
	if receipt == "" {
		query, variables = queryRefunds, refundsVariables{TerminalID: g.terminal, Limit: refundPage}
	}
	said, err := g.query(ctx, g.client.Ask, query, variables, &data)
	if err != nil || said.message != "" {
		return gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: g.client.Words(said.message)}
	}
	for _, found := range append(data.Refunds, data.Refund) {
		if found.ID != "" && (string(found.ID) == receipt || found.Description == descriptionOf(r)) {
			return refundReport(r, string(found.ID), found.Amount, found.Status)
		}
	}
	return gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: "the panel does not show the refund"}
}

// query makes one GraphQL call, by Ask or by Send.
func (g *Gateway) query(ctx context.Context, make func(context.Context, client.Call) (client.Answer, error),
	query string, variables, data any,
) (graphSaid, error) {
	answer, err := make(ctx, client.Call{URL: g.graph, Token: g.token, Body: struct {
		Query     string `json:"query"`
		Variables any    `json:"variables"`
	}{query, variables}})
	if err != nil {
		return graphSaid{}, err
	}
	said, err := readGraph(answer, data)
	said.barred = answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden
	return said, err
}
