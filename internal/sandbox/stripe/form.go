package stripe

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// pair is one member of a form. Its name is in brackets, with a number for every list.
type pair struct{ name, value string }

// form is a request's members in their order.
type form []pair

var (
	nameForm   = regexp.MustCompile(`^[a-zA-Z0-9_]+(\[[^\[\]]*\])*$`)
	numberForm = regexp.MustCompile(`\[[0-9]+\]`)
)

// parseForm reads a[b][0]=c, with the brackets literal or escaped; [] takes the list's next number. bad names what
// cannot be read.
func parseForm(text string) (f form, bad string) {
	next := map[string]int{}
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil || !nameForm.MatchString(name) {
			return nil, part
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return nil, name
		}
		if list, ok := strings.CutSuffix(name, "[]"); ok {
			name = list + "[" + strconv.Itoa(next[list]) + "]"
			next[list]++
		}
		f = append(f, pair{name, value})
	}
	return f, ""
}

// get is the last value of a name.
func (f form) get(name string) string {
	for i := len(f) - 1; i >= 0; i-- {
		if f[i].name == name {
			return f[i].value
		}
	}
	return ""
}

// has tells whether a name is there.
func (f form) has(name string) bool {
	return slices.ContainsFunc(f, func(p pair) bool { return p.name == name })
}

// whole reads a whole number.
func (f form) whole(name string) (int64, bool) {
	n, err := strconv.ParseInt(f.get(name), 10, 64)
	return n, err == nil
}

// list are the values of a list.
func (f form) list(name string) []string {
	var values []string
	for _, p := range f {
		if rest, ok := strings.CutPrefix(p.name, name+"["); ok && strings.HasSuffix(rest, "]") {
			values = append(values, p.value)
		}
	}
	return values
}

// inside are the members of a map, such as metadata, in their order.
func (f form) inside(name string) map[string]string {
	members := map[string]string{}
	for _, p := range f {
		if rest, ok := strings.CutPrefix(p.name, name+"["); ok {
			members[strings.TrimSuffix(rest, "]")] = p.value
		}
	}
	return members
}

// stranger is the first name that a call does not know: [*] in a known name stands for any one part.
func (f form) stranger(known []string) string {
	for _, p := range f {
		counted := numberForm.ReplaceAllString(p.name, "[*]")
		// The last part may be anything where the call knows a map or a list.
		last := max(0, strings.LastIndexByte(p.name, '['))
		if !slices.Contains(known, counted) && !slices.Contains(known, p.name[:last]+"[*]") {
			return p.name
		}
	}
	return ""
}
