package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// record is one line of the state file: the new value of whatever it names.
type record struct {
	Seed     *int64         `json:"seed,omitempty"`
	Serial   int64          `json:"serial,omitempty"`
	Offset   *time.Duration `json:"offset,omitempty"`
	Switch   *switchRecord  `json:"switch,omitempty"`
	Merchant *Merchant      `json:"merchant,omitempty"`
	Payment  *Payment       `json:"payment,omitempty"`
}

type switchRecord struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// load reads the state file, writes it anew without the history, and keeps it open to append to.
func (b *Bench) load() error {
	if b.options.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(b.options.Dir, 0o700); err != nil {
		return fmt.Errorf("make sandbox folder: %w", err)
	}
	path := filepath.Join(b.options.Dir, b.profile.Name+".jsonl")
	if err := b.replay(path); err != nil {
		return err
	}
	if err := b.compact(path); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return fmt.Errorf("open sandbox state: %w", err)
	}
	b.file = file
	return nil
}

// replay applies the lines in order. A last line without its end was cut by a crash before it was acknowledged, so it
// is dropped; anything else that cannot be read is an error.
func (b *Bench) replay(path string) error {
	file, err := os.Open(path) //nolint:gosec // the operator names the folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open sandbox state: %w", err)
	}
	defer func() { _ = file.Close() }() // only read from
	reader := bufio.NewReader(file)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read sandbox state: %w", err)
		}
		var entry record
		if err := json.Unmarshal(line, &entry); err != nil {
			return fmt.Errorf("read sandbox state, line %d: %w", number, err)
		}
		b.apply(entry)
	}
}

// apply makes one stored line true in memory.
func (b *Bench) apply(entry record) {
	if entry.Seed != nil && b.options.Seed == 0 {
		b.seed = *entry.Seed
	}
	if entry.Offset != nil {
		b.offset = *entry.Offset
	}
	if entry.Switch != nil && b.allow(entry.Switch.Name, entry.Switch.Value) == nil {
		b.settings[entry.Switch.Name] = entry.Switch.Value
	}
	if entry.Merchant != nil {
		b.keepMerchant(*entry.Merchant)
	}
	if entry.Payment != nil {
		b.keepPayment(entry.Payment)
	}
	b.serial = max(b.serial, entry.Serial)
}

// keepPayment enters a payment or its new version.
func (b *Bench) keepPayment(p *Payment) {
	if known, ok := b.byID[p.ID]; ok {
		*known = *p
		return
	}
	b.byID[p.ID] = p
	b.payments = append(b.payments, p)
}

// compact replaces the state file by one with a single line for everything that is true now.
func (b *Bench) compact(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), b.profile.Name+"-*.tmp")
	if err != nil {
		return fmt.Errorf("make sandbox state: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone already when all went well
	buffer := bufio.NewWriter(file)
	encoder := json.NewEncoder(buffer)
	for _, entry := range b.snapshot() {
		if err = encoder.Encode(entry); err != nil {
			break
		}
	}
	if err := errors.Join(err, buffer.Flush(), file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write sandbox state: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("replace sandbox state: %w", err)
	}
	return nil
}

// snapshot lists the records that bring an empty emulator to the present state.
func (b *Bench) snapshot() []record {
	entries := []record{{Seed: &b.seed, Serial: b.serial, Offset: &b.offset}}
	for name, value := range b.settings {
		entries = append(entries, record{Switch: &switchRecord{Name: name, Value: value}})
	}
	for i := range b.merchants {
		entries = append(entries, record{Merchant: &b.merchants[i]})
	}
	for _, p := range b.payments {
		entries = append(entries, record{Payment: p})
	}
	return entries
}

// write appends one line. It survives the end of the process, which is what an emulator promises; only the state of a
// whole machine that loses its power may be older.
func (b *Bench) write(entry record) error {
	if b.file == nil {
		return nil
	}
	entry.Serial = b.serial
	line, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("encode sandbox state: %w", err)
	}
	if _, err := b.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write sandbox state: %w", err)
	}
	return nil
}
