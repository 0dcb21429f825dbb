package api

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
)

// TestGatewayFault wants the place of a term to be named that is missing too, and
// never a field that gateways do not have: a setting may be called as something else
// that has another name here.
func TestGatewayFault(t *testing.T) {
	t.Parallel()
	terms := app.GatewayTerms{
		Settings: &map[string]string{"mode": "test"}, Credentials: &map[string]string{"secret_key": "x", "api_key": "y"},
	}
	for _, c := range []struct {
		name  string
		check func(*gateway.Terms)
		want  string
	}{
		{"a missing setting", func(t *gateway.Terms) { t.Fail("currency", "It is needed.") }, "settings.currency"},
		{"a wrong setting", func(t *gateway.Terms) { t.Fail("mode", "It must be live.") }, "settings.mode"},
		{"a missing credential", func(t *gateway.Terms) { t.Secret("merchant_id") }, "credentials.merchant_id"},
		{"a wrong credential", func(t *gateway.Terms) { t.Fail("secret_key", "It is short.") }, "credentials.secret_key"},
		{"no connector", func(t *gateway.Terms) { t.Fail("connector", "There is none.") }, "connector"},
	} {
		built := gateway.Config{Now: time.Now}.Terms()
		c.check(built)
		if got := fault.From(gatewayFault(built.Err(), terms)); got.Param != c.want || paramOf(got) != c.want {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
}
