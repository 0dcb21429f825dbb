package api

import (
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// keyView is a key as callers see it. Secret is there when it is new.
type keyView struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"`
	Kind      string   `json:"kind"`
	Label     string   `json:"label,omitempty"`
	Scopes    []string `json:"scopes" nullable:"false"`
	Hint      string   `json:"hint,omitempty"`
	Secret    string   `json:"secret,omitempty"`
	ExpiresAt string   `json:"expires_at,omitempty" format:"date-time"`
	RevokedAt string   `json:"revoked_at,omitempty" format:"date-time"`
	CreatedAt string   `json:"created_at" format:"date-time"`
	UpdatedAt string   `json:"updated_at" format:"date-time"`
}

// newKey is the wish to add a key.
type newKey struct {
	Label     string   `json:"label,omitempty" maxLength:"200"`
	Scopes    []string `json:"scopes" nullable:"false" minItems:"1" maxItems:"50"`
	ExpiresIn int64    `json:"expires_in,omitempty" minimum:"60" maximum:"315360000"`
}

// keyRotation is how long the key that is replaced stays good.
type keyRotation struct {
	Overlap int64 `json:"overlap,omitempty" minimum:"0" maximum:"2592000"`
}

// keyList is what a list of keys can be narrowed down to.
type keyList struct {
	paging

	Status string `query:"status"`
}

// The states and the kinds of keys.
const (
	keyValid   = "valid"
	keyExpired = "expired"
	keyRevoked = "revoked"

	secretKind  = "secret"
	signingKind = "signing"
	issuerKind  = "issuer"
)

const exampleKey = "key_01941f29-7c00-7000-8000-000000000001"

var (
	keyStates  = []string{keyExpired, keyRevoked, keyValid}
	scopesWord = word{doc: "What it may do.", example: []string{"invoices:write", "payments:read"}}
	labelWord  = word{doc: "What it is for, in your words.", example: "the shop's server"}
)

var keyWords = words{
	"keyView": {
		"id":     {doc: "Its id.", example: exampleKey},
		"status": {doc: "Whether it is good.", example: keyValid, choices: keyStates},
		"kind": {
			doc:     "secret: it is sent. signing: its secret signs calls. issuer: it signs tokens of your users.",
			example: secretKind, choices: []string{issuerKind, secretKind, signingKind},
		},
		"label": labelWord, "scopes": scopesWord,
		"hint": {doc: "Its last four characters.", example: "9f3c"},
		"secret": {
			doc: "The key itself, shown when it is made and never again.", example: "sk_9f86d081884c7d659a2feaa09f3c",
		},
		"expires_at": {doc: "It is no good from then on.", example: "2026-12-01T12:00:00Z"},
		"revoked_at": {doc: "When it was revoked.", example: "2026-12-01T12:00:00Z"},
	},
	"newKey": {
		"label": labelWord,
		"scopes": {
			doc: "What it may do: nothing that your own key may not. There are " + scopeNames() + ". payments is all that " +
				"has to do with invoices, payments and refunds, and admin is everything but operator.",
			example: scopesWord.example,
		},
		"expires_in": {doc: "So many seconds it is good; leave it out for ever.", example: 86400},
	},
	"keyRotation": {"overlap": {doc: "So many seconds the old key stays good; none unless you say so.", example: 3600}},
	"keyList":     {"status": {doc: "Only those in this state.", example: keyValid, choices: keyStates}},
}

// scopeNames are all scopes that a key can be given.
func scopeNames() string {
	var names []string
	for _, scope := range merchant.Scopes {
		names = append(names, string(scope))
	}
	return strings.Join(names, ", ")
}

func (d *desk) keys() resource {
	missing := []fault.Code{fault.CodeNotFound}
	return resource{
		name: "keys", about: "A key is what your programs call with. None can give away more than it has itself.",
		words: keyWords, example: exampleKey,
		operations: []operation{
			create(row{
				id: "createKey", path: "/keys", scope: merchant.KeysWrite, summary: "Create a key",
				about:  "Makes a key. The key itself is in this answer and in no other.",
				secret: true, ends: true,
			}, "key", d.createKey, story[keyView]{now: d.keyNow, with: d.keyMade}),
			get(row{
				id: "getKey", path: "/keys/{id}", scope: merchant.KeysRead, summary: "Get a key",
				about: "Shows what is known of a key.", faults: missing,
			}, plain(d.keyNow)),
			list(row{
				id: "listKeys", path: "/keys", scope: merchant.KeysRead, summary: "List keys",
				about: "Lists all keys, revoked and expired ones too.",
			}, d.listKeys),
			create(row{
				id: "rotateKey", path: "/keys/{id}/rotate", scope: merchant.KeysWrite, summary: "Replace a key",
				about: "Makes a key that may do the same, and lets the old one be good for a time. Where the old one was to end, " +
					"the new one is good for as long. A key is replaced once; then the new one can be. The new key is in this " +
					"answer and in no other.",
				faults: append(missing, fault.CodeWrongState), secret: true, may: replacesItself,
			}, "key", d.rotateKey, story[keyView]{now: d.keyNow, with: d.keyMade}),
			act(row{
				id: "revokeKey", path: "/keys/{id}/revoke", scope: merchant.KeysWrite, summary: "Revoke a key",
				about:  "Ends a key at once, on other nodes within seconds. One that is revoked stays so.",
				faults: missing,
			}, d.revokeKey, story[keyView]{now: d.keyNow, of: func(change app.Change) (out keyView, ok bool) {
				if len(change.Keys) != 1 {
					return out, false
				}
				return d.viewKey(change.Keys[0]), true
			}}),
		},
	}
}

func (d *desk) createKey(c *call, id string, in newKey) (out keyView, err error) {
	wish := app.NewKey{
		ID: id, Merchant: c.Merchant, Label: in.Label, Lasts: time.Duration(in.ExpiresIn) * time.Second,
		Secret: c.desk.App.NewKeySecret(),
	}
	for _, text := range in.Scopes {
		scope := merchant.Scope(text)
		if !slices.Contains(merchant.Scopes, scope) {
			return out, fault.Newf(fault.CodeParameterInvalid, "scopes", "There is no scope %q.", text)
		}
		wish.Scopes = append(wish.Scopes, scope)
	}
	if err := mayGive(c.Key, wish.Scopes); err != nil {
		return out, err
	}
	if end := c.Key.ExpiresAt; !end.IsZero() && (wish.Lasts == 0 || d.Now().Add(wish.Lasts).After(end)) {
		return out, fault.Newf(fault.CodeParameterInvalid, "expires_in",
			"Your own key is good until %s: one that it makes has to end too, and no later.", end.UTC().Format(time.RFC3339))
	}
	c.secret = wish.Secret
	k, secret, err := d.App.CreateKey(c.Context(), wish)
	if err != nil {
		return out, err
	}
	out = d.viewKey(k)
	out.Secret = secret
	return out, nil
}

// keyMade shows the key that a change makes for a call, with its secret.
func (d *desk) keyMade(c *call, change app.Change) (out keyView, ok bool) {
	n := len(change.Keys)
	if n == 0 {
		return out, false
	}
	out = d.viewKey(change.Keys[n-1])
	out.Secret = c.secret
	return out, true
}

func (d *desk) keyNow(c *call, id string) (keyView, error) {
	return show(d.viewKey)(d.App.FindKey(c.Context(), c.Merchant, id))
}

func (d *desk) listKeys(c *call, q keyList) (out pageOf[keyView], err error) {
	known, err := d.App.Keys(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	known = slices.DeleteFunc(known, func(k merchant.Key) bool { return q.Status != "" && q.Status != d.keyStatus(k) })
	return cut(q.paging, known, d.viewKey, func(k merchant.Key) (time.Time, string) { return k.CreatedAt, k.ID })
}

func (d *desk) rotateKey(c *call, id string, in keyRotation) (out keyView, err error) {
	old, err := d.ownKey(c)
	if err != nil {
		return out, err
	}
	c.secret = c.desk.App.NewKeySecret()
	k, secret, err := d.App.ReplaceKey(c.Context(), c.Merchant, app.Replacement{
		ID: id, Key: old.ID, Overlap: time.Duration(in.Overlap) * time.Second, Secret: c.secret,
	})
	if err != nil {
		return out, err
	}
	out = d.viewKey(k)
	out.Secret = secret
	return out, nil
}

func (d *desk) revokeKey(c *call, _ string, _ none) (out keyView, err error) {
	k, err := d.ownKey(c)
	if err != nil {
		return out, err
	}
	if err := d.App.RevokeKey(c.Context(), c.Merchant, k.ID); err != nil {
		return out, err
	}
	return d.keyNow(c, k.ID)
}

// ownKey finds the key in the path, if the caller's own may do all that it may.
// Errors: not_found, scope_missing.
func (d *desk) ownKey(c *call) (merchant.Key, error) {
	id, err := c.id()
	if err != nil {
		return merchant.Key{}, err
	}
	k, err := d.App.FindKey(c.Context(), c.Merchant, id)
	if err != nil {
		return k, err
	}
	if kindOfKey(k) != secretKind {
		return k, mayGive(c.Key, []merchant.Scope{merchant.Admin})
	}
	return k, mayGive(c.Key, k.Scopes)
}

// replacesItself is nil for a key that is good for ever, and for one that is to be replaced
// itself. Error: scope_missing.
func replacesItself(c *call) error {
	if !c.Key.ExpiresAt.IsZero() && c.PathValue("id") != c.Key.ID {
		return fault.New(fault.CodeScopeMissing, "key", "A key that is to end replaces itself and no other.")
	}
	return nil
}

// isEndless is nil for a key that is good for ever, as what it makes is. Error: scope_missing.
func isEndless(c *call) error {
	if end := c.Key.ExpiresAt; !end.IsZero() {
		return fault.Newf(fault.CodeScopeMissing, "key",
			"Your own key is good until %s, and what this makes would have no end.", end.UTC().Format(time.RFC3339))
	}
	return nil
}

// mayGive is nil when a key may do all of this itself. Error: scope_missing.
func mayGive(own merchant.Key, scopes []merchant.Scope) error {
	for _, s := range scopes {
		if !own.May(s) {
			return fault.Newf(fault.CodeScopeMissing, "scopes", "Your own key does not have the scope %s.", s)
		}
	}
	return nil
}

func (d *desk) keyStatus(k merchant.Key) string {
	switch {
	case !k.RevokedAt.IsZero():
		return keyRevoked
	case k.Expired(d.Now()):
		return keyExpired
	}
	return keyValid
}

func kindOfKey(k merchant.Key) string {
	switch {
	case k.Issues():
		return issuerKind
	case k.Signs():
		return signingKind
	}
	return secretKind
}

// viewKey shows a key without its secret.
func (d *desk) viewKey(k merchant.Key) keyView {
	view := keyView{
		ID: k.ID, Status: d.keyStatus(k), Kind: kindOfKey(k), Label: k.Label, Scopes: []string{}, Hint: k.Hint,
		ExpiresAt: moment(k.ExpiresAt), RevokedAt: moment(k.RevokedAt), CreatedAt: moment(k.CreatedAt),
		UpdatedAt: moment(k.UpdatedAt),
	}
	if k.Issues() {
		view.Label = k.Issuer
	}
	for _, s := range k.Scopes {
		view.Scopes = append(view.Scopes, string(s))
	}
	return view
}
