package worker

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
)

// innerForms are addresses of what is inside, written in every way that leads
// there: as they are, in IPv6, behind a name and a password, with a port.
func innerForms() (forms []string) {
	for _, inner := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "10.200.1.2", "100.64.0.1", "169.254.169.254", "172.16.0.1",
		"172.31.9.9", "192.0.0.8", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
	} {
		b := netip.MustParseAddr(inner).As4()
		high, low := uint16(b[0])<<8|uint16(b[1]), uint16(b[2])<<8|uint16(b[3])
		for _, host := range []string{
			inner, "[::ffff:" + inner + "]", fmt.Sprintf("[::ffff:%x:%x]", high, low),
			fmt.Sprintf("[0:0:0:0:0:FFFF:%X:%X]", high, low), fmt.Sprintf("[::%x:%x]", high, low),
			fmt.Sprintf("[64:ff9b::%x:%x]", high, low), fmt.Sprintf("[2002:%x:%x::]", high, low),
		} {
			forms = append(forms, "http://"+host+"/", "https://shop.example@"+host+":8443/back?u=https://shop.example/")
		}
	}
	return forms
}

// TestFormsOfInnerAddresses tries more than two hundred of them.
func TestFormsOfInnerAddresses(t *testing.T) {
	t.Parallel()
	c := NewCourier(CourierConfig{Client: NewSender(false), Now: time.Now})
	forms := innerForms()
	if len(forms) < 200 {
		t.Fatalf("only %d forms", len(forms))
	}
	for _, address := range forms {
		outcome, fate := c.send(t.Context(), app.Message{Delivery: event.Delivery{URL: address}})
		if fate != Forbidden || outcome.Status != 0 {
			t.Errorf("%s: got %s (%+v), want forbidden", address, fate, outcome)
		}
	}
}
