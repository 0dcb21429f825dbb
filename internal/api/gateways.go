package api

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// gatewayView is a gateway as callers see it. Its credentials are never shown.
type gatewayView struct {
	Name           string            `json:"name"`
	Connector      string            `json:"connector"`
	Title          string            `json:"title,omitempty"`
	Status         string            `json:"status"`
	Health         string            `json:"health"`
	Order          int64             `json:"order"`
	Min            string            `json:"min,omitempty"`
	Max            string            `json:"max,omitempty"`
	Unit           string            `json:"unit,omitempty"`
	Methods        []string          `json:"methods" nullable:"false"`
	Settings       map[string]string `json:"settings"`
	HasCredentials bool              `json:"has_credentials"`
	NoticeURL      string            `json:"notice_url,omitempty"`
	CreatedAt      string            `json:"created_at" format:"date-time"`
	UpdatedAt      string            `json:"updated_at" format:"date-time"`
	Instructions   string            `json:"instructions,omitempty"` // the last column of a table, as it came later
}

// newGateway is the wish to add a contract with a provider.
type newGateway struct {
	Connector   string            `json:"connector" minLength:"1" maxLength:"100"`
	Name        string            `json:"name,omitempty" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9_.-]*$"`
	Status      string            `json:"status,omitempty"`
	Order       *int64            `json:"order,omitempty" minimum:"0" maximum:"1000000"`
	Settings    map[string]string `json:"settings,omitempty" maxProperties:"50"`
	Credentials map[string]string `json:"credentials,omitempty" maxProperties:"50"`
}

// gatewayTerms are what can be changed of a gateway.
type gatewayTerms struct {
	Order       *int64            `json:"order,omitempty" minimum:"0" maximum:"1000000"`
	Settings    map[string]string `json:"settings,omitempty" maxProperties:"50"`
	Credentials map[string]string `json:"credentials,omitempty" maxProperties:"50"`
}

// gatewayList is what a list of gateways can be narrowed down to.
type gatewayList struct {
	paging

	Status string `query:"status"`
	Health string `query:"health"`
}

const exampleGateway = "stripe"

// healths are all that a gateway's health can be.
var healths = []string{string(app.Broken), string(app.Failing), string(app.Healthy)}

var (
	orderWord    = word{doc: "The lowest is tried first.", example: 1}
	settingsWord = word{
		doc: "All of its settings, as its connector calls them; their addresses do not lead into a private network. A " +
			"change replaces all that were there.",
		example: map[string]string{"mode": "live", "currency": "EUR"},
	}
	credentialsWord = word{
		doc: "All of its secrets, as its connector calls them. They are kept sealed and never shown. A change replaces " +
			"all that were there.",
		example: map[string]string{"secret_key": "sk_live_1"},
	}
)

var gatewayWords = words{
	"gatewayView": {
		"name":      {doc: "Your name for it, which is also its id.", example: exampleGateway},
		"connector": {doc: "What speaks to its provider.", example: "stripe"},
		"title":     {doc: "Its name for people.", example: "Stripe"},
		"status":    {doc: "Whether payments are sent there.", example: enabled, choices: switchWord.choices},
		"health": {
			doc:     "failing: it did not answer well lately, and is tried last. broken: its settings cannot work.",
			example: string(app.Healthy), choices: healths,
		},
		"order":   {doc: "The lowest is tried first.", example: 0},
		"min":     {doc: "The smallest amount that it takes.", example: "0.50"},
		"max":     {doc: "The largest; none where it has no limit.", example: "5000.00"},
		"methods": {doc: "How payers can pay there.", example: []string{"card"}},
		"settings": {
			doc:     "Its settings: of addresses only the host, of long texts only the last four characters.",
			example: map[string]string{"mode": "live"},
		},
		"instructions": {
			doc: "What payers are told who pay you directly, such as where to send the money: plain text of some lines. Show " +
				"it on a page of your own with the payment's session, which is their reference.",
			example: "Example Bank\nIBAN DE02 1203 0000 0000 2020 51",
		},
		"has_credentials": {doc: "Whether it has secrets; they are never shown.", example: true},
		"notice_url": {
			doc:     "Where the provider's server can tell of payments, to be entered in its office, where it can.",
			example: "https://pay.example/notify/m1/" + exampleGateway,
		},
	},
	"newGateway": {
		"connector": {doc: "What speaks to its provider.", example: "stripe"},
		"name": {
			doc:     "Your name for it, which is also its id; leave it out for the connector's.",
			example: exampleGateway,
		},
		"status": {
			doc: "Whether payments are sent there; enabled unless you say so.", example: enabled,
			choices: switchWord.choices,
		},
		"order": orderWord, "settings": settingsWord, "credentials": credentialsWord,
	},
	"gatewayTerms": {"order": orderWord, "settings": settingsWord, "credentials": credentialsWord},
	"gatewayList": {
		"status": {doc: "Only those in this state.", example: enabled, choices: switchWord.choices},
		"health": {doc: "Only those that do so.", example: string(app.Healthy), choices: healths},
	},
}

func (d *desk) gateways() resource {
	put := story[gatewayView]{now: d.gatewayNow, of: func(change app.Change) (out gatewayView, ok bool) {
		if len(change.Gateways) != 1 {
			return out, false
		}
		return viewGateway(d.App.ContractOf(change.Gateways[0])), true
	}}
	missing := []fault.Code{fault.CodeGatewayNotFound}
	return resource{
		name: "gateways",
		about: "A gateway is a contract of yours with a payment provider. Whoever runs the server adds and changes them. " +
			"What was paid at one that is removed can still be refunded there.",
		words: gatewayWords, example: exampleGateway,
		operations: []operation{
			get(row{
				id: "getGateway", path: "/gateways/{id}", scope: merchant.GatewaysRead, summary: "Get a gateway",
				about:  "Shows a gateway; the id is its name. Its provider is not asked, and its secrets are not shown.",
				faults: missing,
			}, plain(d.gatewayNow)),
			create(row{
				id: "createGateway", path: "/gateways", scope: merchant.Operator, summary: "Add a gateway",
				about: "Adds a contract with a provider. It is tried whether its connector can work with it; the provider is " +
					"not asked.",
				faults: []fault.Code{fault.CodeDuplicate},
			}, "gw", d.createGateway, put),
			act(row{
				id: "changeGateway", path: "/gateways/{id}", scope: merchant.Operator, summary: "Change a gateway",
				about: "Changes what is named and leaves the rest. What was begun there goes on under the new terms, so the " +
					"credentials stay those of the same contract.",
				faults: missing,
			}, d.changeGateway, put),
			act(row{
				id: "disableGateway", path: "/gateways/{id}/disable", scope: merchant.Operator, summary: "Disable a gateway",
				about: "Sends no new payments there. What was begun there goes on.", faults: missing,
			}, d.disableGateway, put),
			act(row{
				id: "enableGateway", path: "/gateways/{id}/enable", scope: merchant.Operator, summary: "Enable a gateway",
				about: "Sends payments there again.", faults: missing,
			}, d.enableGateway, put),
			act(row{
				id: "removeGateway", path: "/gateways/{id}/remove", scope: merchant.Operator, summary: "Remove a gateway",
				about: "Removes a contract that nothing needs any more, and answers what it was. It is refused while a " +
					"payment, a refund, a payout or a settlement file is not ended there. What was paid there stays as it is. " +
					"The name is not given again.",
				faults: append(missing, fault.CodeWrongState),
			}, d.removeGateway, story[gatewayView]{now: d.gatewayGone, of: put.of}),
			list(row{
				id: "listGateways", path: "/gateways", scope: merchant.GatewaysRead, summary: "List gateways",
				about: "Lists all gateways, disabled ones too.",
			}, d.listGateways),
		},
	}
}

func (d *desk) gatewayNow(c *call, id string) (out gatewayView, err error) {
	known, err := d.App.Contracts(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	n := slices.IndexFunc(known, func(g app.Contract) bool { return g.Name == id })
	if n < 0 {
		return out, fault.New(fault.CodeGatewayNotFound, "id", "")
	}
	return viewGateway(known[n]), nil
}

func (d *desk) createGateway(c *call, _ string, in newGateway) (out gatewayView, err error) {
	terms, err := gatewayTerms{in.Order, in.Settings, in.Credentials}.terms()
	if err != nil {
		return out, err
	}
	on := in.Status != disabled
	terms.Enabled = &on
	made, err := d.App.AddGateway(c.Context(), app.NewGateway{
		Merchant: c.Merchant, Name: in.Name, Connector: in.Connector, GatewayTerms: terms,
	})
	return show(viewGateway)(made, gatewayFault(err, terms))
}

func (d *desk) changeGateway(c *call, id string, in gatewayTerms) (out gatewayView, err error) {
	terms, err := in.terms()
	if err != nil {
		return out, err
	}
	made, err := d.App.ChangeGateway(c.Context(), c.Merchant, id, terms)
	return show(viewGateway)(made, gatewayFault(err, terms))
}

func (d *desk) disableGateway(c *call, id string, _ none) (gatewayView, error) {
	return d.turnGateway(c, id, false)
}

func (d *desk) enableGateway(c *call, id string, _ none) (gatewayView, error) {
	return d.turnGateway(c, id, true)
}

func (d *desk) turnGateway(c *call, id string, on bool) (gatewayView, error) {
	terms := app.GatewayTerms{Enabled: &on}
	made, err := d.App.ChangeGateway(c.Context(), c.Merchant, id, terms)
	return show(viewGateway)(made, gatewayFault(err, terms))
}

func (d *desk) removeGateway(c *call, id string, _ none) (gatewayView, error) {
	g, err := d.App.RemoveGateway(c.Context(), c.Merchant, id)
	if err != nil {
		return gatewayView{}, gatewayFault(err, app.GatewayTerms{})
	}
	return viewGateway(d.App.ContractOf(g)), nil
}

// gatewayGone is asked about a removal whose answer was never kept: the two are one
// commit, so there is none.
func (d *desk) gatewayGone(*call, string) (gatewayView, error) {
	return gatewayView{}, fault.New(fault.CodeGatewayNotFound, "id", "")
}

// The sizes of what a gateway is configured with.
const (
	longestSetting    = 4000   // a thousand characters of any writing
	longestCredential = 20_000 // a certificate with its key
)

// knownGateway refuses a name that no gateway of the merchant has, which is the
// caller's mistake: that none can take a payment just now passes, and this does not.
// Error: gateway_not_found.
func (d *desk) knownGateway(c *call, name string) error {
	if name == "" {
		return nil
	}
	all, err := d.App.Gateways(c.Context(), c.Merchant)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(g merchant.Gateway) bool { return g.Name == name }) {
		return fault.New(fault.CodeGatewayNotFound, "gateway", "")
	}
	return nil
}

// terms are those that the core knows. Error: parameter_invalid.
func (t gatewayTerms) terms() (out app.GatewayTerms, err error) {
	if t.Order != nil {
		order := int(*t.Order)
		out.Order = &order
	}
	if t.Settings != nil {
		if err := checkNamed("settings", t.Settings, longestSetting); err != nil {
			return out, err
		}
		out.Settings = &t.Settings
	}
	if t.Credentials != nil {
		if err := checkNamed("credentials", t.Credentials, longestCredential); err != nil {
			return out, err
		}
		out.Credentials = &t.Credentials
	}
	return out, nil
}

// checkNamed bounds texts that have names. Its words show none of them.
func checkNamed(param string, texts map[string]string, longest int) error {
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if name == "" || len(name) > longestName || strings.ContainsRune(name, 0) {
			return fault.New(fault.CodeParameterInvalid, param, "A name has 1 to 40 characters.")
		}
		if len(texts[name]) > longest || strings.ContainsRune(texts[name], 0) {
			return fault.New(fault.CodeParameterInvalid, param+"."+name, "It is too long, or does not print.")
		}
	}
	return nil
}

// gatewayFault says which field a connector cannot work with.
func gatewayFault(err error, t app.GatewayTerms) error {
	if fault.Is(err, fault.CodeGatewayNotFound) {
		return fault.New(fault.CodeGatewayNotFound, "id", "")
	}
	if !fault.Is(err, fault.CodeSettingInvalid) {
		return err
	}
	f := fault.From(err)
	name, secret := f.Param, errors.Is(err, app.ErrNoCredential)
	if t.Credentials != nil && !secret {
		_, secret = (*t.Credentials)[name]
	}
	switch {
	case name == "connector": // it is none of its terms
	case secret:
		name = "credentials." + name
	default: // one that is missing stands nowhere
		name = "settings." + name
	}
	return fault.New(fault.CodeParameterInvalid, name, f.Words)
}

func (d *desk) listGateways(c *call, q gatewayList) (out pageOf[gatewayView], err error) {
	known, err := d.App.Contracts(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	known = slices.DeleteFunc(known, func(g app.Contract) bool {
		return q.Status != "" && q.Status != onOff(g.Enabled) || q.Health != "" && q.Health != string(g.Health)
	})
	return cut(q.paging, known, viewGateway, func(g app.Contract) (time.Time, string) { return g.CreatedAt, g.Name })
}

// onOff is the status of what can be disabled.
func onOff(on bool) string {
	if on {
		return enabled
	}
	return disabled
}

// viewGateway shows a gateway without its credentials.
func viewGateway(g app.Contract) gatewayView {
	view := gatewayView{
		Name: g.Name, Connector: g.Connector, Title: g.Title, Status: onOff(g.Enabled), Health: string(g.Health),
		Order: int64(g.Order), Unit: string(g.Unit), Methods: []string{}, Settings: map[string]string{},
		HasCredentials: len(g.Sealed) > 0, NoticeURL: g.Notices,
		CreatedAt: moment(g.CreatedAt), UpdatedAt: moment(g.UpdatedAt), Instructions: g.Instructions,
	}
	if g.Min.Valid() {
		view.Min = g.Min.Fixed()
	}
	if g.Max.Valid() {
		view.Max = g.Max.Fixed()
	}
	for _, m := range g.Methods {
		view.Methods = append(view.Methods, string(m))
	}
	for name, value := range g.Settings {
		view.Settings[name] = masked(value)
	}
	return view
}

// masked shows enough of a setting to tell it from another one: settings are no
// secrets, but somebody may have put one there.
func masked(value string) string {
	const short, tail = 8, 4
	if u, err := url.Parse(value); err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host
	}
	runes := []rune(value)
	if len(runes) <= short {
		return value
	}
	return strings.Repeat("*", short) + string(runes[len(runes)-tail:])
}
