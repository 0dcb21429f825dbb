// Package sandbox is the frame of the emulated payment providers: what a bank page, a fault menu, a clock, a journal
// and the books of a make-believe provider have in common. One folder below it emulates one provider's protocol.
// Nothing here ever contacts a provider, and no card or account is real.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of an emulator, so that a test that runs away cannot fill the memory.
const (
	maxBody     = 256 << 10
	maxFaults   = 256
	maxJournal  = 2000
	maxMerchant = 1000
)

// Options says where an emulator lives and what it is driven by.
type Options struct {
	// PublicURL is the address under which clients reach the emulator, perhaps with a path and without a final slash.
	// Absolute links are built from it.
	PublicURL string
	// Dir keeps the emulator's own state in <provider>.jsonl; empty keeps everything in memory only.
	Dir string
	// Seed makes all ids repeatable. Zero draws a fresh seed, so that a new emulator never repeats the ids of an
	// earlier one; with a Dir the seed that was drawn is kept there.
	Seed int64
	// Now is the clock; it is required. SetClock and Advance move the emulator's time away from it.
	Now func() time.Time
	// Sleep waits for the faults that are late on purpose; nil waits in real time.
	Sleep func(ctx context.Context, d time.Duration) error
	// Visit plays the payer's browser for the fault double-return; nil makes a GET to loopback addresses only.
	Visit func(ctx context.Context, address string) error
	// Merchants are the terminals known from the start, besides those that the provider's own test mode accepts.
	Merchants []Merchant
	// Switches changes settings at the start, by name.
	Switches map[string]string
}

// Merchant is one terminal at the emulated provider, with what is wrong with it.
type Merchant struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Refuse answers every call of this merchant with the provider's own code, when not empty.
	Refuse string `json:"refuse,omitempty"`
	// Domain is the registered site: a callback address on another host is refused.
	Domain string `json:"domain,omitempty"`
	// Addresses are the registered server addresses; empty means that any caller is accepted.
	Addresses []string `json:"addresses,omitempty"`
	// PanelToken is the secret of the refund interface. While no merchant has one, any token is accepted.
	PanelToken string `json:"panel_token,omitempty"`
	// NoticeURL is where the provider's server tells what happened, and NoticeKey what the merchant knows it by.
	NoticeURL string `json:"notice_url,omitempty"`
	NoticeKey string `json:"notice_key,omitempty"`
	// Flags are facts that only one provider knows, such as no-server-address or wallet-empty.
	Flags []string `json:"flags,omitempty"`
}

// Flag tells whether the merchant carries the named fact.
func (m Merchant) Flag(name string) bool {
	for _, flag := range m.Flags {
		if flag == name {
			return true
		}
	}
	return false
}

// Accepts tells whether a caller's address may use this merchant.
func (m Merchant) Accepts(remoteAddress string) bool {
	if len(m.Addresses) == 0 {
		return true
	}
	host := remoteAddress
	if cut := strings.LastIndexByte(host, ':'); cut >= 0 {
		host = strings.Trim(host[:cut], "[]")
	}
	for _, address := range m.Addresses {
		if address == host {
			return true
		}
	}
	return false
}

// check fills what may be left out and refuses what cannot work.
func (o *Options) check() error {
	if o.Now == nil {
		return errors.New("sandbox: a clock is required")
	}
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" {
		return fmt.Errorf("sandbox: public url %q is not an absolute address", o.PublicURL)
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	if o.Sleep == nil {
		o.Sleep = wait
	}
	if o.Visit == nil {
		o.Visit = visitLoopback
	}
	return nil
}

// wait sleeps in real time and gives up when the caller does.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// visitLoopback opens an address as a browser would, but never leaves this machine and follows no redirect.
func visitLoopback(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fmt.Errorf("build visit: %w", err)
	}
	_, err = Send(request)
	return err
}
