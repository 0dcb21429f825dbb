package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/purserhq/purser/internal/sandbox"
	"github.com/purserhq/purser/internal/wallet"
)

// Demo is everything in one process: a server, make-believe providers, and a
// merchant with gateways, keys and customers who have money. It answers on this
// machine only.
type Demo struct {
	*Server

	Info DemoInfo
	// Folder is where the demo's database, keys and sandbox are.
	Folder string

	doors     []door
	emulators []emulator
}

// DemoOptions are what a demo can be told.
type DemoOptions struct {
	Addr     string // host:port of this machine; port 0 takes a free one; empty = 127.0.0.1:8080
	Payments string // the same, for the payments of the payrefund API; empty = no port of their own
	Refunds  string // and for its refunds
	Data     string // folder; empty = purser-data
	Database Secret // URL of a PostgreSQL database, used instead of SQLite
	Log      io.Writer
	LogLevel string // empty = info
}

// DemoInfo is what tests and tools read in demo.json. Dialects that are not
// there yet are left out.
type DemoInfo struct {
	BaseURL    string        `json:"base_url"`
	SandboxURL string        `json:"sandbox_url"`
	V1         V1Keys        `json:"v1"`
	IPG        IPGKeys       `json:"ipg"`
	Zipay      ZipayKeys     `json:"zipay"`
	Payrefund  PayrefundKeys `json:"payrefund"`
	Orderpay   OrderpayKeys  `json:"orderpay"`
	P2P        P2PKeys       `json:"p2p"`
}

// IPGKeys are the demo merchant's keys for the ipg API.
type IPGKeys struct {
	APIKey   string `json:"api_key"`
	AdminKey string `json:"admin_key"`
}

// demoName is the file that holds a demo's keys: the database has their hashes only.
const demoName = "demo.json"

// NewDemo binds the address, opens everything and writes demo.json. Run it or
// close it. Errors: an address beyond this machine, and those of New.
func NewDemo(ctx context.Context, o DemoOptions) (*Demo, error) {
	o.Addr, o.Data = cmp.Or(o.Addr, "127.0.0.1:8080"), cmp.Or(o.Data, "purser-data")
	d := &Demo{Folder: o.Data}
	err := d.listen(ctx, o)
	if err == nil {
		err = d.open(ctx, o)
	}
	if err != nil {
		return nil, errors.Join(err, d.abandon())
	}
	return d, nil
}

// listen opens the demo's addresses.
func (d *Demo) listen(ctx context.Context, o DemoOptions) error {
	for _, wanted := range []struct {
		sort    doorSort
		address string
	}{{everybody, o.Addr}, {everybody, o.Payments}, {refundShops, o.Refunds}} {
		if wanted.address == "" {
			continue
		}
		if err := localAddress(wanted.address); err != nil {
			return err
		}
		l, err := listenOn(ctx, wanted.address)
		if err != nil {
			return err
		}
		d.doors = append(d.doors, door{l, wanted.sort})
	}
	return nil
}

// open builds the demo behind its doors.
func (d *Demo) open(ctx context.Context, o DemoOptions) error {
	address := d.doors[0].Addr().String()
	c, err := Config{
		Listen: address, PublicURL: "http://" + address, Data: o.Data, Database: o.Database,
		LogFormat: "text", LogLevel: o.LogLevel, WebhookLoopback: true,
	}.filled()
	if err != nil {
		return err
	}
	log, err := newLog(o.Log, c.LogFormat, c.LogLevel)
	if err != nil {
		return err
	}
	k, err := openCore(ctx, c, forWriting, log)
	if err != nil {
		return err
	}
	d.Server = &Server{core: k} // so that a failure below closes the database
	d.Info = DemoInfo{BaseURL: c.PublicURL, SandboxURL: c.PublicURL + "/sandbox"}
	if err := d.openSandbox(k); err != nil {
		return err
	}
	seed := seeding{core: k, info: &d.Info, emulators: d.emulators}
	if err := seed.run(ctx, filepath.Join(o.Data, demoName)); err != nil {
		return err
	}
	//nolint:contextcheck // every call to be served brings its own
	built, err := build(k, additions{openMerchant: seed.merchant, sandbox: d.emulators})
	if err != nil {
		return err
	}
	d.Server = built
	if err := built.watch.recall(ctx); err != nil {
		return err
	}
	return d.write()
}

// demoSwitches are what the demo's providers do otherwise than usual: cards of
// printed examples are good.
var demoSwitches = map[string]map[string]string{"stripe": {"example-card": "accepted"}}

// openSandbox starts the emulators, which remember their payments.
func (d *Demo) openSandbox(k *core) error {
	for _, e := range emulators {
		opened, err := e.open(sandbox.Options{
			PublicURL: d.Info.SandboxURL + "/" + e.name,
			Dir:       filepath.Join(d.Folder, "sandbox"), Now: k.now, Switches: demoSwitches[e.name],
		})
		if err != nil {
			return fmt.Errorf("open sandbox: %w", err)
		}
		d.emulators = append(d.emulators, opened)
	}
	return nil
}

// write leaves demo.json behind for tests and tools.
func (d *Demo) write() error {
	text, err := json.MarshalIndent(d.Info, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", demoName, err)
	}
	return replace(filepath.Join(d.Folder, demoName), append(text, '\n'))
}

// readDemo reads what an earlier run left; nothing is no error.
func readDemo(path string) (DemoInfo, error) {
	var info DemoInfo
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if errors.Is(err, fs.ErrNotExist) {
		return info, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &info)
	}
	if err != nil {
		return info, fmt.Errorf("read %s: %w (remove it to get new keys)", path, err)
	}
	return info, nil
}

// abandon lets go of what was opened so far.
func (d *Demo) abandon() error {
	errs := []error{closeAll(d.doors)}
	for _, e := range d.emulators {
		errs = append(errs, e.Close())
	}
	if d.Server != nil {
		errs = append(errs, d.Server.Close())
	}
	return errors.Join(errs...)
}

// Close ends a demo that was never run.
func (d *Demo) Close() error { return d.abandon() }

// Addresses are where the demo listens: its own, and those that the options name.
func (d *Demo) Addresses() []string {
	addresses := make([]string, len(d.doors))
	for n, open := range d.doors {
		addresses[n] = open.Addr().String()
	}
	return addresses
}

// Run serves until the context ends and then stops everything cleanly.
func (d *Demo) Run(ctx context.Context) error {
	d.log.InfoContext(ctx, "demo is ready", slog.String("data", d.Folder))
	errs := []error{d.serve(ctx, d.doors)}
	for _, e := range d.emulators {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}

// Welcome tells a person what there is and how to try it.
func (d *Demo) Welcome() string {
	z := d.Info.Zipay
	return fmt.Sprintf(welcome, d.Info.BaseURL, d.Info.SandboxURL, d.Folder, demoName,
		d.Info.IPG.APIKey, d.Info.IPG.AdminKey) +
		fmt.Sprintf(welcomeWallets, d.Info.BaseURL, z.APIKey, z.SecretKey, z.Terminal, wallet.House,
			z.Payer.Account, z.Payer.Email, z.Payer.PIN, z.Receiver) +
		fmt.Sprintf(welcomeCards, d.Info.BaseURL, d.Info.Payrefund.APIKey, d.Info.SandboxURL) + d.welcomeOrders() +
		d.welcomeDeals() + fmt.Sprintf(welcomeV1, d.Info.BaseURL, d.Info.V1.SecretKey) + farewell
}

const welcome = `Purser demo

  address    %[1]s
  sandbox    %[2]s/zarinpal: a make-believe gateway, no real money;
             so are shepa, zibal, bkash, nagad, sslcommerz, ifthenpay and stripe
  data       %[3]s (database, keyset, sandbox and %[4]s; keep it and the next start goes on with it)

ipg: invoices paid at Iranian gateways (docs/dialects/ipg.md)

  api key    %[5]s
  admin key  %[6]s

Requests above 100000 Rial are split into payments of that size. To try it, paste:

  PURSER=%[1]s; KEY='Authorization: Bearer %[5]s'; ADMIN='Authorization: Bearer %[6]s'
  JSON='Content-Type: application/json'

  # an invoice, a payment of it, and the page where the payer pays
  INVOICE=$(curl -s $PURSER/invoice/create -H "$KEY" -H "$JSON" \
    -d '{"title":"Two tickets","totalAmount":90000}' | sed 's/.*"_id":"\([0-9a-f]*\)".*/\1/')
  REQUEST=$(curl -s $PURSER/payment/request -H "$KEY" -H "$JSON" \
    -d "{\"invoiceId\":\"$INVOICE\",\"gateway\":\"zarinpal\",\"amount\":90000,\"description\":\"Tickets\"}")
  PAGE=$(echo "$REQUEST" | sed 's/.*"link":"\([^"]*\)".*/\1/'); echo "$PAGE"

  # what its button does, or open the page in a browser; then look at the invoice
  curl -sL "$PAGE" -d decision=approve -o /dev/null
  curl -s "$PURSER/invoice/getInfo?invoiceId=$INVOICE" -H "$KEY"; echo

  # a link that somebody else can pay
  curl -s $PURSER/admin/payment/getReadyToPayLink -H "$ADMIN" -H "$JSON" \
    -d '{"amount":50000,"userFullName":"A. Payer","mobile":"09120000001"}'; echo
`

const welcomeWallets = `
zipay: wallets and invoices in USD, USDT and Toman (docs/dialects/zipay.md)

  api key    %[2]s
  secret     %[3]s
  terminal   %[4]d; the merchant's own account is %[5]d
  payer      account %[6]d, %[7]s, PIN %[8]s; account %[9]d has the same PIN

To try it, paste:

  PURSER=%[1]s; API_KEY=%[2]s
  SECRET=%[3]s
  zipay() {
    SIGN=$(printf %%s "$2" | openssl dgst -sha256 -hmac "$SECRET" -binary | base64)
    curl -s "$PURSER/api/$1" -d "$2" -H "api_key: $API_KEY" -H "api_sign: $SIGN"; echo
  }

  # what the merchant has, and ten dollars of it for another account
  zipay balance
  zipay transfer "receiver=%[9]d&amount=10&currency=USD&order_id=$(date +%%s)"

  # an invoice; open its page and pay from the payer's wallet
  BODY="terminal_number=%[4]d&invoice_number=$(date +%%s)&amount=25.50&currency=USD&callback=https://example.com/"
  zipay create-invoice "$BODY" | sed 's/.*"redirect":"\([^"]*\)".*/\1/'
`

const farewell = "\nPress Ctrl-C to stop.\n"
