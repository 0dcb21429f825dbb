package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/dialect/zipay"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// party is one end of a transfer.
type party struct {
	AccountNumber int64  `json:"account_number"`
	Email         string `json:"email"`
}

// coin is a currency.
type coin struct {
	Name     string `json:"name"`
	Currency string `json:"currency"`
	Symbol   string `json:"symbol"`
}

// sent is the answer to a transfer.
type sent struct {
	TrackID      string `json:"trackid"`
	Amount       string `json:"amount"`
	Coin         coin   `json:"coin"`
	TransferType string `json:"transfer_type"`
	Type         string `json:"type"`
	OrderID      string `json:"order_id"`
	Description  string `json:"description"`
	Sender       party  `json:"sender"`
	Receiver     party  `json:"receiver"`
	Time         int64  `json:"time"`
	Date         string `json:"date"`
	DateW3C      string `json:"datew3c"`
}

// answer is what goes around it.
type answer struct {
	Result  sent `json:"result"`
	Success bool `json:"success"`
	Status  int  `json:"status"`
}

// newSent is the wish to send money through our own API.
type newSent struct {
	Source      int64  `json:"source"`
	Destination int64  `json:"destination"`
	Amount      string `json:"amount"`
	Unit        string `json:"unit"`
	Description string `json:"description"`
}

// sentNow is the answer to it.
type sentNow struct {
	ID string `json:"id"`
	newSent
	CreatedAt string `json:"created_at"`
}

// createTransfer sends money, asked for in JSON. The merchant's name is in place
// of a key.
func (y *yardstick) createTransfer(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var in newSent
	err := json.NewDecoder(r.Body).Decode(&in)
	merchant, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	amount, wrong := money.Parse(in.Amount, money.Unit(in.Unit))
	detail, broken := json.Marshal(map[string]string{"description": in.Description})
	if err != nil || !ok || wrong != nil || broken != nil || in.Source == 0 || in.Destination == 0 {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	row := newTransferRow(merchant, in.Source, in.Destination, amount, now)
	row.id, row.detail = "trf_"+row.id, string(detail)
	if err := y.transfers.add(row); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(sentNow{row.id, in, now.UTC().Format(time.RFC3339Nano)}) // as above
}

// plainKey is what the yardstick has in place of a key: the merchant and the
// account, in plain words.
func plainKey(merchant string, account int64) string {
	return merchant + "/" + strconv.FormatInt(account, 10)
}

// transfer sends money from one account to another.
func (y *yardstick) transfer(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	row, ok := readTransfer(r, now)
	if !ok {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	if err := y.transfers.add(row); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	const email = "cust*****ple.com" // nobody is known
	at := now.UTC()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer{ // a caller that has gone away cannot be told so
		Success: true, Status: http.StatusOK,
		Result: sent{
			TrackID: row.id, Amount: row.amount.Text(), Coin: coin{"United States dollar", string(money.USD), "$"},
			TransferType: "transfer_out", Type: "api", OrderID: r.PostForm.Get("order_id"),
			Description: r.PostForm.Get("description"), Sender: party{row.sender, email},
			Receiver: party{row.receiver, email}, Time: at.Unix(), Date: at.Format("02/01/2006 15:04 UTC"),
			DateW3C: at.Format("2006-01-02T15:04:05+00:00"),
		},
	})
}

// readTransfer decodes the form.
func readTransfer(r *http.Request, now time.Time) (transferRow, bool) {
	if r.ParseForm() != nil {
		return transferRow{}, false
	}
	merchant, number, _ := strings.Cut(r.Header.Get("api_key"), "/")
	sender, first := strconv.ParseInt(number, 10, 64)
	receiver, second := strconv.ParseInt(r.PostForm.Get("receiver"), 10, 64)
	amount, third := money.Parse(r.PostForm.Get("amount"), money.Unit(r.PostForm.Get("currency")))
	detail, fourth := json.Marshal(map[string]string{
		"reference": r.PostForm.Get("order_id"), "description": r.PostForm.Get("description"),
	})
	row := newTransferRow(merchant, sender, receiver, amount, now)
	row.detail = string(detail)
	return row, first == nil && second == nil && third == nil && fourth == nil && r.PostForm.Get("order_id") != ""
}

// newTransferRow makes a transfer between two accounts of a merchant.
func newTransferRow(merchant string, sender, receiver int64, amount money.Amount, now time.Time) transferRow {
	own := func(number int64) ledger.Account {
		owner := ""
		if number != wallet.House {
			owner = strconv.FormatInt(number, 10)
		}
		return ledger.Own(merchant, owner, amount.Unit())
	}
	return transferRow{
		id: zipay.NewID(now), entry: zipay.NewID(now), from: own(sender), to: own(receiver),
		sender: sender, receiver: receiver, amount: amount, at: now.UnixMicro(),
	}
}
