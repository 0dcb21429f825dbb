package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/merchant"
)

// NewGateway is the wish to add a contract with a provider, or to replace the
// one of that name.
type NewGateway struct {
	Merchant  string
	Name      string // empty = the connector's name
	Connector string
	Order     int
	Disabled  bool
	Settings  map[string]string
	// Credentials is a file of JSON, {"name": "secret", ...}; "-" is standard
	// input, empty is a contract without any. They are never given as arguments,
	// because every process of the machine can read those.
	Credentials string
}

// gatewayView is a contract as programs see it; its credentials stay sealed.
type gatewayView struct {
	Merchant  string            `json:"merchant"`
	Name      string            `json:"name"`
	Connector string            `json:"connector"`
	Order     int               `json:"order"`
	Enabled   bool              `json:"enabled"`
	Sealed    bool              `json:"has_credentials"`
	Settings  map[string]string `json:"settings"`
	Limits    string            `json:"limits,omitempty"`
	Notices   string            `json:"notices,omitempty"` // where the provider's server can tell of payments
	Warning   string            `json:"warning,omitempty"` // what does not work under these terms, and what to do
}

func viewGateway(g merchant.Gateway) gatewayView {
	view := gatewayView{
		Merchant: g.Merchant, Name: g.Name, Connector: g.Connector, Order: g.Order, Enabled: g.Enabled,
		Sealed: len(g.Sealed) > 0, Settings: g.Settings,
	}
	if view.Settings == nil {
		view.Settings = map[string]string{}
	}
	return view
}

func (v gatewayView) row() []string {
	settings := make([]string, 0, len(v.Settings))
	for _, name := range slices.Sorted(maps.Keys(v.Settings)) {
		value, _, more := strings.Cut(v.Settings[name], "\n")
		if more { // the rest is for programs, and for the pages
			value += " …"
		}
		settings = append(settings, name+"="+value)
	}
	return []string{
		strconv.Itoa(v.Order), v.Name, v.Connector, yes(v.Enabled), yes(v.Sealed), dash(strings.Join(settings, " ")),
	}
}

var gatewayHead = []string{"ORDER", "GATEWAY", "CONNECTOR", "ENABLED", "CREDENTIALS", "SETTINGS"}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// PutGateway adds a contract or replaces it. It is tried before it is stored;
// the provider is not called.
func (c Commands) PutGateway(ctx context.Context, n NewGateway) error {
	secrets, err := c.credentials(n.Credentials)
	if err != nil {
		return err
	}
	return c.with(ctx, forWriting, func(k *core) error {
		if n.Name == "" {
			n.Name = n.Connector
		}
		g := merchant.Gateway{
			Merchant: n.Merchant, Name: n.Name, Connector: n.Connector, Order: n.Order, Enabled: !n.Disabled,
			Settings: n.Settings,
		}
		var err error
		if g.Sealed, err = k.ring.sealCredentials(g.Merchant, g.Name, secrets); err != nil {
			return err
		}
		opened, err := k.gateways.Open(g)
		if err != nil {
			return err
		}
		if err := k.app.PutGateway(ctx, g); err != nil {
			return err
		}
		view, info := viewGateway(g), opened.Info()
		if view.Limits = "from " + info.Min.String(); info.Max.Valid() {
			view.Limits += " to " + info.Max.String()
		}
		view.Warning = info.Warning
		if view.Notices, err = k.app.NoticeAddress(ctx, g.Merchant, g.Name); err != nil {
			return err
		}
		if err := c.Terminal.show(view, gatewayHead, [][]string{view.row()}); err != nil {
			return err
		}
		return c.tellContract(info.Title, view)
	})
}

// tellContract says what becomes of a contract that was added, and what its operator has yet to do.
func (c Commands) tellContract(title string, v gatewayView) error {
	if err := c.Terminal.tell("\n%s takes %s.", title, v.Limits); err != nil {
		return err
	}
	if v.Notices != "" {
		if err := c.Terminal.tell("Its server can tell of payments at\n%s", v.Notices); err != nil {
			return err
		}
	}
	if v.Warning == "" {
		return nil
	}
	return c.Terminal.tell("\nWarning: %s", v.Warning)
}

// credentials reads a JSON object of texts. Its errors never show one.
func (c Commands) credentials(source string) (map[string]Secret, error) {
	var text []byte
	var err error
	switch source {
	case "":
		return map[string]Secret{}, nil
	case "-":
		text, err = readAll(c.Terminal.In)
	default:
		text, err = os.ReadFile(source) //nolint:gosec // the operator names the file
	}
	if err != nil {
		return nil, fmt.Errorf("read credentials: %w", err)
	}
	secrets := map[string]Secret{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&secrets); err != nil || decoder.More() {
		return nil, errors.New(`the credentials must be one JSON object of texts, such as {"merchant_id": "..."}`)
	}
	return secrets, nil
}

// Gateways lists a merchant's contracts in the order of routing.
func (c Commands) Gateways(ctx context.Context, merchantID string) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, merchantID); err != nil {
			return err
		}
		gateways, err := k.app.Gateways(ctx, merchantID)
		if err != nil {
			return err
		}
		views, rows := []gatewayView{}, [][]string{}
		for _, g := range gateways {
			view := viewGateway(g)
			views, rows = append(views, view), append(rows, view.row())
		}
		return c.Terminal.show(views, gatewayHead, rows)
	})
}

// RemoveGateway removes a contract that nothing needs any more.
func (c Commands) RemoveGateway(ctx context.Context, merchantID, name string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		g, err := k.app.RemoveGateway(ctx, merchantID, name)
		if err != nil {
			return err
		}
		view := viewGateway(g)
		return c.Terminal.show(view, gatewayHead, [][]string{view.row()})
	})
}
