package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// mostKept is how many bytes of a request or an answer are kept.
const mostKept = 2000

// What is written in place of what is not kept.
const (
	hidden = "[hidden]" // of a person
	cutOff = " [cut]"
)

// secretNames are parts of the names of fields whose values open something: keys,
// signatures, tokens and what a card is charged with.
var secretNames = []string{
	"password", "passwd", "passphrase", "secret", "token", "authorization", "signature", "verifysign", "verifykey",
	"apikey", "appkey", "privatekey", "phishing", "cvv", "cvc", "securitycode", "otp", "expmonth", "expyear",
	"expiry", "sensitivedata",
}

// secretWords are whole names of the same sort.
var secretWords = []string{"t", "pin", "key", "sign", "hash", "pass", "pwd", "ssn"}

// personalNames are parts of the names of fields that speak of a person.
var personalNames = []string{
	"mobile", "phone", "msisdn", "email", "iban", "sheba", "shaba", "nationalcode", "nationalid", "firstname",
	"lastname", "fullname", "payerreference", "payeraccount", "cardholder",
	"cusname", "cusadd", "shipname", "shipadd", "postcode", "postalcode", "dateofbirth",
}

// personalWords are whole names of the same sort.
var personalWords = []string{"dob", "birthdate", "address", "street", "line1", "line2"}

// personalParents are whole names of objects in which every text is about a person.
var personalParents = []string{
	"billingdetails", "shippingdetails", "shipping", "address", "customerdetails", "customer", "payer", "owner",
	"recipient", "beneficiary",
}

// Masked is a body or a query as it may be kept and shown: what looks like a secret or
// like something about a person by its name is hidden, card numbers lose their middle,
// and the rest is cut where it is long. Bytes that are neither JSON nor a form are kept
// as text without card numbers.
func Masked(body []byte) string {
	text := strings.ToValidUTF8(string(bytes.TrimSpace(body)), "")
	switch {
	case text == "":
		return ""
	case text[0] == '{' || text[0] == '[':
		if masked, ok := maskedJSON(text); ok {
			return shortened(masked)
		}
	case isForm(text):
		if fields, err := url.ParseQuery(text); err == nil {
			return shortened(MaskedFields(fields))
		}
	}
	return shortened(HideCards(text))
}

// MaskedFields is a form as it may be kept and shown, its fields in order of their names.
func MaskedFields(fields map[string][]string) string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var parts []string
	for _, name := range names {
		for _, value := range fields[name] {
			masked := maskedText(name, value)
			if masked != "" && masked != redacted && ofPerson(name) {
				masked = hidden
			}
			parts = append(parts, HideCards(name)+"="+masked)
		}
	}
	return shortened(strings.Join(parts, "&"))
}

// ofPerson says that a form has a field inside an object about a person, such as
// billing_details[name].
func ofPerson(name string) bool {
	parents := strings.Split(name, "[")
	return slices.ContainsFunc(parents[:len(parents)-1], func(parent string) bool {
		return slices.Contains(personalParents, plainName(parent))
	})
}

// MaskedAddress is an address without what could be used: who is at its beginning, the
// values of its query, and what follows a #.
func MaskedAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return shortened(HideCards(address))
	}
	path := strings.ReplaceAll(u.EscapedPath(), "%5Bredacted%5D", redacted)
	masked := u.Scheme + "://" + u.Host + HideCards(path)
	if u.RawQuery != "" {
		masked += "?" + MaskedFields(u.Query())
	}
	return shortened(masked)
}

// isForm says that a text can be a form: one name at least has a value.
func isForm(text string) bool {
	return strings.Contains(text, "=") && !strings.ContainsAny(text, " \n\t<>\"{}")
}

// maskedJSON masks each member of a document; ok is false when it is none.
func maskedJSON(text string) (masked string, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // an amount keeps its digits
	var document any
	if err := decoder.Decode(&document); err != nil {
		return "", false
	}
	if _, err := decoder.Token(); err != io.EOF {
		return "", false
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(maskedValue("", document, false)); err != nil {
		return "", false
	}
	return strings.TrimSpace(out.String()), true
}

// maskedValue masks what stands under a name, and all that is said of a person.
func maskedValue(name string, value any, person bool) any {
	switch v := value.(type) {
	case map[string]any:
		person = person || slices.Contains(personalParents, plainName(name))
		masked := make(map[string]any, len(v))
		for member, inner := range v {
			masked[HideCards(member)] = maskedValue(member, inner, person)
		}
		return masked
	case []any:
		for i, inner := range v {
			v[i] = maskedValue(name, inner, person)
		}
	case string:
		masked := maskedText(name, v)
		if person && masked != "" && masked != redacted {
			return hidden
		}
		return masked
	case json.Number:
		if masked := maskedText(name, v.String()); masked != v.String() {
			return masked
		}
	}
	return value
}

// maskedText masks one value.
func maskedText(name, value string) string {
	switch {
	case value == "":
		return ""
	case isSecret(name):
		return redacted
	case isPersonal(name):
		return hidden
	case strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://"):
		return MaskedAddress(value)
	case strings.HasPrefix(value, "{") || strings.HasPrefix(value, "["):
		if masked, ok := maskedJSON(value); ok {
			return masked
		}
	case isForm(value) && (strings.Contains(value, "&") || tells(value)):
		if fields, err := url.ParseQuery(value); err == nil {
			return MaskedFields(fields)
		}
	}
	return HideCards(value)
}

// tells says that a form of one field has one that is hidden.
func tells(form string) bool {
	name, _, _ := strings.Cut(form, "=")
	return isSecret(name) || isPersonal(name) || ofPerson(name)
}

// isSecret and isPersonal say what sort of field has a name.
func isSecret(name string) bool { return among(name, secretWords, secretNames) }

func isPersonal(name string) bool { return among(name, personalWords, personalNames) }

// among says that a name is one of some words, or has one of some parts.
func among(name string, words, parts []string) bool {
	plain := plainName(name)
	return slices.Contains(words, plain) ||
		slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(plain, part) })
}

// plainName is a field's name in small letters and digits alone: "card[exp_month]" is
// "cardexpmonth".
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// shortened is a text without control characters, cut where it is long.
func shortened(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) <= mostKept || strings.HasSuffix(text, cutOff) {
		return text
	}
	return strings.ToValidUTF8(text[:mostKept], "") + cutOff
}
