package api_test

import (
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/payment"
)

// TestReasonsAreExplained wants the document to explain every reason why a payment
// fails. They are no closed list there: one more is to break nobody's client.
func TestReasonsAreExplained(t *testing.T) {
	t.Parallel()
	doc := document(t)
	reason := doc.Components.Schemas["Payment"].Value.Properties["reason"].Value
	for _, r := range payment.Reasons {
		if !strings.Contains(reason.Description, string(r)+":") && !strings.Contains(reason.Description, string(r)+",") {
			t.Errorf("%s is not explained: %s", r, reason.Description)
		}
	}
	if len(reason.Enum) != 0 {
		t.Errorf("the list is closed: %v", reason.Enum)
	}
}
