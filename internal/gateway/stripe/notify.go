package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// tolerance is how far an event's time may be from ours.
const tolerance = 300 * time.Second

// shortForm is the form of our short ids.
var shortForm = regexp.MustCompile(`^[A-Za-z0-9]{1,40}$`)

// Returner reads what the payer's browser brings back; it needs no contract.
type Returner struct{}

// ReadReturn finds what we wrote into the addresses of a session, or what a page of the payer's bank adds for an
// intent. A visit proves nothing.
func (Returner) ReadReturn(query map[string][]string) (gateway.Notice, bool) {
	one := func(name string) string {
		if values := query[name]; len(values) == 1 {
			return values[0]
		}
		return ""
	}
	session, short, intent := one(querySession), one(queryShort), one("payment_intent")
	switch word := one(queryWord); {
	case word != wordPaid && word != wordCanceled:
	case sessionForm.MatchString(session):
		return gateway.Notice{Session: session, Word: "checkout " + word, Good: word == wordPaid}, true
	case word == wordCanceled && shortForm.MatchString(short):
		return gateway.Notice{Short: short, Word: "checkout " + word}, true
	}
	if status := one("redirect_status"); status != "" && intentForm.MatchString(intent) {
		return gateway.Notice{Session: intent, Word: client.Clean("redirect " + status), Good: status == "succeeded"}, true
	}
	return gateway.Notice{}, false
}

// Notifies says that there is a secret to check events with.
func (g *Gateway) Notifies() bool { return g.hooks[0] != "" }

// CheckMessage checks that the provider signed an event a short while ago. One good signature is enough, since two
// secrets are good while one is being changed.
func (g *Gateway) CheckMessage(m gateway.Message) error {
	wrong := fault.New(fault.CodeSignatureInvalid, "Stripe-Signature", "The event was not signed by the provider.")
	headers := m.Header["Stripe-Signature"]
	if !g.Notifies() || len(headers) != 1 {
		return wrong
	}
	stamp, signatures := readSignature(headers[0])
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return wrong
	}
	if age := g.now().Sub(time.Unix(at, 0)); age > tolerance || age < -tolerance {
		return wrong
	}
	good := false
	for _, secret := range g.hooks {
		if secret == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret.Reveal()))
		_, _ = mac.Write([]byte(stamp + ".")) // a hash takes everything
		_, _ = mac.Write(m.Body)
		want := mac.Sum(nil)
		for _, signature := range signatures {
			good = hmac.Equal(signature, want) || good
		}
	}
	if !good {
		return wrong
	}
	return nil
}

// readSignature finds the time and the values of v1; other versions are left alone.
func readSignature(header string) (stamp string, signatures [][]byte) {
	const most = 16
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if stamp != "" {
				return "", nil // two times: which one is signed cannot be told
			}
			stamp = value
		case "v1":
			if signature, err := hex.DecodeString(value); err == nil && len(signatures) < most {
				signatures = append(signatures, signature)
			}
		}
	}
	return stamp, signatures
}

// event is what is read of an event. The library would refuse those of another version of the provider's interface;
// nothing but ids is taken from them.
type event struct {
	Object   string `json:"object"`
	Type     string `json:"type"`
	Livemode *bool  `json:"livemode"`
	Data     struct {
		Object struct {
			ID        string            `json:"id"`
			Object    string            `json:"object"`
			Metadata  map[string]string `json:"metadata"`
			Intent    json.RawMessage   `json:"payment_intent"`
			Reference string            `json:"client_reference_id"`
		} `json:"object"`
	} `json:"data"`
}

// ReadNotification says which attempt an event is about: the session, or else our short id in the object's metadata,
// or else the intent.
func (g *Gateway) ReadNotification(n gateway.Notification) (gateway.Notice, bool) {
	var e event
	if json.Unmarshal(n.Message().Body, &e) != nil || e.Object != "event" || e.Livemode == nil || *e.Livemode != g.live {
		return gateway.Notice{}, false
	}
	notice := gateway.Notice{Word: g.client.Words(e.Type), Good: goodTypes[e.Type]}
	object := e.Data.Object
	if short := object.Metadata[metaShort]; shortForm.MatchString(short) {
		notice.Short = short
	}
	if object.Object == "checkout.session" {
		notice.Session = object.ID
		return notice, sessionForm.MatchString(object.ID)
	}
	if notice.Short != "" {
		return notice, true
	}
	notice.Session = object.ID
	if object.Object != "payment_intent" {
		notice.Session = ""
		_ = json.Unmarshal(object.Intent, &notice.Session) // an intent that is no text is none
	}
	return notice, intentForm.MatchString(notice.Session)
}

// goodTypes are the events that claim success.
var goodTypes = map[string]bool{
	"payment_intent.succeeded": true, "payment_intent.amount_capturable_updated": true,
	"checkout.session.completed": true, "checkout.session.async_payment_succeeded": true,
}

// Acknowledgement is any 2xx.
func (g *Gateway) Acknowledgement() gateway.Acknowledgement {
	return gateway.Acknowledgement{Status: http.StatusOK}
}
