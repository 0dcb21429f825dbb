package server

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// The kinds of keys, for people and programs.
const (
	secretKey  = "secret"  // sent with every call
	signingKey = "signing" // its public part is sent, and its secret signs the call
	issuerKey  = "issuer"  // it signs the tokens of the merchant's users
)

// keyView is a key as programs see it. Secret is there once, when it is made,
// and so is Public, which a signing key has besides.
type keyView struct {
	ID        string   `json:"id"`
	Merchant  string   `json:"merchant"`
	Label     string   `json:"label,omitempty"`
	Kind      string   `json:"kind"`
	Scopes    []string `json:"scopes,omitempty"`
	Account   int64    `json:"account_number,omitempty"`
	Methods   []string `json:"methods,omitempty"`
	Networks  []string `json:"networks,omitempty"`
	Hint      string   `json:"hint"`
	CreatedAt string   `json:"created_at"`
	ExpiresAt string   `json:"expires_at,omitempty"`
	RevokedAt string   `json:"revoked_at,omitempty"`
	Public    string   `json:"public,omitempty"`
	Secret    string   `json:"secret,omitempty"`
}

func viewKey(k merchant.Key) keyView {
	view := keyView{
		ID: k.ID, Merchant: k.Merchant, Label: k.Label, Kind: secretKey, Account: k.Account, Methods: k.Methods,
		Hint: k.Hint, CreatedAt: moment(k.CreatedAt),
	}
	if k.Signs() {
		view.Kind = signingKey
	}
	if k.Issues() {
		view.Kind, view.Label = issuerKey, k.Issuer
	}
	for _, s := range k.Scopes {
		view.Scopes = append(view.Scopes, string(s))
	}
	for _, n := range k.Networks {
		view.Networks = append(view.Networks, n.String())
	}
	if !k.ExpiresAt.IsZero() {
		view.ExpiresAt = moment(k.ExpiresAt)
	}
	if !k.RevokedAt.IsZero() {
		view.RevokedAt = moment(k.RevokedAt)
	}
	return view
}

func (v keyView) row() []string {
	may, account, from := strings.Join(v.Scopes, ","), "-", "anywhere"
	if v.Kind == issuerKey {
		may = "sign tokens"
	}
	if v.Kind == signingKey {
		if may = strings.Join(v.Methods, ","); may == "" {
			may = "every call"
		}
		account = strconv.FormatInt(v.Account, 10)
	}
	if len(v.Networks) > 0 {
		from = strings.Join(v.Networks, ",")
	}
	return []string{
		v.ID, dash(v.Label), v.Kind, may, account, from, "..." + v.Hint, v.CreatedAt,
		dash(v.ExpiresAt), dash(v.RevokedAt),
	}
}

var keyHead = []string{"KEY", "LABEL", "KIND", "MAY", "ACCOUNT", "FROM", "ENDS IN", "SINCE", "UNTIL", "REVOKED"}

// NewKey is the wish to add a key that is sent.
type NewKey struct {
	Merchant string
	Label    string
	Scopes   []string      // what it may do; none = payments
	Lasts    time.Duration // how long it is good; 0 = until it is revoked
}

// AddKey makes a key and shows its secret, for the only time.
func (c Commands) AddKey(ctx context.Context, n NewKey) error {
	return c.with(ctx, forWriting, func(k *core) error {
		wish := app.NewKey{Merchant: n.Merchant, Label: n.Label, Lasts: n.Lasts}
		for _, s := range n.Scopes {
			wish.Scopes = append(wish.Scopes, merchant.Scope(s))
		}
		key, secret, err := k.app.CreateKey(ctx, wish)
		return c.showSecret(key, secret, err)
	})
}

// ReplaceKey makes a key in the place of another, which stays good for a time,
// and shows its secret, for the only time.
func (c Commands) ReplaceKey(ctx context.Context, merchantID, keyID string, overlap time.Duration) error {
	return c.with(ctx, forWriting, func(k *core) error {
		key, secret, err := k.app.ReplaceKey(ctx, merchantID, app.Replacement{Key: keyID, Overlap: overlap})
		return c.showSecret(key, secret, explainKey(err, merchantID))
	})
}

// showSecret shows a new key, if it was made.
func (c Commands) showSecret(key merchant.Key, secret string, err error) error {
	if err != nil {
		return err
	}
	view := viewKey(key)
	view.Secret = secret
	if err := c.Terminal.show(view, keyHead, [][]string{view.row()}); err != nil {
		return err
	}
	return c.Terminal.tell("\nThe key, shown this once:\n\n  %s\n", secret)
}

// explainKey says where keys are listed.
func explainKey(err error, merchantID string) error {
	if fault.Is(err, fault.CodeNotFound) {
		return errors.New("this merchant has no such key: purser key list --merchant " + merchantID + " shows them")
	}
	if fault.Is(err, fault.CodeWrongState) {
		return errors.New("only a key that is sent with calls and has not ended can be replaced (purser key list " +
			"--merchant " + merchantID + "): add another one, and revoke this one when nobody needs it")
	}
	return err
}

// KeyScopes are what a key that is sent can be allowed.
func KeyScopes() []string {
	names := make([]string, len(merchant.Scopes))
	for n, s := range merchant.Scopes {
		names[n] = string(s)
	}
	return names
}

// NewSigningKey is the wish to add a key that signs calls.
type NewSigningKey struct {
	Merchant string
	Label    string
	Account  int64    // that it acts for; 0 = the merchant's own
	Methods  []string // the calls that it may make; none = all
	Networks []string // where it may be used from, such as 192.0.2.0/24; none = anywhere
}

// AddSigningKey makes a key that signs calls and shows both of its parts, for
// the only time.
func (c Commands) AddSigningKey(ctx context.Context, n NewSigningKey) error {
	wish := app.NewSigningKey{Merchant: n.Merchant, Account: n.Account, Label: n.Label, Methods: n.Methods}
	var err error
	if wish.Networks, err = parseNetworks(n.Networks); err != nil {
		return err
	}
	return c.with(ctx, forWriting, func(k *core) error {
		if err := checkMethods(k, n); err != nil {
			return err
		}
		key, text, err := k.app.CreateSigningKey(ctx, wish)
		if err != nil {
			return explainAccount(err, n.Merchant)
		}
		view := viewKey(key)
		view.Public, view.Secret = text.Public, text.Secret
		if err := c.Terminal.show(view, keyHead, [][]string{view.row()}); err != nil {
			return err
		}
		return c.Terminal.tell("\nThe public part, which is sent, and the secret, which signs, shown this once:\n\n"+
			"  %s\n  %s\n", text.Public, text.Secret)
	})
}

// NewStoreKey is the wish to add the key of a store.
type NewStoreKey struct {
	Merchant string
	Store    int64 // the number of its terminal
	Label    string
	Networks []string // as of NewSigningKey
}

// AddStoreKey makes the key of a store and shows both of its parts. All stores of
// a merchant have one secret: it is shown with the first key, and not again.
func (c Commands) AddStoreKey(ctx context.Context, n NewStoreKey) error {
	wish := app.NewStoreKey{Merchant: n.Merchant, Terminal: n.Store, Label: n.Label}
	var err error
	if wish.Networks, err = parseNetworks(n.Networks); err != nil {
		return err
	}
	return c.with(ctx, forWriting, func(k *core) error {
		key, text, err := k.app.CreateStoreKey(ctx, wish)
		if err != nil {
			return explainTerminal(err, n.Merchant)
		}
		view := viewKey(key)
		view.Public, view.Secret = text.Public, text.Secret
		if err := c.Terminal.show(view, keyHead, [][]string{view.row()}); err != nil {
			return err
		}
		if text.Secret == "" {
			return c.Terminal.tell("\nThe identity, shown this once. The secret is the one of the merchant's other stores:\n\n"+
				"  %s\n", text.Public)
		}
		return c.Terminal.tell("\nThe identity, which is sent, and the secret of all stores of the merchant, which signs, "+
			"shown this once:\n\n  %s\n  %s\n", text.Public, text.Secret)
	})
}

// RotateStoreSecret gives all keys of a merchant's stores one new secret and shows
// it, for the only time.
func (c Commands) RotateStoreSecret(ctx context.Context, merchantID string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		secret, err := k.app.RotateStoreSecret(ctx, merchantID)
		if err != nil {
			return err
		}
		if err := c.Terminal.show(map[string]string{"merchant": merchantID, "secret": secret},
			[]string{"All stores of the merchant have a new secret, and the old one is good no longer."}, nil); err != nil {
			return err
		}
		return c.Terminal.tell("\nThe secret, shown this once:\n\n  %s\n", secret)
	})
}

// parseNetworks reads addresses and networks; an address is a network of one.
func parseNetworks(texts []string) ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if address, failed := netip.ParseAddr(text); failed == nil {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil || network != network.Masked() {
			return nil, settingError("network", "must be an address or a network such as 192.0.2.0/24, not "+
				strconv.Quote(text))
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// checkMethods refuses the name of a call that no API with signed calls has: a
// key with a slip of the pen in it would be found out only by who uses it.
func checkMethods(k *core, n NewSigningKey) error {
	known, err := signedCalls(k)
	if err != nil {
		return err
	}
	for _, m := range n.Methods {
		if !slices.Contains(known, m) {
			return settingError("method", "must be one of "+strings.Join(known, ", ")+", not "+strconv.Quote(m))
		}
	}
	return nil
}

// Keys lists a merchant's keys, revoked ones too.
func (c Commands) Keys(ctx context.Context, merchantID string) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, merchantID); err != nil {
			return err
		}
		keys, err := k.app.Keys(ctx, merchantID)
		if err != nil {
			return err
		}
		views, rows := []keyView{}, [][]string{}
		for _, key := range keys {
			view := viewKey(key)
			views, rows = append(views, view), append(rows, view.row())
		}
		return c.Terminal.show(views, keyHead, rows)
	})
}

// RevokeKey ends a key.
func (c Commands) RevokeKey(ctx context.Context, merchantID, keyID string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		if err := k.app.RevokeKey(ctx, merchantID, keyID); err != nil {
			return explainKey(err, merchantID)
		}
		return c.Terminal.show(map[string]string{"id": keyID, "status": "revoked"},
			[]string{"Key " + keyID + " is revoked."}, nil)
	})
}
