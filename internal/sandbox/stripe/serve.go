package stripe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// call is one of the provider's paths.
type call struct {
	pattern, name string
	known         []string // the names of its form
	needed        []string
	work          func(*asked) (*sandbox.Payment, sandbox.Object, *failure)
}

// asked is one request that has passed the key.
type asked struct {
	*sandbox.Call
	form
	e        *Emulator
	merchant sandbox.Merchant
	live     bool
}

// failure is a refusal. kept says that the call had begun to run, so that its answer is remembered for the key.
type failure struct {
	status                       int
	kind, code, decline, message string
	param                        string
	intent                       sandbox.Object
	kept                         bool
}

func invalid(code, param, message string) *failure {
	return &failure{
		status: http.StatusBadRequest, kind: "invalid_request_error", code: code, param: param, message: message,
	}
}

// body writes the frame of every refusal.
func (f *failure) body() sandbox.Object {
	said := sandbox.Object{{Name: "type", Value: f.kind}, {Name: "message", Value: f.message}}
	for _, member := range []sandbox.Member{
		{Name: "code", Value: f.code}, {Name: "decline_code", Value: f.decline}, {Name: "param", Value: f.param},
	} {
		if member.Value != "" {
			said = append(said, member)
		}
	}
	if f.intent != nil {
		said = append(said, sandbox.Member{Name: "payment_intent", Value: f.intent})
	}
	return sandbox.Object{{Name: "error", Value: said}}
}

var keyForm = regexp.MustCompile(`^(sk|rk)_(test|live)_[A-Za-z0-9_]+$`)

// work wraps the key, the form and the idempotency of one path around its own work.
func (e *Emulator) work(k call) sandbox.Work {
	return func(c *sandbox.Call) sandbox.Reply {
		a := &asked{Call: c, e: e}
		if f := a.enter(k); f != nil {
			return sandbox.JSON(f.status, f.body())
		}
		key := c.Request.Header.Get("Idempotency-Key")
		if c.Request.Method != http.MethodPost || key == "" {
			_, reply := a.run(k)
			return reply
		}
		return a.once(k, key)
	}
}

// enter checks the key and reads the form.
func (a *asked) enter(k call) *failure {
	if f := a.admit(); f != nil {
		return f
	}
	text := string(a.Body)
	if a.Request.Method == http.MethodGet {
		text = a.Request.URL.RawQuery
	}
	var bad string
	if a.form, bad = parseForm(text); bad != "" {
		return invalid("", bad, "This parameter cannot be read.")
	}
	if fault, ok := a.Fault(sandbox.FaultRefuse); ok {
		return refusal(fault)
	}
	if a.Request.Method == http.MethodPost {
		if _, ok := a.Fault(sandbox.FaultUnknownWord); ok { // a kind of answer that no table has
			return &failure{status: http.StatusTeapot, kind: "new_error", code: "new_code", message: "something new"}
		}
	}
	if fault, ok := a.Fault(FaultShouldRetry); ok {
		a.headers().Set("Stripe-Should-Retry", fault.Value)
		return &failure{status: http.StatusConflict, kind: "invalid_request_error", code: "lock_timeout", message: "locked"}
	}
	name := a.stranger(append(slices.Clone(k.known), "expand[*]"))
	if name != "" && a.Setting(switchUnknown) == "refused" {
		return invalid("parameter_unknown", name, "Received unknown parameter: "+name)
	}
	for _, name := range k.needed {
		if !a.has(name) {
			return invalid("parameter_missing", name, "Missing required param: "+name+".")
		}
	}
	return nil
}

// refusal is a fault's own code: a status, or one of the codes of status 400.
func refusal(fault sandbox.Fault) *failure {
	status, err := strconv.Atoi(fault.Value)
	if err != nil || status < 400 || status > 599 {
		return invalid(fault.Value, "", "refused")
	}
	kind := "invalid_request_error"
	if status == http.StatusTooManyRequests || status >= 500 {
		kind = "api_error"
	}
	return &failure{status: status, kind: kind, message: "refused"}
}

// admit finds out whose key it is, as a bearer token or as the user of Basic.
func (a *asked) admit() *failure {
	key, _, _ := a.Request.BasicAuth()
	if token, ok := strings.CutPrefix(a.Request.Header.Get("Authorization"), "Bearer "); ok {
		key = token
	}
	wrong := &failure{status: http.StatusUnauthorized, kind: "invalid_request_error", message: "Invalid API Key provided"}
	if !keyForm.MatchString(key) {
		return wrong
	}
	owner, ok := a.PanelOwner(key)
	if !ok {
		return wrong
	}
	a.live = strings.Contains(key[:8], "_live_")
	a.merchant, _ = a.Merchant(owner)
	if a.merchant.Refuse != "" {
		wrong.status, wrong.code, wrong.message = http.StatusForbidden, a.merchant.Refuse, "not permitted"
		return wrong
	}
	return nil
}

// headers are those of the answer.
func (a *asked) headers() http.Header {
	if x, ok := a.Request.Context().Value(exchangeKey{}).(*exchange); ok {
		return x.header
	}
	return http.Header{}
}

// run does the work and writes its answer. The payment is nil where nothing of one was changed.
func (a *asked) run(k call) (*sandbox.Payment, sandbox.Reply) {
	p, object, f := k.work(a)
	if f != nil {
		if !f.kept {
			p = nil
		}
		return p, sandbox.JSON(f.status, f.body())
	}
	return p, sandbox.JSON(http.StatusOK, object)
}

// memory is what is kept of a call under its key.
type memory struct {
	Print  string    `json:"print"`
	Status int       `json:"status"`
	Body   string    `json:"body"`
	At     time.Time `json:"at"`
}

// keyPrefix is where a payment keeps the keys of the calls about it.
const keyPrefix = "key:"

// once runs a call the first time that its key is seen, and replays its answer afterwards.
func (a *asked) once(k call, key string) sandbox.Reply {
	if len(key) > 255 {
		f := invalid("", "idempotency_key", "The key is too long.")
		return sandbox.JSON(f.status, f.body())
	}
	if _, ok := a.Fault(FaultKeyInUse); ok {
		f := &failure{
			status: http.StatusConflict, kind: "idempotency_error", code: "idempotency_key_in_use",
			message: "Another request with the key is running.",
		}
		return sandbox.JSON(f.status, f.body())
	}
	sum := sha256.Sum256([]byte(a.Request.Method + a.Request.URL.Path + "\n" + string(a.Body)))
	print := hex.EncodeToString(sum[:])
	if found, ok := a.remembered(key); ok {
		if found.Print != print {
			status, _ := strconv.Atoi(a.Setting(switchMismatch))
			f := &failure{status: status, kind: "idempotency_error", message: "The key was used with other parameters."}
			return sandbox.JSON(f.status, f.body())
		}
		a.headers().Set("Idempotent-Replayed", "true")
		return sandbox.Reply{Status: found.Status, Type: "application/json", Body: []byte(found.Body)}
	}
	p, reply := a.run(k)
	if p == nil {
		return reply
	}
	text, err := json.Marshal(memory{Print: print, Status: reply.Status, Body: string(reply.Body), At: a.Now})
	if err != nil {
		panic("sandbox: encode a kept answer: " + err.Error()) // of text and numbers alone
	}
	p.Facts = maps.Clone(p.Facts)
	p.Facts[keyPrefix+key] = string(text)
	a.Save(p)
	return reply
}

// remembered finds the answer of the account's key that has not been dropped yet.
func (a *asked) remembered(key string) (memory, bool) {
	if _, ok := a.Fault(FaultKeyPruned); ok {
		return memory{}, false
	}
	for _, p := range a.Payments() {
		var found memory
		text, ok := p.Facts[keyPrefix+key]
		if ok && a.owns(p) && json.Unmarshal([]byte(text), &found) == nil && a.Now.Sub(found.At) < a.Length(switchKeyLife) {
			return found, true
		}
	}
	return memory{}, false
}
