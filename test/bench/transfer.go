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
	firstMoney     = "10000000" // that every sender begins with
	houseMoney     = "5000000"  // of that, what the hot account begins with
	transferProof  = `"trackid":"`
)

// sender is an account that sends money, with its key.
type sender struct {
	public, secret string
	receivers      []int64
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
				s.signers[n].Public, s.signers[n].Secret, slices.Concat(others[begin:], others[:begin]),
			})
		}
	}
	return all
}

// hot is one merchant's own account, which sends to the customers.
func hot(s shop) []sender { return []sender{{s.house.Public, s.house.Secret, s.customers}} }

// plain are the shops as the yardstick knows them: the same accounts, with
// plain words for keys.
func plain(shops []shop) []shop {
	all := make([]shop, len(shops))
	for n, s := range shops {
		name := yardstickShop(int64(n))
		all[n] = shop{customers: s.customers, house: signer{Public: plainKey(name, wallet.House), Secret: name}}
		for _, account := range s.customers[:senders] {
			all[n].signers = append(all[n].signers, signer{Public: plainKey(name, account), Secret: name})
		}
	}
	return all
}

// orders numbers transfers through all turns: an order's name is used once.
type orders struct{ last int }

// turn makes a load of transfers, each signed before the load begins. The
// senders take turns, and each goes through its receivers.
func (o *orders) turn(address string, from []sender, clients, requests int) load {
	calls := make([][]byte, requests)
	for n := range calls {
		s, round := from[n%len(from)], o.last/len(from)
		calls[n] = o.sign(address, s, s.receivers[round%len(s.receivers)], transferAmount)
	}
	return load{
		address: address, clients: clients, requests: requests, proof: transferProof,
		call: func(_, n int) []byte { return calls[n] },
	}
}

// sign makes one transfer with the next number.
func (o *orders) sign(address string, from sender, to int64, amount string) []byte {
	o.last++
	body := "receiver=" + strconv.FormatInt(to, 10) + "&amount=" + amount + "&currency=" + string(transferUnit) +
		"&order_id=T-" + strconv.Itoa(o.last) + "&description=Order+48213%2C+two+items"
	return post(address, "/api/transfer", "application/x-www-form-urlencoded", body,
		"api_key: "+from.public, "api_sign: "+zipay.Sign(from.secret, body))
}
