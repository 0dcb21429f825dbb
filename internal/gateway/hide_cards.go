package gateway

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// How many digits the number of a card has (ISO/IEC 7812).
const (
	shortestCard = 13
	longestCard  = 19
)

// HideCards hides the middle of every card number in a text: of neighboring groups of digits,
// in whatever script, that have 13 to 19 together and pass the check of card numbers. What is
// hidden begins and ends with a group: of a longer number something passes nearly always, and
// receipts and ids would be hidden with it. One of ten other numbers of that length passes too,
// and is hidden by chance.
func HideCards(text string) string { return hideCards(text, false) }

// HideLoneCards is HideCards for texts that are full of ids in hexadecimal: no Latin letter
// stands beside what it hides.
func HideLoneCards(text string) string { return hideCards(text, true) }

func hideCards(text string, lone bool) string {
	groups := digitGroups(text)
	found := cardsAmong(text, groups, lone)
	if len(found) == 0 {
		return text
	}
	var out strings.Builder
	begin := 0
	for _, c := range found {
		number := ""
		for _, g := range groups[c.first : c.last+1] {
			number += g.number
		}
		out.WriteString(text[begin:groups[c.first].begin])
		out.WriteString(number[:6] + strings.Repeat("*", len(number)-10) + number[len(number)-4:])
		begin = groups[c.last].end
	}
	return out.String() + text[begin:]
}

// digitGroup is a run of digits in a text, and what it is in our own.
type digitGroup struct {
	begin, end int
	number     string
}

// digitOf is a letter as a digit of our own; zero = it is none. Every script has its ten side
// by side, from its zero on (Unicode, section 4.6).
func digitOf(r rune) rune {
	const ten = 10
	switch {
	case r >= '0' && r <= '9':
		return r
	case r < utf8.RuneSelf || !unicode.IsDigit(r):
		return 0
	}
	for _, of := range unicode.Nd.R16 {
		if rune(of.Lo) <= r && r <= rune(of.Hi) {
			return '0' + (r-rune(of.Lo))%ten
		}
	}
	for _, of := range unicode.Nd.R32 {
		if rune(of.Lo) <= r && r <= rune(of.Hi) { //nolint:gosec // a character
			return '0' + (r-rune(of.Lo))%ten //nolint:gosec // a character
		}
	}
	return 0
}

// digitGroups finds every run of digits; none where there are too few for a card, as in most
// lines of a log.
func digitGroups(text string) (all []digitGroup) {
	count := 0
	for _, r := range text {
		if digitOf(r) != 0 {
			count++
		}
	}
	if count < shortestCard {
		return nil
	}
	open := false
	for at, r := range text {
		digit := digitOf(r)
		if digit == 0 {
			open = false
			continue
		}
		if !open {
			all = append(all, digitGroup{begin: at})
			open = true
		}
		last := &all[len(all)-1]
		last.end = at + utf8.RuneLen(r)
		last.number += string(digit)
	}
	return all
}

// groupRange is some neighboring groups.
type groupRange struct{ first, last int }

// cardsAmong finds the groups that are cards, those that overlap together.
func cardsAmong(text string, groups []digitGroup, lone bool) (found []groupRange) {
	for first := range groups {
		number, dots := "", 0
		for last := first; last < len(groups); last++ {
			if last > first {
				between := text[groups[last-1].end:groups[last].begin]
				if !joins(between) {
					break
				}
				dots += strings.Count(between, ".")
			}
			if number += groups[last].number; len(number) > longestCard {
				break
			}
			switch {
			case len(number) < shortestCard || !passesLuhn(number):
			case dots > 0 && last-first < 2: // a decimal number
			case lone && !standsAlone(text, groups[first].begin, groups[last].end):
			default:
				found = withRange(found, groupRange{first, last})
			}
		}
	}
	return found
}

// withRange adds a range behind those that begin before it.
func withRange(found []groupRange, r groupRange) []groupRange {
	if n := len(found) - 1; n >= 0 && r.first <= found[n].last {
		found[n].last = max(found[n].last, r.last)
		return found
	}
	return append(found, r)
}

// joins says that what stands between two groups of digits may be within one number.
func joins(between string) bool {
	const most = 3 // characters
	return utf8.RuneCountInString(between) <= most && strings.IndexFunc(between, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.In(r, unicode.Pd, unicode.Cf) && !strings.ContainsRune("._·•", r)
	}) < 0
}

// standsAlone says that no letter of an id stands beside a part of a text: words of other
// scripts are no ids, and may touch a card.
func standsAlone(text string, begin, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:begin])
	behind, _ := utf8.DecodeRuneInString(text[end:])
	id := func(r rune) bool { return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
	return !id(before) && !id(behind)
}

// passesLuhn is the check that every card number passes, and one of ten other numbers.
func passesLuhn(number string) bool {
	sum := 0
	for i := range len(number) {
		digit := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}
