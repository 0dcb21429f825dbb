package checkout

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
)

// ways is the part of a form in which the payer chooses how to pay.
type ways struct {
	Choices []wayChoice
	Phone   *phoneField // nil = nothing that is offered is confirmed on a phone
	Leaves  bool        // every choice leads to a gateway's page
	near    bool        // a choice may lead to a sandbox on this machine
}

// wayChoice is one method of one gateway that the payer can pick.
type wayChoice struct {
	Value, Title string
	Picked       bool
}

// phoneField is where the payer names the phone on which a payment is
// confirmed. Only some of the choices need it.
type phoneField struct{ Value, Hint, Error string }

// wayForm is the payer's choice as a form brought it.
type wayForm struct {
	app.Way         // its Mobile is there only where the method needs one
	named      bool // the payer picked a method, as our own pages let them
	phone      string
	phoneError string
}

// Names of the form's fields.
const (
	choiceField  = "choice"  // a gateway and a method, with a slash between them
	gatewayField = "gateway" // a gateway alone, from pages of ours that are older and from programs
	phoneName    = "phone"
)

// readWay reads the payer's choice and the phone that it needs, and says what
// is wrong with the latter. Whether the choice can be had, the gateways say.
func (v *voice) readWay(r *http.Request) wayForm {
	f := wayForm{phone: cleaned(r.PostForm.Get(phoneName)), named: r.PostForm.Get(choiceField) != ""}
	if !f.named {
		f.Gateway = r.PostForm.Get(gatewayField)
		return f
	}
	f.Gateway = r.PostForm.Get(choiceField)
	if at := strings.LastIndexByte(f.Gateway, '/'); at >= 0 {
		f.Gateway, f.Method = f.Gateway[:at], payment.Method(f.Gateway[at+1:])
	}
	if !pushes(f.Method) {
		return f
	}
	number, ok := phoneNumber(f.phone, f.Method)
	switch {
	case f.phone == "":
		f.phoneError = v.T("link.phone_missing", "Method", v.methodTitle(f.Method))
	case !ok:
		f.phoneError = v.T("link.phone_invalid", "Example", v.Digits(phoneExample))
	}
	f.Mobile = number
	return f
}

// pushes says that a method is confirmed on the payer's phone.
func pushes(m payment.Method) bool { return payment.Methods[m].Flow == payment.Push }

// phoneForms are the numbers that a method can reach, without blanks: each with
// the number as it is within the country in its first group.
//
//exhaustive:ignore
var phoneForms = map[payment.Method]struct {
	form *regexp.Regexp
	code string // of the country
}{
	payment.MBWay: {regexp.MustCompile(`^(?:\+351|00351|351)?(9[0-9]{8})$`), "+351"},
}

// phoneExample is a number that could be right.
const phoneExample = "912345678"

// phoneNumber reads a number as people type it: with digits of any script, and
// whatever they put between them. It comes out as the method's gateways want it.
func phoneNumber(typed string, m payment.Method) (number string, ok bool) {
	bare := strings.Map(func(c rune) rune {
		if strings.ContainsRune("()-./\u2010\u2011\u2012\u2013\u2212", c) {
			return -1
		}
		if c == '\uff0b' {
			return '+'
		}
		return c
	}, keyed(typed))
	known := phoneForms[m]
	if known.form == nil {
		return "", false
	}
	found := known.form.FindStringSubmatch(bare)
	if found == nil {
		return "", false
	}
	return known.code + found[1], true
}

// offered is one choice on its way to the page, with its names from the
// shortest to the one that tells it from all others.
type offered struct {
	gateway string
	method  payment.Method
	names   [3]string
}

// ways offers every method of every gateway. The payer's own choice is picked,
// or else the first that can be had of the gateways in wishes, or the first of all.
func (v *voice) ways(choices []app.Choice, f wayForm, wishes ...string) ways {
	all := v.offer(choices)
	offer := ways{Choices: make([]wayChoice, len(all)), Leaves: true}
	var reach []string // what the phone is for
	onlyPhone := true
	for n, o := range all {
		offer.Choices[n] = wayChoice{Value: o.gateway + "/" + string(o.method), Title: o.names[0]}
		offer.Leaves = offer.Leaves && (o.method == "" || payment.Methods[o.method].Flow == payment.Redirect)
		if !pushes(o.method) {
			onlyPhone = false
		} else if title := v.methodTitle(o.method); !slices.Contains(reach, title) {
			reach = append(reach, title)
		}
	}
	if n := picked(all, f.Way, wishes); n >= 0 {
		offer.Choices[n].Picked = true
	}
	offer.near = slices.ContainsFunc(choices, func(c app.Choice) bool { return c.Near })
	switch {
	case len(reach) == 0:
	case onlyPhone:
		offer.Phone = &phoneField{Value: f.phone, Error: f.phoneError, Hint: v.T("link.phone_hint_only")}
	default:
		hint := v.T("link.phone_hint", "Methods", strings.Join(reach, ", "))
		offer.Phone = &phoneField{Value: f.phone, Error: f.phoneError, Hint: hint}
	}
	return offer
}

// offer names every method of every gateway so that no two read the same: by
// its gateway too where its own name is not enough, and where that does not
// help either, by the merchant's name for the gateway.
func (v *voice) offer(choices []app.Choice) []offered {
	var all []offered
	for _, c := range choices {
		if len(c.Methods) == 0 {
			all = append(all, v.offerOf(c, ""))
		}
		for _, m := range c.Methods {
			all = append(all, v.offerOf(c, m))
		}
	}
	for range 2 {
		same := map[string]int{}
		for _, o := range all {
			same[o.names[0]]++
		}
		for n, o := range all {
			if same[o.names[0]] > 1 {
				all[n].names = [3]string{o.names[1], o.names[2], o.names[2]}
			}
		}
	}
	return all
}

// offerOf names one method of a gateway. Payers know a wallet of the gateway's
// own, and the pages of Iranian banks' cards, by the gateway's name; one that
// leads to several of them has to say what its name stands for.
func (v *voice) offerOf(c app.Choice, m payment.Method) offered {
	gateway := v.gatewayTitle(c.Title)
	known := m == payment.IranianCard || m == payment.MobileWallet || m == ""
	if known && len(c.Methods) <= 1 {
		return offered{c.Name, m, [3]string{gateway, gateway, beside(gateway, c.Name)}}
	}
	words := v.methodTitle(m)
	o := offered{c.Name, m, [3]string{words, beside(words, gateway), beside(words, c.Name)}}
	if known {
		o.names[0] = o.names[1]
	}
	return o
}

// beside puts a second name behind a first one that is not the same.
func beside(first, second string) string {
	if first == second {
		return first
	}
	return first + " (" + second + ")"
}

// together opens one payment for equal forms that arrive together, as those of
// a payer who presses twice do: a second request on a phone could be confirmed
// as well. Once the first is open, the use cases find it by themselves.
func (p *Pages) together(r *http.Request, f wayForm, open func(context.Context) (app.Requested, error),
) (app.Requested, error) {
	if f.Mobile == "" {
		return open(r.Context())
	}
	ctx := context.WithoutCancel(r.Context()) // the browser gives the first one up, and waits for the second
	done, err, _ := p.opening.Do(r.URL.Path+"?"+r.PostForm.Encode(), func() (any, error) { return open(ctx) })
	requested, _ := done.(app.Requested)
	return requested, err
}

// picked finds what is picked on a page that opens; -1 = there is nothing.
func picked(all []offered, own app.Way, wishes []string) int {
	if n := slices.IndexFunc(all, func(o offered) bool {
		return o.gateway == own.Gateway && (own.Method == "" || o.method == own.Method)
	}); n >= 0 {
		return n
	}
	for _, name := range wishes {
		if n := slices.IndexFunc(all, func(o offered) bool { return o.gateway == name }); n >= 0 {
			return n
		}
	}
	return min(len(all), 1) - 1
}

// methodTitle is what a method is called.
func (v *voice) methodTitle(m payment.Method) string { return v.T("method." + string(m)) }

// wayTrouble names the words for what went wrong with a payer's choice, where
// they are others than those of the fault itself.
func wayTrouble(f wayForm, err error, words string) string {
	switch {
	case f.named && fault.Is(err, fault.CodeNoGateway):
		return "choice_gone"
	case pushes(f.Method) && fault.Is(err, fault.CodeGatewayRefused):
		return "push_refused"
	case pushes(f.Method) && fault.Is(err, fault.CodeGatewayUnavailable):
		return "push_lost" // it may have arrived all the same
	}
	return words
}
