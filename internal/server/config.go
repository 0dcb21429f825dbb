package server

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/money"
)

// Config is every setting of a server. The key of a setting is its name in the
// configuration file; in capitals, behind PURSER_, it is the name in the
// environment. A setting that is left out takes the value of its default tag.
// The comments here are the words of docs/operate/config.md.
type Config struct {
	// Listen is the address on which shops, payers and gateways reach the server.
	Listen string `key:"listen" default:"127.0.0.1:8080"`
	// ExtraListen are further addresses with the same content, such as the port
	// that a copied API documents for itself (127.0.0.1:3000).
	ExtraListen []string `key:"extra_listen"`
	// PaymentsListen is a further address with the same content, for shops that
	// reach the payments of the payrefund API on a port of their own
	// (127.0.0.1:1111).
	PaymentsListen string `key:"payments_listen"`
	// RefundsListen is such an address for the refunds of the payrefund API
	// (127.0.0.1:2222). On it a list of payments that asks for a refund_id is one of
	// refunds.
	RefundsListen string `key:"refunds_listen"`
	// AdminListen is a separate address for /healthz, /healthz/money, /readyz and
	// /metrics, for operators only: keep it inside. When it is empty, /healthz and
	// /readyz are on every listener, and the other two answer only programs on this
	// machine, and only while public_url is an address of this machine.
	AdminListen string `key:"admin_listen"`
	// TLSCert is the file of a certificate with its chain (PEM), for a server that
	// speaks TLS itself, 1.2 or newer, on every listener but that of operators. It is
	// read again when it changes.
	TLSCert string `key:"tls_cert"`
	// TLSKey is the file of the certificate's private key (PEM).
	TLSKey string `key:"tls_key"`
	// PublicURL is the address under which the outside world reaches the server,
	// without a path: gateways send payers back to it and links begin with it. It
	// may be left out only while the server listens on a loopback address.
	PublicURL string `key:"public_url"`
	// ExtraPublicURLs are further addresses under which callers know the server, also
	// without a path. Calls of the p2p API are signed over the address that the caller
	// uses: those over any of these, or over public_url, are good. Links keep to
	// public_url.
	ExtraPublicURLs []string `key:"extra_public_urls"`
	// Proxies are the addresses or networks of reverse proxies in front of the
	// server, such as 10.0.0.0/8. From them X-Forwarded-For is believed, which
	// limits on callers go by.
	Proxies []string `key:"proxies"`

	// Data is the folder of the SQLite database and of the keyset. Either data or
	// a database is needed.
	Data string `key:"data"`
	// Database is the URL of a PostgreSQL database, used instead of SQLite. It may
	// hold a password, so it comes from the environment or from database_file and
	// is refused in the configuration file.
	Database Secret `key:"database"`
	// DatabaseFile is a file that holds the URL of the database.
	DatabaseFile string `key:"database_file"`
	// DatabaseConnections is how many connections to PostgreSQL are opened at most.
	DatabaseConnections int `key:"database_connections" default:"10"`
	// CommitQueue is how many changes may wait to be written; more are answered
	// with 503.
	CommitQueue int `key:"commit_queue" default:"4096"`

	// CallsPerSecond is how many calls a second each key of a merchant, or each user of
	// its tokens, may make to each of the copied APIs, and twice as many at once; more
	// are answered with 429. A million is as good as no limit. /v1 has 100 a second for
	// each key.
	CallsPerSecond int `key:"calls_per_second" default:"100"`

	// Keyset is the root keyset, as JSON, under which gateway credentials, signing
	// keys, the signing secrets of webhooks and PINs are sealed. It comes from the
	// environment and is refused in the configuration file.
	Keyset Secret `key:"keyset"`
	// KeysetFile is the file of the root keyset. When both are left out it is
	// keyset.json in the data folder, made on first use. Whoever loses the keyset
	// must enter the gateway credentials again and make new signing keys, webhook
	// endpoints, terminals and PINs.
	KeysetFile string `key:"keyset_file"`

	// LogFormat is json, for programs, or text, for people.
	LogFormat string `key:"log_format" default:"json"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `key:"log_level" default:"info"`

	// Traces is where spans of requests, commits and calls to gateways go: off, or
	// otlp for a collector that the variables OTEL_EXPORTER_OTLP_ENDPOINT,
	// OTEL_EXPORTER_OTLP_HEADERS and OTEL_TRACES_SAMPLER name in the usual way.
	Traces string `key:"traces" default:"off"`

	// ReadHeaderTimeout is how long a client may take to send its headers.
	ReadHeaderTimeout time.Duration `key:"read_header_timeout" default:"5s"`
	// ReadTimeout is how long a client may take to send its whole request.
	ReadTimeout time.Duration `key:"read_timeout" default:"15s"`
	// WriteTimeout is how long a request may take with its answer. A request that
	// waits for a gateway takes up to 45 seconds. A table of a list goes on for as long
	// as each part of it is read within 30 seconds.
	WriteTimeout time.Duration `key:"write_timeout" default:"75s"`
	// IdleTimeout is how long a connection without requests is kept.
	IdleTimeout time.Duration `key:"idle_timeout" default:"60s"`
	// MaxHeaderBytes is how long the headers of a request may be together.
	MaxHeaderBytes int `key:"max_header_bytes" default:"16384"`
	// StopDelay is how long a server that was told to stop still serves, while
	// /readyz says that it is stopping: so long a balancer may take to notice and to
	// send requests elsewhere. Left out, it stops at once.
	StopDelay time.Duration `key:"stop_delay"`
	// StopLimit is how long a stop waits for running requests and for what is
	// still to be written. Then they are cut off.
	StopLimit time.Duration `key:"stop_limit" default:"60s"`

	// ResolveInterval is the pause between two looks for payments, refunds and payouts
	// about which a gateway must be asked.
	ResolveInterval time.Duration `key:"resolve_interval" default:"5s"`
	// ExpireInterval is the pause between two looks for invoices whose time has run out.
	ExpireInterval time.Duration `key:"expire_interval" default:"30s"`
	// RejectInterval is the pause between two looks for paid invoices that their
	// merchant did not verify in time.
	RejectInterval time.Duration `key:"reject_interval" default:"2s"`
	// SweepInterval is the pause between two looks through what gateways hold as
	// paid and unverified.
	SweepInterval time.Duration `key:"sweep_interval" default:"10m"`
	// SealInterval is the pause between two seals over what was booked. Until the
	// next one nothing shows a change of it that leaves every sum as it should be.
	SealInterval time.Duration `key:"seal_interval" default:"15m"`
	// KeepDeliveries is how long messages to endpoints are kept after they arrived,
	// with their bodies; at least 24h, and 876000h is as good as for ever. Events
	// are never removed, nor messages that are due or were given up.
	KeepDeliveries time.Duration `key:"keep_deliveries" default:"2160h"`
	// KeepContacts is how long it is kept, masked, what was said with gateways about a
	// payment, which its timeline shows; at least 24h.
	KeepContacts time.Duration `key:"keep_contacts" default:"2160h"`

	// AuditInterval is the pause between two parts of the audit that the server makes
	// beside its work. A part takes about a fortieth of a second, and a pass through
	// the books as many parts as they need.
	AuditInterval time.Duration `key:"audit_interval" default:"2s"`
	// OnBrokenBooks is what a server does when that audit proves that the books are
	// wrong: stop answers everything that moves money with 503 until a whole pass finds
	// them mended, and warn goes on. Either way it is in the log, in the figures and at
	// /healthz/money.
	OnBrokenBooks string `key:"on_broken_books" default:"stop"`
	// SampleInterval is the pause between two counts of what is under way, for the
	// figures.
	SampleInterval time.Duration `key:"sample_interval" default:"15s"`

	// WebhookLook is the pause between two looks for messages to endpoints that
	// nobody has announced: those of other processes, and those to be tried again.
	WebhookLook time.Duration `key:"webhook_look" default:"1s"`
	// WebhookLoopback is whether endpoints, and addresses that invoices are told
	// at, may be on this machine, on any port. It is for tests and for the demo: it
	// lets merchants reach what listens here.
	WebhookLoopback bool `key:"webhook_loopback" default:"false"`

	// ReadyLink is where ready-to-pay links of the ipg API lead; the token is
	// added. Left out, it is public_url with /payment/readyToPay.
	ReadyLink string `key:"ready_link"`
	// OpenLink is where open-amount links of the ipg API lead. Left out, it is
	// public_url with /payment/readyToPayDynamic.
	OpenLink string `key:"open_link"`
	// ExtensionLink is where extension links of the ipg API lead. Left out, it is
	// public_url with /invoice/amountExtensionReadyToPay.
	ExtensionLink string `key:"extension_link"`

	// PayrefundCurrency is what the amounts of the payrefund API are counted in,
	// because the API does not say.
	PayrefundCurrency string `key:"payrefund_currency" default:"EUR"`
	// PayrefundZone is whether times of the payrefund API end in Z. They are in UTC
	// either way.
	PayrefundZone bool `key:"payrefund_zone" default:"false"`
}

// names of the files in a data folder.
const (
	databaseName = "purser.db"
	keysetName   = "keyset.json"
)

// words of the setting on_broken_books.
const (
	brokenStop = "stop"
	brokenWarn = "warn"
)

// words of the setting traces.
const (
	tracesOff  = "off"
	tracesOTLP = "otlp"
)

// filled is the configuration of a server, with its defaults and with what was
// in files, checked. Its errors name the key.
func (c Config) filled() (Config, error) {
	c, err := c.forCommand()
	if err != nil {
		return c, err
	}
	if err := c.check(); err != nil {
		return c, err
	}
	if c.Keyset == "" && c.KeysetFile == "" {
		return c, errNoKeyset
	}
	return c, c.checkPublic()
}

// forCommand is the configuration as far as a command needs it: where the
// database and the keys are.
func (c Config) forCommand() (Config, error) {
	if err := c.fillDefaults(); err != nil {
		return c, err
	}
	if err := c.readDatabaseFile(); err != nil {
		return c, err
	}
	if c.Data == "" && c.Database == "" {
		return c, settingError("data", "is missing: name a folder for SQLite (--data DIR), or a PostgreSQL database "+
			"(--database URL)")
	}
	if u := c.Database.Reveal(); u != "" && !strings.HasPrefix(u, "postgres://") &&
		!strings.HasPrefix(u, "postgresql://") {
		return c, settingError("database", "must begin with postgres:// (for SQLite name a folder with data)")
	}
	if c.KeysetFile == "" && c.Keyset == "" && c.Data != "" {
		c.KeysetFile = filepath.Join(c.Data, keysetName)
	}
	return c, nil
}

// readDatabaseFile takes the URL of the database from its file.
func (c *Config) readDatabaseFile() error {
	if c.DatabaseFile == "" {
		return nil
	}
	if c.Database != "" {
		return settingError("database_file", "is set besides database: leave one of them out")
	}
	text, err := os.ReadFile(c.DatabaseFile)
	if err != nil {
		return settingError("database_file", "cannot be read: "+err.Error())
	}
	c.Database = Secret(strings.TrimSpace(string(text)))
	return nil
}

// checkPublic finds the public address, or says that it must be given.
func (c *Config) checkPublic() error {
	if c.PublicURL == "" {
		if !loopback(c.Listen) {
			return settingError("public_url", "is missing: payers could not come back from a gateway to "+c.Listen)
		}
		c.PublicURL = c.scheme() + "://" + c.Listen
	}
	for _, address := range []struct {
		key  string
		text *string
		path string
	}{
		{"public_url", &c.PublicURL, ""},
		{"ready_link", &c.ReadyLink, "/payment/readyToPay"},
		{"open_link", &c.OpenLink, "/payment/readyToPayDynamic"},
		{"extension_link", &c.ExtensionLink, "/invoice/amountExtensionReadyToPay"},
	} {
		if *address.text == "" {
			*address.text = c.PublicURL + address.path
		}
		if err := trimAddress(address.key, address.text); err != nil {
			return err
		}
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Path != "" {
		return settingError("public_url", "must be without a path")
	}
	c.ExtraPublicURLs = slices.Clone(c.ExtraPublicURLs)
	for n := range c.ExtraPublicURLs {
		if err := trimAddress("extra_public_urls", &c.ExtraPublicURLs[n]); err != nil {
			return err
		}
		if u, err := url.Parse(c.ExtraPublicURLs[n]); err != nil || u.Path != "" {
			return settingError("extra_public_urls", "must be without paths")
		}
	}
	return nil
}

// trimAddress takes the slashes off the end of an address that links begin with.
func trimAddress(key string, text *string) error {
	u, err := url.Parse(*text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" ||
		u.Fragment != "" || u.User != nil {
		return settingError(key, "must be an http or https address without user, query and fragment")
	}
	*text = strings.TrimRight(*text, "/")
	return nil
}

// check refuses values that cannot work.
func (c *Config) check() error {
	if err := c.checkAddresses(); err != nil {
		return err
	}
	if err := c.checkListeners(); err != nil {
		return err
	}
	if err := c.checkDurations(); err != nil {
		return err
	}
	if _, err := money.Lookup(money.Unit(c.PayrefundCurrency)); err != nil {
		return settingError("payrefund_currency", "must be a currency unit, such as EUR")
	}
	if _, err := parseProxies(c.Proxies); err != nil {
		return err
	}
	if err := c.checkTLS(); err != nil {
		return err
	}
	if c.OnBrokenBooks != brokenStop && c.OnBrokenBooks != brokenWarn {
		return settingError("on_broken_books", "must be stop or warn")
	}
	if c.Traces != tracesOff && c.Traces != tracesOTLP {
		return settingError("traces", "must be off or otlp")
	}
	if c.LogFormat != "json" && c.LogFormat != "text" {
		return settingError("log_format", "must be json or text")
	}
	if _, err := levelOf(c.LogLevel); err != nil {
		return settingError("log_level", "must be debug, info, warn or error")
	}
	return nil
}

// checkAddresses refuses what nothing can listen on.
func (c *Config) checkAddresses() error {
	for _, address := range append([]string{c.Listen}, c.ExtraListen...) {
		if err := checkAddress(address); err != nil {
			return settingError("listen", "must be host:port, also in extra_listen: "+err.Error())
		}
	}
	for _, further := range []struct{ key, address string }{
		{"payments_listen", c.PaymentsListen}, {"refunds_listen", c.RefundsListen}, {"admin_listen", c.AdminListen},
	} {
		if further.address == "" {
			continue
		}
		if err := checkAddress(further.address); err != nil {
			return settingError(further.key, "must be host:port: "+err.Error())
		}
	}
	return nil
}

// checkAddress looks at the form of an address and at its port, which may have a name.
func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	_, err = net.LookupPort("tcp", port) //nolint:noctx // no other machine is asked, so nothing can last
	return err
}

// checkDurations refuses times in which nothing can be done: a loop without a pause would keep
// a processor busy.
func (c *Config) checkDurations() error {
	for _, d := range []struct {
		key       string
		is, least time.Duration
	}{
		{"read_header_timeout", c.ReadHeaderTimeout, leastPause},
		{"read_timeout", c.ReadTimeout, leastPause},
		{"write_timeout", c.WriteTimeout, leastPause},
		{"idle_timeout", c.IdleTimeout, leastPause},
		{"stop_limit", c.StopLimit, leastPause},
		{"resolve_interval", c.ResolveInterval, leastPause},
		{"expire_interval", c.ExpireInterval, leastPause},
		{"reject_interval", c.RejectInterval, leastPause},
		{"sweep_interval", c.SweepInterval, leastPause},
		{"seal_interval", c.SealInterval, leastPause},
		{"audit_interval", c.AuditInterval, leastPause},
		{"sample_interval", c.SampleInterval, leastPause},
		{"webhook_look", c.WebhookLook, leastPause},
		{"keep_deliveries", c.KeepDeliveries, leastKept},
		{"keep_contacts", c.KeepContacts, leastKept},
	} {
		if d.is < d.least {
			return settingError(d.key, "must be at least "+d.least.String())
		}
	}
	return nil
}

// checkListeners refuses an address that is given twice: it can be listened on once.
func (c *Config) checkListeners() error {
	seen := map[string]string{}
	take := func(key, address string) error {
		if _, port, err := net.SplitHostPort(address); err != nil || port == "0" {
			return nil //nolint:nilerr // one that was left out is no address; port 0 is another each time
		}
		if other := seen[address]; other != "" {
			return settingError(key, "is an address that "+other+" has already ("+address+"): choose another port")
		}
		seen[address] = key
		return nil
	}
	errs := []error{take("listen", c.Listen)}
	for _, address := range c.ExtraListen {
		errs = append(errs, take("extra_listen", address))
	}
	errs = append(errs, take("payments_listen", c.PaymentsListen), take("refunds_listen", c.RefundsListen),
		take("admin_listen", c.AdminListen))
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// leastKept is how long messages to endpoints are kept at least: whoever looks
// for one that arrived does so soon.
const leastKept = 24 * time.Hour

// leastPause is what every other time is at least, but for stop_delay: what is shorter is a
// slip of the pen, such as ns for m.
const leastPause = time.Millisecond

// loopback says that an address can be reached from this machine only.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
