package payrefund

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// deed is the one thing that an update does to a payment.
type deed int

const (
	nothingToDo deed = iota
	adjustAmount
	captureHeld
	recordTaken
	chargeAgain
)

// plan decides what an update means for a payment as it stands. One update does
// one thing: what would take two is refused, so that nothing is ever half done.
func (w wish) plan(p payment.Payment) (deed, app.Capture, error) {
	var c app.Capture
	resized := w.amount.Valid() && w.amount != p.Agreed()
	standing := p.Standing()
	if standing == payment.Bad {
		d, err := w.planAgain(p, resized)
		return d, c, err
	}
	if w.alters(p) {
		return nothingToDo, c, refused("the payment is " + statusWord(p) + ": what it is paid with cannot change")
	}
	switch {
	case standing == payment.Recorded:
		return nothingToDo, c, w.planRecorded(p, resized)
	case standing == payment.Undecided && resized:
		return nothingToDo, c, refused("the payment is pending: its amount cannot change")
	case standing == payment.Undecided && w.settles:
		return nothingToDo, c, refused("the payment is pending: it cannot be settled")
	case resized && w.settles:
		return nothingToDo, c, refused("the amount cannot change in the request that settles: send two requests")
	case resized:
		return adjustAmount, c, w.mayResize(p)
	case w.settles:
		return w.planSettling(p)
	}
	return nothingToDo, c, nil
}

// planRecorded lets a settlement be repeated and nothing else be changed.
func (w wish) planRecorded(p payment.Payment, resized bool) error {
	sameTime := w.settledAt.IsZero() || w.settledAt.Equal(p.Record.At.Truncate(time.Millisecond))
	sameSum := !w.settledSum.Valid() || w.settledSum == p.Record.Amount
	switch {
	case resized:
		return refused("the payment is settled: its amount cannot change")
	case !sameTime || !sameSum:
		return refused("the payment is settled already, with other values")
	}
	return nil
}

// mayResize is nil where the amount may become another one.
func (w wish) mayResize(p payment.Payment) error {
	if p.State != payment.Authorized {
		return refused("the money was taken or given back: the amount cannot change")
	}
	if over, err := p.LetGo().Cmp(w.amount); err != nil || over >= 0 {
		return refused("refunds total " + string(decimal(p.LetGo())) + ", which leaves nothing of the payment amount " +
			string(decimal(w.amount)))
	}
	return nil
}

// planSettling takes held money, or records what was taken already.
func (w wish) planSettling(p payment.Payment) (deed, app.Capture, error) {
	does := recordTaken
	if p.State == payment.Authorized {
		does = captureHeld
	}
	limit := p.Refundable()
	sum := w.settledSum
	if !sum.Valid() {
		sum = limit
	}
	over, err := sum.Cmp(limit)
	switch {
	case err != nil:
		return nothingToDo, app.Capture{}, err
	case limit.Sign() <= 0:
		return nothingToDo, app.Capture{}, refused("all of the payment was given back: nothing is left to settle")
	case sum.Sign() <= 0:
		return nothingToDo, app.Capture{}, refused("settled_amount must be more than 0")
	case over > 0:
		return nothingToDo, app.Capture{}, refused("settled_amount " + string(decimal(sum)) +
			" is more than the payment amount without its refunds, " + string(decimal(limit)))
	}
	return does, app.Capture{Amount: sum, At: w.settledAt}, nil
}

// planAgain tries a payment that failed once more, where there is something to
// try it with.
func (w wish) planAgain(p payment.Payment, resized bool) (deed, error) {
	method := p.Attempt.Method
	if w.method != "" {
		method = w.method
	}
	fresh := w.params.phone != ""
	needed := "phone_number"
	part := w.alters(p) || w.params.hasCVV && string(w.params.cvv) != hiddenCVV
	if method != payment.MBWay {
		fresh = w.params.hasNumber && !isMask(w.params.number)
		needed = numberName
	}
	switch {
	case w.settles:
		return nothingToDo, refused("the payment is error: it cannot be settled")
	case fresh:
		return chargeAgain, nil
	case part:
		return nothingToDo, refused("to try the payment again, " + paramsName + "." + needed + " must be sent in full")
	case resized:
		return nothingToDo, refused("the payment is error: its amount changes only with another try")
	}
	return nothingToDo, nil
}

// alters says that what the payment is paid with would become something else.
// The masks that were shown mean what is behind them.
func (w wish) alters(p payment.Payment) bool {
	if w.method != "" && w.method != p.Attempt.Method {
		return true
	}
	if p.Attempt.Method == payment.MBWay {
		return w.params.phone != "" && w.params.phone != p.Payer.Mobile
	}
	otherCard := w.params.hasNumber && string(w.params.number) != shownNumber(p) &&
		lastFour(w.params.number) != keptDigits(p)
	return otherCard || otherNumber(w.params.month, p.Bag[bagMonth]) || otherNumber(w.params.year, p.Bag[bagYear])
}

// otherNumber compares what came with what is kept, as numbers where they are
// some: 5 is 05. Nothing came is no other.
func otherNumber(came, kept string) bool {
	if came == "" || came == kept {
		return false
	}
	a, wrong := strconv.Atoi(strings.TrimSpace(came))
	b, alsoWrong := strconv.Atoi(strings.TrimSpace(kept))
	return wrong != nil || alsoWrong != nil || a != b
}

// maxShown is how long a value of metadata can be in bytes.
const maxShown = 500

// instrument is what there is to charge a payment with: what came, and what is
// kept of the payment before it.
func (p params) instrument(method payment.Method, before map[string]string) app.Instrument {
	if method == payment.MBWay {
		return app.Instrument{Method: method, Payer: payment.Payer{Mobile: p.phone}}
	}
	bag := map[string]string{}
	maps.Copy(bag, before)
	for key, text := range map[string]string{bagName: p.name, bagMonth: p.month, bagYear: p.year} {
		if text != "" || bag[key] == "" {
			bag[key] = text
		}
		if bag[key] != "" && len(bag[key]) <= maxShown {
			bag[app.MetadataWord+"card_"+key] = bag[key]
		}
	}
	cvv := p.cvv
	if string(cvv) == hiddenCVV {
		cvv = nil
	}
	return app.Instrument{
		Method: method, Bag: bag,
		Card: app.NewCard(p.number, cvv, bag[bagName], numberOf(bag[bagMonth]), yearOf(bag[bagYear])),
	}
}

// numberOf is 0, which is no month and no year, for what is no number.
func numberOf(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// yearOf takes a year of two digits for one of this century.
func yearOf(text string) int {
	const century = 2000
	if n := numberOf(text); len(text) > 2 {
		return n
	} else if n > 0 {
		return century + n
	}
	return 0
}

// tooMuch says in both numbers why a refund is refused; empty when that is not
// why.
func tooMuch(p payment.Payment, amount money.Amount) string {
	given, err := money.Sum(amount.Unit(), p.LetGo(), p.Refunded, p.Returning)
	if err != nil {
		return ""
	}
	if total, over := exceeds(given, amount, p.Agreed()); over {
		return "refunds would total " + total + ", more than the payment amount " + string(decimal(p.Agreed()))
	}
	if !p.Record.Recorded() {
		return ""
	}
	since, err := money.Sum(amount.Unit(), p.Refunded, p.Returning)
	if err == nil {
		since, err = since.Sub(p.Record.Before)
	}
	if err != nil {
		return ""
	}
	if total, over := exceeds(since, amount, p.Record.Amount); over {
		return "refunds after the settlement would total " + total + ", more than the settled amount " +
			string(decimal(p.Record.Amount))
	}
	return ""
}

// exceeds adds a refund to those before it and compares the sum.
func exceeds(before, amount, limit money.Amount) (total string, over bool) {
	sum, err := before.Add(amount)
	if err != nil {
		return "", false
	}
	more, err := sum.Cmp(limit)
	return string(decimal(sum)), err == nil && more > 0
}
