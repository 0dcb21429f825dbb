package server

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/gateway"
)

// Secret is a setting that prints [redacted].
type Secret = gateway.Secret

// SettingError is a setting that cannot work.
type SettingError struct {
	Key  string
	Text string // what is wrong with it, as the rest of a sentence
}

// Error names the key first.
func (e *SettingError) Error() string { return e.Key + " " + e.Text }

func settingError(key, text string) error { return &SettingError{Key: key, Text: text} }

// Setting is what is known about one key of the configuration.
type Setting struct {
	Key      string
	Variable string // in the environment
	Kind     string // text, secret, number, duration, list or switch
	Default  string
	Value    string // as it is set; a secret that is set is [redacted]
	index    int
}

// Settings lists every key in the order of the Config, with its present value.
func (c *Config) Settings() []Setting {
	value := reflect.ValueOf(*c)
	settings := make([]Setting, 0, value.NumField())
	for i := range value.NumField() {
		tag := value.Type().Field(i).Tag
		key := tag.Get("key")
		settings = append(settings, Setting{
			Key: key, Variable: "PURSER_" + strings.ToUpper(key), Kind: kindOf(value.Field(i).Interface()),
			Default: tag.Get("default"), Value: textOf(value.Field(i).Interface()), index: i,
		})
	}
	return settings
}

// Complete is the configuration as a server would use it: with defaults, and
// checked. Error: *SettingError.
func (c Config) Complete() (Config, error) { return c.filled() }

// Set gives a key its value from text; a list takes several. Nothing checks
// here whether the value can work. Error: *SettingError.
func (c *Config) Set(key string, texts ...string) error {
	for _, s := range c.Settings() {
		if s.Key == key {
			return set(key, reflect.ValueOf(c).Elem().Field(s.index), texts)
		}
	}
	return settingError(key, "is not a setting (docs/operate/config.md lists them)")
}

// durationForm is how a duration above zero is written, however long it is.
var durationForm = regexp.MustCompile(`^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`)

// set parses the text as the field's type wants it.
func set(key string, field reflect.Value, texts []string) error {
	if list, ok := field.Addr().Interface().(*[]string); ok {
		*list = parts(texts)
		return nil
	}
	if len(texts) != 1 {
		return settingError(key, "takes one value")
	}
	text := texts[0]
	switch into := field.Addr().Interface().(type) {
	case *string:
		*into = text
	case *Secret:
		*into = Secret(text)
	case *int:
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return settingError(key, "must be a whole number above zero")
		}
		*into = number
	case *bool:
		return setSwitch(key, into, text)
	case *time.Duration:
		length, err := time.ParseDuration(text)
		if err != nil && durationForm.MatchString(text) { // nothing else can be wrong with it
			return settingError(key, "is too long: 2562047h, which is 292 years, is the most")
		}
		if err != nil || length <= 0 {
			return settingError(key, "must be a duration above zero, such as 30s or 5m")
		}
		*into = length
	default:
		return settingError(key, fmt.Sprintf("has the type %T, which nothing can read", into))
	}
	return nil
}

// parts takes lists apart at their commas; what is empty is left out.
func parts(texts []string) []string {
	var all []string
	for _, text := range texts {
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

func setSwitch(key string, into *bool, text string) error {
	if text != "true" && text != "false" {
		return settingError(key, "must be true or false")
	}
	*into = text == "true"
	return nil
}

// fillDefaults sets what was left out.
func (c *Config) fillDefaults() error {
	value := reflect.ValueOf(c).Elem()
	for _, s := range c.Settings() {
		if s.Default == "" || !value.Field(s.index).IsZero() {
			continue
		}
		if err := set(s.Key, value.Field(s.index), []string{s.Default}); err != nil {
			return err
		}
	}
	return nil
}

func kindOf(value any) string {
	switch value.(type) {
	case Secret:
		return "secret"
	case int:
		return "number"
	case time.Duration:
		return "duration"
	case []string:
		return "list"
	case bool:
		return "switch"
	default:
		return "text"
	}
}

func textOf(value any) string {
	switch v := value.(type) {
	case Secret:
		if v == "" {
			return ""
		}
		return v.String()
	case int:
		if v == 0 {
			return ""
		}
		return strconv.Itoa(v)
	case time.Duration:
		if v == 0 {
			return ""
		}
		return v.String()
	case []string:
		return strings.Join(v, ", ")
	case bool:
		return strconv.FormatBool(v)
	default:
		return fmt.Sprint(v)
	}
}
