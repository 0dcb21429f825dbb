package nagad

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// vectors are one file of Wycheproof.
type vectors struct {
	Groups []struct {
		PublicKeyPem  string `json:"publicKeyPem"`
		PrivateKeyPem string `json:"privateKeyPem"`
		Tests         []struct {
			ID      int    `json:"tcId"`
			Comment string `json:"comment"`
			Msg     string `json:"msg"`
			Sig     string `json:"sig"`
			Ct      string `json:"ct"`
			Result  string `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

func readVectors(t *testing.T, name string) vectors {
	t.Helper()
	text, err := os.ReadFile("../../../testdata/wycheproof/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWycheproofSignatures: no forged signature passes. What the vectors call
// acceptable is a padding of old libraries, which may be refused.
func TestWycheproofSignatures(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, group := range readVectors(t, "rsa_signature_2048_sha256_test").Groups {
		key, ok := publicKey(group.PublicKeyPem)
		if !ok {
			t.Fatal("the key of a group cannot be read")
		}
		for _, v := range group.Tests {
			got := verified(key, unhex(t, v.Msg), base64.StdEncoding.EncodeToString(unhex(t, v.Sig)))
			if seen[v.Result]++; v.Result != "acceptable" && got != (v.Result == "valid") {
				t.Errorf("%d (%s): verified %v, it is %s", v.ID, v.Comment, got, v.Result)
			}
		}
	}
	if seen["valid"] < 5 || seen["invalid"] < 200 {
		t.Errorf("only %v were tried", seen)
	}
}

// TestWycheproofEncryption: every wrong ciphertext gets the one error that
// tells nothing about what was wrong.
func TestWycheproofEncryption(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, group := range readVectors(t, "rsa_pkcs1_2048_test").Groups {
		key, ok := privateKey(group.PrivateKeyPem)
		if !ok {
			t.Fatal("the key of a group cannot be read")
		}
		for _, v := range group.Tests {
			msg := unhex(t, v.Msg)
			us := keys{ours: key, theirs: &key.PublicKey}
			signed, err := us.seal(msg)
			if err != nil {
				t.Fatal(err)
			}
			got, err := us.open(sealed{base64.StdEncoding.EncodeToString(unhex(t, v.Ct)), signed.signature})
			switch seen[v.Result]++; {
			case v.Result == "valid" && (err != nil || !bytes.Equal(got, msg)):
				t.Errorf("%d (%s): got %x, %v, want %s", v.ID, v.Comment, got, err, v.Msg)
			case v.Result == "invalid" && (err != errSeal || got != nil): //nolint:errorlint // it must be this very one
				t.Errorf("%d (%s): got %x, %v, want the one error", v.ID, v.Comment, got, err)
			}
		}
	}
	if seen["valid"] < 20 || seen["invalid"] < 20 {
		t.Errorf("only %v were tried", seen)
	}
}
