package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/wallet"
)

// openDemo opens a demo that the test closes.
func openDemo(t *testing.T, folder string) *Demo {
	t.Helper()
	d, err := NewDemo(t.Context(), DemoOptions{Addr: "127.0.0.1:0", Data: folder, Log: io.Discard, LogLevel: "error"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *Demo) closeNow(t *testing.T) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// wantWhole says that a demo has everything that its welcome promises.
func (d *Demo) wantWhole(t *testing.T) {
	t.Helper()
	z := d.Info.Zipay
	key, secret, err := d.app.SigningKey(t.Context(), z.APIKey)
	if err != nil || secret != z.SecretKey || key.Account != wallet.House {
		t.Errorf("signing key: got %+v, %v, want one of the merchant's own account", key, err)
	}
	store, secret, err := d.app.SigningKey(t.Context(), d.Info.P2P.Identity)
	if err != nil || secret != d.Info.P2P.Secret || !slices.Equal(store.Methods, []string{"store:1002"}) ||
		d.Info.P2P.BaseURL != d.Info.BaseURL {
		t.Errorf("key of the store: got %+v, %v, want one of the terminal 1002", store, err)
	}
	if z.Terminal != 1001 || z.Payer.Account != 10001 || z.Receiver != 10002 || z.Payer.NationalID == "" {
		t.Errorf("got %+v, want the first terminal and the first two customers", z)
	}
	for _, account := range []int64{z.Payer.Account, z.Receiver} {
		c, err := d.app.Customer(t.Context(), key.Merchant, account)
		right, wrong := d.app.MatchPIN(t.Context(), c, z.Payer.PIN)
		if err := errors.Join(err, wrong); err != nil || !right {
			t.Errorf("the PIN of account %d is not %s (%v)", account, z.Payer.PIN, err)
		}
	}
	want := map[string]string{"USD": "2000", "USDT": "1000", "IRT": "51889250"}
	for _, account := range []int64{wallet.House, z.Payer.Account, z.Receiver} {
		amounts, err := d.app.AvailableBalances(t.Context(), key.Merchant, account)
		got := map[string]string{}
		for _, a := range amounts {
			got[string(a.Unit())] = a.Text()
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("balances of %d (-want +got):\n%s%v", account, diff, err)
		}
	}
	m, err := d.app.Merchant(t.Context(), key.Merchant)
	if err != nil || m.Email == "" || len(m.Rails) != 2 {
		t.Errorf("merchant: got %+v, %v, want an address and two networks", m, err)
	}
	markets, err := d.app.Markets(t.Context(), key.Merchant)
	if err != nil || len(markets) != 4 {
		t.Errorf("got %d markets, %v, want 4", len(markets), err)
	}
	d.wantTraders(t, key.Merchant)
	d.wantFinished(t, key.Merchant)
}

// wantTraders says that there are traders who can receive, each once.
func (d *Demo) wantTraders(t *testing.T, merchantID string) {
	t.Helper()
	terminals, err := d.app.Terminals(t.Context(), merchantID)
	if err != nil || len(terminals) != 2 || terminals[1].Name != demoStore || terminals[1].DealFee.Text() != "8.5" {
		t.Errorf("got %+v, %v, want a shop and a store with a fee", terminals, err)
	}
	traders, err := d.app.Traders(t.Context(), merchantID, app.Page{Limit: 10, Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range traders {
		got = append(got, v.Trader.Name+": "+v.Coins.String())
		requisites, err := d.app.Requisites(t.Context(), merchantID, app.RequisiteFilter{Trader: v.Trader.ID},
			app.Page{Limit: 10, Oldest: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range requisites {
			got = append(got, q.Option+" "+q.Method)
		}
	}
	want := []string{
		"Demo trader A: 10000 USDT", "SBP sberbank", "TO_CARD tinkoff", "Demo trader B: 10000 USDT", "SBP vtb",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("traders (-want +got):\n%s", diff)
	}
}

// wantFinished says that nothing was left half done.
func (d *Demo) wantFinished(t *testing.T, merchantID string) {
	t.Helper()
	invoices, _, err := d.app.Invoices(t.Context(), merchantID, app.Page{Limit: 100})
	if err != nil || len(invoices) != 6 {
		t.Errorf("got %d invoices, %v, want one for each sum that came in", len(invoices), err)
	}
	for _, v := range invoices {
		if v.Invoice.State != invoice.Completed {
			t.Errorf("invoice %s is %s", v.Invoice.ID, v.Invoice.State)
		}
	}
	waiting, err := d.app.Attention(t.Context())
	if err != nil || len(waiting) != 0 {
		t.Errorf("got %+v, %v, want nothing that waits for a person", waiting, err)
	}
	findings, err := d.store.Audit(t.Context(), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Wrong > 0 {
			t.Errorf("audit: %+v", f)
		}
	}
}

// demo.json is a contract with tests and tools.
func TestDemoFile(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	d := openDemo(t, folder)
	d.wantWhole(t)
	z := d.Info.Zipay
	for _, want := range []string{
		z.APIKey, z.SecretKey, z.Payer.PIN, z.Payer.Email, "openssl dgst -sha256 -hmac", "terminal_number=1001",
		"receiver=10002", d.Info.Payrefund.APIKey, "/sandbox/ifthenpay/phone", d.Info.P2P.Identity, d.Info.P2P.Secret,
		"openssl dgst -sha1 -hmac", "purser deal confirm $DEAL --data " + folder,
	} {
		if !strings.Contains(d.Welcome(), want) {
			t.Errorf("the welcome lacks %s", want)
		}
	}
	d.closeNow(t)
	text, err := os.ReadFile(filepath.Join(folder, demoName))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := os.Stat(filepath.Join(folder, demoName)); err != nil || found.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", found.Mode(), err)
	}
	var file struct{ Zipay, P2P map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	payer, _ := file.Zipay["payer"].(map[string]any)
	got := slices.Sorted(maps.Keys(file.Zipay))
	got = append(got, slices.Sorted(maps.Keys(payer))...)
	got = append(got, slices.Sorted(maps.Keys(file.P2P))...)
	want := []string{
		"api_key", "payer", "receiver_account_number", "secret_key", "terminal_number",
		"account_number", "email", "national_id", "pin",
		"identity", "public_base_url", "secret",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	again := openDemo(t, folder)
	defer again.closeNow(t)
	if again.Info.V1.SecretKey == "" || again.Info.V1 != d.Info.V1 || again.Info.Zipay != z ||
		again.Info.Payrefund != d.Info.Payrefund ||
		again.Info.P2P.Identity != d.Info.P2P.Identity || again.Info.P2P.Secret != d.Info.P2P.Secret {
		t.Errorf("got %+v after %+v, want the same at the next start", again.Info, d.Info)
	}
	again.wantWhole(t)
}

// What an operator changed, or whose file is gone, is made anew; the money stays.
func TestDemoMakesAnewWhatNobodyKnows(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	first := openDemo(t, folder)
	key, _, err := first.app.SigningKey(t.Context(), first.Info.Zipay.APIKey)
	if err != nil {
		t.Fatal(err)
	}
	first.closeNow(t)
	x := told{config: Config{Data: folder}}
	x.operateIn(t, "4711", func(c Commands) error { return c.SetPIN(t.Context(), key.Merchant, 10002, "-") })
	second := openDemo(t, folder)
	second.wantWhole(t)
	if second.Info.Zipay.Payer.PIN == first.Info.Zipay.Payer.PIN || second.Info.Zipay.APIKey != first.Info.Zipay.APIKey {
		t.Errorf("got %+v after %+v, want another PIN and the same key", second.Info.Zipay, first.Info.Zipay)
	}
	second.closeNow(t)
	if err := os.Remove(filepath.Join(folder, demoName)); err != nil {
		t.Fatal(err)
	}
	x.operate(t, new(any), func(c Commands) error { return c.RevokeKey(t.Context(), key.Merchant, key.ID) })
	third := openDemo(t, folder)
	defer third.closeNow(t)
	third.wantWhole(t)
	if third.Info.Zipay.APIKey == first.Info.Zipay.APIKey {
		t.Error("the key that was revoked is still shown")
	}
}

// dying is a store that takes so many changes and no more.
type dying struct {
	store.Store

	left atomic.Int64
}

var errDied = errors.New("the process has died")

// Commit fails for good once it has failed.
func (d *dying) Commit(ctx context.Context, c store.Change) error {
	if d.left.Add(-1) < 0 {
		return errDied
	}
	return d.Store.Commit(ctx, c)
}

// seedMortal seeds a demo with a store that takes so many changes, and says how
// many were left.
func seedMortal(t *testing.T, folder string, changes int64) (left int64, err error) {
	t.Helper()
	c, err := Config{Data: folder, PublicURL: "http://127.0.0.1:8080"}.filled()
	if err != nil {
		t.Fatal(err)
	}
	k, err := openCore(t.Context(), c, forWriting, commandLog(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	mortal := &dying{Store: k.store}
	mortal.left.Store(changes)
	k.app = k.over(mortal)
	half := &Demo{Folder: folder, Info: DemoInfo{SandboxURL: "http://127.0.0.1:8080/sandbox"}}
	if err := half.openSandbox(k); err != nil {
		t.Fatal(err)
	}
	seed := seeding{core: k, info: &half.Info, emulators: half.emulators}
	err = seed.run(t.Context(), filepath.Join(folder, demoName))
	if err == nil {
		err = half.write()
	}
	for _, e := range half.emulators {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	return mortal.left.Load(), err
}

// A demo that died while it was being made is whole after the next start.
func TestDemoGoesOn(t *testing.T) {
	t.Parallel()
	for _, changes := range []int64{0, 4, 9, 12, 14, 17, 22, 28, 36, 44, 50, 62, 64, 65, 69} {
		t.Run(strconv.FormatInt(changes, 10), func(t *testing.T) {
			t.Parallel()
			folder := sqlitetest.Folder(t)
			if left, err := seedMortal(t, folder, changes); !errors.Is(err, errDied) {
				t.Errorf("got %v, want a death after %d changes; %d were left", err, changes, left)
			}
			d := openDemo(t, folder)
			defer d.closeNow(t)
			d.wantWhole(t)
		})
	}
}

// A demo that is whole needs no change at the next start.
func TestDemoChangesNothing(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	const plenty = 1000
	if _, err := seedMortal(t, folder, plenty); err != nil {
		t.Fatal(err)
	}
	if left, err := seedMortal(t, folder, plenty); err != nil || left != plenty {
		t.Errorf("got %v and %d changes, want none", err, plenty-left)
	}
}
