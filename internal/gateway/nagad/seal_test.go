package nagad

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
)

func TestKeyForms(t *testing.T) {
	t.Parallel()
	ours, theirs := made().ours, made().theirs
	oneLine := privateText(ours)
	der, err := base64.StdEncoding.DecodeString(oneLine)
	if err != nil {
		t.Fatal(err)
	}
	old := x509.MarshalPKCS1PrivateKey(ours)
	for name, text := range map[string]string{
		"one line": oneLine, "wrapped": oneLine[:64] + "\r\n" + oneLine[64:] + "\n",
		"PEM":       string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"older PEM": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: old})),
	} {
		if key, ok := privateKey(text); !ok || !key.Equal(ours) {
			t.Errorf("private, %s: not read", name)
		}
	}
	for name, text := range map[string]string{
		"one line": publicText(theirs),
		"older PEM": string(pem.EncodeToMemory(&pem.Block{
			Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&theirs.PublicKey),
		})),
	} {
		if key, ok := publicKey(text); !ok || !key.Equal(&theirs.PublicKey) {
			t.Errorf("public, %s: not read", name)
		}
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := privateKey(privateText(small)); ok {
		t.Error("a short private key was taken")
	}
	if _, ok := publicKey(publicText(small)); ok {
		t.Error("a short public key was taken")
	}
}

func TestSealLimits(t *testing.T) {
	t.Parallel()
	ours := keys{ours: made().ours, theirs: &made().theirs.PublicKey}
	longest := []byte(strings.Repeat("x", maxPlain))
	box, err := ours.seal(longest)
	if err != nil || len(box.data) != 344 {
		t.Fatalf("got %d letters, %v, want 344", len(box.data), err)
	}
	if text, err := theirOpen(box.data, box.signature); err != nil || string(text) != string(longest) {
		t.Errorf("got %s, %v, want what was sealed", text, err)
	}
	if _, err := ours.seal(append(longest, 'x')); err == nil {
		t.Error("a message of 246 bytes was sealed")
	}
	for _, s := range []sealed{
		{}, {data: box.data}, {data: "YQ==", signature: box.signature}, {data: box.data, signature: "-"},
	} {
		if _, err := theirOpen(s.data, s.signature); err == nil || err.Error() != errSeal.Error() {
			t.Errorf("%v: got %v, want the one error", s, err)
		}
	}
}

func TestVectors(t *testing.T) {
	t.Parallel()
	key, ok := publicKey(vectorKey)
	if !ok {
		t.Fatal("the key is not read")
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(vectorText))); len(vectorText) != 132 || sum != vectorSum {
		t.Fatalf("got %d bytes with %s", len(vectorText), sum)
	}
	if !verified(key, []byte(vectorText), vectorSHA256) {
		t.Error("the SHA-256 signature is refused")
	}
	if verified(key, []byte(vectorText), vectorSHA1) {
		t.Error("the SHA-1 signature is accepted")
	}
	if verified(key, []byte(vectorText+" "), vectorSHA256) {
		t.Error("the signature is accepted over other bytes")
	}
	text, err := client.Encode(hello{
		MerchantID: merchantID, DateTime: "20260102030405", OrderID: "ORD1",
		Challenge: "0123456789abcdef0123456789abcdef01234567",
	})
	if err != nil || string(text) != vectorText {
		t.Errorf("initialize: got %s, %v", text, err)
	}
	text, err = client.Encode(order{
		MerchantID: merchantID, OrderID: "ORD1", CurrencyCode: currencyCode,
		Amount: money.New(10_050, money.BDT).Fixed(), Challenge: "9f1c2b7a",
	})
	if sum := fmt.Sprintf("%x", sha256.Sum256(text)); err != nil || len(text) != 111 || sum != vectorOrderSum {
		t.Errorf("complete: got %s with %s, %v", text, sum, err)
	}
}
