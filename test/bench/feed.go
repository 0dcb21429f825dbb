package main

import "context"

// feed numbers the yardstick's events, for each merchant on its own. A nil feed
// is of a yardstick that writes none.
type feed struct {
	before int64 // the last number that an earlier process gave anybody
	last   map[string]int64
}

// eventColumns are filled as Purser fills them: somebody's thing is created.
const eventColumns = "event (seq, merchant_id, noun, subject, trigger, from_state, to_state, actor, note, at)"

// openFeed goes on behind what is in the database.
func openFeed(ctx context.Context, database string) (*feed, error) {
	before, err := number(ctx, database, "select coalesce(max(seq), 0) from event")
	return &feed{before, map[string]int64{}}, err
}

// next is the number of a merchant's next event. One caller at a time.
func (f *feed) next(merchant string) int64 {
	if f == nil {
		return 0
	}
	f.last[merchant]++
	return f.before + f.last[merchant]
}
