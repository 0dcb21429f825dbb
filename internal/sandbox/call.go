package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Fault tells whether a fault strikes this call, and uses up one of its occurrences.
func (c *Call) Fault(name string) (Fault, bool) {
	fault, ok := c.bench.take(name, c.Name, c.Subject)
	if ok {
		c.struck = append(c.struck, name)
	}
	return fault, ok
}

// Setting reads a switch.
func (c *Call) Setting(name string) string { return c.bench.setting(name) }

// Number reads a switch that holds a whole number.
func (c *Call) Number(name string) int64 { return c.bench.number(name) }

// Length reads a switch that holds a duration.
func (c *Call) Length(name string) time.Duration { return c.bench.length(name) }

// PublicURL is the address under which clients reach the emulator.
func (c *Call) PublicURL() string { return c.bench.options.PublicURL }

// Merchant looks a terminal up.
func (c *Call) Merchant(id string) (Merchant, bool) {
	for _, merchant := range c.bench.merchants {
		if merchant.ID == id {
			return merchant, true
		}
	}
	return Merchant{}, false
}

// SaveMerchant keeps what a merchant has changed about its terminal by a call of the provider.
func (c *Call) SaveMerchant(m Merchant) {
	c.bench.keepMerchant(m)
	c.err = errors.Join(c.err, c.bench.write(record{Merchant: &m}))
}

// Decide does what the payer chose on a page that is not the usual one, about the payment that the call is about.
func (c *Call) Decide(d Decision) (Outcome, error) { return c.bench.decide(c, d) }

// PanelOwner finds out whose secret a panel token is. The merchant's id is empty when the token opens every
// terminal, which any token does as long as no merchant has one of its own.
func (c *Call) PanelOwner(token string) (merchant string, ok bool) {
	guarded := false
	for _, known := range c.bench.merchants {
		if known.PanelToken == "" {
			continue
		}
		guarded = true
		if known.PanelToken == token {
			return known.ID, true
		}
	}
	return "", !guarded && token != ""
}

// Find looks a payment up and lets the clock do its part first.
func (c *Call) Find(id string) (*Payment, bool) {
	p, ok := c.bench.byID[id]
	if !ok {
		return nil, false
	}
	p.settle(c.Now, c.bench.profile.AfterRefund)
	return p, true
}

// Payments lists every payment, the latest first, as the clock has left it.
func (c *Call) Payments() []*Payment {
	list := make([]*Payment, 0, len(c.bench.payments))
	for i := len(c.bench.payments) - 1; i >= 0; i-- {
		p := c.bench.payments[i]
		p.settle(c.Now, c.bench.profile.AfterRefund)
		list = append(list, p)
	}
	return list
}

// Create enters a new payment, open from now on for the provider's usual life, and gives it its number.
func (c *Call) Create(p Payment) *Payment {
	p.Number = c.Next()
	p.State, p.CreatedAt = Open, c.Now
	if p.ExpiresAt.IsZero() {
		p.ExpiresAt = c.Now.Add(c.Length(c.bench.profile.Life))
	}
	kept := &p
	if _, taken := c.bench.byID[p.ID]; taken {
		c.err = errors.Join(c.err, fmt.Errorf("payment id %s is taken", p.ID))
		return kept
	}
	c.bench.keepPayment(kept)
	c.Save(kept)
	return kept
}

// Save keeps what has changed on a payment.
func (c *Call) Save(p *Payment) {
	c.err = errors.Join(c.err, c.bench.write(record{Payment: p}))
}

// Next draws the next number of this emulator. Numbers only grow.
func (c *Call) Next() int64 {
	c.bench.serial++
	return c.bench.serial
}

// Digest draws 32 bytes that depend on the seed, the purpose and the number alone.
func (c *Call) Digest(purpose string, number int64) [sha256.Size]byte {
	return c.bench.digest(purpose, number)
}

func (b *Bench) digest(purpose string, number int64) [sha256.Size]byte {
	text := binary.BigEndian.AppendUint64(nil, uint64(b.seed))    //nolint:gosec // any bits will do
	text = binary.BigEndian.AppendUint64(text, uint64(number))    //nolint:gosec // any bits will do
	return sha256.Sum256(append(text, b.profile.Name+purpose...)) // the name keeps providers apart
}

// letters are the digits of Letters.
const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// Letters draws a text of letters and digits from a digest.
func (c *Call) Letters(purpose string, number int64, length int) string {
	text := make([]byte, 0, length)
	for round := int64(0); len(text) < length; round++ {
		for _, drawn := range c.Digest(fmt.Sprintf("%s/%d", purpose, round), number) {
			if len(text) < length {
				text = append(text, letters[int(drawn)%len(letters)])
			}
		}
	}
	return string(text)
}
