package manual

import (
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

func config(string) gateway.Config {
	return gateway.Config{
		Settings: map[string]string{"instructions_url": "https://shop.test/how-to-pay/"}, Now: gatewaytest.Now,
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, gatewaytest.Kit{
		New: New, Config: config, Addresses: []string{"instructions_url"},
		Abilities: []string{gatewaytest.Confirm, gatewaytest.Refund},
		Session:   "77-1", Link: "https://shop.test/how-to-pay",
	})
}

func open(t *testing.T, settings map[string]string) (gateway.Gateway, error) {
	t.Helper()
	return New(gateway.Config{Settings: settings, Now: gatewaytest.Now}, nil)
}

func TestArrangement(t *testing.T) {
	t.Parallel()
	g, err := open(t, map[string]string{
		"unit": "EUR", "methods": "cash", "title": "At the desk", "max_amount": "50000", "page_minutes": "60",
	})
	if err != nil {
		t.Fatal(err)
	}
	i := g.Info()
	if i.Unit != money.EUR || i.Title != "At the desk" || len(i.Methods) != 1 || i.Methods[0] != payment.Cash ||
		i.Max != money.New(50_000, money.EUR) || i.Lifetime.Hours() != 1 || i.VerifyCaptures {
		t.Errorf("got %+v", i)
	}
	a := gatewaytest.Attempt()
	if got := g.Start(t.Context(), a); got.Outcome != gateway.Refused || got.Alarm == "" {
		t.Errorf("rial at a desk that takes euros: got %+v, want refused with an alarm", got)
	}
	a.Amount = money.New(1_250, money.EUR)
	want := gateway.Started{Outcome: gateway.Opened, Session: a.Reference}
	if got := g.Start(t.Context(), a); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// An arrangement that does not say where the money goes works, and its operator is told.
func TestWhereTheMoneyGoes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		settings   map[string]string
		want, link string
		warns      bool
	}{
		{nil, "", "", true},
		{map[string]string{"instructions": " \n"}, "", "", true},
		{map[string]string{"instructions": "Bank\r\nIBAN\n"}, "Bank\nIBAN", "", false},
		{map[string]string{"instructions": strings.Repeat("ব", 1000)}, strings.Repeat("ব", 1000), "", false},
		{map[string]string{"instructions_url": "https://shop.test/how"}, "", "https://shop.test/how", false},
		{
			map[string]string{"instructions": "Bank", "instructions_url": "https://shop.test/how"},
			"Bank", "https://shop.test/how", false,
		},
	} {
		g, err := open(t, test.settings)
		if err != nil {
			t.Fatal(err)
		}
		link := g.Start(t.Context(), gatewaytest.Attempt()).Link
		if i := g.Info(); i.Instructions != test.want || link != test.link || (i.Warning != "") != test.warns {
			t.Errorf("%v: got %q, %q and the warning %q", test.settings, i.Instructions, link, i.Warning)
		}
	}
	long := map[string]string{"instructions": strings.Repeat("ব", 1001)}
	if _, err := open(t, long); !fault.Is(err, fault.CodeSettingInvalid) || fault.From(err).Param != "instructions" {
		t.Errorf("1001 characters: got %v, want setting_invalid", err)
	}
}

// Money goes back by hand, and nobody but a person knows whether it did.
func TestAPersonGivesBack(t *testing.T) {
	t.Parallel()
	g, err := open(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := g.(gateway.Refunder)
	if !ok || !r.CanRefund() {
		t.Fatal("it cannot give back")
	}
	back := gateway.Return{Refund: "rf-1", Attempt: gatewaytest.Attempt(), Amount: money.New(5_000, money.IRR)}
	for what, got := range map[string]gateway.ReturnReport{
		"asked for": r.Refund(t.Context(), back), "asked about": r.RefundState(t.Context(), back, ""),
	} {
		if got.Outcome != gateway.ReturnUnsure || got.Alarm == "" || got.Receipt != "" {
			t.Errorf("%s: got %+v, want a call for a person", what, got)
		}
	}
}

func TestOnlyAPersonDecides(t *testing.T) {
	t.Parallel()
	g, err := open(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, question := range []gateway.Question{gateway.Look, gateway.Take} {
		a := gatewaytest.Attempt()
		a.Session, a.Word = a.Reference, "success"
		if got := g.Resolve(t.Context(), a, question); got.Outcome != gateway.Pending || got.Receipt != "" {
			t.Errorf("%s: got %+v, want pending", question, got)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"unit": "XXX", "methods": "cash,card", "min_amount": "0", "max_amount": "-1", "instructions_url": "how",
		"instructions": "Bank\x1b[2J",
	} {
		_, err := open(t, map[string]string{name: value})
		if !fault.Is(err, fault.CodeSettingInvalid) || fault.From(err).Param != name {
			t.Errorf("%s %q: got %v, want setting_invalid of it", name, value, err)
		}
	}
}
