package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
)

// sealedKindView is how many things of a kind are sealed under each key, as programs see it.
type sealedKindView struct {
	Kind  string           `json:"kind"`
	Under map[uint32]int64 `json:"under"`
}

// sealedThingView names something that is sealed.
type sealedThingView struct {
	Kind     string `json:"kind"`
	Merchant string `json:"merchant"`
	ID       string `json:"id"`
}

// keysetView is what is sealed in a database.
type keysetView struct {
	Seals   uint32            `json:"seals"` // the key under which things are sealed now
	Keys    []uint32          `json:"keys"`  // those of the keyset, the oldest first
	Kinds   []sealedKindView  `json:"kinds"`
	Anew    int64             `json:"sealed_anew"`
	Closed  int64             `json:"not_opened"`
	Which   []sealedThingView `json:"which"`             // the first of those
	Bare    int64             `json:"not_sealed"`        // PINs that are not sealed yet
	Busy    int64             `json:"being_sent"`        // deliveries that were left for now
	Expires string            `json:"expires,omitempty"` // when the last stored answer under an older key does
}

func viewSealings(ring *keyring, found app.Sealings) keysetView {
	view := keysetView{
		Seals: ring.seals, Keys: slices.DeleteFunc(slices.Clone(ring.keys), func(key uint32) bool { return key == 0 }),
		Anew: found.Anew, Closed: found.Closed, Which: []sealedThingView{}, Bare: found.Bare, Busy: found.Busy,
	}
	for _, kind := range app.SealedKinds {
		under := map[uint32]int64{}
		for key, n := range found.Under[kind] {
			under[key] = n
		}
		view.Kinds = append(view.Kinds, sealedKindView{string(kind), under})
	}
	for _, s := range found.Which {
		view.Which = append(view.Which, sealedThingView{string(s.Kind), s.Merchant, s.ID})
	}
	if !found.Expires.IsZero() {
		view.Expires = found.Expires.UTC().Format(time.RFC3339)
	}
	return view
}

// under is how much is sealed under a key.
func (v keysetView) under(key uint32) (n int64) {
	for _, kind := range v.Kinds {
		n += kind.Under[key]
	}
	return n
}

// columns are the keys of the table: the one that seals, the others of the keyset, and
// those that it does not have.
func (v keysetView) columns() []uint32 {
	all := []uint32{v.Seals}
	add := func(key uint32) {
		if !slices.Contains(all, key) {
			all = append(all, key)
		}
	}
	for _, key := range v.Keys {
		add(key)
	}
	for _, kind := range v.Kinds {
		for key := range kind.Under {
			add(key)
		}
	}
	slices.Sort(all[max(1, len(v.Keys)):])
	return all
}

// table is the view for people.
func (v keysetView) table() (head []string, rows [][]string) {
	head = []string{"SEALED"}
	columns := v.columns()
	for _, key := range columns {
		name := "KEY " + strconv.FormatUint(uint64(key), 10)
		switch {
		case key == v.Seals:
			name += " (SEALS)"
		case key == 0:
			name = "NO KEY NAMED"
		case !slices.Contains(v.Keys, key):
			name += " (NOT IN THE KEYSET)"
		}
		head = append(head, name)
	}
	for _, kind := range v.Kinds {
		row := []string{kind.Kind}
		for _, key := range columns {
			row = append(row, strconv.FormatInt(kind.Under[key], 10))
		}
		rows = append(rows, row)
	}
	return head, rows
}

// problem is what is left to do before an older key can go; nil = nothing.
func (v keysetView) problem() error {
	var errs []error
	if v.Closed > 0 {
		names := make([]string, len(v.Which))
		for n, s := range v.Which {
			names[n] = "\n" + plain(fmt.Sprintf("%s %s of merchant %s", s.Kind, s.ID, s.Merchant))
		}
		errs = append(errs, fmt.Errorf("%d sealed things do not open under this keyset: give the one that they were sealed "+
			"under, or enter or make them anew; of an invoice, a payout or a delivery only its own header is lost%s",
			v.Closed, strings.Join(names, "")))
	}
	if v.Busy > 0 {
		errs = append(errs, fmt.Errorf("%d deliveries are being sent at this moment and were left: "+
			"purser keyset reseal once more, in two minutes", v.Busy))
	}
	return errors.Join(errs...)
}

// errUnnamed says why nothing can be told of a keyset.
var errUnnamed = errors.New("what the key that seals has sealed does not name it (its output prefix is not TINK): " +
	"purser keyset add FILE makes one that can be told apart")

// Reseal seals everything in the database anew that is not sealed under the key that seals
// now, and shows what is sealed under which key; with check it only looks. Errors: what does
// not open, and what was left.
func (c Commands) Reseal(ctx context.Context, check bool) error {
	does, what := forWriting, "sealing anew"
	if check {
		does, what = forReading, "counting"
	}
	return c.with(ctx, does, func(k *core) error {
		ring := k.ring
		if check {
			var err error
			if ring, err = givenKeyring(k.config); err != nil {
				return err
			}
		}
		if ring.aead == nil {
			return errNoKeyset
		}
		walk := k.app.Reseal
		if check {
			walk = k.app.Sealed
		}
		view, err := c.walkSealed(ctx, ring, what, walk)
		if err != nil {
			return err
		}
		head, rows := view.table()
		if err := c.Terminal.show(view, head, rows); err != nil {
			return err
		}
		return errors.Join(c.tellSealed(view, check, k.config.KeysetFile), view.problem())
	})
}

// givenKeyring reads the keyset of a configuration and makes none.
func givenKeyring(config Config) (*keyring, error) {
	if config.Keyset == "" && !exists(config.KeysetFile) {
		return nil, errNoKeyset
	}
	return openKeyring(config)
}

// walkSealed looks through everything that is sealed.
func (c Commands) walkSealed(ctx context.Context, ring *keyring, what string,
	walk func(context.Context, app.Keyset, func(int)) (app.Sealings, error),
) (keysetView, error) {
	if ring.seals == 0 {
		return keysetView{}, errUnnamed
	}
	show, clear := c.Terminal.progress(what)
	found, err := walk(ctx, ring, show)
	clear()
	return viewSealings(ring, found), err
}

// tellSealed says what was done and what to do next.
func (c Commands) tellSealed(v keysetView, check bool, file string) error {
	if !check {
		if err := c.Terminal.tell("\n%d things were sealed anew.", v.Anew); err != nil {
			return err
		}
	}
	if v.Bare > 0 {
		if err := c.Terminal.tell("\n%d PINs are not sealed at all: purser keyset reseal, once all servers run this release.",
			v.Bare); err != nil {
			return err
		}
	}
	if v.Expires != "" {
		if err := c.Terminal.tell("Stored answers are not sealed anew: the last one under an older key is gone at %s.",
			v.Expires); err != nil {
			return err
		}
	}
	if file == "" {
		file = "FILE"
	}
	for _, key := range v.Keys {
		if key == v.Seals {
			return nil // those behind it were added and do not seal yet
		}
		if n := v.under(key); n > 0 {
			continue
		}
		if err := c.Terminal.tell("Nothing is sealed under key %d any more: purser keyset remove %s %d", key, file,
			key); err != nil {
			return err
		}
	}
	return nil
}

// RemoveKey takes a key out of the keyset of a file, for ever, if nothing in the database is
// sealed under it. Errors: those of the file, and why the key has to stay.
func (c Commands) RemoveKey(ctx context.Context, path string, key uint32) error {
	text, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return fmt.Errorf("read keyset: %w", err)
	}
	ring, err := readKeyring(text, path)
	if err != nil {
		return err
	}
	switch {
	case key == 0 || !ring.Opens(key):
		return fmt.Errorf("%s has no key %d: purser keyset reseal --check shows which it has", path, key)
	case key == ring.seals:
		return fmt.Errorf("key %d of %s seals: purser keyset add, use and reseal come first", key, path)
	}
	err = c.with(ctx, forReading, func(k *core) error {
		view, err := c.walkSealed(ctx, ring, "looking what is sealed under it", k.app.Sealed)
		if err != nil {
			return err
		}
		return view.removable(ring, key)
	})
	if err != nil {
		return err
	}
	if err := dropKey(path, key); err != nil {
		return err
	}
	return c.Terminal.show(map[string]any{"file": path, "removed": key},
		[]string{fmt.Sprintf("%s has lost key %d. It belongs to you: chown it to whom the server runs as,", path, key)},
		[][]string{
			{"bring it to every server and start each anew. A backup of the database from before the reseal"},
			{"opens with the keyset from before only: keep its copy as long as such a backup."},
		})
}

// removable is nil when a key can go. A database in which the keyset opens nothing is not
// the one that it belongs to, and says nothing.
func (v keysetView) removable(ring *keyring, key uint32) error {
	var all, opened int64
	var under []string
	for _, kind := range v.Kinds {
		for of, n := range kind.Under {
			all += n
			if ring.Opens(of) {
				opened += n
			}
		}
		if n := kind.Under[key]; n > 0 {
			under = append(under, fmt.Sprintf("%s: %d", kind.Kind, n))
		}
	}
	if len(under) > 0 {
		next := "purser keyset reseal first"
		if v.Expires != "" {
			next += "; stored answers are not sealed anew, the last one is gone at " + v.Expires
		}
		return fmt.Errorf("key %d still opens what is in the database (%s): %s", key, strings.Join(under, ", "), next)
	}
	if all > 0 && opened == 0 {
		return errors.New("this keyset opens nothing that is sealed in the database: it is another one's")
	}
	return nil
}
