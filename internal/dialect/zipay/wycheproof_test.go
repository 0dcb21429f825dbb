package zipay_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/purserhq/purser/internal/dialect/zipay"
)

// TestWycheproof signs what Project Wycheproof has signed.
func TestWycheproof(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../testdata/wycheproof/hmac_sha256_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Groups []struct {
			TagSize int `json:"tagSize"`
			Tests   []struct {
				ID                    int `json:"tcId"`
				Key, Msg, Tag, Result string
			} `json:"tests"`
		} `json:"testGroups"`
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, group := range vectors.Groups {
		if group.TagSize != 256 {
			continue // cut tags, which this API does not have
		}
		for _, v := range group.Tests {
			key, err := hex.DecodeString(v.Key)
			msg, wrong := hex.DecodeString(v.Msg)
			tag, bad := hex.DecodeString(v.Tag)
			if err != nil || wrong != nil || bad != nil {
				t.Fatalf("%d cannot be read", v.ID)
			}
			good := zipay.Sign(string(key), string(msg)) == base64.StdEncoding.EncodeToString(tag)
			if seen[v.Result]++; good != (v.Result == "valid") {
				t.Errorf("%d: signed so %v, it is %s", v.ID, good, v.Result)
			}
		}
	}
	if seen["valid"] < 20 || seen["invalid"] < 20 {
		t.Errorf("only %v were tried", seen)
	}
}
