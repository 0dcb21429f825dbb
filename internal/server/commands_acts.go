package server

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/event"
)

// actView is what somebody did, as programs see it.
type actView struct {
	Number  int64  `json:"number"`
	At      string `json:"at"`
	Object  string `json:"object"`
	Subject string `json:"subject"`
	Act     string `json:"act"`
	Actor   string `json:"actor"`
	Words   string `json:"words"`
}

func viewAct(e event.Event) actView {
	return actView{
		Number: e.Seq, At: moment(e.At), Object: string(e.Noun), Subject: e.Subject, Act: e.Trigger, Actor: e.Actor,
		Words: e.Note,
	}
}

func (v actView) row() []string {
	return []string{strconv.FormatInt(v.Number, 10), v.At, v.Actor, dash(v.Words), v.Act, v.Object, v.Subject}
}

var actHead = []string{"NUMBER", "AT", "BY", "WORDS", "ACT", "OBJECT", "SUBJECT"}

// WhichActs selects what was done for a merchant.
type WhichActs struct {
	Merchant string
	About    string // the noun of what was done; empty = all
	By       string // a part of who did it or of their words, in any case; empty = all
	Before   int64  // only those before this number; zero = the last ones
	Limit    int    // the newest so many
}

// actsLooked is through how many acts is looked for those of one list: no index finds
// them by what they are about or by whom they are.
const actsLooked = 10_000

// sought says that the acts are to be looked for among others.
func (w WhichActs) sought() bool { return w.About != "" || w.By != "" }

// has says that an act is one of those that are wanted.
func (w WhichActs) has(e event.Event) bool {
	by := strings.ToLower(w.By)
	return (w.About == "" || w.About == string(e.Noun)) &&
		(strings.Contains(strings.ToLower(e.Actor), by) || strings.Contains(strings.ToLower(e.Note), by))
}

// find reads acts part by part until there are as many as are wanted. A number says that
// it looked no further than before that one, and that there may be more.
func (w WhichActs) find(read func(before int64, limit int) ([]event.Event, error)) (list []event.Event, further int64,
	err error,
) {
	before := w.Before
	for looked := 0; len(list) < w.Limit; {
		part := min(pageSize, w.Limit-len(list))
		if w.sought() {
			if looked >= actsLooked {
				return list, before, nil
			}
			part = pageSize
		}
		found, err := read(before, part)
		if err != nil {
			return nil, 0, err
		}
		for _, e := range found {
			if before = e.Seq; w.has(e) && len(list) < w.Limit {
				list = append(list, e)
			}
		}
		if looked += len(found); len(found) < part {
			break
		}
	}
	return list, 0, nil
}

// ActNouns are what acts can be about.
func ActNouns() []string {
	names := make([]string, len(event.Nouns))
	for n, noun := range event.Nouns {
		names[n] = string(noun)
	}
	return names
}

// Acts lists what operators did, and what was done to the merchant, keys, gateways,
// terminals, endpoints, rates and customers by whomever, newest first.
func (c Commands) Acts(ctx context.Context, w WhichActs) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, w.Merchant); err != nil {
			return err
		}
		list, further, err := w.find(func(before int64, limit int) ([]event.Event, error) {
			return k.app.Acts(ctx, w.Merchant, before, limit)
		})
		if err != nil {
			return err
		}
		views, rows := []actView{}, [][]string{}
		for _, e := range list {
			view := viewAct(e)
			views, rows = append(views, view), append(rows, view.row())
		}
		if err := c.Terminal.show(views, actHead, rows); err != nil || further == 0 {
			return err
		}
		_, err = fmt.Fprintf(c.Terminal.Err, "purser: %d acts were looked through; for older ones: --before %d\n", actsLooked,
			further)
		return err
	})
}
