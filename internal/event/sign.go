package event

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
)

// The headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com).
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

const (
	secretPrefix = "whsec_"
	leastSecret  = 24 // bytes
	mostSecret   = 64
)

// NewSecret makes a signing secret of 256 random bits in the usual form.
func NewSecret() string {
	var random [SecretBytes]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	return SecretOf(random[:])
}

// SecretBytes is how many random bytes a new signing secret has.
const SecretBytes = 32

// SecretOf writes random bytes as a signing secret.
func SecretOf(random []byte) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(random)
}

// Sign writes the signature header of a message: one version-1 signature per
// secret, so that a receiver who knows any of them can check it while secrets
// change. Error: setting_invalid when a secret is malformed or there is none.
func Sign(id string, at time.Time, body []byte, secrets ...string) (string, error) {
	if len(secrets) == 0 {
		return "", fault.New(fault.CodeSettingInvalid, "secret", "A signing secret is needed.")
	}
	signatures := make([]string, len(secrets))
	for n, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil || len(key) < leastSecret || len(key) > mostSecret {
			return "", fault.New(fault.CodeSettingInvalid, "secret",
				"A signing secret is whsec_ and the base64 of 24 to 64 bytes.")
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures[n] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " "), nil
}
