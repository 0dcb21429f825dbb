package api

import (
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// groups are the chapters of the document.
var groups = map[string]string{
	"invoices": "An invoice is what a payer owes and until when. Payments collect it.",
	"payments": "A payment is one collection for an invoice through a gateway.",
}

// exampleID is an id as a chapter's examples have it.
func exampleID(group string) string {
	prefix := map[string]string{"invoices": "inv", "payments": "pay", "refunds": "rfd", "transfers": "trf"}[group]
	if prefix == "" {
		return "10001"
	}
	return prefix + "_01941f29-7c00-7000-8000-000000000001"
}

// moment is a time as callers see it; none is empty.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// fixed is an amount as callers see it; none is empty.
func fixed(a money.Amount) string { return a.Fixed() }

// isAddress says whether a text is an absolute web address.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}

// ours is what a key of a caller's own begins with where a noun keeps it: the
// words of other APIs stand beside it and are not shown.
const ours = "meta."

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
