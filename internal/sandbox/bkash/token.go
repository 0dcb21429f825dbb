package bkash

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// How long tokens live, and how often one merchant may ask for them.
const (
	tokenLife    = time.Hour
	refreshLife  = 28 * 24 * time.Hour
	grantsInHour = 2
	grantBlock   = time.Hour
)

// session is one token: whose it is, and until when.
type session struct {
	owner string
	until time.Time
}

// desk keeps the tokens. They are in memory only: after a restart merchants are asked to get new ones, as after a
// revocation. The bench's lock guards it.
type desk struct {
	tokens    map[string]session
	refreshes map[string]session
	grants    map[string][]time.Time
}

// message is the answer of the gateway in front of the merchant's calls.
func message(status int, words string) sandbox.Reply {
	return sandbox.JSON(status, sandbox.Object{{Name: "message", Value: words}})
}

// front checks what comes with the two token calls.
func (d *desk) front(work func(a *asked) sandbox.Object) sandbox.Work {
	return func(c *sandbox.Call) sandbox.Reply {
		fields, err := sandbox.ParseJSON(c.Body)
		if err != nil || sandbox.MediaType(c.Request) != "application/json" {
			return message(http.StatusBadRequest, "Bad request")
		}
		var missing []string
		for _, name := range []string{"username", "password"} {
			if c.Request.Header.Get(name) == "" {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			return message(http.StatusBadRequest, "Missing required request parameters: ["+strings.Join(missing, ", ")+"]")
		}
		a := &asked{Call: c, fields: fields, owner: fields.Text("app_key"), fail: failureV1}
		if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
			return a.failure(fault.Value)
		}
		merchant, ok := a.known()
		switch {
		case !ok || merchant.Refuse != "":
			return a.failure(cmp.Or(merchant.Refuse, codeAppKey))
		case !passes(merchant, c.Request.Header) || !merchant.Accepts(c.Request.RemoteAddr):
			return message(http.StatusForbidden, "Forbidden")
		}
		if _, ok := c.Fault(FaultGrantBlocked); ok || d.blocked(a) {
			return message(http.StatusForbidden, "Forbidden")
		}
		return a.reply(work(a))
	}
}

// known finds the merchant of a token call: any of them while none is listed.
func (a *asked) known() (sandbox.Merchant, bool) {
	merchant, ok := a.Merchant(a.owner)
	if ok {
		return merchant, merchant.PanelToken == "" || merchant.PanelToken == a.fields.Text("app_secret")
	}
	_, open := a.PanelOwner("any")
	return merchant, open && a.owner != "" && a.fields.Text("app_secret") != ""
}

// passes compares the user and the password where the merchant's flags name them.
func passes(m sandbox.Merchant, header http.Header) bool {
	for _, name := range []string{"username", "password"} {
		for _, flag := range m.Flags {
			if wanted, ok := strings.CutPrefix(flag, name+":"); ok && wanted != header.Get(name) {
				return false
			}
		}
	}
	return true
}

// blocked counts the asking for tokens. Whoever asks too often is refused for an hour.
func (d *desk) blocked(a *asked) bool {
	if a.Setting(switchGrantLimit) == "off" {
		return false
	}
	var recent []time.Time
	for _, at := range d.grants[a.owner] {
		if a.Now.Sub(at) < grantBlock {
			recent = append(recent, at)
		}
	}
	d.grants[a.owner] = append(recent, a.Now)
	return len(recent) >= grantsInHour
}

// grant gives a token.
func (d *desk) grant(a *asked) sandbox.Object { return d.issue(a) }

// refresh gives a token for an older one's refresh token.
func (d *desk) refresh(a *asked) sandbox.Object {
	old, ok := d.refreshes[a.fields.Text("refresh_token")]
	if !ok || old.owner != a.owner || !a.Now.Before(old.until) {
		return a.failed(codeToken)
	}
	return d.issue(a)
}

func (d *desk) issue(a *asked) sandbox.Object {
	number := a.Next()
	id, again := "eyJ"+a.Letters("token", number, 120), "eyR"+a.Letters("refresh", number, 120)
	d.tokens[id] = session{owner: a.owner, until: a.Now.Add(tokenLife)}
	d.refreshes[again] = session{owner: a.owner, until: a.Now.Add(refreshLife)}
	return a.done(
		sandbox.Member{Name: "id_token", Value: id}, sandbox.Member{Name: "token_type", Value: "Bearer"},
		sandbox.Member{Name: "expires_in", Value: int(tokenLife.Seconds())},
		sandbox.Member{Name: "refresh_token", Value: again},
	)
}

// merchants lets a call in that carries a token and the application's key, and reads its body.
func (d *desk) merchants(work func(a *asked) sandbox.Object, fail func(*asked, string) sandbox.Object) sandbox.Work {
	return func(c *sandbox.Call) sandbox.Reply {
		token := c.Request.Header.Get("Authorization")
		if c.Setting(switchTokenPrefix) == "both" {
			token = strings.TrimPrefix(token, "Bearer ")
		}
		if _, ok := c.Fault(FaultTokenRevoked); ok {
			delete(d.tokens, token)
		}
		held, ok := d.tokens[token]
		switch {
		case !ok || !c.Now.Before(held.until):
			return message(http.StatusUnauthorized, "Unauthorized")
		case c.Request.Header.Get("X-App-Key") != held.owner:
			return message(http.StatusForbidden, "Forbidden")
		}
		fields, err := sandbox.ParseJSON(c.Body)
		if err != nil || sandbox.MediaType(c.Request) != "application/json" {
			return message(http.StatusBadRequest, "Bad request")
		}
		a := &asked{Call: c, fields: fields, owner: held.owner, fail: fail}
		merchant, _ := c.Merchant(held.owner)
		if merchant.Refuse != "" {
			return a.failure(merchant.Refuse)
		}
		if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
			return a.failure(fault.Value)
		}
		body := work(a)
		if a.gone {
			return message(http.StatusNotFound, "not found")
		}
		return a.reply(body)
	}
}
