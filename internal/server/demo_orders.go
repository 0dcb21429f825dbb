package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/orderpay"
	"github.com/purserhq/purser/internal/fault"
)

// OrderpayKeys are what the demo has for the orderpay API: an issuer of tokens,
// and tokens of three users.
type OrderpayKeys struct {
	Secret        string `json:"secret"`
	Issuer        string `json:"issuer"`
	UserID        string `json:"user_id"` // of the customer
	CustomerToken string `json:"customer_token"`
	SellerToken   string `json:"seller_token"`
	AdminToken    string `json:"admin_token"`
}

// The demo's issuer and its users.
const (
	demoIssuer       = "purser-demo"
	demoCustomerUser = "5f0e7a3c-8f1b-4a6e-9c37-2d1f0b9e6a01"
	demoSellerUser   = "5f0e7a3c-8f1b-4a6e-9c37-2d1f0b9e6a02"
	demoAdminUser    = "5f0e7a3c-8f1b-4a6e-9c37-2d1f0b9e6a03"
)

// How long the demo's tokens are good, and how much of it must be left at a start.
const (
	demoTokenLife = longestToken
	demoTokenLeft = 7 * 24 * time.Hour
)

// keepIssuer leaves an issuer that works and tokens that are good for a while,
// and makes anew what is not there or near its end.
func (s *seeding) keepIssuer(ctx context.Context, before OrderpayKeys) error {
	known, err := s.app.Issuer(ctx, demoIssuer)
	if fault.Is(err, fault.CodeKeyInvalid) {
		known, err = s.app.AddIssuer(ctx, app.NewIssuer{Merchant: s.merchant, Name: demoIssuer})
	}
	if err != nil {
		return err
	}
	if known.Merchant != s.merchant {
		return errors.New("the issuer " + demoIssuer + " is another merchant's")
	}
	keys := &s.info.Orderpay
	*keys = before
	keys.Secret, keys.Issuer, keys.UserID = known.Secret, demoIssuer, demoCustomerUser
	for _, t := range []struct {
		token      *string
		user, role string
		name       string
	}{
		{&keys.CustomerToken, demoCustomerUser, "CUSTOMER", "customer"},
		{&keys.SellerToken, demoSellerUser, "SELLER", "seller"},
		{&keys.AdminToken, demoAdminUser, "ADMIN", "admin"},
	} {
		ends, good := orderpay.Ends(keys.Secret, *t.token)
		if good && ends.Sub(s.now()) > demoTokenLeft {
			continue
		}
		*t.token, err = orderpay.Mint(keys.Secret, orderpay.NewToken{
			Issuer: demoIssuer, User: t.user, Role: t.role, Email: t.name + "@purser.example",
			Expires: s.now().Add(demoTokenLife),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// welcomeOrders shows how to try the orderpay API.
func (d *Demo) welcomeOrders() string {
	k := d.Info.Orderpay
	return fmt.Sprintf(welcomeOrders, d.Info.BaseURL, k.Issuer, k.Secret, k.UserID, k.SellerToken, k.CustomerToken,
		demoName)
}

const welcomeOrders = `
orderpay: payments of a shop's orders by bKash, Nagad, card and others (docs/dialects/orderpay.md)

  issuer     %[2]s; its tokens are signed with %[3]s
  customer   %[4]s
  tokens     of a customer, a seller and an admin, good for 30 days, are in %[7]s

To try it, paste:

  PURSER=%[1]s; JSON='Content-Type: application/json'
  SELLER='Authorization: Bearer %[5]s'
  CUSTOMER='Authorization: Bearer %[6]s'

  # an order that the seller makes, and a payment of it by the customer, who states what is not so yet
  ORDER=$(curl -s $PURSER/order -H "$SELLER" -H "$JSON" \
    -d '{"userId":"%[4]s","total":500}' | sed 's/.*"orderId":"\([0-9a-f-]*\)".*/\1/')
  PAYMENT=$(curl -s $PURSER/payment -H "$CUSTOMER" -H "$JSON" \
    -d "{\"orderId\":\"$ORDER\",\"amount\":500,\"paymentMethod\":\"Bkash\",\"status\":\"COMPLETED\"}"); echo "$PAYMENT"
  PAGE=$(echo "$PAYMENT" | sed 's/.*"paymentUrl":"\([^"]*\)".*/\1/')
  ID=$(echo "$PAYMENT" | sed 's/.*"id":"\([0-9a-f-]*\)".*/\1/')

  # what the button of bKash's page does, or open the page in a browser; then look at the payment
  curl -sL "$PAGE" -d decision=approve -o /dev/null
  curl -s $PURSER/payment/$ID -H "$CUSTOMER"; echo
`
