package server

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

func newDirectory(t *testing.T) *directory {
	t.Helper()
	folder := t.TempDir()
	ring, err := openKeyring(Config{Data: folder, KeysetFile: filepath.Join(folder, keysetName)})
	if err != nil {
		t.Fatal(err)
	}
	return &directory{
		ring: ring, transport: http.DefaultTransport, metrics: newMetrics("test"),
		now: func() time.Time { return time.Unix(0, 0) },
	}
}

// A connector remembers how its provider has been doing, so it must live as
// long as its contract does, and no longer.
func TestContractsStayOpen(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	sealed, err := d.ring.sealCredentials("m1", "bank", map[string]Secret{"merchant": "zibal"})
	if err != nil {
		t.Fatal(err)
	}
	g := merchant.Gateway{
		Merchant: "m1", Name: "bank", Version: 1, Connector: "zibal", Sealed: sealed,
		Settings: map[string]string{"mode": "test"},
	}
	first, err := d.Open(g)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Open(g); err != nil || again != first {
		t.Errorf("got another connector for the same version (%v)", err)
	}
	newer := g
	newer.Version, newer.Settings = 2, map[string]string{"mode": "test", "min_amount": "5000"}
	second, err := d.Open(newer)
	if err != nil || second == first || second.Info().Min.Steps() != 5000 {
		t.Errorf("got the old connector for a new version (%v)", err)
	}
	// A reader that is late must not bring the old contract back.
	if _, err := d.Open(g); err != nil {
		t.Error(err)
	}
	if still, err := d.Open(newer); err != nil || still != second {
		t.Errorf("the new connector was replaced by the old one (%v)", err)
	}
	// One that is not stored yet is tried and forgotten.
	trial := newer
	trial.Version = 0
	if tried, err := d.Open(trial); err != nil || tried == second {
		t.Errorf("got the stored connector for a trial (%v)", err)
	}
}

func TestBadContracts(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	for name, g := range map[string]merchant.Gateway{
		"connector": {Merchant: "m1", Name: "x", Connector: "nobody"},
		"merchant":  {Merchant: "m1", Name: "x", Connector: "zibal", Settings: map[string]string{"mode": "test"}},
		"colour":    {Merchant: "m1", Name: "x", Connector: "manual", Settings: map[string]string{"colour": "red"}},
	} {
		_, err := d.Open(g)
		if !fault.Is(err, fault.CodeSettingInvalid) || fault.From(err).Param != name {
			t.Errorf("%s: got %v, want setting_invalid that names it", name, err)
		}
	}
	_, err := d.Open(merchant.Gateway{Connector: "nobody"})
	for _, c := range connectorNames() {
		if !strings.Contains(err.Error(), c) {
			t.Errorf("got %v, want %s in the list of connectors", err, c)
		}
	}
}
