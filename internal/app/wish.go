package app

import (
	"context"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// Change is all that one decision made true.
type Change = store.Change

// Wish is one named wish on its way through the use cases: the first change
// that is committed under its context takes the name, and the answer with it
// where that change says everything that the answer does.
type Wish struct {
	app      *App
	merchant string
	once     Once
	made     string
	answer   func(Change) (Kept, bool)

	mu    sync.Mutex
	stage wishStage
	kept  Kept // the answer that was stored with the effect; without a status there is none
}

// wishStage says how far a wish is.
type wishStage int

const (
	wishFree   wishStage = iota // nothing was committed under its name
	wishTrying                  // a change that takes the name is being committed
	wishTaken
)

// wishKey is the context key of a wish.
type wishKey struct{}

// aside is the context of what is done beside a wish: what it commits takes no name.
func aside(ctx context.Context) context.Context { return context.WithValue(ctx, wishKey{}, nil) }

// Name gives what is done under the context a name. made is the id of what the
// wish is about; answer draws the answer from the change that makes it come
// true, and is nil where only the end of a longer story can say it.
func (a *App) Name(ctx context.Context, merchantID string, o Once, made string, answer func(Change) (Kept, bool),
) (context.Context, *Wish) {
	w := &Wish{app: a, merchant: merchantID, once: o, made: made, answer: answer}
	return context.WithValue(ctx, wishKey{}, w), w
}

// Keep ends the wish: the answer is kept under its name, and the one that is
// kept is returned. It is the one of the commit where there was such a one, or
// of another call under the name that was first.
// Errors: idempotency_key_reuse, idempotency_in_progress.
func (w *Wish) Keep(ctx context.Context, answer Kept) (Kept, error) {
	w.mu.Lock()
	stage, kept := w.stage, w.kept
	w.mu.Unlock()
	if kept.Status != 0 {
		return kept, nil
	}
	if stage == wishTaken {
		return w.app.Keep(ctx, w.merchant, w.once, w.made, answer)
	}
	// It had no effect, so that nothing holds the name yet.
	body, err := w.app.sealed(w.merchant, w.once, answer)
	if err != nil {
		return Kept{}, err
	}
	stored := Kept{Status: answer.Status, Body: body}
	err = w.app.store.Commit(ctx, store.Change{Answer: w.once.settled(w.merchant, stored, w.app.now())})
	if !fault.Is(err, fault.CodeDuplicate) {
		return answer, err
	}
	made, kept, err := w.app.Recall(ctx, w.merchant, w.once)
	if err == nil && kept.Status == 0 {
		return w.app.Keep(ctx, w.merchant, w.once, made, answer)
	}
	return kept, err
}

// Told is the answer that was stored with the effect, if it was.
func (w *Wish) Told() (answer Kept, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kept, w.stage == wishTaken && w.kept.Status != 0
}

// Taken says that something was committed under the name.
func (w *Wish) Taken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stage == wishTaken
}

// begin adds the name to a change, if it is the first one.
func (w *Wish) begin(c *Change, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stage != wishFree || c.Answer != nil {
		return false
	}
	if w.answer != nil {
		w.kept, _ = w.answer(*c)
	}
	body, err := w.app.sealed(w.merchant, w.once, w.kept)
	if w.kept.Status == 0 || err != nil {
		w.kept = Kept{}
		c.Answer = w.once.claim(w.merchant, w.made, now)
	} else {
		c.Answer = w.once.settled(w.merchant, Kept{Status: w.kept.Status, Body: body}, now)
	}
	w.stage = wishTrying
	return true
}

// end takes note of what became of a change that carried the name.
func (w *Wish) end(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.stage = wishTaken
		return nil
	}
	w.stage, w.kept = wishFree, Kept{}
	return w.once.taken(err)
}

// settled takes the name together with the answer, as it is stored.
func (o Once) settled(merchantID string, answer Kept, now time.Time) *store.Answer {
	return &store.Answer{
		Merchant: merchantID, Key: o.name("wish", ""), Fingerprint: o.print(), Status: answer.Status,
		Body: answer.Body, ExpiresAt: now.Add(keptFor),
	}
}
