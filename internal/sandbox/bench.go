package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/http"
	"os"
	"sort"
	"sync"
	"time"
)

// Profile is what one provider adds to the frame.
type Profile struct {
	Name     string // the folder's name, such as zarinpal
	Title    string // how the bank page calls it
	Switches []Switch
	Faults   []string // beyond the common ones
	// Short are the provider's own names for a common fault on one call.
	Short map[string]Fault
	Calls []string // names of calls that share a path with others
	// Life and Window name the switches that hold an open payment's life and the time to verify a paid one.
	Life, Window string
	// Decline and Cancel are the provider's numbers for the two plain refusals.
	Decline, Cancel int
	// Refusals are further buttons of the bank page.
	Refusals []Refusal
	// Return gives the members that the provider adds to the callback address, in their order.
	Return func(c *Call, p Payment, success bool) Object
	// AfterRefund sets the payment's state when one of its refunds has come to its end; nil leaves it.
	AfterRefund func(p *Payment)
	// Decided hears of every choice of the payer that changed the payment; nil does not care.
	Decided func(c *Call, p *Payment)
}

// Refusal is one more way in which the bank says no.
type Refusal struct {
	Code  int
	Words string
}

// Bench is one running emulator: an HTTP handler with the provider's own paths, and the tools to look behind it.
// It is safe for concurrent use; calls to it are handled one after the other, so that verify is atomic.
type Bench struct {
	options Options
	profile Profile
	mux     *http.ServeMux
	calls   map[string]bool

	mu          sync.Mutex
	seed        int64
	serial      int64 // numbers payments, references and refunds
	offset      time.Duration
	settings    map[string]string
	merchants   []Merchant
	payments    []*Payment
	byID        map[string]*Payment
	faults      []*Fault
	faultSerial int64
	journal     []Entry
	entrySerial int64
	file        *os.File
}

// NewBench reads the state that an earlier run left in the directory and makes an emulator without paths yet.
func NewBench(o Options, profile Profile) (*Bench, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &Bench{
		options: o, profile: profile, mux: http.NewServeMux(), seed: o.Seed,
		calls: map[string]bool{}, settings: map[string]string{}, byID: map[string]*Payment{},
	}
	for _, call := range append([]string{"page", "decide", "unknown"}, profile.Calls...) {
		b.calls[call] = true
	}
	if b.seed == 0 {
		seed, err := freshSeed()
		if err != nil {
			return nil, err
		}
		b.seed = seed
	}
	if err := b.load(); err != nil {
		return nil, err
	}
	if err := b.start(o); err != nil {
		return nil, err
	}
	b.handle("/", "unknown", nil, notFound)
	return b, nil
}

// start applies what the options add to the stored state.
func (b *Bench) start(o Options) error {
	for name, value := range o.Switches {
		if err := b.SetSwitch(name, value); err != nil {
			return err
		}
	}
	for _, merchant := range o.Merchants {
		if err := b.SetMerchant(merchant); err != nil {
			return err
		}
	}
	return nil
}

// freshSeed draws a seed that no earlier emulator had.
func freshSeed() (int64, error) {
	var seed [8]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return 0, fmt.Errorf("draw seed: %w", err)
	}
	return int64(binary.BigEndian.Uint64(seed[:])>>1) | 1, nil
}

// ServeHTTP answers as the provider's host would.
func (b *Bench) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

// Name is the provider's short name.
func (b *Bench) Name() string { return b.profile.Name }

// CallNames lists the names of calls that faults and the journal use.
func (b *Bench) CallNames() []string {
	names := make([]string, 0, len(b.calls))
	for name := range b.calls {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// PublicURL is the address under which clients reach the emulator.
func (b *Bench) PublicURL() string { return b.options.PublicURL }

// Now is the emulator's time.
func (b *Bench) Now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now()
}

func (b *Bench) now() time.Time { return b.options.Now().Add(b.offset) }

// Sleep waits for what is late on purpose.
func (b *Bench) Sleep(ctx context.Context, d time.Duration) error { return b.options.Sleep(ctx, d) }

// Advance moves the emulator's time forward, or back, against the clock it was given.
func (b *Bench) Advance(d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.offset += d
	return b.write(record{Offset: &b.offset})
}

// Payments lists every payment in the order of arrival, as the clock has left it.
func (b *Bench) Payments() []Payment {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	list := make([]Payment, 0, len(b.payments))
	for _, p := range b.payments {
		list = append(list, b.view(p, now))
	}
	return list
}

// Payment looks one payment up.
func (b *Bench) Payment(id string) (Payment, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.byID[id]
	if !ok {
		return Payment{}, false
	}
	return b.view(p, b.now()), true
}

// Books adds up the provider's side of the money, to be compared with a merchant's ledger.
func (b *Bench) Books() Books {
	b.mu.Lock()
	defer b.mu.Unlock()
	var books Books
	now := b.now()
	for _, p := range b.payments {
		view := b.view(p, now)
		books.add(&view)
	}
	return books
}

// view is a settled copy; it changes nothing.
func (b *Bench) view(p *Payment, now time.Time) Payment {
	twin := p.clone()
	twin.settle(now, b.profile.AfterRefund)
	return twin
}

// SetMerchant adds a terminal, or replaces the one with the same id.
func (b *Bench) SetMerchant(m Merchant) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.ID == "" {
		return fmt.Errorf("%s: a merchant needs an id", b.profile.Name)
	}
	b.keepMerchant(m)
	if len(b.merchants) > maxMerchant {
		b.merchants = b.merchants[:maxMerchant]
		return fmt.Errorf("%s holds %d merchants already", b.profile.Name, maxMerchant)
	}
	return b.write(record{Merchant: &m})
}

func (b *Bench) keepMerchant(m Merchant) {
	for i := range b.merchants {
		if b.merchants[i].ID == m.ID {
			b.merchants[i] = m
			return
		}
	}
	b.merchants = append(b.merchants, m)
}

// Merchants lists the terminals that were set.
func (b *Bench) Merchants() []Merchant {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Merchant(nil), b.merchants...)
}

// Close lets go of the state file. What was acknowledged is in it already.
func (b *Bench) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	b.file = nil
	return err
}
