package nagad

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// The provider's keys have 2,048 bits, and a message is one block of PKCS #1
// v1.5, which leaves so many bytes for it.
const (
	keyBytes = 256
	maxPlain = keyBytes - 11
)

// The errors of sealing. There is one for everything that can be wrong with an
// answer: which check failed is nobody's business.
var (
	errSeal    = errors.New("an answer that is not sealed and signed for us")
	errTooLong = errors.New("the message is too long to be sealed")
)

// keys are our half and the provider's half of what seals messages.
type keys struct {
	ours   *rsa.PrivateKey
	theirs *rsa.PublicKey
}

// sealed is a message on the wire: both members are base64.
type sealed struct {
	data, signature string
}

// seal encrypts the bytes for the provider and signs the same bytes as us.
func (k keys) seal(text []byte) (sealed, error) {
	if len(text) > maxPlain {
		return sealed{}, errTooLong
	}
	//nolint:staticcheck // the provider reads no other padding
	data, err := rsa.EncryptPKCS1v15(rand.Reader, k.theirs, text)
	if err != nil {
		return sealed{}, fmt.Errorf("seal message: %w", err)
	}
	sum := sha256.Sum256(text)
	signature, err := rsa.SignPKCS1v15(nil, k.ours, crypto.SHA256, sum[:])
	if err != nil {
		return sealed{}, fmt.Errorf("sign message: %w", err)
	}
	return sealed{
		data: base64.StdEncoding.EncodeToString(data), signature: base64.StdEncoding.EncodeToString(signature),
	}, nil
}

// open decrypts an answer and gives its very bytes once their signature is the
// provider's. Error: errSeal.
func (k keys) open(s sealed) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(s.data)
	if err != nil || len(data) != keyBytes {
		return nil, errSeal
	}
	//nolint:staticcheck // as with sealing; only answers to our own calls come here
	text, err := rsa.DecryptPKCS1v15(nil, k.ours, data)
	if err != nil || !verified(k.theirs, text, s.signature) {
		return nil, errSeal
	}
	return text, nil
}

// verified says that the signature, of SHA-256, is the key's over these bytes.
func verified(key *rsa.PublicKey, text []byte, signature string) bool {
	signed, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	sum := sha256.Sum256(text)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signed) == nil
}

// newChallenge draws what nobody can guess, as long as the vendor's sample.
func newChallenge() string {
	var drawn [20]byte
	_, _ = rand.Read(drawn[:]) // it never fails
	return hex.EncodeToString(drawn[:])
}

// privateKey reads our key: PEM, or its DER in one line of base64.
func privateKey(text string) (*rsa.PrivateKey, bool) {
	der, ok := derOf(text)
	if !ok {
		return nil, false
	}
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		any, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return nil, false
		}
		if key, ok = any.(*rsa.PrivateKey); !ok {
			return nil, false
		}
	}
	return key, key.Size() == keyBytes
}

// publicKey reads the provider's key in either form.
func publicKey(text string) (*rsa.PublicKey, bool) {
	der, ok := derOf(text)
	if !ok {
		return nil, false
	}
	key, err := x509.ParsePKCS1PublicKey(der)
	if err != nil {
		any, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			return nil, false
		}
		if key, ok = any.(*rsa.PublicKey); !ok {
			return nil, false
		}
	}
	return key, key.Size() == keyBytes
}

// derOf takes a key out of its PEM or its base64, however it was wrapped.
func derOf(text string) ([]byte, bool) {
	if block, _ := pem.Decode([]byte(strings.TrimSpace(text))); block != nil {
		return block.Bytes, true
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	return der, err == nil && len(der) > 0
}
