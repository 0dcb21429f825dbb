package sandbox

import (
	"fmt"
	"sort"
	"strconv"
	"time"
)

// Free says which values besides the listed ones a switch takes.
type Free string

// The kinds of free values.
const (
	FreeNone     Free = ""
	FreeNumber   Free = "number"   // a whole number, not negative
	FreeDuration Free = "duration" // such as 30m or 48h, above zero
)

// Switch is a setting of an emulator: one for each point on which the sources about a provider differ.
type Switch struct {
	Name   string   `json:"name"`
	Values []string `json:"values"` // the first one is the default
	Free   Free     `json:"free,omitempty"`
	Why    string   `json:"why"`
}

// Setting is a switch as it stands.
type Setting struct {
	Switch
	Value string `json:"value"`
}

// allows tells whether the switch can be set to the value.
func (s Switch) allows(value string) bool {
	for _, allowed := range s.Values {
		if value == allowed {
			return true
		}
	}
	switch s.Free {
	case FreeNumber:
		number, err := strconv.ParseInt(value, 10, 64)
		return err == nil && number >= 0
	case FreeDuration:
		length, err := time.ParseDuration(value)
		return err == nil && length > 0
	case FreeNone:
	}
	return false
}

// Switches lists every setting by name.
func (b *Bench) Switches() []Setting {
	b.mu.Lock()
	defer b.mu.Unlock()
	settings := make([]Setting, 0, len(b.profile.Switches))
	for _, known := range b.profile.Switches {
		settings = append(settings, Setting{Switch: known, Value: b.setting(known.Name)})
	}
	sort.Slice(settings, func(i, j int) bool { return settings[i].Name < settings[j].Name })
	return settings
}

// SetSwitch changes one setting. An unknown name or a value that is not allowed changes nothing and is an error.
func (b *Bench) SetSwitch(name, value string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.allow(name, value); err != nil {
		return err
	}
	b.settings[name] = value
	return b.write(record{Switch: &switchRecord{Name: name, Value: value}})
}

// allow checks a setting before it is made.
func (b *Bench) allow(name, value string) error {
	for _, known := range b.profile.Switches {
		if known.Name != name {
			continue
		}
		if !known.allows(value) {
			return fmt.Errorf("switch %s of %s cannot be %q", name, b.profile.Name, value)
		}
		return nil
	}
	return fmt.Errorf("%s has no switch %q", b.profile.Name, name)
}

// setting reads a switch while the lock is held. Asking for a switch that the profile does not list is a mistake of
// the emulator's own code.
func (b *Bench) setting(name string) string {
	if value, ok := b.settings[name]; ok {
		return value
	}
	for _, known := range b.profile.Switches {
		if known.Name == name {
			return known.Values[0]
		}
	}
	panic("sandbox: " + b.profile.Name + " has no switch " + name)
}

// number reads a switch that holds a whole number.
func (b *Bench) number(name string) int64 {
	number, err := strconv.ParseInt(b.setting(name), 10, 64)
	if err != nil {
		panic("sandbox: switch " + name + " holds no number")
	}
	return number
}

// length reads a switch that holds a duration.
func (b *Bench) length(name string) time.Duration {
	length, err := time.ParseDuration(b.setting(name))
	if err != nil {
		panic("sandbox: switch " + name + " holds no duration")
	}
	return length
}
