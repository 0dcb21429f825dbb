package api

import (
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
)

// moment is a time as callers see it, as exact as it is stored; none is empty.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
}

// isAddress says whether a text is an absolute web address.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}

// ours is what a key of a caller's own begins with where a noun keeps it: the
// words of other APIs stand beside it, and only those that a merchant chose are
// shown.
const ours = app.MetadataWord

// The sizes of a caller's own words.
const (
	longestName = 40
	longestWord = 500
)

// packMetadata keeps a caller's own words. Error: parameter_invalid.
func packMetadata(words map[string]string) (map[string]string, error) {
	if len(words) == 0 {
		return nil, nil
	}
	bag := make(map[string]string, len(words))
	for key, word := range words {
		if key == "" || utf8.RuneCountInString(key) > longestName || utf8.RuneCountInString(word) > longestWord {
			return nil, fault.New(fault.CodeParameterInvalid, "metadata",
				"A key has 1 to 40 characters, and a value up to 500.")
		}
		bag[ours+key] = word
	}
	return bag, nil
}

// metadata are the caller's own words of a noun.
func metadata(bag map[string]string) map[string]string {
	var words map[string]string
	for key, word := range bag {
		if name, ok := strings.CutPrefix(key, ours); ok {
			if words == nil {
				words = map[string]string{}
			}
			words[name] = word
		}
	}
	return words
}
