package api

import (
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// signingKeyView is a key that signs calls, as callers see it. Public and Secret are
// there when it is new.
type signingKeyView struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"`
	Account   int64    `json:"account"`
	Label     string   `json:"label,omitempty"`
	Methods   []string `json:"methods" nullable:"false"`
	Networks  []string `json:"networks" nullable:"false"`
	Hint      string   `json:"hint,omitempty"`
	Public    string   `json:"public,omitempty"`
	Secret    string   `json:"secret,omitempty"`
	CreatedAt string   `json:"created_at" format:"date-time"`
	UpdatedAt string   `json:"updated_at" format:"date-time"`
}

// newSigningKey is the wish to add a key that signs calls.
type newSigningKey struct {
	Account  int64    `json:"account,omitempty" minimum:"1"`
	Label    string   `json:"label,omitempty" maxLength:"200"`
	Methods  []string `json:"methods,omitempty" nullable:"false" maxItems:"50"`
	Networks []string `json:"networks,omitempty" nullable:"false" maxItems:"20"`
}

var (
	signerWord  = word{doc: "The account that it acts for; yours unless you say so.", example: 10000}
	methodsWord = word{
		doc:     "The calls that it may make, by their names in the API that takes it; none is all of them.",
		example: []string{"create-invoice"},
	}
)

var signingKeyWords = words{
	"signingKeyView": {
		"id":      {doc: "Its id, which is that of a key too.", example: exampleKey},
		"status":  {doc: "Whether it is good.", example: keyValid, choices: believed},
		"account": signerWord, "label": labelWord, "methods": methodsWord, "networks": networksWord,
		"hint": {doc: "The last four characters of its public part.", example: "0a08"},
		"public": {
			doc: "What is sent with every call, shown when it is made and never again.", example: exampleToken[:32],
		},
		"secret": {
			doc: "What signs the calls, shown when it is made and never again.", example: exampleToken + exampleToken[:8],
		},
	},
	"newSigningKey": {
		"account": signerWord, "label": labelWord, "methods": methodsWord, "networks": networksWord,
	},
}

func (d *desk) signingKeys() resource {
	return resource{
		name: "signing-keys", about: "A signing key signs calls of an API that wants signatures, for one account. " +
			"listKeys shows those of the merchant, and revokeKey ends one.",
		words: signingKeyWords, example: exampleKey,
		operations: []operation{
			create(row{
				id: "createSigningKey", path: "/signing-keys", scope: merchant.Operator, summary: "Create a signing key",
				about: "Makes a key that signs calls. Both of its parts are in this answer and in no other. It has no end, so a " +
					"key that is to end makes none.",
				faults: []fault.Code{fault.CodeAccountNotFound}, secret: true, may: isEndless,
			}, "key", d.createSigningKey, story[signingKeyView]{now: d.signingKeyNow, with: d.signingKeyMade}),
		},
	}
}

func (d *desk) createSigningKey(c *call, id string, in newSigningKey) (out signingKeyView, err error) {
	networks, err := networksOf(in.Networks)
	if err != nil {
		return out, err
	}
	for _, m := range in.Methods {
		if !slices.Contains(d.SignedCalls, m) {
			return out, fault.Newf(fault.CodeParameterInvalid, "methods", "There is no %.40q. It takes %s.", m,
				strings.Join(d.SignedCalls, ", "))
		}
	}
	text := c.desk.App.NewSigningKeyText()
	c.public, c.secret = text.Public, text.Secret
	k, _, err := d.App.CreateSigningKey(c.Context(), app.NewSigningKey{
		ID: id, Text: text, Merchant: c.Merchant, Account: in.Account, Label: in.Label, Methods: in.Methods,
		Networks: networks,
	})
	if fault.Is(err, fault.CodeAccountNotFound) {
		err = fault.New(fault.CodeAccountNotFound, "account", "")
	}
	if err != nil {
		return out, err
	}
	out = viewSigningKey(k)
	out.Public, out.Secret = c.public, c.secret
	return out, nil
}

// signingKeyMade shows the key that a change makes, with both of its parts.
func (d *desk) signingKeyMade(c *call, change app.Change) (out signingKeyView, ok bool) {
	if len(change.Keys) != 1 {
		return out, false
	}
	out = viewSigningKey(change.Keys[0])
	out.Public, out.Secret = c.public, c.secret
	return out, true
}

func (d *desk) signingKeyNow(c *call, id string) (out signingKeyView, err error) {
	k, err := d.App.FindKey(c.Context(), c.Merchant, id)
	if err == nil && !k.Signs() {
		err = fault.New(fault.CodeNotFound, "id", "")
	}
	return show(viewSigningKey)(k, err)
}

// viewSigningKey shows a signing key without its secret.
func viewSigningKey(k merchant.Key) signingKeyView {
	view := signingKeyView{
		ID: k.ID, Status: standingOf(k), Account: k.Account, Label: k.Label, Methods: []string{}, Networks: []string{},
		Hint: k.Hint, CreatedAt: moment(k.CreatedAt), UpdatedAt: moment(k.UpdatedAt),
	}
	view.Methods = append(view.Methods, k.Methods...)
	for _, n := range k.Networks {
		view.Networks = append(view.Networks, n.String())
	}
	return view
}
