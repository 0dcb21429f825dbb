package server

import (
	"context"
	"strconv"

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
	Before   int64 // only those before this number; zero = the last ones
	Limit    int   // the newest so many
}

// Acts lists what operators did, and what was done to the merchant, keys, gateways,
// terminals, endpoints, rates and customers by whomever, newest first.
func (c Commands) Acts(ctx context.Context, w WhichActs) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, w.Merchant); err != nil {
			return err
		}
		views, rows := []actView{}, [][]string{}
		for len(views) < w.Limit {
			part := min(pageSize, w.Limit-len(views))
			found, err := k.app.Acts(ctx, w.Merchant, w.Before, part)
			if err != nil {
				return err
			}
			for _, e := range found {
				view := viewAct(e)
				views, rows, w.Before = append(views, view), append(rows, view.row()), e.Seq
			}
			if len(found) < part {
				break
			}
		}
		return c.Terminal.show(views, actHead, rows)
	})
}
