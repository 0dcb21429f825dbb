package api

import (
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
	CreatedAt      string            `json:"created_at" format:"date-time"`
	UpdatedAt      string            `json:"updated_at" format:"date-time"`
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
		"has_credentials": {doc: "Whether it has secrets; they are never shown.", example: true},
	},
	"gatewayList": {
		"status": {doc: "Only those in this state.", example: enabled, choices: switchWord.choices},
		"health": {doc: "Only those that do so.", example: string(app.Healthy), choices: healths},
	},
}

func (d *desk) gateways() resource {
	return resource{
		name: "gateways", about: "A gateway is a contract of yours with a payment provider. Operators add and change them.",
		words: gatewayWords, example: exampleGateway,
		operations: []operation{
			get(row{
				id: "getGateway", path: "/gateways/{id}", scope: merchant.GatewaysRead, summary: "Get a gateway",
				about:  "Shows a gateway; the id is its name. Its provider is not asked, and its secrets are not shown.",
				faults: []fault.Code{fault.CodeGatewayNotFound},
			}, d.getGateway),
			list(row{
				id: "listGateways", path: "/gateways", scope: merchant.GatewaysRead, summary: "List gateways",
				about: "Lists all gateways, disabled ones too.",
			}, d.listGateways),
		},
	}
}

func (d *desk) getGateway(c *call, id string, _ none) (out gatewayView, err error) {
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
		HasCredentials: len(g.Sealed) > 0, CreatedAt: moment(g.CreatedAt), UpdatedAt: moment(g.UpdatedAt),
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
