package api

import (
	"crypto/subtle"
	"net/netip"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// storeKeyView is the key of a store as callers see it. Identity and Secret are
// there when they are new.
type storeKeyView struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"`
	Terminal  int64    `json:"terminal"`
	Label     string   `json:"label,omitempty"`
	Networks  []string `json:"networks" nullable:"false"`
	Hint      string   `json:"hint,omitempty"`
	Identity  string   `json:"identity,omitempty"`
	Secret    string   `json:"secret,omitempty"`
	RevokedAt string   `json:"revoked_at,omitempty" format:"date-time"`
	CreatedAt string   `json:"created_at" format:"date-time"`
	UpdatedAt string   `json:"updated_at" format:"date-time"`
}

// newStoreKey is the wish to add the key of a store.
type newStoreKey struct {
	Terminal int64    `json:"terminal" minimum:"1"`
	Label    string   `json:"label,omitempty" maxLength:"200"`
	Networks []string `json:"networks,omitempty" nullable:"false" maxItems:"20"`
}

// storeKeyList is what a list of the keys of stores can be narrowed down to.
type storeKeyList struct {
	paging

	Status   string `query:"status"`
	Terminal int64  `query:"terminal" minimum:"1"`
}

// storeSecret is what all keys of stores sign with from now on.
type storeSecret struct {
	Keys   int64  `json:"keys"`
	Secret string `json:"secret"`
}

// exampleStoreSecret is the document's secret of stores.
const exampleStoreSecret = "K5Q2Z7M3N4P6R7S2T3U4V5W6X7Y2Z3A4B5C6D7E2" //nolint:gosec // It opens nothing.

var (
	storeWord    = word{doc: "The number of the store's terminal.", example: exampleTerminal}
	networksWord = word{
		doc: "Where it may be used from: addresses, or networks such as 192.0.2.0/24; none is anywhere.",
		example: []string{
			"192.0.2.0/24",
		},
	}
)

var storeKeyWords = words{
	"storeKeyView": {
		"id":     {doc: "Its id, which is that of a key too.", example: exampleKey},
		"status": {doc: "Whether it is good.", example: keyValid, choices: believed}, "terminal": storeWord,
		"label": labelWord, "networks": networksWord,
		"hint": {doc: "The last four characters of its identity.", example: "b822"},
		"identity": {
			doc: "What the store sends, shown when it is made and never again.", example: exampleToken[:40],
		},
		"secret": {
			doc:     "What all stores sign with: shown with the first key and when it is new, and never again.",
			example: exampleStoreSecret,
		},
		"revoked_at": {doc: "When it was revoked.", example: "2026-12-01T12:00:00Z"},
	},
	"newStoreKey": {"terminal": storeWord, "label": labelWord, "networks": networksWord},
	"storeKeyList": {
		"status":   {doc: "Only those in this state.", example: keyValid, choices: believed},
		"terminal": {doc: "Only those of this terminal.", example: exampleTerminal},
	},
	"storeSecret": {
		"keys":   {doc: "How many keys sign with it.", example: 2},
		"secret": {doc: "The new secret, shown this once.", example: exampleStoreSecret},
	},
}

func (d *desk) storeKeys() resource {
	shown := story[storeKeyView]{now: d.storeKeyNow, with: d.storeKeyMade}
	missing := []fault.Code{fault.CodeNotFound}
	return resource{
		name: "store-keys", about: "The key of a store is good for one terminal and for nothing else. All valid ones of " +
			"yours sign with one secret.",
		words: storeKeyWords, example: exampleKey,
		operations: []operation{
			create(row{
				id: "createStoreKey", path: "/store-keys", scope: merchant.Admin, summary: "Create the key of a store",
				about: "Makes a key of a terminal. Its identity is in this answer and in no other, and so is the secret where " +
					"it is the first valid key of a store. It has no end, so a key that is to end makes none.",
				faults: []fault.Code{fault.CodeTerminalNotFound}, secret: true, may: isEndless,
			}, "key", d.createStoreKey, shown),
			get(row{
				id: "getStoreKey", path: "/store-keys/{id}", scope: merchant.KeysRead, summary: "Get the key of a store",
				about: "Shows what is known of the key of a store.", faults: missing,
			}, plain(d.storeKeyNow)),
			list(row{
				id: "listStoreKeys", path: "/store-keys", scope: merchant.KeysRead, summary: "List the keys of stores",
				about: "Lists the keys of all stores, revoked ones too.",
			}, d.listStoreKeys),
			create(row{
				id: "rotateStoreKeys", path: "/store-keys/rotate", scope: merchant.Admin,
				summary: "Make a new secret of all stores",
				about: "Gives all valid keys of stores one new secret, which is in this answer and in no other. The old one is " +
					"bad at once, on other nodes within seconds. It has no end, so a key that is to end makes none.",
				faults: missing, secret: true, may: isEndless,
			}, "rot", d.rotateStoreKeys, story[storeSecret]{now: d.storeSecretNow, of: d.storeSecretMade}),
			act(row{
				id: "revokeStoreKey", path: "/store-keys/{id}/revoke", scope: merchant.Admin,
				summary: "Revoke the key of a store", about: "Ends it at once, on other nodes within seconds.", faults: missing,
			}, d.revokeStoreKey, shown),
		},
	}
}

func (d *desk) createStoreKey(c *call, id string, in newStoreKey) (out storeKeyView, err error) {
	networks, err := networksOf(in.Networks)
	if err != nil {
		return out, err
	}
	text := c.desk.App.NewStoreKeyText()
	c.public, c.secret = text.Public, text.Secret
	k, text, err := d.App.CreateStoreKey(c.Context(), app.NewStoreKey{
		ID: id, Text: text, Merchant: c.Merchant, Terminal: in.Terminal, Label: in.Label, Networks: networks,
	})
	if err != nil {
		return out, err
	}
	out = viewStoreKey(k)
	out.Identity, out.Secret = text.Public, text.Secret
	return out, nil
}

// networksOf reads addresses and networks; an address is a network of one. Error:
// parameter_invalid.
func networksOf(texts []string) ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if address, failed := netip.ParseAddr(text); failed == nil {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil || network != network.Masked() {
			return nil, fault.New(fault.CodeParameterInvalid, "networks",
				"Each must be an address, or a network such as 192.0.2.0/24.")
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// storeKeyMade shows the key that a change makes or revokes, with what was made for
// it. The secret is told with the first key alone.
func (d *desk) storeKeyMade(c *call, change app.Change) (out storeKeyView, ok bool) {
	if len(change.Keys) != 1 {
		return out, false
	}
	out = viewStoreKey(change.Keys[0])
	if c.public == "" {
		return out, true
	}
	secret, err := d.App.StoreSecret(change.Keys[0])
	out.Identity = c.public
	if subtle.ConstantTimeCompare([]byte(secret), []byte(c.secret)) == 1 {
		out.Secret = secret
	}
	return out, err == nil
}

func (d *desk) storeKeyNow(c *call, id string) (out storeKeyView, err error) {
	k, err := d.App.FindKey(c.Context(), c.Merchant, id)
	if _, ok := k.Store(); err == nil && !ok {
		err = fault.New(fault.CodeNotFound, "id", "")
	}
	return show(viewStoreKey)(k, err)
}

func (d *desk) listStoreKeys(c *call, q storeKeyList) (out pageOf[storeKeyView], err error) {
	known, err := d.App.StoreKeys(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	known = slices.DeleteFunc(known, func(k merchant.Key) bool {
		terminal, _ := k.Store()
		return q.Status != "" && q.Status != standingOf(k) || q.Terminal != 0 && q.Terminal != terminal
	})
	return cut(q.paging, known, viewStoreKey, func(k merchant.Key) (time.Time, string) { return k.CreatedAt, k.ID })
}

func (d *desk) rotateStoreKeys(c *call, _ string, _ none) (out storeSecret, err error) {
	secret, err := d.App.RotateStoreSecret(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	out, err = d.storeSecretNow(c, "")
	out.Secret = secret
	return out, err
}

// storeSecretMade shows the secret that a change gives to keys of stores.
func (d *desk) storeSecretMade(change app.Change) (out storeSecret, ok bool) {
	if len(change.Keys) == 0 {
		return out, false
	}
	var err error
	out.Keys = int64(len(change.Keys))
	out.Secret, err = d.App.StoreSecret(change.Keys[0])
	return out, err == nil
}

// storeSecretNow shows the secret that an earlier call made. Error: not_found.
func (d *desk) storeSecretNow(c *call, _ string) (out storeSecret, err error) {
	known, err := d.App.StoreKeys(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	known = slices.DeleteFunc(known, func(k merchant.Key) bool { return !k.RevokedAt.IsZero() })
	if len(known) == 0 {
		return out, fault.New(fault.CodeNotFound, "key", "")
	}
	out.Keys = int64(len(known))
	out.Secret, err = d.App.StoreSecret(known[0])
	return out, err
}

func (d *desk) revokeStoreKey(c *call, id string, _ none) (out storeKeyView, err error) {
	if _, err := d.storeKeyNow(c, id); err != nil {
		return out, err
	}
	if _, err := d.revokeKey(c, id, none{}); err != nil {
		return out, err
	}
	return d.storeKeyNow(c, id)
}

// viewStoreKey shows the key of a store without its secret.
func viewStoreKey(k merchant.Key) storeKeyView {
	view := storeKeyView{
		ID: k.ID, Status: standingOf(k), Label: k.Label, Networks: []string{}, Hint: k.Hint,
		RevokedAt: moment(k.RevokedAt), CreatedAt: moment(k.CreatedAt), UpdatedAt: moment(k.UpdatedAt),
	}
	view.Terminal, _ = k.Store()
	for _, n := range k.Networks {
		view.Networks = append(view.Networks, n.String())
	}
	return view
}
