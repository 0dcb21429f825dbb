package payrefund

import (
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// inputs begins to read fields.
func (s *desk) inputs(f dialect.Fields) inputs { return inputs{fields: f, faults: &fault.List{}} }

// listing is the query of GET /api/payments. none says that nothing can match.
type listing struct {
	app.PaymentFilter
	limit, offset int  // a limit of 0 is all of them
	begun         bool // the caller named an offset
	none          bool
}

// standings are the words of this API for how a payment stands.
var standings = map[string]payment.Standing{
	"pending": payment.Undecided, "success": payment.Good, "settled": payment.Recorded, "error": payment.Bad,
}

func (s *desk) decodeListing(f dialect.Fields) (listing, error) {
	in := s.inputs(f)
	var l listing
	if id, came := in.word("payment_id"); came {
		l.ID, l.none = id, !isID(id)
	}
	if word, came := in.word("payment_method"); came {
		m, ok := methodOf(word)
		l.Method, l.none = m, l.none || !ok
	}
	if word, came := in.word("status"); came {
		standing, ok := standings[word]
		l.Standing, l.none = standing, l.none || !ok
	}
	l.Least, l.Most = in.bound("amount_gte", s.Unit, true), in.bound("amount_lte", s.Unit, false)
	if !l.Least.Valid() {
		l.Least = money.Zero(s.Unit) // what our own API charged in another unit has no place here
	}
	l.CreatedFrom, l.CreatedTo = in.day("created_at_gte"), in.day("created_at_lte")
	l.RecordedFrom, l.RecordedTo = in.day("settled_at_gte"), in.day("settled_at_lte")
	l.limit, l.offset = in.count("limit", 1), in.count("offset", 0)
	l.begun = l.offset > 0
	return l, in.faults.Err()
}

// refundListing is the query of GET /api/refunds.
type refundListing struct {
	app.RefundFilter
	none bool
}

func (s *desk) decodeRefundListing(f dialect.Fields) (refundListing, error) {
	in := s.inputs(f)
	var l refundListing
	if id, came := in.word("payment_id"); came {
		l.Payment, l.none = id, !isID(id)
	}
	if id, came := in.word("refund_id"); came {
		l.ID, l.none = id, l.none || !isID(id)
	}
	return l, in.faults.Err()
}

// params are additional_params, as far as they came.
type params struct {
	method            payment.Method // empty = not said
	number, cvv       []byte         // wiped with the body
	hasNumber, hasCVV bool
	name, month, year string
	phone             string
}

// decodeParams reads additional_params of a method. The members of the other
// one are as unknown as any other name.
func (in inputs) decodeParams(method payment.Method, s dialect.CardData, needed bool) params {
	var p params
	if in.given("method") {
		if p.method = in.method("method"); p.method != "" && p.method != method {
			in.fail("method", "must be the payment_method")
		}
	}
	if method == payment.MBWay {
		if needed || in.given("phone_number") {
			p.phone = in.text("phone_number", longestPhone)
		}
		return p
	}
	if p.hasNumber = in.given(numberName); needed || p.hasNumber {
		in.secret(numberName, s.Number, longestCard)
		p.number = s.Number
	}
	p.name = in.holder("name")
	for _, expiry := range []struct {
		name string
		most int
		text *string
	}{{"expiration_month", longestMonth, &p.month}, {"expiration_year", longestYear, &p.year}} {
		if needed || in.given(expiry.name) {
			*expiry.text = in.text(expiry.name, expiry.most)
		}
	}
	if p.hasCVV = in.given(cvvName); needed || p.hasCVV {
		in.secret(cvvName, s.CVV, longestCVV)
		p.cvv = s.CVV
	}
	return p
}

// newPayment is the body of POST /api/payments.
type newPayment struct {
	amount money.Amount
	method payment.Method
	params params
}

func (s *desk) decodePayment(raw []byte) (n newPayment, kept dialect.CardData, err error) {
	kept = dialect.Withhold(raw, paramsName)
	f, err := readBody(raw)
	if err != nil {
		return n, kept, err
	}
	in := s.inputs(f)
	n.amount = in.amount("amount", s.Unit, s.places)
	n.method = in.method("payment_method")
	if inside, ok := in.object(paramsName); ok && n.method != "" {
		n.params = inside.decodeParams(n.method, kept, true)
	}
	return n, kept, in.faults.Err()
}

// wish is the body of PUT /api/payments/{id}: what did not come stays.
type wish struct {
	amount     money.Amount   // not valid = not given
	method     payment.Method // empty = not given
	params     params
	settles    bool         // one of the next two was given
	settledAt  time.Time    // zero = not given
	settledSum money.Amount // not valid = not given
}

func (s *desk) decodeWish(raw []byte, p payment.Payment) (w wish, kept dialect.CardData, err error) {
	kept = dialect.Withhold(raw, paramsName)
	f, err := readBody(raw)
	if err != nil {
		return w, kept, err
	}
	in := s.inputs(f)
	if in.given("amount") {
		w.amount = in.amount("amount", s.Unit, s.places)
	}
	method := p.Attempt.Method
	if in.given("payment_method") {
		w.method = in.method("payment_method")
		method = w.method
	}
	if in.given(paramsName) {
		inside, _ := in.object(paramsName)
		if w.method == "" && inside.given("method") {
			w.method = inside.method("method")
			method = w.method
		}
		if method != "" {
			w.params = inside.decodeParams(method, kept, false)
		}
	}
	if in.given("settled_at") {
		w.settledAt, w.settles = in.date("settled_at").Truncate(time.Millisecond), true
	}
	if in.given("settled_amount") {
		w.settledSum, w.settles = in.number("settled_amount", s.Unit, s.places), true
	}
	return w, kept, in.faults.Err()
}

// newRefund is the body of POST /api/refunds.
type newRefund struct {
	payment string
	amount  money.Amount
}

func (s *desk) decodeRefund(raw []byte) (n newRefund, err error) {
	f, err := readBody(raw)
	if err != nil {
		return n, err
	}
	in := s.inputs(f)
	if in.given("payment_id") {
		v, _ := in.fields.Find("payment_id")
		if n.payment = v.Text; v.Kind != dialect.Text {
			in.fail("payment_id", "must be a string")
		}
	}
	n.amount = in.number("amount", s.Unit, s.places)
	return n, in.faults.Err()
}
