// Package deal is one person-to-person transfer: a payer sends money to a
// trader's requisite, the trader says that it arrived and pays for it in coins; or
// a trader sends money to somebody and is paid for it in coins.
package deal

import (
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Coin is the unit in which traders pay and merchants are settled.
const Coin = money.USDT

// Deal is one transfer between a payer and a trader, or between a trader and
// whoever a merchant pays.
type Deal struct {
	ID        string
	Merchant  string
	Version   int64 // the version that was read; 0 = not stored yet
	State     State
	Invoice   string // what it pays; empty where it carries out a payout
	Payout    string // what it carries out: the trader sends; empty where a payer sends
	Payment   string // the collection that it carries out
	Trader    string
	Requisite string // the trader's account that the payer sends to; none of a payout
	Option    string // what the payer was given, whatever becomes of the requisite: the way, such as "SBP"
	Method    string // ... the bank
	Number    string // ... where to send
	Holder    string // ... and whose it is

	Amount  money.Amount // what is to be sent
	Rate    money.Rate   // of Amount's unit for one coin, fixed when the deal began
	Percent money.Rate   // the fee, of a hundred; not valid = none
	Coins   money.Amount // what the trader pays for what the payer sends, or is paid for sending it
	Fee     money.Amount // of Coins, kept by whoever runs the market
	Held    money.Amount // what the trader has set aside for it; zero once it is decided

	Paid      money.Amount // what was really sent; not valid until it is completed
	Reported  time.Time    // when the payer said that it is sent; zero = never
	Deadline  time.Time    // when it is canceled unless somebody says that money was sent; never, of a payout
	Dispute   Dispute
	Note      string // for the operator: why it ended as it did
	EndedAt   time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Dispute is what is said against the course of a deal.
type Dispute struct {
	Reason   string       // in the words of who opened it
	Amount   money.Amount // what was really sent, as they say; not valid = as agreed
	OpenedAt time.Time    // zero = there was none
}

// Out says that it carries out a payout: the trader sends.
func (d Deal) Out() bool { return d.Payout != "" }

// Live says that money may still come for it: it is not decided.
func (d Deal) Live() bool {
	return d.State == TransferWaiting || d.State == TransferConfirmed || d.State == Disputed
}

// Net is what the merchant gets: the coins less the fee.
func (d Deal) Net() (money.Amount, error) { return d.Coins.Sub(d.Fee) }

// Price works out what an amount is worth in coins at the deal's rate, cut to
// the coin's smallest step, and the fee of it, rounded up. Nobody gets more
// than the payer has paid for.
// Errors: rate_invalid, amount_too_small when nothing is left after the fee.
func (d Deal) Price(paid money.Amount) (coins, fee money.Amount, err error) {
	if coins, _, err = d.Rate.ConvertBack(paid, Coin, money.Down); err != nil {
		return coins, fee, err
	}
	if fee, err = share(coins, d.Percent); err != nil {
		return coins, fee, err
	}
	if left, err := coins.Sub(fee); err != nil || left.Sign() <= 0 {
		return coins, fee, fault.New(fault.CodeAmountTooSmall, "amount", "The fee would take all of it.").With(err)
	}
	return coins, fee, nil
}

// Cost works out what has to be set aside so that an amount can be sent out:
// its worth in coins and the fee, both rounded up.
func (d Deal) Cost(sent money.Amount) (coins, fee money.Amount, err error) {
	if coins, _, err = d.Rate.ConvertBack(sent, Coin, money.Up); err != nil {
		return coins, fee, err
	}
	fee, err = share(coins, d.Percent)
	return coins, fee, err
}

// share is so many hundredths of an amount, rounded up.
func share(of money.Amount, percent money.Rate) (money.Amount, error) {
	if !percent.Valid() {
		return money.Zero(of.Unit()), nil
	}
	hundredth, err := percent.Hundredth()
	if err != nil {
		return money.Amount{}, err
	}
	part, _, err := hundredth.Convert(of, of.Unit(), money.Up)
	return part, err
}
