package nagad

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // one readme of the provider says it, and the emulator can be switched to it
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keyBits is the length of all keys on this wire.
const keyBits = 2048

// Keys are what a merchant and the provider know of each other, as one line of base64 each: PKCS #8 and X.509.
type Keys struct {
	MerchantPrivate string `json:"merchant_private_key"`
	PGPrivate       string `json:"pg_private_key"`
}

// ring is the provider's side of the keys.
type ring struct {
	pg     *rsa.PrivateKey
	public *rsa.PublicKey // of the merchants without a key of their own
	given  Keys
}

// errCrypto is the one answer to everything that is wrong with a sealed message.
var errCrypto = errors.New("the message is not sealed and signed as it must be")

// newRing takes the keys that are given, or those of the last run in the folder, or makes new ones.
func newRing(given Keys, dir string) (*ring, error) {
	path := filepath.Join(dir, "nagad-keys.json")
	if dir != "" && given == (Keys{}) {
		text, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
		switch {
		case err == nil:
			err = json.Unmarshal(text, &given)
		case errors.Is(err, fs.ErrNotExist):
			err = nil
		}
		if err != nil {
			return nil, fmt.Errorf("read sandbox keys: %w", err)
		}
	}
	r := &ring{}
	merchant, err := fill(&given.MerchantPrivate)
	if err == nil {
		r.pg, err = fill(&given.PGPrivate)
	}
	if err != nil {
		return nil, err
	}
	r.public, r.given = &merchant.PublicKey, given
	if dir == "" {
		return r, nil
	}
	text, err := json.Marshal(given)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("write sandbox keys: %w", err)
	}
	return r, nil
}

// fill reads a private key, or makes one and writes it down.
func fill(text *string) (*rsa.PrivateKey, error) {
	if *text != "" {
		der, err := derOf(*text)
		if err != nil {
			return nil, err
		}
		key, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return nil, fmt.Errorf("read private key: %w", err)
		}
		private, ok := key.(*rsa.PrivateKey)
		if !ok {
			return nil, errors.New("the private key is not of RSA")
		}
		return private, nil
	}
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("write key: %w", err)
	}
	*text = base64.StdEncoding.EncodeToString(der)
	return key, nil
}

// publicText writes a public key as one line of base64.
func publicText(key *rsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("write public key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(der), nil
}

// publicOf reads a merchant's own public key.
func publicOf(text string) (*rsa.PublicKey, error) {
	der, err := derOf(text)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the public key is not of RSA")
	}
	return public, nil
}

// derOf takes a key out of PEM or base64.
func derOf(text string) ([]byte, error) {
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return block.Bytes, nil
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	return der, nil
}

// decrypt opens what a merchant sealed for the provider.
func (r *ring) decrypt(data string) ([]byte, error) {
	box, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, errCrypto
	}
	//nolint:staticcheck // the provider's padding
	text, err := rsa.DecryptPKCS1v15(nil, r.pg, box)
	if err != nil {
		return nil, errCrypto
	}
	return text, nil
}

// signed tells whether a signature is the merchant's over these very bytes.
func signed(merchant *rsa.PublicKey, text []byte, signature string, sha1Too bool) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	sum, old := sha256.Sum256(text), sha1.Sum(text) //nolint:gosec // see the import
	return rsa.VerifyPKCS1v15(merchant, crypto.SHA256, sum[:], given) == nil ||
		sha1Too && rsa.VerifyPKCS1v15(merchant, crypto.SHA1, old[:], given) == nil
}

// seal encrypts an answer for a merchant and signs it with a key and a hash.
func seal(merchant *rsa.PublicKey, signer *rsa.PrivateKey, hash crypto.Hash, text []byte) (
	data, signature string, err error,
) {
	//nolint:staticcheck // the provider's padding
	box, err := rsa.EncryptPKCS1v15(rand.Reader, merchant, text)
	if err != nil {
		return "", "", fmt.Errorf("seal answer: %w", err)
	}
	digest := hash.New()
	_, _ = digest.Write(text) // a hash takes everything
	signed, err := rsa.SignPKCS1v15(nil, signer, hash, digest.Sum(nil))
	if err != nil {
		return "", "", fmt.Errorf("sign answer: %w", err)
	}
	return base64.StdEncoding.EncodeToString(box), base64.StdEncoding.EncodeToString(signed), nil
}
