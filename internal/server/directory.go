package server

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/merchant"
)

// maxOpen bounds how many contracts are kept open. One that is full starts
// anew, which costs nothing but what the connectors remember about health.
const maxOpen = 10_000

// directory opens contracts and keeps what it opened, so that a connector
// remembers how its provider has been doing.
type directory struct {
	ring      *keyring
	transport http.RoundTripper
	metrics   *metrics
	now       func() time.Time
	tracing   *tracing

	mu   sync.Mutex
	live map[contractKey]liveContract
}

type contractKey struct{ merchant, name string }

type liveContract struct {
	version int64
	gateway gateway.Gateway
}

// Open finds the connector that was built for this version of the contract or
// builds it. A contract that is not stored yet is only tried.
func (d *directory) Open(g merchant.Gateway) (gateway.Gateway, error) {
	key := contractKey{g.Merchant, g.Name}
	d.mu.Lock()
	known, ok := d.live[key]
	d.mu.Unlock()
	if ok && g.Version > 0 && known.version == g.Version {
		return known.gateway, nil
	}
	built, err := d.build(g)
	if err != nil || g.Version == 0 {
		return built, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	// Another caller may have been faster; two connectors would each know half of the provider's health.
	if known, ok = d.live[key]; ok && known.version == g.Version {
		return known.gateway, nil
	}
	if d.live == nil || len(d.live) >= maxOpen {
		d.live = make(map[contractKey]liveContract)
	}
	if known.version < g.Version {
		d.live[key] = liveContract{g.Version, built}
	}
	return built, nil
}

// build makes a connector. Error: setting_invalid.
func (d *directory) build(g merchant.Gateway) (gateway.Gateway, error) {
	at := slices.IndexFunc(connectors, func(c connector) bool { return c.name == g.Connector })
	if at < 0 {
		return nil, fault.New(fault.CodeSettingInvalid, "connector",
			"There is no such connector; there are "+strings.Join(connectorNames(), ", ")+".")
	}
	secrets, err := d.ring.openCredentials(g)
	if err != nil {
		return nil, err
	}
	metered := meteredTransport{
		connector: g.Connector, next: d.tracing.transport(d.transport, g.Connector), metrics: d.metrics, now: d.now,
	}
	return connectors[at].open(gateway.Config{Settings: g.Settings, Secrets: secrets, Now: d.now}, metered)
}

// health counts the open contracts of each connector: those whose provider
// answers, and those that it has been failing lately.
func (d *directory) health() (well, ill map[string]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	well, ill = make(map[string]int, len(connectors)), make(map[string]int, len(connectors))
	for _, c := range connectors {
		well[c.name], ill[c.name] = 0, 0
	}
	for _, live := range d.live {
		if h, ok := live.gateway.(gateway.Healther); ok && !h.Healthy() {
			ill[live.gateway.Info().Connector]++
			continue
		}
		well[live.gateway.Info().Connector]++
	}
	return well, ill
}
