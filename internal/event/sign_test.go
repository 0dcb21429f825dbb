package event_test

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/purserhq/purser/internal/event"
)

// FuzzSign proves that the public receiver of the scheme takes what is signed,
// under each of two secrets, and nothing that was changed on its way.
func FuzzSign(f *testing.F) {
	f.Add("msg_1", int64(1700000000), []byte(`{"status":"paid"}`), []byte("purser-test-webhook-secret-00001"))
	f.Add("m", int64(0), []byte(nil), make([]byte, 24))
	f.Add("a.b", int64(-1), []byte("1.2."), make([]byte, 64))
	f.Fuzz(func(t *testing.T, id string, seconds int64, body, key []byte) {
		if id == "" || len(key) < 24 || len(key) > 64 {
			t.Skip("no message, or no secret")
		}
		own, other := "whsec_"+base64.StdEncoding.EncodeToString(key), event.NewSecret()
		signature, err := event.Sign(id, time.Unix(seconds, 0), body, own, other)
		if err != nil {
			t.Fatal(err)
		}
		takes := func(secret, id string, seconds int64, body []byte, signature string) bool {
			receiver, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{}
			header.Set(event.HeaderID, id)
			header.Set(event.HeaderTimestamp, strconv.FormatInt(seconds, 10))
			header.Set(event.HeaderSignature, signature)
			return receiver.VerifyIgnoringTimestamp(body, header) == nil
		}
		if !takes(own, id, seconds, body, signature) || !takes(other, id, seconds, body, signature) {
			t.Errorf("%q is not taken", signature)
		}
		alone, _, _ := strings.Cut(signature, " ")
		for name, taken := range map[string]bool{
			"another id":     takes(own, id+"x", seconds, body, signature),
			"another time":   takes(own, id, seconds^1, body, signature),
			"another body":   takes(own, id, seconds, append([]byte("x"), body...), signature),
			"another secret": takes(other, id, seconds, body, alone),
			"no signature":   takes(own, id, seconds, body, "v1,"),
		} {
			if taken {
				t.Errorf("%q is taken for %s", signature, name)
			}
		}
	})
}

// The worked signature of the p2p API's contract.
func TestSignatureOfCallback(t *testing.T) {
	t.Parallel()
	got, err := event.Sign("msg_test0002", time.Unix(1700000000, 0),
		[]byte(`{"notificationType":"invoice","invoice":{"id":"22222222-3333-4444-8555-666666666666","status":"paid"}}`),
		"whsec_cHVyc2VyLXRlc3Qtd2ViaG9vay1zZWNyZXQtMDAwMDE=")
	if want := "v1,qjHxVyeKHwiOtFFZPLVo33ibSGo6N+KrnovejEeDOIo="; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
