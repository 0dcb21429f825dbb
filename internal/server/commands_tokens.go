package server

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/orderpay"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// longestToken is how long a token that we mint may be good.
const longestToken = 30 * 24 * time.Hour

// NewIssuer is the wish to believe the tokens of an issuer.
type NewIssuer struct {
	Merchant string
	Name     string // as its tokens carry it
	Audience string // whom its tokens must be for; empty = anybody
	KeySet   string // the address of its public keys; empty = a secret signs
	// Secret is a file with the secret that the issuer has already; "-" is standard
	// input, empty makes a new one. It is never given as an argument, because every
	// process of the machine can read those.
	Secret string
}

// issuerView is an issuer as programs see it. Secret is there once, when it is made.
type issuerView struct {
	Issuer    string `json:"issuer"`
	Merchant  string `json:"merchant"`
	Signs     string `json:"signed_with"`
	KeySet    string `json:"key_set,omitempty"`
	Audience  string `json:"audience,omitempty"`
	Hint      string `json:"hint,omitempty"`
	CreatedAt string `json:"created_at"`
	RevokedAt string `json:"revoked_at,omitempty"`
	Secret    string `json:"secret,omitempty"`
}

func viewIssuer(k merchant.Key) issuerView {
	view := issuerView{
		Issuer: k.Issuer, Merchant: k.Merchant, Signs: "a secret (HS512)", KeySet: k.KeySet, Audience: k.Audience,
		Hint: k.Hint, CreatedAt: moment(k.CreatedAt),
	}
	if k.KeySet != "" {
		view.Signs = "its own keys (RS256, EdDSA)"
	}
	if !k.RevokedAt.IsZero() {
		view.RevokedAt = moment(k.RevokedAt)
	}
	return view
}

func (v issuerView) row() []string {
	where := v.KeySet
	if where == "" {
		where = "..." + v.Hint
	}
	return []string{v.Issuer, v.Signs, where, dash(v.Audience), v.CreatedAt, dash(v.RevokedAt)}
}

var issuerHead = []string{"ISSUER", "SIGNED WITH", "ENDS IN, OR IS AT", "FOR", "SINCE", "REVOKED"}

// AddIssuer makes a merchant believe the tokens of an issuer, and shows the
// secret that was made for it, for the only time.
func (c Commands) AddIssuer(ctx context.Context, n NewIssuer) error {
	secret, err := c.secretIn(n.Secret)
	if err != nil {
		return err
	}
	return c.with(ctx, forWriting, func(k *core) error {
		made, err := k.app.AddIssuer(ctx, app.NewIssuer{
			Merchant: n.Merchant, Name: n.Name, Secret: secret, KeySet: n.KeySet, Audience: n.Audience,
		})
		if fault.Is(err, fault.CodeDuplicate) {
			return errors.New("there is an issuer " + n.Name + " already: purser token issuer revoke ends it, and the " +
				"same merchant can add it again with another secret")
		}
		if err != nil {
			return err
		}
		view := viewIssuer(made.Key)
		if n.Secret == "" {
			view.Secret = made.Secret
		}
		if err := c.Terminal.show(view, issuerHead, [][]string{view.row()}); err != nil || view.Secret == "" {
			return err
		}
		return c.Terminal.tell("\nThe secret, shown this once:\n\n  %s\n", view.Secret)
	})
}

// secretIn reads a secret from a file; the end of its line is no part of it.
func (c Commands) secretIn(source string) (string, error) {
	if source == "" {
		return "", nil
	}
	in := c.Terminal.In
	if source != "-" {
		file, err := os.Open(source) //nolint:gosec // the operator names the file
		if err != nil {
			return "", settingError("secret", "cannot be read: "+err.Error())
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	text, err := readAll(in)
	if err != nil {
		return "", settingError("secret", "cannot be read: "+err.Error())
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return "", settingError("secret", "is empty")
	}
	return secret, nil
}

// Issuers lists those whose tokens a merchant believes, revoked ones too.
func (c Commands) Issuers(ctx context.Context, merchantID string) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, merchantID); err != nil {
			return err
		}
		known, err := k.app.Issuers(ctx, merchantID)
		if err != nil {
			return err
		}
		views, rows := []issuerView{}, [][]string{}
		for _, i := range known {
			view := viewIssuer(i)
			views, rows = append(views, view), append(rows, view.row())
		}
		return c.Terminal.show(views, issuerHead, rows)
	})
}

// RevokeIssuer ends the belief in an issuer's tokens.
func (c Commands) RevokeIssuer(ctx context.Context, merchantID, name string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		err := k.app.RevokeIssuer(ctx, merchantID, name)
		if fault.Is(err, fault.CodeNotFound) {
			return errors.New("this merchant has no such issuer: purser token issuer list --merchant " + merchantID +
				" shows them")
		}
		if err != nil {
			return err
		}
		return c.Terminal.show(map[string]string{"issuer": name, "status": "revoked"},
			[]string{"The tokens of " + name + " are believed no longer."}, nil)
	})
}

// NewUserToken is the wish for a token to develop with.
type NewUserToken struct {
	Issuer string
	User   string // UUID
	Role   string // CUSTOMER, SELLER, ADMIN or SUPER_ADMIN
	Email  string
	Life   time.Duration // at most 30 days
}

// MintToken signs a token with an issuer's secret, and shows it when that is on record.
func (c Commands) MintToken(ctx context.Context, n NewUserToken) error {
	if n.Life <= 0 || n.Life > longestToken {
		return settingError("ttl", "must be above 0 and at most 720h: a token cannot be called back")
	}
	return c.with(ctx, forWriting, func(k *core) error {
		issuer, err := k.app.Issuer(ctx, n.Issuer)
		if fault.Is(err, fault.CodeKeyInvalid) {
			return errors.New("there is no issuer " + n.Issuer + ": purser token issuer add makes one")
		}
		if err != nil {
			return err
		}
		if issuer.Secret == "" {
			return errors.New("the tokens of " + n.Issuer + " are signed with keys that it alone has")
		}
		ends := k.now().Add(n.Life)
		token, err := orderpay.Mint(issuer.Secret, orderpay.NewToken{
			Issuer: n.Issuer, User: n.User, Role: n.Role, Email: n.Email, Expires: ends,
		})
		if err != nil {
			return err
		}
		note := "token of " + n.Issuer + " for " + n.User + " as " + n.Role + " until " + moment(ends)
		if err := k.app.RecordToken(ctx, issuer.Key, note); err != nil {
			return err
		}
		return c.Terminal.show(map[string]string{"token": token, "expires_at": moment(ends)}, []string{token}, nil)
	})
}
