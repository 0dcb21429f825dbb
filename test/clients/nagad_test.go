package clients

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
	"github.com/purserhq/purser/internal/sandbox/nagad"
)

// The public client of Nagad pays at the emulator, and the standard library alone reads what it has sealed.
func TestPublicClientOfNagad(t *testing.T) {
	t.Parallel()
	install(t)
	server := httptest.NewUnstartedServer(nil)
	address := "http://" + server.Listener.Addr().String()
	live, err := nagad.New(sandbox.Options{PublicURL: address, Now: time.Now})
	if err != nil {
		t.Fatalf("make emulator: %v", err)
	}
	pair := live.Keys()
	server.Config.Handler = live
	server.Start()
	defer server.Close()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("node is needed to run the public clients: %v", err)
	}
	// Node guards itself against decrypting PKCS #1 v1.5, which this wire is made of.
	command := exec.CommandContext(t.Context(), node, "--security-revert=CVE-2023-46809", "nagad.mjs")
	command.Env = append(os.Environ(), "EMULATOR_URL="+address,
		"MERCHANT_PRIVATE_KEY="+live.MerchantKey(), "PG_PUBLIC_KEY="+live.PublicKey())
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("nagad.mjs: %v\n%s", err, output)
	}
	want := sandbox.Books{Payments: 4, Charged: 10_050, Captured: 10_050}
	if got := live.Books(); got != want {
		t.Errorf("books: got %+v, want %+v", got, want)
	}
	for _, entry := range live.CallsOf("unknown") {
		t.Errorf("the client called %s %s, which the emulator does not have", entry.Method, entry.Path)
	}
	calls := live.CallsOf("initialize")
	if len(calls) == 0 {
		t.Fatal("the client initialized nothing")
	}
	const head, tail = `{"merchantId":"683000000000001","datetime":"`, `","orderId":"ORD1","challenge":"`
	if text := readSealed(t, pair, calls[0].Body); !strings.HasPrefix(text, head) || !strings.Contains(text, tail) {
		t.Errorf("got %s", text)
	}
	const order = `{"merchantId":"683000000000001","orderId":"ORD1","amount":"100.50","currencyCode":"050","challenge":"`
	if text := readSealed(t, pair, live.CallsOf("complete")[0].Body); !strings.HasPrefix(text, order) {
		t.Errorf("got %s", text)
	}
}

// readSealed decrypts a body's message and verifies the client's signature over its bytes.
func readSealed(t *testing.T, pair nagad.Keys, body string) string {
	t.Helper()
	var message struct{ SensitiveData, Signature []byte }
	if err := json.Unmarshal([]byte(body), &message); err != nil {
		t.Fatal(err)
	}
	//nolint:staticcheck // the provider reads no other padding
	text, err := rsa.DecryptPKCS1v15(nil, privateKey(t, pair.PGPrivate), message.SensitiveData)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	public := &privateKey(t, pair.MerchantPrivate).PublicKey
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], message.Signature); err != nil {
		t.Errorf("the signature over %s: %v", text, err)
	}
	return string(text)
}

func privateKey(t *testing.T, text string) *rsa.PrivateKey {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		t.Fatal("the key is not of RSA")
	}
	return private
}
