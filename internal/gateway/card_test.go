package gateway_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
)

func TestCardsAreNeverShown(t *testing.T) {
	t.Parallel()
	c := gateway.NewCard("4242424242424242", "973", "CARD HOLDER", 5, 2028)
	var log strings.Builder
	quiet := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey { // its digits may be those of the code
			return slog.Attr{}
		}
		return a
	}}
	slog.New(slog.NewTextHandler(&log, quiet)).Info("charged", "card", c, "in", struct{ C gateway.Card }{c})
	encoded, err := json.Marshal(map[string]any{"card": c, "list": []gateway.Card{c}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s %q %x %d", c, c, c, c, c, c, c), c.String(),
		fmt.Sprintf("%+v", struct{ C gateway.Card }{c}), fmt.Sprintf("%#v", &c), string(encoded), log.String(),
	} {
		if strings.Contains(text, "4242") || strings.Contains(text, "973") || strings.Contains(text, "34323432") ||
			strings.Contains(text, "52 50") || !strings.Contains(text, "[redacted]") {
			t.Errorf("a card is shown: %s", text)
		}
	}
	if c.Last() != "4242" || c.Number() != "4242424242424242" || c.CVV() != "973" {
		t.Errorf("got %s, %s, %s", c.Last(), c.Number(), c.CVV())
	}
	c.Wipe()
	if strings.Trim(c.Number(), "\x00") != "" || strings.Trim(c.CVV(), "\x00") != "" {
		t.Error("a wiped card still has its numbers")
	}
	if short := gateway.NewCard("1234", "", "", 1, 2030); short.Last() != "" {
		t.Errorf("the whole of a short number is shown: %s", short.Last())
	}
}

// notifier is one whose messages carry a word.
type notifier struct{}

func (notifier) Notifies() bool { return true }

func (notifier) CheckMessage(m gateway.Message) error {
	if len(m.Query["word"]) == 1 && m.Query["word"][0] == "good" {
		return nil
	}
	return fmt.Errorf("not ours")
}

func (notifier) ReadNotification(n gateway.Notification) (gateway.Notice, bool) {
	return gateway.Notice{Word: string(n.Message().Body)}, true
}

func (notifier) Acknowledgement() gateway.Acknowledgement {
	return gateway.Acknowledgement{Status: 200}
}

func TestOnlyCheckedMessagesAreRead(t *testing.T) {
	t.Parallel()
	message := gateway.Message{Query: map[string][]string{"word": {"bad"}}, Body: []byte("paid")}
	if n, err := gateway.Checked(notifier{}, message); err == nil || n.Message().Body != nil {
		t.Errorf("a message that fails the check: got %+v, %v", n, err)
	}
	message.Query["word"] = []string{"good"}
	n, err := gateway.Checked(notifier{}, message)
	if err != nil || string(n.Message().Body) != "paid" {
		t.Errorf("got %+v, %v", n, err)
	}
}
