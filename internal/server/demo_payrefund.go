package server

// PayrefundKeys are the demo merchant's keys for the payrefund API.
type PayrefundKeys struct {
	APIKey string `json:"api_key"`
}

const welcomeCards = `
payrefund: cards and MB WAY in euro, and refunds (docs/dialects/payrefund.md)

  api key    %[2]s (a call from this machine may leave it out)
  cards      1234567890123456 and 4242424242424242 are good, 4000000000000002 is declined
  phone      %[3]s/ifthenpay/phone, where the payer confirms

To try it, paste:

  PURSER=%[1]s; KEY='Authorization: Bearer %[2]s'

  # a card is held, settled, and a part of it given back
  CARD='{"number":"1234567890123456","name":"John john","expiration_month":"05","expiration_year":"2028","cvv":"321"}'
  PAYMENT=$(curl -s $PURSER/api/payments -H "$KEY" \
    -d "{\"amount\":50.0,\"payment_method\":\"credit_card\",\"additional_params\":$CARD}" |
    sed 's/.*"payment_id":"\([0-9A-Za-z]*\)".*/\1/')
  curl -s -X PUT $PURSER/api/payments/$PAYMENT -H "$KEY" -d '{"settled_amount":50}'; echo
  curl -s $PURSER/api/refunds -H "$KEY" -d "{\"payment_id\":\"$PAYMENT\",\"amount\":20}"; echo

  # MB WAY waits for the payer: confirm on the phone, then look again
  curl -s $PURSER/api/payments -H "$KEY" \
    -d '{"amount":30.5,"payment_method":"mbway","additional_params":{"phone_number":"912000000"}}'; echo
  curl -s "$PURSER/api/payments?payment_method=mbway" -H "$KEY"; echo
`
