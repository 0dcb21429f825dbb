package wallet

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/purserhq/purser/internal/fault"
)

// The costs of a PIN's hash, as OWASP's password storage sheet has them for
// argon2id: 19 MiB, two passes, one lane.
const (
	pinMemory  = 19 << 10 // KiB
	pinPasses  = 2
	pinLanes   = 1
	pinHashLen = 32
	pinSaltLen = 16
	pinDearest = 8 // a hash may cost so many times as much as ours; one that asks for more is damaged
)

// The length of a PIN, in digits.
const (
	leastPIN = 4
	mostPIN  = 12
)

// CheckPIN is nil for four to twelve digits. Error: parameter_invalid.
func CheckPIN(pin string) error {
	if len(pin) < leastPIN || len(pin) > mostPIN || strings.Trim(pin, "0123456789") != "" {
		return fault.Newf(fault.CodeParameterInvalid, "pin", "A PIN is %d to %d digits.", leastPIN, mostPIN)
	}
	return nil
}

// HashPIN hashes a PIN with a new salt. It takes some 80 ms of a processor and
// 19 MiB, so the caller bounds how many run at once.
func HashPIN(pin string) string {
	salt := make([]byte, pinSaltLen)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the process instead
	hash := argon2.IDKey([]byte(pin), salt, pinPasses, pinMemory, pinLanes, pinHashLen)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, pinMemory, pinPasses, pinLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash))
}

// PrintPIN hashes a PIN at the same cost, always to the same under one name.
func PrintPIN(pin, name string) string {
	salt := sha256.Sum256([]byte(name))
	return hex.EncodeToString(argon2.IDKey([]byte(pin), salt[:pinSaltLen], pinPasses, pinMemory, pinLanes, pinHashLen))
}

// MatchPIN says whether a PIN is the one that was hashed. It costs as much for
// a hash that is none, so that its time does not tell who has an account.
func MatchPIN(hashed, pin string) bool {
	salt, want, memory, passes, lanes := readHash(hashed)
	got := argon2.IDKey([]byte(pin), salt, passes, memory, lanes, pinHashLen)
	return len(want) == pinHashLen && subtle.ConstantTimeCompare(got, want) == 1
}

// readHash takes a hash apart; the costs are those it was made with.
func readHash(hashed string) (salt, hash []byte, memory, passes uint32, lanes uint8) {
	none := make([]byte, pinSaltLen)
	parts := strings.Split(hashed, "$")
	var version int
	if len(parts) == 6 && parts[1] == "argon2id" {
		_, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes)
		salt, first := base64.RawStdEncoding.DecodeString(parts[4])
		hash, second := base64.RawStdEncoding.DecodeString(parts[5])
		sane := passes > 0 && passes <= pinDearest*pinPasses && lanes > 0 && memory <= pinDearest*pinMemory
		if err == nil && first == nil && second == nil && version == argon2.Version && sane {
			return salt, hash, memory, passes, lanes
		}
	}
	return none, nil, pinMemory, pinPasses, pinLanes
}
