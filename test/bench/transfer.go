package main

import (
	"slices"
	"strconv"

	"github.com/purserhq/purser/internal/dialect/zipay"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// How the accounts are shared out.
const (
	customers = 125 // of each merchant
	senders   = 8   // of those, with a key of their own
)

// What moves.
const (
	transferUnit   = money.USD
	transferAmount = "1.25"
	firstMoney     = "10000000"               // that every sender begins with
	houseMoney     = "5000000"                // of that, what the hot account begins with
	transferProof  = `Order 48213, two items` // every good answer repeats it
)

// sender is an account that sends money, with the keys under which it does.
type sender struct {
	account        int64
	public, secret string   // the key that signs
	keys           []string // those of /v1, by turns
	receivers      []int64
}

// wire is one API through which transfers are asked for.
type wire struct {
	name string // of the load
	call string
	turn func(o *orders, address string, n int, from sender) []byte // the n-th call of one of the senders
}

// wires are both APIs: the copied one, where a call is signed, and our own, where
// it has a name.
var wires = map[string]wire{
	ofTransfers: {name: "transfers", call: "`POST /api/transfer`", turn: (*orders).signed},
	ofV1:        {name: "v1", call: "`POST /v1/transfers`", turn: (*orders).named},
}

// spread are the senders of all merchants, neighbours of different ones. Each
// begins with another receiver.
func spread(shops []shop) []sender {
	var all []sender
	for n := range senders {
		for _, s := range shops {
			from := s.customers[n]
			others := slices.DeleteFunc(slices.Clone(s.customers), func(account int64) bool { return account == from })
			begin := n * len(others) / senders
			all = append(all, sender{
				account: from, public: s.signers[n].Public, secret: s.signers[n].Secret, keys: s.keys,
				receivers: slices.Concat(others[begin:], others[:begin]),
			})
		}
	}
	return all
}

// hot is one merchant's own account, which sends to the customers.
func hot(s shop) []sender {
	return []sender{{
		account: wallet.House, public: s.house.Public, secret: s.house.Secret, keys: s.keys, receivers: s.customers,
	}}
}

// plain are the shops as the yardstick knows them: the same accounts, with
// plain words for keys.
func plain(shops []shop) []shop {
	all := make([]shop, len(shops))
	for n, s := range shops {
		name := yardstickShop(int64(n))
		all[n] = shop{
			customers: s.customers, house: signer{Public: plainKey(name, wallet.House), Secret: name}, keys: []string{name},
		}
		for _, account := range s.customers[:senders] {
			all[n].signers = append(all[n].signers, signer{Public: plainKey(name, account), Secret: name})
		}
	}
	return all
}

// orders numbers transfers through all turns: an order's name is used once.
type orders struct{ last int }

// turn makes a load of transfers, each made before the load begins. The senders
// take turns, and each goes through its receivers.
func (o *orders) turn(w wire, address string, from []sender, clients, requests int) load {
	calls := make([][]byte, requests)
	for n := range calls {
		calls[n] = w.turn(o, address, o.last/len(from), from[n%len(from)])
	}
	return load{
		address: address, clients: clients, requests: requests, proof: transferProof,
		call: func(_, n int) []byte { return calls[n] },
	}
}

// signed makes one transfer with the next number.
func (o *orders) signed(address string, n int, from sender) []byte {
	o.last++
	body := "receiver=" + strconv.FormatInt(from.receivers[n%len(from.receivers)], 10) + "&amount=" + transferAmount +
		"&currency=" + string(transferUnit) + "&order_id=T-" + strconv.Itoa(o.last) +
		"&description=Order+48213%2C+two+items"
	return post(address, "/api/transfer", "application/x-www-form-urlencoded", body,
		"api_key: "+from.public, "api_sign: "+zipay.Sign(from.secret, body))
}

// named makes one through our own API, under the next name.
func (o *orders) named(address string, n int, from sender) []byte {
	o.last++
	body := `{"source":` + strconv.FormatInt(from.account, 10) +
		`,"destination":` + strconv.FormatInt(from.receivers[n%len(from.receivers)], 10) +
		`,"amount":"` + transferAmount + `","unit":"` + string(transferUnit) +
		`","description":"Order 48213, two items"}`
	return post(address, "/v1/transfers", "application/json", body,
		"Authorization: Bearer "+from.keys[n%len(from.keys)], "Idempotency-Key: transfer "+strconv.Itoa(o.last))
}
