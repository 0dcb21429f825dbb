package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// kept is what has to be known to measure a pair of databases, one of a few payments and one
// of many, that an earlier run made: making ten million takes longer than measuring them.
type kept struct {
	Bank  string // address at which the gateways expect their bank
	Shops []keptShop
	Lives []string // the keys that lives take turns with
	Few   []keptPayment
	Many  []keptPayment
	Calls int // highest number of a call that may have been used
}

// keptShop is a shop, and keptPayment a payment that a load made.
type (
	keptShop struct {
		ID, Key   string
		Keys      []string
		Customers []int64
		Signers   []signer
		House     signer
	}
	keptPayment struct{ ID, Key string }
)

// callsEach is how many numbers of calls a run may use.
const callsEach = 1 << 24

// keptFile is where an engine's databases are kept, beside them.
func (s stand) keptFile() string { return filepath.Join(s.dir, "kept.json") }

// bankFolder is where the bank keeps what it knows; empty = nowhere. A bank that begins anew
// would give receipts a second time.
func (s stand) bankFolder() string {
	if s.keep == "" {
		return ""
	}
	return s.dir
}

// remember writes down what a later run needs.
func (s stand) remember(k kept) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return os.WriteFile(s.keptFile(), text, 0o600)
}

// remembered is what an earlier run left; false where none did.
func (s stand) remembered() (k kept, ok bool, err error) {
	text, err := os.ReadFile(s.keptFile())
	if s.keep == "" || errors.Is(err, fs.ErrNotExist) {
		return k, false, nil
	}
	if err != nil {
		return k, false, err
	}
	return k, true, json.Unmarshal(text, &k)
}

// measureKept measures the databases that an earlier run made.
func (s stand) measureKept(ctx context.Context, k kept, r *result) (err error) {
	b, err := openBank(ctx, k.Bank, s.bankFolder())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	used := k.Calls
	k.Calls += callsEach
	if err := s.remember(k); err != nil { // before the first of them is used
		return err
	}
	l := lives{bank: b, keys: k.Lives, clients: s.Clients, serial: new(atomic.Int64), made: new([]bought)}
	l.serial.Store(int64(used))
	s.say("%s: %s is kept from an earlier run", s.engine, s.dir)
	return s.measurePair(ctx, s.large(), k, l, used, r)
}

// measurePair lets the two servers take turns, and audits the large database.
func (s stand) measurePair(ctx context.Context, large stand, k kept, l lives, used int, r *result) error {
	shops := make([]shop, len(k.Shops))
	for n, of := range k.Shops {
		shops[n] = shop{of.ID, of.Key, of.Keys, of.Customers, of.Signers, of.House}
	}
	read := [2][]bought{bargains(k.Few), shuffled(bargains(k.Many))}
	if err := s.largeTurns(ctx, large, shops, l, read, &orders{last: used}, &r.large); err != nil {
		return err
	}
	return s.measureAudit(ctx, large, &r.large)
}

// keepable is a shop as it is written down.
func keepable(shops []shop) []keptShop {
	all := make([]keptShop, len(shops))
	for n, of := range shops {
		all[n] = keptShop{of.id, of.key, of.keys, of.customers, of.signers, of.house}
	}
	return all
}

// bargains are payments as loads have them.
func bargains(of []keptPayment) []bought {
	all := make([]bought, len(of))
	for n, p := range of {
		all[n] = bought{p.ID, p.Key}
	}
	return all
}

// folder is where a run has its databases: one that goes away with it, or the one that is
// kept.
func (p plan) folder() (dir string, remove func() error, err error) {
	if p.keep != "" {
		if err := os.MkdirAll(p.keep, 0o700); err != nil {
			return "", nil, fmt.Errorf("make a folder: %w", err)
		}
		return p.keep, func() error { return nil }, nil
	}
	if dir, err = os.MkdirTemp("", "purser-bench-"); err != nil {
		return "", nil, fmt.Errorf("make a folder: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// within is how long a run may take: making ten million payments takes most of it.
func (p plan) within() time.Duration {
	const kept = 4 * time.Hour
	if p.keep != "" {
		return kept
	}
	return budget
}
