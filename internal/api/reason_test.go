package api_test

import (
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/purserhq/purser/internal/payment"
)

// TestReasonsAreExplained wants the document to explain every reason why a payment
// fails. They are no closed list there: one more is to break nobody's client.
func TestReasonsAreExplained(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
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
