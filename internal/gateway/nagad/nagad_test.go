package nagad

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
)

const (
	merchantID = "683000000000001"
	short      = "AB12CD34EF56GH7"
	reference  = "MDEwMjAzMDQwNTA2"
	receipt    = "70X1ABCD"
	account    = "01700000000"
)

// pair are both halves of both sides' keys.
type pair struct{ ours, theirs *rsa.PrivateKey }

// made are the keys of all tests: making them takes a while.
var made = sync.OnceValue(func() pair {
	ours, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	theirs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pair{ours, theirs}
})

func privateText(key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func publicText(key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func config(base string) gateway.Config {
	return gateway.Config{
		Settings: map[string]string{"mode": "test", "base_url": base, "account_number": account},
		Secrets: map[string]gateway.Secret{
			"merchant_id":          merchantID,
			"merchant_private_key": gateway.Secret(privateText(made().ours)),
			"pg_public_key":        gateway.Secret(publicText(made().theirs)),
		},
		Now: gatewaytest.Now,
	}
}

// said is a sealed answer of the provider.
func said(text string) string {
	theirs := keys{ours: made().theirs, theirs: &made().ours.PublicKey}
	box, err := theirs.seal([]byte(text))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"sensitiveData":%q,"signature":%q}`, box.data, box.signature)
}

const welcomed = `{"paymentReferenceId":"` + reference + `","challenge":"9f1c2b7a","acceptDateTime":"20260502160106"}`

func startSteps(first, second string) []gatewaytest.Step {
	return []gatewaytest.Step{
		{Path: pathInitialize + merchantID + "/" + short, Answer: first, Once: true, Early: true},
		{Path: pathComplete + reference, Answer: second, Once: true},
	}
}

const opened = `{"callBackUrl":"BASE/check-out/` + reference + `","status":"Success"}`

const paidAnswer = `{"merchantId":"683000000000001","orderId":"` + short + `","paymentRefId":"` + reference + `",` +
	`"amount":"2500.00","clientMobileNo":"017****0000","merchantMobileNo":"01700000000",` +
	`"orderDateTime":"2026-05-02 16:01:05.0","issuerPaymentDateTime":"2026-05-02 16:02:00.0",` +
	`"issuerPaymentRefNo":"` + receipt + `","additionalMerchantInfo":"{\"k\":\"v\"}","status":"Success",` +
	`"statusCode":"000","cancelIssuerDateTime":null,"cancelIssuerRefNo":null,"serviceType":"PG"}`

func verifyStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{Method: http.MethodGet, Path: pathVerify + reference, Answer: answer}}
}

// put gives a member of the paid answer another value.
func put(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(paidAnswer) }

func openAnswer(word string) string {
	return put(`"Success"`, `"`+word+`"`, `"000"`, `null`, `"`+receipt+`"`, `null`)
}

func refundStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{
		Path: pathCancel, Query: "orderId=" + short + "&paymentRefId=" + reference, Answer: answer, Once: true,
	}}
}

func kit() gatewaytest.Kit {
	return gatewaytest.Kit{
		New: New, Config: config, Addresses: []string{"base_url"},
		Needed:    []string{"merchant_id", "merchant_private_key", "pg_public_key"},
		Abilities: []string{gatewaytest.Health, gatewaytest.Refund, gatewaytest.Returns},
		Session:   reference, Link: "BASE/check-out/" + reference, Receipt: receipt,
		Unit: money.BDT, Adapt: func(a *gateway.Attempt) { a.Short = short }, Texts: true,
		Wire: money.Amount.Fixed, Sent: sentAmount,
		Start: startSteps(said(welcomed), opened),
		Refusal: func(words string) []gatewaytest.Step {
			return startSteps(said(welcomed), `{"reason":`+words+`,"message":`+words+`}`)
		},
		NotBegun: notBegun(),
		Take:     verifyStep(paidAnswer),
		Open:     verifyStep(openAnswer("Ready")),
		Unpaid:   verifyStep(openAnswer("OrderInitiated")),
		Wrong: []gatewaytest.Answers{
			{Name: "amount", Steps: verifyStep(put("2500.00", "250.00"))},
			{Name: "finer amount", Steps: verifyStep(put("2500.00", "2500.001"))},
			{Name: "no amount", Steps: verifyStep(put(`"amount":"2500.00",`, ""))},
			{Name: "no receipt", Steps: verifyStep(put(`"`+receipt+`"`, "null"))},
			{Name: "merchant", Steps: verifyStep(put(merchantID, "683000000000009"))},
			{Name: "no merchant", Steps: verifyStep(put(`"merchantId":"683000000000001",`, ""))},
			{Name: "order", Steps: verifyStep(put(short, "ZZ"))},
			{Name: "payment", Steps: verifyStep(put(reference, "MDEw"))},
			{Name: "word without code", Steps: verifyStep(put(`"000"`, `"001"`))},
			{Name: "code without word", Steps: verifyStep(put(`"Success"`, `"InProgress"`))},
			{Name: "paid and canceled", Steps: verifyStep(put(`"Success"`, `"Cancelled"`, `"000"`, `null`))},
		},
		Strange: []gatewaytest.Answers{
			{Name: "word", Steps: verifyStep(put(`"Success"`, `"Queued"`, `"000"`, `"777"`))},
			{Name: "refusal", Steps: verifyStep(`{"reason":"1_0005_001","message":"not found"}`)},
			{Name: "refusal beside a success", Steps: verifyStep(put(`"serviceType"`, `"devMessage":"x","serviceType"`))},
			{Name: "amount that is none", Steps: verifyStep(put(`"2500.00"`, `"much"`))},
		},
		Refund:     refundStep(said(`{"cancelAmount":"2500.00","status":"Success","cancelIssuerRefNo":"71"}`)),
		GoodReturn: back0("Success", "00_0000_000"),
		BadReturn:  back0("Aborted", "50_0026_851"),
	}
}

func notBegun() []gatewaytest.Answers {
	theirs := keys{ours: made().ours, theirs: &made().ours.PublicKey}
	box, err := theirs.seal([]byte(welcomed))
	if err != nil {
		panic(err)
	}
	sum := sha1.Sum([]byte(welcomed))
	old, err := rsa.SignPKCS1v15(nil, made().theirs, crypto.SHA1, sum[:])
	if err != nil {
		panic(err)
	}
	answer := func(signature string) string {
		return fmt.Sprintf(`{"sensitiveData":%q,"signature":%q}`, box.data, signature)
	}
	return []gatewaytest.Answers{
		{Name: "signed by another", Steps: startSteps(answer(box.signature), opened)},
		{Name: "signed over SHA-1", Steps: startSteps(answer(base64.StdEncoding.EncodeToString(old)), opened)},
		{Name: "not signed", Steps: startSteps(answer(""), opened)},
		{Name: "not sealed", Steps: startSteps(welcomed, opened)},
		{Name: "reference", Steps: startSteps(said(`{"paymentReferenceId":"../x","challenge":"1"}`), opened)},
		{Name: "no challenge", Steps: startSteps(said(`{"paymentReferenceId":"MDEw"}`), opened)},
		{Name: "not JSON", Steps: startSteps(said(`hello`), opened)},
		{Name: "no page", Steps: startSteps(said(welcomed), `{"status":"Success"}`)},
		{Name: "word", Steps: startSteps(said(welcomed), strings.Replace(opened, "Success", "Queued", 1))},
		{Name: "host", Steps: startSteps(said(welcomed), strings.Replace(opened, "BASE", "http://evil.test", 1))},
		{Name: "script", Steps: startSteps(said(welcomed), `{"status":"Success","callBackUrl":"javascript:x"}`)},
	}
}

func back0(status, code string) map[string][]string {
	return map[string][]string{
		"merchant": {merchantID}, "order_id": {short}, "payment_ref_id": {reference}, "status": {status},
		"status_code": {code}, "message": {"words"},
	}
}

// theirOpen decrypts what we sent, as the provider would.
func theirOpen(data, signature string) ([]byte, error) {
	theirs := keys{ours: made().theirs, theirs: &made().ours.PublicKey}
	return theirs.open(sealed{data: data, signature: signature})
}

// sentAmount finds the amount inside the sealed message of complete.
func sentAmount(c gatewaytest.Call) string {
	var body orderWire
	if json.Unmarshal([]byte(c.Body), &body) != nil {
		return ""
	}
	text, err := theirOpen(body.SensitiveData, body.Signature)
	if err != nil {
		return ""
	}
	var message order
	if json.Unmarshal(text, &message) != nil || message.Challenge != "9f1c2b7a" {
		return ""
	}
	return message.Amount
}

func TestConformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, kit())
}

// open makes the connector against a script.
func open(t *testing.T, script []gatewaytest.Step, now time.Time) (*Gateway, *gatewaytest.Provider) {
	t.Helper()
	p := gatewaytest.NewProvider(t, script)
	c := config(p.URL)
	c.Now = func() time.Time { return now }
	connector, err := New(c, &http.Transport{DisableKeepAlives: true})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := connector.(*Gateway)
	return g, p
}

func attempt() gateway.Attempt {
	a := kit().Attempt()
	a.Session = reference
	return a
}

func TestMessages(t *testing.T) {
	t.Parallel()
	g, p := open(t, kit().Start, time.Date(2026, 1, 1, 21, 4, 5, 0, time.UTC))
	if got := g.Start(t.Context(), attempt()); got.Outcome != gateway.Opened {
		t.Fatalf("got %+v, want opened", got)
	}
	var first helloWire
	var second orderWire
	bodies := p.Bodies()
	if json.Unmarshal([]byte(bodies[0]), &first) != nil || json.Unmarshal([]byte(bodies[1]), &second) != nil {
		t.Fatalf("got %s", bodies)
	}
	if first.AccountNumber != account || first.DateTime != "20260102030405" || len(first.SensitiveData) != 344 {
		t.Errorf("got %+v, want Dhaka's time and one block", first)
	}
	text, err := theirOpen(first.SensitiveData, first.Signature)
	var message hello
	if err != nil || json.Unmarshal(text, &message) != nil || len(message.Challenge) != 40 {
		t.Fatalf("got %s, %v, want a challenge of 40 characters", text, err)
	}
	want := `{"merchantId":"683000000000001","datetime":"20260102030405","orderId":"` + short + `","challenge":"` +
		message.Challenge + `"}`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	if second.CallbackURL != attempt().ReturnURL {
		t.Errorf("got callback %q", second.CallbackURL)
	}
}

func TestResolveTable(t *testing.T) {
	t.Parallel()
	deadline := kit().Attempt().Deadline
	tests := []struct {
		answer string
		now    time.Time
		want   gateway.Outcome
	}{
		{openAnswer("Cancelled"), deadline, gateway.Canceled},
		{openAnswer("Aborted"), deadline, gateway.Canceled},
		{openAnswer("Failed"), deadline, gateway.Declined},
		{openAnswer("InProgress"), deadline, gateway.Pending},
		{openAnswer("Ready"), deadline.Add(time.Hour - time.Second), gateway.Pending},
		{openAnswer("Ready"), deadline.Add(time.Hour), gateway.Expired},
		{openAnswer("OrderInitiated"), deadline.Add(time.Hour), gateway.Expired},
		{openAnswer("InProgress"), deadline.Add(time.Hour), gateway.Pending},
		{openAnswer("success"), deadline, gateway.Unknown},
		{put("2500.00", "2500"), deadline, gateway.Captured},
		{put(`"2500.00"`, "2500.0"), deadline, gateway.Captured},
		{put(`"cancelIssuerRefNo":null`, `"cancelIssuerRefNo":"71"`), deadline, gateway.Captured},
	}
	for _, test := range tests {
		g, _ := open(t, verifyStep(test.answer), test.now)
		if got := g.Resolve(t.Context(), attempt(), gateway.Look); got.Outcome != test.want || got.Alarm != "" {
			t.Errorf("%s: got %+v, want %s", test.answer, got, test.want)
		}
	}
}

func TestRefundTable(t *testing.T) {
	t.Parallel()
	r := gatewaytest.Back(attempt(), gateway.Report{Receipt: receipt}, "rf-5", 3_000)
	tests := []struct {
		name, answer string
		want         gateway.ReturnOutcome
		alarm        bool
	}{
		{"done", said(`{"cancelAmount":"30"}`), gateway.Done, false},
		{"number", said(`{"cancelAmount":30.00,"status":"Cancelled"}`), gateway.Done, false},
		{"refused", `{"reason":"1_0006_001","message":"no"}`, gateway.Denied, false},
		{"refused as before", `{"devMessage":"no"}`, gateway.Denied, false},
		{"another amount", said(`{"cancelAmount":"3.00"}`), gateway.ReturnUnsure, true},
		{"no amount", said(`{"status":"Success"}`), gateway.ReturnUnsure, true},
		{"another order", said(`{"cancelAmount":"30","orderId":"X"}`), gateway.ReturnUnsure, true},
		{"another word", said(`{"cancelAmount":"30","status":"Failed"}`), gateway.ReturnUnsure, false},
		{"not sealed", `{"sensitiveData":"YQ==","signature":"YQ=="}`, gateway.ReturnUnsure, true},
		{"refusal beside an answer", `{"reason":"x","sensitiveData":"YQ=="}`, gateway.ReturnUnsure, false},
	}
	for _, test := range tests {
		g, _ := open(t, refundStep(test.answer), gatewaytest.Now())
		if got := g.Refund(t.Context(), r); got.Outcome != test.want || (got.Alarm != "") != test.alarm {
			t.Errorf("%s: got %+v, want %s, alarm %v", test.name, got, test.want, test.alarm)
		}
	}
}

func TestRefundMessageFits(t *testing.T) {
	t.Parallel()
	g, _ := open(t, nil, gatewaytest.Now())
	r := gatewaytest.Back(attempt(), gateway.Report{Receipt: receipt}, "rf-5", 3_000)
	text, err := g.backOf(r)
	if err != nil || !strings.HasSuffix(string(text), `"paymentRefId":"`+reference+`"}`) || len(text) > maxPlain {
		t.Errorf("got %s, %v, want it with the reference", text, err)
	}
	r.Attempt.Session = strings.Repeat("M", 54)
	if text, err = g.backOf(r); err != nil || strings.Contains(string(text), "MMMM") || len(text) > maxPlain {
		t.Errorf("got %s, %v, want it without the reference", text, err)
	}
	r.Refund = strings.Repeat("r", 200)
	if got := g.Refund(t.Context(), r); got.Outcome != gateway.Denied {
		t.Errorf("got %+v, want denied: it does not fit", got)
	}
}

func TestRefundStateTable(t *testing.T) {
	t.Parallel()
	shown := put(`"cancelIssuerRefNo":null`, `"cancelIssuerRefNo":"71"`)
	whole := attempt().Amount.Steps()
	tests := []struct {
		name, answer, receipt string
		amount                int64
		want                  gateway.ReturnOutcome
	}{
		{"whole", shown, "", whole, gateway.Done},
		{"part with its number", shown, "71", 3_000, gateway.Done},
		{"part without a number", shown, "", 3_000, gateway.ReturnUnsure},
		{"another number", shown, "72", whole, gateway.ReturnUnsure},
		{"none", paidAnswer, "", whole, gateway.ReturnUnsure},
		{"another order", strings.Replace(shown, short, "ZZ", 1), "", whole, gateway.ReturnUnsure},
		{"refused", `{"reason":"x"}`, "", whole, gateway.ReturnUnsure},
	}
	for _, test := range tests {
		g, _ := open(t, verifyStep(test.answer), gatewaytest.Now())
		r := gatewaytest.Back(attempt(), gateway.Report{Receipt: receipt}, "rf-5", test.amount)
		if got := g.RefundState(t.Context(), r, test.receipt); got.Outcome != test.want {
			t.Errorf("%s: got %+v, want %s", test.name, got, test.want)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, param string
		change      func(*gateway.Config)
	}{
		{"plain http elsewhere", "base_url", func(c *gateway.Config) { c.Settings["base_url"] = "http://pay.test" }},
		{"no key", "merchant_private_key", func(c *gateway.Config) { c.Secrets["merchant_private_key"] = "x" }},
		{"public for private", "merchant_private_key", func(c *gateway.Config) {
			c.Secrets["merchant_private_key"] = c.Secrets["pg_public_key"]
		}},
		{"private for public", "pg_public_key", func(c *gateway.Config) {
			c.Secrets["pg_public_key"] = c.Secrets["merchant_private_key"]
		}},
		{"no IPv4", "payer_address", func(c *gateway.Config) { c.Settings["payer_address"] = "::1" }},
		{"live without an address", "payer_address", func(c *gateway.Config) {
			c.Settings["mode"], c.Settings["base_url"] = "live", "https://api.mynagad.com/api/dfs"
		}},
	}
	for _, test := range tests {
		c := config("http://127.0.0.1:1")
		test.change(&c)
		if _, err := New(c, nil); !fault.Is(err, fault.CodeSettingInvalid) || fault.From(err).Param != test.param {
			t.Errorf("%s: got %v, want setting_invalid of %s", test.name, err, test.param)
		}
	}
}

func TestTrusted(t *testing.T) {
	t.Parallel()
	g := &Gateway{live: true, hosts: []string{liveHosts, "pay.test:81"}}
	for address, want := range map[string]bool{
		"https://api.mynagad.com/x": true, "https://pay.test:81/x": true, "http://api.mynagad.com/x": false,
		"https://mynagad.com.evil.test/x": false, "https://evilmynagad.com/x": false, "https://pay.test/x": false,
		"https://a@api.mynagad.com/x": false, "//api.mynagad.com/x": false, "javascript:x": false, "": false, ":": false,
	} {
		if got := g.trusted(address); got != want {
			t.Errorf("%q: got %v, want %v", address, got, want)
		}
	}
	if g.live = false; !g.trusted("http://pay.test:81/x") {
		t.Error("plain http is refused in test mode")
	}
}
