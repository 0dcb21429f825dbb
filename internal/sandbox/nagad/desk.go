package nagad

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/sandbox"
)

// The members' lengths and the words of the headers.
const (
	apiVersion  = "v-0.2.0"
	maxOrder    = 40
	maxCallback = 2000
)

// clientTypes are the devices that the provider tells apart.
var clientTypes = []string{"PC_WEB", "MOBILE_WEB", "MOBILE_APP", "WALLET_WEB_VIEW", "BILL_KEY"}

// refusal is why a call was refused: the provider's code is made up, since no list of them is published.
type refusal struct{ reason, message string }

// The refusals.
var (
	badRequest = &refusal{"1_0001_001", "request cannot be read"}
	badHeader  = &refusal{"1_0001_002", "header missing or not valid"}
	badCrypto  = &refusal{"1_0001_003", "signature not valid"}
	noMerchant = &refusal{"1_0002_001", "merchant not known"}
	noOrder    = &refusal{"1_0003_001", "order not valid"}
	usedOrder  = &refusal{"1_0003_002", "order used before"}
	badClock   = &refusal{"1_0003_003", "datetime out of range"}
	badFields  = &refusal{"1_0003_004", "a member is missing or not valid"}
	badState   = &refusal{"1_0004_001", "order is not open"}
	noPayment  = &refusal{"1_0005_001", "payment not found"}
	noCancel   = &refusal{"1_0006_001", "cancel not possible"}
)

// asked is one sealed call that has been opened.
type asked struct {
	*sandbox.Call
	ring     *ring
	body     sandbox.Fields // outside
	message  sandbox.Fields // inside
	merchant sandbox.Merchant
	public   *rsa.PublicKey // the merchant's
}

// answer is what a call says: sealed or plain.
type answer struct {
	sealed sandbox.Object
	plain  sandbox.Object
}

// sealed wraps the checks and the answers of the calls with sealed messages around one of them.
func (r *ring) sealed(work func(a *asked) (answer, *refusal)) sandbox.Work {
	return func(c *sandbox.Call) sandbox.Reply {
		a := &asked{Call: c, ring: r}
		no := a.admit()
		var said answer
		if no == nil {
			said, no = work(a)
		}
		switch {
		case no != nil:
			return refuse(c, *no)
		case said.plain != nil:
			return sandbox.JSON(http.StatusOK, said.plain)
		}
		return a.reply(said.sealed)
	}
}

// other serves the second name of a path only while the switch has it.
func other(second bool, work func(a *asked) (answer, *refusal)) func(a *asked) (answer, *refusal) {
	return func(a *asked) (answer, *refusal) {
		if second && a.Setting(switchPath) != "both" {
			return answer{}, badRequest
		}
		return work(a)
	}
}

// refuse answers in the provider's words, which come in two forms.
func refuse(c *sandbox.Call, no refusal) sandbox.Reply {
	body := sandbox.Object{{Name: "reason", Value: no.reason}, {Name: "message", Value: no.message}}
	if c.Setting(switchFailureBody) == "devMessage" {
		body = sandbox.Object{{Name: "devMessage", Value: no.reason + " " + no.message}}
	}
	return sandbox.JSON(http.StatusBadRequest, body)
}

// admit reads and opens a call.
func (a *asked) admit() *refusal {
	if fault, ok := a.Fault(sandbox.FaultRefuse); ok {
		return &refusal{fault.Value, "refused"}
	}
	body, err := sandbox.ParseJSON(a.Body)
	if err != nil || sandbox.MediaType(a.Request) != "application/json" {
		return badRequest
	}
	a.body = body
	if !a.headers() {
		return badHeader
	}
	data := body.Text("sensitiveData")
	if a.Name == "cancel" {
		data = body.Text("sensitiveDataCancelRequest")
	}
	text, err := a.ring.decrypt(data)
	if err != nil {
		return badCrypto
	}
	message, err := sandbox.ParseJSON(text)
	if err != nil {
		return badRequest
	}
	return a.identify(text, message)
}

// identify finds the merchant that a message names, and believes it by its signature over the bytes as they are.
func (a *asked) identify(text []byte, message sandbox.Fields) *refusal {
	id := message.Text("merchantId")
	merchant, listed := a.Merchant(id)
	if !listed && id != TestMerchant {
		return noMerchant
	}
	public, ok := a.keyOf(merchant)
	if !ok || !signed(public, text, a.body.Text("signature"), a.Setting(switchHash) != "sha256") {
		return badCrypto
	}
	a.message, a.merchant, a.public = message, merchant, public
	a.merchant.ID = id
	return a.barred()
}

// barred says what is wrong with the merchant itself.
func (a *asked) barred() *refusal {
	switch {
	case a.merchant.Refuse != "":
		return &refusal{a.merchant.Refuse, "merchant refused"}
	case !a.merchant.Accepts(a.Request.RemoteAddr):
		return &refusal{noMerchant.reason, "server address not registered"}
	}
	return nil
}

// keyOf is a merchant's own public key, or the one that the emulator made.
func (a *asked) keyOf(m sandbox.Merchant) (*rsa.PublicKey, bool) {
	for _, flag := range m.Flags {
		if text, ok := strings.CutPrefix(flag, "public-key:"); ok {
			key, err := publicOf(text)
			return key, err == nil
		}
	}
	return a.ring.public, true
}

// headers checks those of every call but verify.
func (a *asked) headers() bool {
	header := a.Request.Header
	ip := net.ParseIP(header.Get("X-KM-IP-V4"))
	return header.Get("X-KM-Api-Version") == apiVersion && ip != nil && ip.To4() != nil &&
		slices.Contains(clientTypes, header.Get("X-KM-Client-Type")) &&
		(a.Setting(switchRequireMC) == "off" || header.Get("X-KM-MC-Id") != "")
}

// reply seals an answer, unless a fault spoils it.
func (a *asked) reply(message sandbox.Object) sandbox.Reply {
	text, err := message.MarshalJSON()
	if err != nil {
		panic("sandbox: write message: " + err.Error()) // only messages of our own making come here
	}
	signer, hash := a.ring.pg, crypto.SHA256
	if _, ok := a.Fault(FaultSHA1); ok {
		hash = crypto.SHA1
	}
	if _, ok := a.Fault(FaultWrongKey); ok {
		if signer, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
			panic("sandbox: make key: " + err.Error()) // as in newRing, where it worked
		}
	}
	data, signature, err := seal(a.public, signer, hash, text)
	if err == nil {
		if _, ok := a.Fault(FaultBadSignature); ok {
			_, signature, err = seal(a.public, signer, hash, append(text, ' '))
		}
	}
	if err != nil {
		return sandbox.JSON(http.StatusInternalServerError, sandbox.Object{{Name: "message", Value: "cannot seal"}})
	}
	return sandbox.JSON(http.StatusOK, sandbox.Object{
		{Name: "sensitiveData", Value: data}, {Name: "signature", Value: signature},
	})
}
