package server

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// TestNoticeAddress: an operator is told the address that a provider's office
// wants to know, with the office's own template behind it.
func TestNoticeAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(Config{Data: sqlitetest.Folder(t), PublicURL: "https://pay.example"})
	d.Terminal.JSON = true
	if err := d.AddMerchant(t.Context(), "Shop", ""); err != nil {
		t.Fatal(err)
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(d.out.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	base := "https://pay.example/notify/" + made.ID
	for _, c := range []struct{ name, connector, credentials, want string }{
		{
			"phones", "ifthenpay", `{"mbway_key":"ABC-123456","anti_phishing_key":"secret"}`,
			base + "/phones?key=[ANTI_PHISHING_KEY]&orderId=[ORDER_ID]",
		},
		{"new", "ifthenpay", `{"mbway_key":"ABC-123456"}`, base + "/new?key="},
		{"cash", "manual", `{}`, ""},
	} {
		d.out.Reset()
		d.Terminal.In = strings.NewReader(c.credentials)
		err := d.PutGateway(t.Context(), NewGateway{
			Merchant: made.ID, Name: c.name, Connector: c.connector, Credentials: "-",
		})
		var got struct {
			Notices string `json:"notices"`
		}
		if wrong := json.Unmarshal(d.out.Bytes(), &got); err != nil || wrong != nil {
			t.Fatalf("%s: %v, %v: %s", c.name, err, wrong, d.out.String())
		}
		if !strings.HasPrefix(got.Notices, c.want) || (c.want == "") != (got.Notices == "") {
			t.Errorf("%s: got %q, want %q", c.name, got.Notices, c.want)
		}
	}
}

// TestGatewayWithoutInstructions: who adds a contract under which payers would not know where to
// send the money is told so, and what to do.
func TestGatewayWithoutInstructions(t *testing.T) {
	t.Parallel()
	d := newDesk(Config{Data: sqlitetest.Folder(t), PublicURL: "https://pay.example"})
	d.Terminal.JSON = true
	if err := d.AddMerchant(t.Context(), "Shop", ""); err != nil {
		t.Fatal(err)
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(d.out.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		settings map[string]string
		warns    bool
	}{
		{nil, true},
		{map[string]string{"instructions": "Bank\nIBAN"}, false},
		{map[string]string{"instructions_url": "https://shop.example/how"}, false},
	} {
		for _, asJSON := range []bool{true, false} {
			d.out.Reset()
			d.Terminal.JSON = asJSON
			wish := NewGateway{Merchant: made.ID, Connector: "manual", Settings: c.settings}
			if err := d.PutGateway(t.Context(), wish); err != nil {
				t.Fatal(err)
			}
			warns := strings.Contains(d.out.String(), "Payers are not told where to send the money")
			if warns != c.warns {
				t.Errorf("%v: got %s", c.settings, d.out.String())
			}
		}
	}
	d.out.Reset()
	wish := NewGateway{
		Merchant: made.ID, Connector: "manual", Settings: map[string]string{"instructions": "Bank\nIBAN\x1b[2J"},
	}
	if err := d.PutGateway(t.Context(), wish); err == nil || !strings.Contains(err.Error(), "instructions: ") ||
		d.out.Len() > 0 {
		t.Errorf("got %v and %q, want an error that names the setting", err, d.out.String())
	}
}
