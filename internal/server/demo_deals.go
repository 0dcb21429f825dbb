package server

import (
	"context"
	"crypto/hmac"
	"fmt"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
)

// P2PKeys are what the demo has for the p2p API: the key of its store, and the
// address that calls are signed over.
type P2PKeys struct {
	Identity string `json:"identity"`
	Secret   string `json:"secret"`
	BaseURL  string `json:"public_base_url"`
}

// keepStoreKey leaves a key that works and is the store's, and makes a new one
// otherwise.
func (s *seeding) keepStoreKey(ctx context.Context, store int64, before P2PKeys) error {
	keys := &s.info.P2P
	*keys = before
	keys.BaseURL = s.config.PublicURL
	known, secret, err := s.app.SigningKey(ctx, keys.Identity)
	if number, ok := known.Store(); err == nil && known.Merchant == s.merchant && ok && number == store &&
		hmac.Equal([]byte(secret), []byte(keys.Secret)) {
		return nil
	}
	if err != nil && !fault.Is(err, fault.CodeKeyInvalid) && !fault.Is(err, fault.CodeKeyMissing) {
		return err
	}
	_, text, err := s.app.CreateStoreKey(ctx, app.NewStoreKey{
		Merchant: s.merchant, Terminal: store, Label: "demo store",
	})
	if err != nil {
		return err
	}
	_, secret, err = s.app.SigningKey(ctx, text.Public) // it may be the one of before
	keys.Identity, keys.Secret = text.Public, secret
	return err
}

// welcomeDeals shows how to try the p2p API.
func (d *Demo) welcomeDeals() string {
	k := d.Info.P2P
	return fmt.Sprintf(welcomeDeals, k.BaseURL, k.Identity, k.Secret, d.flags())
}

// flags are what a command needs to find the demo's database. The address of a
// database may hold a password, and is not printed.
func (d *Demo) flags() string {
	if d.config.Database != "" {
		return "--database URL"
	}
	return "--data " + d.Folder
}

const welcomeDeals = `
p2p: invoices paid by sending money to a person, settled in USDT (docs/dialects/p2p.md)

  identity   %[2]s
  secret     %[3]s
  address    %[1]s; calls are signed over it

To try it, paste:

  PURSER=%[1]s; IDENTITY=%[2]s
  SECRET=%[3]s
  p2p() {
    SIGN=$(printf %%s "$1$PURSER/api/merchant/$2$3" | openssl dgst -sha1 -hmac "$SECRET" -binary | base64)
    curl -s -X "$1" "$PURSER/api/merchant/$2" -d "$3" -H 'Content-Type: application/json' \
      -H "X-Identity: $IDENTITY" -H "X-Signature: $SIGN"; echo
  }

  # an invoice with a deal: the answer says where the payer sends the money, and has a page for payers
  MADE=$(p2p POST invoices '{"type":"in","amount":"2000","currency":"RUB","notificationUrl":"",
    "notificationToken":"","internalId":"ord-1","startDeal":true}'); echo "$MADE"
  INVOICE=$(echo "$MADE" | sed 's/{"id":"\([0-9a-f-]*\)".*/\1/')
  DEAL=$(echo "$MADE" | sed 's/.*"deals":\[{"id":"\([0-9a-f-]*\)".*/\1/')

  # the payer says that it is sent; then look at the invoice
  p2p POST invoices/$INVOICE/confirm-transfer
  p2p GET invoices/$INVOICE

  # the trader sees it on the account. On SQLite stop the demo for this; start it again and look again
  echo "go run ./cmd/purser deal confirm $DEAL %[4]s"
`
