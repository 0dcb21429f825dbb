package server

import (
	"errors"
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/event"
)

// record is a merchant's acts, the newest first: every thousandth is about a key, and the
// rest confirms payments.
type record struct{ newest, read int64 }

func (r *record) acts(before int64, limit int) ([]event.Event, error) {
	if before == 0 {
		before = r.newest + 1
	}
	var list []event.Event
	for seq := before - 1; seq > 0 && len(list) < limit; seq-- {
		e := event.Event{Seq: seq, Noun: event.Payment, Actor: "operator", Note: "Key 7: receipt"}
		if seq%1000 == 0 {
			e.Noun, e.Actor, e.Note = event.Key, "merchant", "Ada"
		}
		list = append(list, e)
	}
	r.read += int64(len(list))
	return list, nil
}

// TestActsSought wants acts to be found among many others, and no more than so many to be
// looked through for one list.
func TestActsSought(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		which   WhichActs
		want    []int64
		further int64
		most    int64 // that may be read
	}{
		{"all", WhichActs{Limit: 3}, []int64{20500, 20499, 20498}, 0, 3},
		{"about keys", WhichActs{About: "key", Limit: 2}, []int64{20000, 19000}, 0, 1501 + pageSize},
		{"by somebody", WhichActs{By: "ADA", Limit: 2}, []int64{20000, 19000}, 0, 1501 + pageSize},
		{"by some sort of actor", WhichActs{By: "merch", Limit: 1}, []int64{20000}, 0, 501 + pageSize},
		{"both", WhichActs{About: "key", By: "key 7", Limit: 1}, nil, 10501, actsLooked},
		{"too many", WhichActs{About: "key", Limit: 50}, []int64{
			20000, 19000, 18000, 17000, 16000, 15000, 14000, 13000, 12000, 11000,
		}, 10501, actsLooked},
		{"from there on", WhichActs{About: "key", Limit: 2, Before: 10501}, []int64{10000, 9000}, 0, 1501 + pageSize},
		{"to the end", WhichActs{About: "key", Limit: 50, Before: 2001}, []int64{2000, 1000}, 0, 2000},
	} {
		r := &record{newest: 20_500}
		list, further, err := test.which.find(r.acts)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, e := range list {
			got = append(got, e.Seq)
		}
		if !slices.Equal(got, test.want) || further != test.further || r.read > test.most {
			t.Errorf("%s: got %v and further before %d, with %d read; want %v, %d, and at most %d", test.name, got, further,
				r.read, test.want, test.further, test.most)
		}
	}
	broken := errors.New("the database does not answer")
	none := func(int64, int) ([]event.Event, error) { return nil, broken }
	if _, _, err := (WhichActs{Limit: 1}).find(none); !errors.Is(err, broken) {
		t.Errorf("acts that cannot be read: got %v, want the reason", err)
	}
}
