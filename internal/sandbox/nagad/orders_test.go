package nagad

import (
	"net/http"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

func TestTimeRunsOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	ref := r.open(t)
	if err := r.Advance(20 * time.Minute); err != nil {
		t.Fatal(err)
	}
	r.press(t, ref, "approve")
	if got := r.verify(t, ref); got["status"] != wordReady || got["statusCode"] != nil {
		t.Errorf("got %v, want it as it was", got)
	}
	if books := r.Books(); books.Charged != 0 {
		t.Errorf("books: got %+v, want no money", books)
	}
	if _, err := r.AddFault(sandbox.Fault{Name: sandbox.FaultLateSuccess}); err != nil {
		t.Fatal(err)
	}
	r.press(t, ref, "approve")
	if got := r.verify(t, ref); got["status"] != "Success" {
		t.Errorf("late success: got %v", got)
	}
}

func TestBarredMerchants(t *testing.T) {
	t.Parallel()
	for name, merchant := range map[string]sandbox.Merchant{
		"refused":         {ID: TestMerchant, Refuse: "1_0002_009"},
		"another address": {ID: TestMerchant, Addresses: []string{"192.0.2.7"}},
		"no key":          {ID: TestMerchant, Flags: []string{"public-key:none"}},
	} {
		if got := newRig(t, nil, merchant).initialize(t, hello); got["reason"] == nil {
			t.Errorf("%s: got %v, want a refusal", name, got)
		}
	}
	r := newRig(t, nil, sandbox.Merchant{ID: TestMerchant, Domain: "elsewhere.test"})
	said := r.initialize(t, hello)
	ref, _ := said["paymentReferenceId"].(string)
	challenge, _ := said["challenge"].(string)
	if got := r.complete(t, ref, challenge, "a|a"); got["reason"] != badFields.reason {
		t.Errorf("another domain: got %v, want a refusal", got)
	}
}

func TestVerifyNeedsItsVersionOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{"require-mc-id": "on"})
	r.headers["X-KM-MC-Id"] = TestMerchant
	ref := r.open(t)
	r.headers = map[string]string{"X-KM-Api-Version": apiVersion}
	if got := r.verify(t, ref); got["orderId"] != "ORD1" {
		t.Errorf("got %v", got)
	}
	r.headers = nil
	if got := r.verify(t, ref); got["reason"] != badHeader.reason {
		t.Errorf("without a version: got %v, want a refusal", got)
	}
}

// Where only the order counts, a query without the payment's reference will do.
func TestCancelByOrder(t *testing.T) {
	t.Parallel()
	for value, done := range map[string]bool{"both": false, "orderId-only": true} {
		r := newRig(t, map[string]string{"cancel-query": value})
		r.press(t, r.open(t), "approve")
		got := r.send(t, http.MethodPost, "/api/dfs/purchase/cancel?orderId=ORD1",
			r.box(t, "sensitiveDataCancelRequest", `{"merchantId":"683000000000001","originalRequestDate":"20260102",`+
				`"originalAmount":"100.5","cancelAmount":"100.5","referenceNo":"rf1","referenceMessage":"refund",`+
				`"orderId":"ORD1"}`, ""))
		if (got["cancelAmount"] == "100.50") != done {
			t.Errorf("%s: got %v", value, got)
		}
	}
}
