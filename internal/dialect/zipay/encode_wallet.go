package zipay

import (
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/wallet"
)

// balanceBody is what an account has of one currency.
type balanceBody struct {
	Coin   coinBody `json:"coin"`
	Amount string   `json:"amount"`
}

// encodeBalances writes the currencies of this API, had or not. Whatever else there is
// something of, no caller can name.
func encodeBalances(amounts []money.Amount) []balanceBody {
	list := make([]balanceBody, len(currencies))
	for n, currency := range currencies {
		had := money.Zero(money.Unit(currency))
		for _, a := range amounts {
			if a.Unit() == had.Unit() {
				had = a
			}
		}
		list[n] = balanceBody{encodeCoin(had.Unit()), had.Text()}
	}
	return list
}

// rateBody is the rates of one market.
type rateBody struct {
	Market string `json:"market"`
	Buy    string `json:"buy"`
	Sell   string `json:"sell"`
}

// encodeRates writes the rates of the markets, or of the one that is named.
func encodeRates(markets []wallet.Market, name string) []rateBody {
	list := make([]rateBody, 0, len(markets))
	for _, m := range markets {
		if name == "" || name == m.Name() {
			list = append(list, rateBody{Market: m.Name(), Buy: m.Buy.Text(), Sell: m.Sell.Text()})
		}
	}
	return list
}

// exchangeBody is an exchange.
type exchangeBody struct {
	TrackID     string   `json:"trackid"`
	Time        int64    `json:"time"`
	Date        string   `json:"date"`
	DateW3C     string   `json:"datew3c"`
	Status      string   `json:"status"`
	SpentAmount string   `json:"spent_amount"`
	SpentCoin   coinBody `json:"spent_coin"`
	Rate        string   `json:"rate"`
	GetAmount   string   `json:"get_amount"`
	GetCoin     coinBody `json:"get_coin"`
	Market      string   `json:"market"`
	Side        string   `json:"side"`
}

func encodeExchange(e wallet.Exchange) exchangeBody {
	side := "sell"
	if e.Side == wallet.Buy {
		side = "buy"
	}
	return exchangeBody{
		TrackID: e.ID, Time: e.CreatedAt.Unix(), Date: dateText(e.CreatedAt), DateW3C: w3cText(e.CreatedAt),
		Status: completed, SpentAmount: e.Spent.Text(), SpentCoin: encodeCoin(e.Spent.Unit()), Rate: e.Rate.Text(),
		GetAmount: e.Got.Text(), GetCoin: encodeCoin(e.Got.Unit()), Market: e.Market, Side: side,
	}
}

// The directions of a transfer, seen from the account that asks.
const (
	sentOut = "transfer_out"
	cameIn  = "transfer_in"
)

// partyBody is one end of a transfer. Its address is masked.
type partyBody struct {
	AccountNumber int64  `json:"account_number"`
	Email         string `json:"email"`
}

func encodeParty(a app.Account) partyBody {
	return partyBody{AccountNumber: a.Number, Email: maskEmail(a.Email)}
}

// transferBody is a transfer. It has no status: it is final.
type transferBody struct {
	TrackID      string    `json:"trackid"`
	Amount       string    `json:"amount"`
	Coin         coinBody  `json:"coin"`
	TransferType string    `json:"transfer_type"`
	Type         string    `json:"type"`
	OrderID      string    `json:"order_id"`
	Description  string    `json:"description"`
	Sender       partyBody `json:"sender"`
	Receiver     partyBody `json:"receiver"`
	Time         int64     `json:"time"`
	Date         string    `json:"date"`
	DateW3C      string    `json:"datew3c"`
}

// encodeTransfer writes a transfer as one account sees it.
func encodeTransfer(t wallet.Transfer, seenBy int64, from, to app.Account) transferBody {
	direction := cameIn
	if t.From == seenBy {
		direction = sentOut
	}
	return transferBody{
		TrackID: t.ID, Amount: t.Amount.Text(), Coin: encodeCoin(t.Amount.Unit()), TransferType: direction, Type: "api",
		OrderID: t.Reference, Description: t.Description, Sender: encodeParty(from), Receiver: encodeParty(to),
		Time: t.CreatedAt.Unix(), Date: dateText(t.CreatedAt), DateW3C: w3cText(t.CreatedAt),
	}
}

// maskEmail hides most of an address: of a long one the first four characters
// and the last seven stay, of a short one the first and the last four.
func maskEmail(email string) string {
	const stars, long = "*****", 12
	head, tail := 4, 7
	letters := []rune(email)
	switch {
	case len(letters) == 0:
		return ""
	case len(letters) < long:
		head, tail = 1, min(4, len(letters)-1)
	}
	return string(letters[:head]) + stars + string(letters[len(letters)-tail:])
}

// railBody is one network on which coins go out.
type railBody struct {
	Coin             string `json:"coin"`
	CoinName         string `json:"coin_name"`
	Network          string `json:"network"`
	NetworkName      string `json:"network_name"`
	DepositIsActive  bool   `json:"deposit_is_active"`
	WithdrawIsActive bool   `json:"withdraw_is_active"`
	MinWithdraw      string `json:"min_withdraw"`
	Fee              string `json:"fee"`
	Decimal          int    `json:"decimal"`
}

// rails are the networks of this API with their names for people.
var rails = []struct{ network, name string }{{"BNB", "BSC (BEP20)"}, {"TRX", "Tron (TRC20)"}}

// networks are their names for programs.
func networks() []string {
	names := make([]string, len(rails))
	for i, r := range rails {
		names[i] = r.network
	}
	return names
}

func networkName(network string) string {
	for _, r := range rails {
		if r.network == network {
			return r.name
		}
	}
	return network
}

// encodeRails writes those of a merchant's rails that this API knows. Coins
// cannot be paid in.
func encodeRails(m merchant.Merchant) []railBody {
	list := make([]railBody, 0, len(rails))
	for _, known := range rails {
		r, ok := m.Rail(money.USDT, known.network)
		if !ok {
			continue
		}
		coin := encodeCoin(r.Unit)
		list = append(list, railBody{
			Coin: coin.Currency, CoinName: coin.Name, Network: r.Network, NetworkName: known.name,
			WithdrawIsActive: r.Active, MinWithdraw: r.Min.Text(), Fee: r.Fee.Text(), Decimal: r.Decimals,
		})
	}
	return list
}

// payoutBody is a withdrawal. Amount is what arrives.
type payoutBody struct {
	TrackID     string `json:"trackid"`
	OrderID     int64  `json:"order_id"`
	Address     string `json:"address"`
	Amount      string `json:"amount"`
	Fee         string `json:"fee"`
	Type        string `json:"type"`
	TxID        string `json:"txid"`
	Status      string `json:"status"`
	Time        int64  `json:"time"`
	UTCDate     string `json:"utc_date"`
	Coin        string `json:"coin"`
	CoinName    string `json:"coin_name"`
	Network     string `json:"network"`
	NetworkName string `json:"network_name"`
}

// payoutPlaces is how many decimal places the amounts of withdrawals have.
const payoutPlaces = 18

// encodePayout writes a withdrawal. Until its chain knows it, its txid is its
// trackid. Error: that of a net amount which cannot be counted.
func encodePayout(p payout.Payout, orderID int64) (payoutBody, error) {
	net, err := p.Net()
	if err != nil {
		return payoutBody{}, err
	}
	coin, txid := encodeCoin(p.Amount.Unit()), p.Receipt
	if txid == "" {
		txid = p.ID
	}
	return payoutBody{
		TrackID: p.ID, OrderID: orderID, Address: p.Destination, Amount: fixed(net, payoutPlaces),
		Fee: fixed(p.Fee, payoutPlaces), Type: "withdraw", TxID: txid, Status: payoutStatus(p.State),
		Time: p.CreatedAt.Unix(), UTCDate: p.CreatedAt.UTC().Format(utcDateForm), Coin: coin.Currency,
		CoinName: coin.Name, Network: p.Rail, NetworkName: networkName(p.Rail),
	}, nil
}

// payoutStatus is where a withdrawal stands in the words of this API.
func payoutStatus(s payout.State) string {
	switch s {
	case payout.Requested:
		return "queue"
	case payout.Approved, payout.Processing:
		return "processing"
	case payout.Paid:
		return completed
	case payout.Rejected, payout.Canceled, payout.Expired, payout.Failed:
		return rejected
	}
	return "queue"
}

// fixed prints an amount with so many decimal places, more than its unit has.
func fixed(a money.Amount, places int) string {
	whole, fraction, _ := strings.Cut(a.Fixed(), ".")
	return whole + "." + fraction + strings.Repeat("0", max(0, places-len(fraction)))
}
