package api

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
)

// The sizes of the pages of lists.
const (
	usualLimit = 20
	mostLimit  = 100
)

// usualLooks is how many things are looked through for one page at most.
const usualLooks = 10_000

// firstOf is less than any id: a page that begins behind it has all that was made at
// a time or before.
const firstOf = "!"

// paging is what every list takes; embed it in the query of one.
type paging struct {
	formatted

	Limit  int64  `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string `query:"cursor" maxLength:"400"`

	list string // the operation; every cursor carries it
}

// of says which list it is a page of.
func (p *paging) of(list string) { p.list = list }

// dated is what a list of things takes that become more every day; embed it in
// the query of one instead of paging.
type dated struct {
	paging

	From  string `query:"created_from" format:"date-time"`
	Until string `query:"created_until" format:"date-time"`
}

// after is where the page begins, between the times that are wanted.
// Error: parameter_invalid.
func (d dated) after() (app.Older, error) {
	a, err := d.paging.after()
	if err != nil {
		return a, err
	}
	for name, at := range map[string]struct {
		text string
		into *time.Time
	}{"created_from": {d.From, &a.From}, "created_until": {d.Until, &a.Until}} {
		if at.text == "" {
			continue
		}
		if *at.into, err = time.Parse(time.RFC3339, at.text); err != nil {
			return a, fault.New(fault.CodeParameterInvalid, name, "It is not a time such as 2026-12-01T11:00:00Z.").With(err)
		}
		if at.into.IsZero() { // which would be no bound at all
			return a, fault.New(fault.CodeParameterInvalid, name, noTime)
		}
	}
	if !a.From.IsZero() && !a.Until.IsZero() && !a.From.Before(a.Until) {
		return a, fault.New(fault.CodeParameterInvalid, "created_until", "It must be later than created_from.")
	}
	return a, nil
}

// pageOf is one page of a list.
type pageOf[Item any] struct {
	Data       []Item  `json:"data" nullable:"false"`
	NextCursor *string `json:"next_cursor"`
}

// after is where the page begins. Error: parameter_invalid.
func (p paging) after() (app.Older, error) {
	a := app.Older{Limit: p.size() + 1} // one more shows whether there is another page
	if p.Cursor == "" {
		return a, nil
	}
	wrong := wrongCursor()
	text, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil {
		return a, wrong.With(err)
	}
	// The cursors of older versions name no list; those of another list begin with no time.
	micros, id, ok := strings.Cut(strings.TrimPrefix(string(text), p.list+"."), ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || !ok || id == "" || strings.ContainsRune(id, 0) || !utf8.ValidString(id) {
		return a, wrong.With(err)
	}
	a.At, a.ID = time.UnixMicro(at).UTC(), id
	return a, nil
}

func wrongCursor() *fault.Error {
	return fault.New(fault.CodeParameterInvalid, "cursor", "It is not one that this list gave.")
}

func (p paging) size() int {
	if p.Limit == 0 {
		return usualLimit
	}
	return int(min(p.Limit, mostLimit))
}

// paged makes a page of what was found, which may be one more than fits.
func paged[Noun, Item any](p paging, found []Noun, show func(Noun) Item, at func(Noun) (time.Time, string),
) pageOf[Item] {
	out := pageOf[Item]{Data: []Item{}}
	if size := p.size(); len(found) > size {
		found = found[:size]
		when, id := at(found[size-1])
		out.goOn(p.list, when, id)
	}
	for _, noun := range found {
		out.Data = append(out.Data, show(noun))
	}
	return out
}

// bounded reads a page of a list that is looked through no further than to a depth,
// which may be none. Such a page may be short, and another one follows it.
func bounded[Noun, Item any](p paging, part app.Older, depth time.Time, read func(app.Older) ([]Noun, error),
	show func(Noun) Item, at func(Noun) (time.Time, string),
) (pageOf[Item], error) {
	if depth.After(part.From) {
		part.From = depth
	}
	found, err := read(part)
	page := paged(p, found, show, at)
	if err == nil && page.NextCursor == nil && !depth.IsZero() {
		page.goOn(p.list, depth, firstOf)
	}
	return page, err
}

// seek reads a page of a long list, which is looked through part by part where something
// is sought that no index has.
func seek[Noun, Item any](c *call, p paging, in app.Long, sought bool, part app.Older,
	read func(app.Older) ([]Noun, error), show func(Noun) Item, at func(Noun) (time.Time, string),
) (out pageOf[Item], err error) {
	var depth time.Time
	if sought {
		if depth, err = c.desk.App.Depth(c.Context(), c.Merchant, in, part, c.desk.Looks); err != nil {
			return out, err
		}
	}
	return bounded(p, part, depth, read, show, at)
}

// goOn says that the next page begins behind a thing of a list.
func (p *pageOf[Item]) goOn(list string, at time.Time, id string) {
	next := cursorBehind(list, at, id)
	p.NextCursor = &next
}

// cursorBehind is where the page of a list begins that follows on one thing of it.
func cursorBehind(list string, at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + "." + strconv.FormatInt(at.UnixMicro(), 10) + "." + id))
}
