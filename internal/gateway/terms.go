package gateway

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/fault"
)

// Config is one contract of a merchant with a provider, as a connector is
// built from it.
type Config struct {
	Settings map[string]string // not secret; a name that the connector does not know is an error
	Secrets  map[string]Secret // the credentials, by the connector's names; as strict as Settings
	Now      func() time.Time
}

// Terms reads a Config. A connector asks for every name it knows and then for
// Err, which is about the first thing that cannot work.
type Terms struct {
	config Config
	known  map[string]bool
	live   bool
	err    *fault.Error
}

// Terms begins to read the configuration. The first setting is "mode":
// "live", which is the usual one, or "test".
func (c Config) Terms() *Terms {
	t := &Terms{config: c, known: map[string]bool{}}
	t.live = t.Word("mode", "live", "test") == "live"
	if c.Now == nil {
		t.Fail("now", "A clock is needed.")
	}
	return t
}

// Live says that real money moves.
func (t *Terms) Live() bool { return t.live }

// Text is a setting, or the usual value when it is not set.
func (t *Terms) Text(name, usual string) string {
	t.known[name] = true
	if text := t.config.Settings[name]; text != "" {
		return text
	}
	return usual
}

// Lines is a setting of some lines of plain text for people, without the blanks around
// it. It is shown to payers, so it may hold nothing that does not print.
func (t *Terms) Lines(name string, most int) string {
	text := strings.TrimSpace(strings.ReplaceAll(t.Text(name, ""), "\r\n", "\n"))
	obeyed := func(c rune) bool { return c != '\n' && unicode.IsControl(c) }
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, obeyed):
		t.Fail(name, "It must be plain text: it may have line breaks, and no other control characters.")
	case utf8.RuneCountInString(text) > most:
		t.Fail(name, "It must have at most "+strconv.Itoa(most)+" characters.")
	}
	return text
}

// Word is a setting that must be the usual value or one of the others.
func (t *Terms) Word(name, usual string, others ...string) string {
	word := t.Text(name, usual)
	if word != usual && !slices.Contains(others, word) {
		t.Fail(name, "It must be "+usual+" or "+strings.Join(others, " or ")+".")
	}
	return word
}

// Count is a setting that must be a whole number from least to most.
func (t *Terms) Count(name string, usual, least, most int64) int64 {
	text := t.Text(name, "")
	if text == "" {
		return usual
	}
	count, err := strconv.ParseInt(text, 10, 64)
	if err != nil || count < least || count > most {
		t.Fail(name, "It must be a whole number from "+strconv.FormatInt(least, 10)+" to "+
			strconv.FormatInt(most, 10)+".")
	}
	return count
}

// Address is a setting that must be an absolute address, perhaps with a path;
// it is given back without a slash at its end. Real money wants https.
func (t *Terms) Address(name, usual string) string {
	text := strings.TrimRight(t.Text(name, usual), "/")
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		t.Fail(name, "It must be an absolute http or https address.")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		t.Fail(name, "It must be an address without user, query and fragment.")
	case t.live && u.Scheme != "https":
		t.Fail(name, "It must be an https address when the mode is live.")
	}
	return text
}

// ErrNoCredential is why terms cannot work that lack a credential: its name stands
// nowhere in them, and could be that of a setting.
var ErrNoCredential = errors.New("gateway: a credential is missing")

// Secret is a credential that the connector cannot do without.
func (t *Terms) Secret(name string) Secret {
	secret := t.OptionalSecret(name)
	if secret == "" && t.err == nil {
		t.err = fault.New(fault.CodeSettingInvalid, name, "This credential is missing.").With(ErrNoCredential)
	}
	return secret
}

// OptionalSecret is a credential that only some abilities need.
func (t *Terms) OptionalSecret(name string) Secret {
	t.known["secret "+name] = true
	return t.config.Secrets[name]
}

// Fail records that a setting or a credential cannot work. The first failure
// is the one that Err tells; the words must not hold a credential.
func (t *Terms) Fail(name, words string) {
	if t.err == nil {
		t.err = fault.New(fault.CodeSettingInvalid, name, words)
	}
}

// Err is the first failure, with unknown names last; nil when all is well.
// Its only code is setting_invalid.
func (t *Terms) Err() error {
	for _, name := range sorted(t.config.Settings) {
		if !t.known[name] {
			t.Fail(name, "The connector has no such setting.")
		}
	}
	for _, name := range sorted(t.config.Secrets) {
		if !t.known["secret "+name] {
			t.Fail(name, "The connector has no such credential.")
		}
	}
	if t.err == nil {
		return nil
	}
	return t.err
}

// sorted are the names in an order that does not change from run to run.
func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
