package nagad

import (
	"context"
	"net/http"
	"net/url"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The paths below the base address.
const (
	pathInitialize = "/check-out/initialize/"
	pathComplete   = "/check-out/complete/"
	pathVerify     = "/verify/payment/"
	pathCancel     = "/purchase/cancel"
)

// apiVersion is the protocol's.
const apiVersion = "v-0.2.0"

// headers are those of every call.
func (g *Gateway) headers() map[string]string {
	headers := map[string]string{
		"X-KM-Api-Version": apiVersion, "X-KM-IP-V4": g.address, "X-KM-Client-Type": g.clientType,
	}
	if g.nameMerchant {
		headers["X-KM-MC-Id"] = g.merchant.Reveal()
	}
	return headers
}

// initialize asks for a payment reference. It is sent once: what a second one
// for the same order does is not known.
func (g *Gateway) initialize(ctx context.Context, a gateway.Attempt) (welcome, refusalWire, error) {
	stamp := g.now().In(dhaka).Format(stampForm)
	box, err := g.sealed(hello{
		MerchantID: g.merchant.Reveal(), DateTime: stamp, OrderID: a.Short, Challenge: newChallenge(),
	})
	if err != nil {
		return welcome{}, refusalWire{}, err
	}
	answer, err := g.client.Send(ctx, client.Call{
		URL:    g.base + pathInitialize + url.PathEscape(g.merchant.Reveal()) + "/" + a.Short,
		Header: g.headers(),
		Body: helloWire{
			AccountNumber: g.account, DateTime: stamp, SensitiveData: box.data, Signature: box.signature,
		},
	})
	if err != nil {
		return welcome{}, refusalWire{}, err
	}
	var s sealedWire
	if err := answer.Decode(&s); err != nil {
		return welcome{}, refusalWire{}, err
	}
	if refused(s.refusalWire, s.SensitiveData) {
		return welcome{}, s.refusalWire, nil
	}
	var said welcome
	if err := g.open(answer, s, &said); err != nil {
		return welcome{}, refusalWire{}, err
	}
	if !referenceForm.MatchString(said.Reference) || said.Challenge == "" {
		return welcome{}, refusalWire{}, answer.Strange()
	}
	return said, refusalWire{}, nil
}

// complete names the amount and asks for the page. It is sent once.
func (g *Gateway) complete(ctx context.Context, a gateway.Attempt, said welcome) (pageWire, error) {
	box, err := g.sealed(order{
		MerchantID: g.merchant.Reveal(), OrderID: a.Short, CurrencyCode: currencyCode,
		Amount: a.Amount.Fixed(), Challenge: said.Challenge,
	})
	if err != nil {
		return pageWire{}, err
	}
	answer, err := g.client.Send(ctx, client.Call{
		URL: g.base + pathComplete + url.PathEscape(said.Reference), Header: g.headers(),
		Body: orderWire{
			SensitiveData: box.data, Signature: box.signature, CallbackURL: a.ReturnURL,
			Info: infoWire{Reference: a.Reference},
		},
	})
	if err != nil {
		return pageWire{}, err
	}
	var page pageWire
	if err := answer.Decode(&page); err != nil {
		return pageWire{}, err
	}
	if refused(page.refusalWire, page.CallBackURL) {
		return page, nil
	}
	if page.given() || answer.Status != http.StatusOK {
		return pageWire{}, answer.Strange()
	}
	return page, nil
}

// verify asks about a payment and changes nothing.
func (g *Gateway) verify(ctx context.Context, a gateway.Attempt) (factsWire, error) {
	var facts factsWire
	answer, err := g.client.Ask(ctx, client.Call{
		Method: http.MethodGet, URL: g.base + pathVerify + url.PathEscape(a.Session), Header: g.headers(),
	})
	if err != nil {
		return facts, err
	}
	if err := answer.Decode(&facts); err != nil {
		return facts, err
	}
	if !facts.given() && answer.Status != http.StatusOK {
		return facts, answer.Strange()
	}
	return facts, nil
}

// cancel sends money back. It is sent once.
func (g *Gateway) cancel(ctx context.Context, r gateway.Return, box sealed) (backAnswer, refusalWire, error) {
	query := url.Values{"paymentRefId": {r.Attempt.Session}, "orderId": {r.Attempt.Short}}
	answer, err := g.client.Send(ctx, client.Call{
		URL: g.base + pathCancel + "?" + query.Encode(), Header: g.headers(),
		Body: backWire{SensitiveData: box.data, Signature: box.signature},
	})
	if err != nil {
		return backAnswer{}, refusalWire{}, err
	}
	var s sealedWire
	if err := answer.Decode(&s); err != nil {
		return backAnswer{}, refusalWire{}, err
	}
	if refused(s.refusalWire, s.SensitiveData) {
		return backAnswer{}, s.refusalWire, nil
	}
	var said backAnswer
	err = g.open(answer, s, &said)
	return said, refusalWire{}, err
}

// sealed writes a message and seals it.
func (g *Gateway) sealed(message any) (sealed, error) {
	text, err := client.Encode(message)
	if err != nil {
		return sealed{}, err
	}
	return g.keys.seal(text)
}
