package server

// V1Keys are the demo merchant's keys for our own API.
type V1Keys struct {
	SecretKey string `json:"secret_key"`
}

const welcomeV1 = `
v1: Purser's own API, for everything; read %[1]s/v1/docs

  curl -s %[1]s/v1/invoices -H 'Authorization: Bearer %[2]s' \
    -H 'Content-Type: application/json' -H 'Idempotency-Key: order 1' \
    -d '{"amount":"50000","unit":"IRR","title":"Two tickets","return_url":"https://shop.example/thanks"}'
`
