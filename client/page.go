package client

import (
	"context"
	"errors"
	"iter"
)

// errStuck is for a list that leads to where it came from.
var errStuck = errors.New("purser: the list does not go on")

// Each walks over all items of a list, page by page. Page gives the items of the
// page that a cursor names (nil = the first) and the cursor of the next one, such
// as Data and NextCursor of what ListInvoicesWithResponse gives. After an error
// the walk ends.
func Each[Item any](page func(cursor *string) ([]Item, *string, error)) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		var none Item
		for cursor := (*string)(nil); ; {
			items, next, err := page(cursor)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == nil {
				return
			}
			if cursor != nil && *next == *cursor {
				yield(none, errStuck)
				return
			}
			cursor = next
		}
	}
}

// Events walks over what happened after the event with that number (0 = all),
// oldest first, until there is no more. The number of the last one is where to go
// on later.
func (c *ClientWithResponses) Events(ctx context.Context, after int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			feed, err := c.feed(ctx, after)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range feed.Data {
				if !yield(e, nil) {
					return
				}
			}
			if len(feed.Data) == 0 {
				return
			}
			after = feed.After
		}
	}
}

// feed is the next part of the events.
func (c *ClientWithResponses) feed(ctx context.Context, after int64) (*Feed, error) {
	answer, err := c.ListEventsWithResponse(ctx, &ListEventsParams{After: &after})
	if err != nil {
		return nil, err
	}
	if answer.JSON200 == nil {
		return nil, errors.New("purser: the answer is no list of events")
	}
	if len(answer.JSON200.Data) > 0 && answer.JSON200.After <= after {
		return nil, errStuck
	}
	return answer.JSON200, nil
}
