package wallet

import (
	"net/netip"
	"time"

	"github.com/purserhq/purser/internal/fault"
)

// Tries counts the attempts to log in of one account or from one address.
// An attempt is counted before its PIN is looked at, so that many at once gain
// nothing, and taken back when the PIN was right.
type Tries struct {
	Merchant  string
	Key       string // such as "account/10001" or "address/192.0.2.1"
	Version   int64  // the version that was read; 0 = not stored yet
	Count     int
	ExpiresAt time.Time // then it is as if there had been none
}

// TryWindow is how long attempts are remembered after the first of them.
const TryWindow = 15 * time.Minute

// The attempts that are allowed within a window. Many payers of one mobile
// operator share an address.
const (
	TriesPerAccount = 5
	TriesPerAddress = 30
)

// NetworkOf is what attempts from an address are counted for: the address itself, or
// the part of a longer one that its owner cannot change. It is not valid for none.
func NetworkOf(address netip.Addr) netip.Prefix {
	bits := 32
	if address = address.Unmap().WithZone(""); address.Is6() {
		bits = 64
	}
	network, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}

// Another is with one attempt more. Error: rate_limited when most are counted
// already; the tries do not change then.
func (t Tries) Another(most int, now time.Time) (Tries, error) {
	if !now.Before(t.ExpiresAt) {
		t.Count, t.ExpiresAt = 0, now.Add(TryWindow)
	}
	if t.Count >= most {
		return t, fault.New(fault.CodeRateLimited, "pin", "There were too many wrong attempts. Wait a quarter of an hour.")
	}
	t.Count++
	return t, nil
}

// Less is with one attempt fewer: it was good.
func (t Tries) Less() Tries {
	t.Count = max(0, t.Count-1)
	return t
}
