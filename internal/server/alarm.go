package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/purserhq/purser/internal/store"
)

// books are what the lookout reads, and where it says that they are wrong.
type books interface {
	store.Backlog
	Alarm(ctx context.Context) (store.Alarm, error)
	RaiseAlarm(ctx context.Context, a store.Alarm) error
	EndAlarm(ctx context.Context, raised time.Time) error
}

// haltMoney stops everything that moves money, or lets it go on, and says so once.
func (k *core) haltMoney(broken bool) {
	broken = broken && k.config.OnBrokenBooks == brokenStop
	if k.halted.Swap(broken) == broken {
		return
	}
	if broken {
		k.log.Error("money is not moved any more, because the books are wrong; reads go on",
			slog.String("next", "copy the database, run purser audit, and follow PurserBooksDisagree in docs/operate/alerts.md"))
		return
	}
	k.log.Warn("money is moved again: a whole pass of the audit has found nothing wrong")
}

// recall heeds an alarm that stands when this server starts, before it moves money.
// Who stops it meanwhile stops it in an orderly way, a moment later.
func (w *lookout) recall(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sampleLimit)
	defer cancel()
	alarm, err := w.read.Alarm(ctx)
	if err != nil {
		return err
	}
	w.alarm = alarm // its first round may end it
	w.core.haltMoney(alarm.Raised())
	return nil
}

// heed raises the alarm for what this server has proven, and ends one, of whatever
// server, when a round that began after it was heard of has found nothing wrong.
func (w *lookout) heed(ctx context.Context, proof store.Proof, news bool) error {
	alarm, err := w.read.Alarm(ctx)
	if err != nil {
		w.core.haltMoney(!proof.Agrees() || w.core.halted.Load()) // a stop that may stand does
		return err
	}
	if !proof.Agrees() && !alarm.Raised() {
		f := proof.Wrong[0]
		alarm = store.Alarm{ID: f.ID, Checks: f.Checks, Example: f.Example, At: w.now().Truncate(time.Microsecond)}
		err = w.read.RaiseAlarm(ctx, alarm)
	}
	w.mu.Lock()
	if news || !alarm.At.Equal(w.alarm.At) {
		w.begun = proof.Rounds + 1 // the one under way began before
	}
	over := proof.Agrees() && alarm.Raised() && proof.Rounds > w.begun
	w.mu.Unlock()
	if over {
		if err = w.read.EndAlarm(ctx, alarm.At); err == nil {
			alarm = store.Alarm{}
		}
	}
	w.mu.Lock()
	w.alarm = alarm
	w.mu.Unlock()
	w.core.haltMoney(!proof.Agrees() || alarm.Raised())
	return err
}

// standingAlarm is what a server found wrong that no round has cleared.
func (w *lookout) standingAlarm() store.Alarm {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.alarm
}
