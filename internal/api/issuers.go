package api

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// issuerView is an issuer of tokens as callers see it. Secret is there when it was
// made just now.
type issuerView struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	Issuer    string `json:"issuer"`
	KeySet    string `json:"key_set,omitempty"`
	Audience  string `json:"audience,omitempty"`
	Hint      string `json:"hint,omitempty"`
	Secret    string `json:"secret,omitempty"`
	RevokedAt string `json:"revoked_at,omitempty" format:"date-time"`
	CreatedAt string `json:"created_at" format:"date-time"`
	UpdatedAt string `json:"updated_at" format:"date-time"`
}

// newIssuer is the wish to believe somebody's tokens.
type newIssuer struct {
	Issuer   string `json:"issuer" minLength:"1" maxLength:"200"`
	Secret   string `json:"secret,omitempty" minLength:"32" maxLength:"1000"`
	KeySet   string `json:"key_set,omitempty" maxLength:"2000"`
	Audience string `json:"audience,omitempty" maxLength:"200"`
}

// issuerList is what a list of issuers can be narrowed down to.
type issuerList struct {
	paging

	Status string `query:"status"`
}

// What the document says of issuers.
const (
	exampleIssuer = "https://login.shop.example"
	exampleToken  = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" //nolint:gosec // It opens nothing.
)

var (
	believed     = []string{keyRevoked, keyValid}
	issuerWord   = word{doc: "Its name, as its tokens carry it.", example: exampleIssuer}
	keySetWord   = word{doc: "The https address of its public keys.", example: exampleIssuer + "/keys"}
	audienceWord = word{doc: "Whom its tokens must be for; none is anybody.", example: "shop"}
)

var issuerWords = words{
	"issuerView": {
		"id":     {doc: "Its id, which is that of a key too.", example: exampleKey},
		"status": {doc: "Whether its tokens are believed.", example: keyValid, choices: believed},
		"issuer": issuerWord, "key_set": keySetWord, "audience": audienceWord,
		"hint":       {doc: "The last four characters of its secret.", example: "0a08"},
		"secret":     {doc: "What signs its tokens, shown when we made it and never again.", example: exampleToken},
		"revoked_at": {doc: "When it was revoked.", example: "2026-12-01T12:00:00Z"},
	},
	"newIssuer": {
		wholeThing: {example: map[string]any{
			"issuer": exampleIssuer, "key_set": keySetWord.example, "audience": audienceWord.example,
		}},
		"issuer": issuerWord, "audience": audienceWord,
		"secret": {
			doc:     "What signs its tokens already, 32 bytes or more; leave it out to have one made. It is never shown.",
			example: exampleToken,
		},
		"key_set": {
			doc:     "The https address of its public keys, where those sign and no secret does.",
			example: keySetWord.example,
		},
	},
	"issuerList": {"status": {doc: "Only those in this state.", example: keyValid, choices: believed}},
}

func (d *desk) issuers() resource {
	shown := story[issuerView]{now: d.issuerNow, with: d.issuerMade}
	return resource{
		name: "issuers", about: "An issuer signs tokens of your users, which some APIs of this server take for a key.",
		words: issuerWords, example: exampleKey,
		operations: []operation{
			create(row{
				id: "createIssuer", path: "/issuers", scope: merchant.Operator, summary: "Believe an issuer",
				about: "Has the tokens of an issuer believed. Its name is one merchant's and for ever, so whoever runs the " +
					"server gives it. One that was revoked comes back with the new secret alone. A secret that is made for it is in " +
					"this answer and in no other. It is believed without an end, so a key that is to end names none.",
				faults: []fault.Code{fault.CodeDuplicate}, secret: true, may: isEndless,
			}, "key", d.createIssuer, shown),
			list(row{
				id: "listIssuers", path: "/issuers", scope: merchant.KeysRead, summary: "List issuers",
				about: "Lists all issuers, revoked ones too.",
			}, d.listIssuers),
			act(row{
				id: "revokeIssuer", path: "/issuers/{id}/revoke", scope: merchant.Admin, summary: "Revoke an issuer",
				about:  "Ends the belief in its tokens at once, on other nodes within seconds.",
				faults: []fault.Code{fault.CodeNotFound},
			}, d.revokeIssuer, shown),
		},
	}
}

func (d *desk) createIssuer(c *call, id string, in newIssuer) (out issuerView, err error) {
	wish := app.NewIssuer{
		ID: id, Merchant: c.Merchant, Name: in.Issuer, Secret: in.Secret, KeySet: in.KeySet, Audience: in.Audience,
	}
	if in.Secret == "" && in.KeySet == "" {
		c.secret = c.desk.App.NewIssuerSecret()
		wish.Secret = c.secret
	}
	made, err := d.App.AddIssuer(c.Context(), wish)
	if err != nil {
		return out, err
	}
	out = viewIssuer(made.Key)
	out.Secret = c.secret
	return out, nil
}

// issuerMade shows the issuer that a change makes, with the secret that was made
// for it.
func (d *desk) issuerMade(c *call, change app.Change) (out issuerView, ok bool) {
	if len(change.Keys) != 1 {
		return out, false
	}
	out = viewIssuer(change.Keys[0])
	out.Secret = c.secret
	return out, true
}

func (d *desk) issuerNow(c *call, id string) (out issuerView, err error) {
	k, err := d.App.FindKey(c.Context(), c.Merchant, id)
	if err == nil && !k.Issues() {
		err = fault.New(fault.CodeNotFound, "id", "")
	}
	return show(viewIssuer)(k, err)
}

func (d *desk) listIssuers(c *call, q issuerList) (out pageOf[issuerView], err error) {
	known, err := d.App.Issuers(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	known = slices.DeleteFunc(known, func(k merchant.Key) bool { return q.Status != "" && q.Status != standingOf(k) })
	return cut(q.paging, known, viewIssuer, func(k merchant.Key) (time.Time, string) { return k.CreatedAt, k.ID })
}

func (d *desk) revokeIssuer(c *call, id string, _ none) (out issuerView, err error) {
	if _, err := d.issuerNow(c, id); err != nil {
		return out, err
	}
	if _, err := d.revokeKey(c, id, none{}); err != nil {
		return out, err
	}
	return d.issuerNow(c, id)
}

// standingOf is the status of a key that does not expire.
func standingOf(k merchant.Key) string {
	if !k.RevokedAt.IsZero() {
		return keyRevoked
	}
	return keyValid
}

// viewIssuer shows an issuer without its secret.
func viewIssuer(k merchant.Key) issuerView {
	return issuerView{
		ID: k.ID, Status: standingOf(k), Issuer: k.Issuer, KeySet: k.KeySet, Audience: k.Audience, Hint: k.Hint,
		RevokedAt: moment(k.RevokedAt), CreatedAt: moment(k.CreatedAt), UpdatedAt: moment(k.UpdatedAt),
	}
}
