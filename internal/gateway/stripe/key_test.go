package stripe

import (
	"strings"
	"testing"
)

// The provider's own library sends no key that is longer than it may be: with
// the longest of our ids each step has one, and each another.
func TestKeysOfLongIDs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("P", 200)
	seen := map[string]bool{}
	for _, reference := range []string{long + "-1", long + "-2"} {
		for _, step := range []string{
			"intent", "confirm", "capture/" + strings.Repeat("0", 32), "refund/" + long, "refund/" + long[1:] + "R",
		} {
			key := *keyOf(reference, step)
			if len(key) > longKey || seen[key] || key != *keyOf(reference, step) {
				t.Errorf("%s, %s: got %s", reference, step, key)
			}
			seen[key] = true
		}
	}
}
