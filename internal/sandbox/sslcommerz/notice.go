package sslcommerz

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // the provider's own signature; it is no proof, and nothing here takes it for one
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// gaps are the pauses before a notice that was not taken is sent again, where it is.
var gaps = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute}

// decided sends the payer back to the address for what happened, and tells the merchant's server.
func (e *Emulator) decided(c *sandbox.Call, p *sandbox.Payment) {
	p.Card = ""
	switch p.State {
	case sandbox.Verified, sandbox.Paid:
		p.Callback = p.Facts["success_url"]
		e.paid(c, p)
	case sandbox.Canceled:
		p.Callback = p.Facts["cancel_url"]
	case sandbox.Failed, sandbox.Expired, sandbox.Open, sandbox.Returned, sandbox.Reversed, sandbox.Refunding,
		sandbox.Refunded:
		p.Callback = p.Facts["fail_url"]
	}
	c.Save(p)
	e.announce(c, *p)
}

// paid lays the faults of a payment on it.
func (e *Emulator) paid(c *sandbox.Call, p *sandbox.Payment) {
	if _, ok := c.Fault(FaultFailedFirst); ok {
		p.Facts["failed"] = "yes"
	}
	if _, ok := c.Fault(FaultTwoValid); ok {
		p.Charges, p.Captures = 2, 2
	}
	if _, ok := c.Fault(FaultOtherCardType); ok {
		p.Facts["channel"] = "visa"
	}
}

// announce puts the notice about a payment on its way.
func (e *Emulator) announce(c *sandbox.Call, p sandbox.Payment) {
	address := p.Facts["ipn_url"]
	if _, none := c.Fault(FaultNoNotice); none || address == "" {
		return
	}
	members := signed(c, spoiled(c, p))
	if _, ok := c.Fault(FaultBadSum); ok {
		members.Set("verify_sign", strings.Repeat("0", 32))
	}
	form := url.Values{}
	for _, member := range members {
		form.Set(member.Name, fmt.Sprint(member.Value))
	}
	sent := notice{address: address, form: form.Encode(), due: c.Now}
	if fault, ok := c.Fault(FaultLateNotice); ok {
		sent.due = c.Now.Add(cmp.Or(fault.Wait, time.Minute))
	}
	if c.Setting(switchRetry) == "3" {
		sent.gaps = gaps
	}
	e.mail.add(sent)
	if _, ok := c.Fault(FaultDoubleNotice); ok {
		e.mail.add(sent)
	}
}

// told are the fields of a notice or a return about a payment as it stands.
func told(p sandbox.Payment, success bool) sandbox.Object {
	status := wordOf(p)
	if status == wordValidated || success {
		status = wordValid
	}
	members := described(p, status, false)
	if status == wordValid {
		return members
	}
	return without(members, "val_id")
}

// without leaves a member out.
func without(members sandbox.Object, name string) sandbox.Object {
	return slices.DeleteFunc(members, func(m sandbox.Member) bool { return m.Name == name })
}

// spoiled are the fields of a notice, with the faults on them.
func spoiled(c *sandbox.Call, p sandbox.Payment) sandbox.Object {
	forged := false
	if p.Charges == 0 {
		_, forged = c.Fault(FaultForgedNotice)
	}
	members := told(p, forged)
	if _, ok := c.Fault(FaultNoValID); ok {
		members = without(members, "val_id")
	}
	if fault, ok := c.Fault(FaultForeignStore); ok {
		members.Set("store_id", cmp.Or(fault.Value, "foreignstore"))
	}
	if _, ok := c.Fault(FaultRisk); ok {
		members.Set("risk_level", "1")
		members.Set("risk_title", "Not Safe")
	}
	return members
}

// signed adds the sum over the fields, and the names that it covers.
func signed(c *sandbox.Call, members sandbox.Object) sandbox.Object {
	var names []string
	tampered, struck := c.Fault(FaultTampered)
	for _, member := range members {
		reduced := c.Setting(switchVerifyKey) == "reduced"
		if (reduced && !strings.Contains(" amount currency status store_id tran_id val_id ", " "+member.Name+" ")) ||
			(struck && member.Name == "amount") {
			continue
		}
		names = append(names, member.Name)
	}
	if struck {
		members.Set("amount", cmp.Or(tampered.Value, "10.00"))
	}
	sort.Strings(names)
	store, _ := members.Member("store_id").(string)
	password := passwordOf(c, store)
	text := sumText(members, names, password)
	sum := md5.Sum([]byte(text)) //nolint:gosec // see above
	members = append(members,
		sandbox.Member{Name: "verify_sign", Value: hex.EncodeToString(sum[:])},
		sandbox.Member{Name: "verify_key", Value: strings.Join(names, ",")})
	longer := sha256.Sum256([]byte(text))
	switch c.Setting(switchSHA2) {
	case "absent":
		return members
	case "random":
		longer = c.Digest("sha2", c.Next())
	}
	return append(members, sandbox.Member{Name: "verify_sign_sha2", Value: hex.EncodeToString(longer[:])})
}

// sumText is what is summed: the names with their values and the password's own sum, sorted, without any escaping.
func sumText(members sandbox.Object, names []string, password string) string {
	sum := md5.Sum([]byte(password)) //nolint:gosec // see above
	values := map[string]string{"store_passwd": hex.EncodeToString(sum[:])}
	for _, name := range names {
		values[name] = fmt.Sprint(members.Member(name))
	}
	pairs := make([]string, 0, len(values))
	for name, value := range values {
		pairs = append(pairs, name+"\x00"+value) // sorted by name, not by the sign behind it
	}
	sort.Strings(pairs)
	for i, pair := range pairs {
		pairs[i] = strings.Replace(pair, "\x00", "=", 1)
	}
	return strings.Join(pairs, "&")
}

// notice is one POST to a merchant's server.
type notice struct {
	address, form string
	due           time.Time
	gaps          []time.Duration // before the tries that follow
}

// courier keeps notices until they are due. They are forgotten when the process ends.
type courier struct {
	now     func() time.Time
	mu      sync.Mutex
	waiting []notice
}

func (c *courier) add(n notice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, n)
}

// due takes out what is to be sent now.
func (c *courier) due(now time.Time) []notice {
	c.mu.Lock()
	defer c.mu.Unlock()
	var due, rest []notice
	for _, n := range c.waiting {
		if n.due.After(now) {
			rest = append(rest, n)
		} else {
			due = append(due, n)
		}
	}
	c.waiting = rest
	return due
}

// deliver sends what is due. It holds no lock meanwhile, since whoever hears a notice asks back at once.
func (c *courier) deliver(ctx context.Context) {
	now := c.now()
	for _, n := range c.due(now) {
		if send(context.WithoutCancel(ctx), n) || len(n.gaps) == 0 {
			continue
		}
		n.due, n.gaps = now.Add(n.gaps[0]), n.gaps[1:]
		c.add(n)
	}
}

// send makes one POST and says whether it was taken.
func send(ctx context.Context, n notice) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.address, strings.NewReader(n.form))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, err := sandbox.Send(request)
	return err == nil && status == http.StatusOK
}
