package server

import (
	"net/http"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/bkash"
	"github.com/purserhq/purser/internal/gateway/ifthenpay"
	"github.com/purserhq/purser/internal/gateway/manual"
	"github.com/purserhq/purser/internal/gateway/nagad"
	"github.com/purserhq/purser/internal/gateway/shepa"
	"github.com/purserhq/purser/internal/gateway/sslcommerz"
	"github.com/purserhq/purser/internal/gateway/stripe"
	"github.com/purserhq/purser/internal/gateway/zarinpal"
	"github.com/purserhq/purser/internal/gateway/zibal"
	"github.com/purserhq/purser/internal/sandbox"
	bkashbox "github.com/purserhq/purser/internal/sandbox/bkash"
	ifthenpaybox "github.com/purserhq/purser/internal/sandbox/ifthenpay"
	nagadbox "github.com/purserhq/purser/internal/sandbox/nagad"
	shepabox "github.com/purserhq/purser/internal/sandbox/shepa"
	sslcommerzbox "github.com/purserhq/purser/internal/sandbox/sslcommerz"
	stripebox "github.com/purserhq/purser/internal/sandbox/stripe"
	zarinpalbox "github.com/purserhq/purser/internal/sandbox/zarinpal"
	zibalbox "github.com/purserhq/purser/internal/sandbox/zibal"
)

// connector is one line in the list of what we can speak to.
type connector struct {
	name string
	open func(gateway.Config, http.RoundTripper) (gateway.Gateway, error)
	// returner recognises what a payer brings back without our token; nil = nobody comes back.
	returner gateway.Returner
}

// connectors are all of them, in the order in which their returners are asked.
var connectors = []connector{
	{"bkash", bkash.New, bkash.Returner{}},
	{"ifthenpay", ifthenpay.New, nil},
	{"nagad", nagad.New, nagad.Returner{}},
	{"shepa", shepa.New, shepa.Returner{}},
	{"sslcommerz", sslcommerz.New, sslcommerz.Returner{}},
	{"stripe", stripe.New, stripe.Returner{}},
	{"zarinpal", zarinpal.New, zarinpal.Returner{}},
	{"zibal", zibal.New, zibal.Returner{}},
	{"manual", manual.New, nil},
}

// emulator is a make-believe provider.
type emulator interface {
	http.Handler
	Name() string
	Control() http.Handler
	Close() error
}

// emulators are all of them.
var emulators = []struct {
	name string
	open func(sandbox.Options) (emulator, error)
}{
	{"bkash", emulating(bkashbox.New)},
	{"ifthenpay", emulating(ifthenpaybox.New)},
	{"nagad", emulating(nagadbox.New)},
	{"sslcommerz", emulating(sslcommerzbox.New)},
	{"stripe", emulating(stripebox.New)},
	{"zarinpal", emulating(zarinpalbox.New)},
	{"shepa", emulating(shepabox.New)},
	{"zibal", emulating(zibalbox.New)},
}

// emulating hides the emulator's own type.
func emulating[E emulator](open func(sandbox.Options) (E, error)) func(sandbox.Options) (emulator, error) {
	return func(o sandbox.Options) (emulator, error) {
		e, err := open(o)
		if err != nil {
			return nil, err
		}
		return e, nil
	}
}

// returners are the connectors that read what a payer brings back.
func returners() []app.Returner {
	var list []app.Returner
	for _, c := range connectors {
		if c.returner != nil {
			list = append(list, app.Returner{Connector: c.name, Returner: c.returner})
		}
	}
	return list
}

// connectorNames are for people.
func connectorNames() []string {
	names := make([]string, len(connectors))
	for i, c := range connectors {
		names[i] = c.name
	}
	return names
}
