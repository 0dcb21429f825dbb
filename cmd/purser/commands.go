package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/server"
)

// commandLine is everything that can be typed. The parser makes the help from it.
type commandLine struct {
	JSON bool `help:"Write JSON instead of tables." name:"json"`

	Demo      demoCommand      `cmd:"" help:"Try it: server, make-believe gateways and keys in one process."`
	Serve     serveCommand     `cmd:"" help:"Start the server."`
	Config    configCommand    `cmd:"" help:"Look at the configuration."`
	Ready     readyCommand     `cmd:"" help:"Ask a running server whether it is ready; exits 1 if it is not."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database up to date."`
	Merchant  merchantCommand  `cmd:"" help:"Add, list or change merchants."`
	Key       keyCommand       `cmd:"" help:"Add, list or revoke a merchant's API keys."`
	Token     tokenCommand     `cmd:"" help:"Say whose tokens a merchant's users bring, and sign some to develop with."`
	Terminal  terminalCommand  `cmd:"" help:"Add, list or change the places where a merchant makes invoices."`
	Customer  customerCommand  `cmd:"" help:"Open accounts for a merchant's customers, and look after them."`
	Rate      rateCommand      `cmd:"" help:"Set or list the rates at which a merchant's accounts exchange."`
	Gateway   gatewayCommand   `cmd:"" help:"Add, list or remove a merchant's contracts with payment providers."`
	Endpoint  endpointCommand  `cmd:"" help:"Add, list or change the addresses that a merchant is told of events at."`
	Delivery  deliveryCommand  `cmd:"" help:"Look at what an endpoint was told, and tell it again."`
	Invoice   invoiceCommand   `cmd:"" help:"List invoices, or let one be paid although its amount is unusual."`
	Payment   paymentCommand   `cmd:"" help:"Say whether money came that no gateway can tell about."`
	Refund    refundCommand    `cmd:"" help:"Say what became of a refund that waits for a person."`
	Payout    payoutCommand    `cmd:"" help:"Send out what accounts asked for, and say what came of it."`
	Trader    traderCommand    `cmd:"" help:"Add those who receive transfers of payers, and book their coins."`
	Requisite requisiteCommand `cmd:"" help:"Add, list or change the accounts that payers send money to."`
	Deal      dealCommand      `cmd:"" help:"Look at person-to-person transfers, and say whether the money came."`
	Dispute   disputeCommand   `cmd:"" help:"List what is disputed about deals, and decide."`
	Settle    settleCommand    `cmd:"" help:"Settle what a provider's file says it paid out; exits 1 on any difference."`
	Act       actCommand       `cmd:"" help:"Look at what people did, and who it was."`
	Keyset    keysetCommand    `cmd:"" help:"Make the keyset under which secrets are sealed, and change its keys."`
	Sandbox   sandboxCommand   `cmd:"" help:"Start the make-believe gateways alone."`
	Pages     pagesCommand     `cmd:"" help:"Say which scripts payment pages have, and prove that they are unchanged."`
	Audit     auditCommand     `cmd:"" help:"Prove the books, list what waits for a person; exits 1 on a difference."`
	Backup    backupCommand    `cmd:"" help:"Copy a SQLite database while the server runs, and prove the copy."`
	Restore   restoreCommand   `cmd:"" help:"Put a backup back; the database that was there is kept."`
	Version   versionCommand   `cmd:"" help:"Show the version."`
}

// dataFlags are the flags of commands that open a database. They win over the
// environment, which wins over the file.
type dataFlags struct {
	Data     string   `help:"Folder of the SQLite database and of the keyset." placeholder:"DIR" type:"path"`
	Database string   `help:"PostgreSQL instead of SQLite; or PURSER_DATABASE." placeholder:"URL"`
	Config   string   `help:"Configuration file (YAML)." placeholder:"FILE" type:"path"`
	Set      []string `help:"Set any key of the configuration; may be repeated." placeholder:"KEY=VALUE" sep:"none"`
}

// commands are ready to run on the database that the flags name.
func (f dataFlags) commands(t server.Terminal) (server.Commands, error) {
	layered, err := f.layers()
	if err != nil {
		return server.Commands{}, err
	}
	return server.Commands{Config: layered.config, Terminal: t}, nil
}

type demoCommand struct {
	Addr     string `default:"127.0.0.1:8080" help:"Where, on this machine; port 0 is any." placeholder:"HOST:PORT"`
	Payments string `help:"A port for payrefund payments, such as 127.0.0.1:1111." name:"payments-addr" placeholder:"ADDR"`
	Refunds  string `help:"A port for its refunds, such as 127.0.0.1:2222." name:"refunds-addr" placeholder:"ADDR"`
	Data     string `default:"purser-data" help:"Folder that keeps the demo." placeholder:"DIR"`
	Database string `env:"PURSER_DATABASE" help:"PostgreSQL database, instead of SQLite." placeholder:"URL"`
	LogLevel string `default:"info" enum:"debug,info,warn,error" help:"How much to log."`
}

// Run starts the demo and serves until it is told to stop.
func (c *demoCommand) Run(ctx context.Context, t server.Terminal) error {
	collectRarely(server.Config{Database: server.Secret(c.Database)})
	demo, err := server.NewDemo(ctx, server.DemoOptions{
		Addr: c.Addr, Payments: c.Payments, Refunds: c.Refunds, Data: c.Data, Database: server.Secret(c.Database),
		Log: t.Err, LogLevel: c.LogLevel,
	})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(t.Out, demo.Welcome()); err != nil {
		return err
	}
	return demo.Run(ctx)
}

type serveCommand struct {
	dataFlags `embed:""`

	Listen    string `help:"Address to listen on." placeholder:"HOST:PORT"`
	PublicURL string `help:"Address under which the outside world reaches the server." name:"public-url" placeholder:"URL"`
	TLSCert   string `help:"Certificate to speak TLS with." name:"tls-cert" placeholder:"FILE" type:"path"`
	TLSKey    string `help:"Its private key." name:"tls-key" placeholder:"FILE" type:"path"`
	LogLevel  string `help:"debug, info, warn or error." placeholder:"LEVEL"`
	LogFormat string `help:"json or text." placeholder:"FORMAT"`
}

// flags are those of serve that stand for a key of the configuration.
func (c *serveCommand) flags() map[string]string {
	return map[string]string{
		"listen": c.Listen, "public_url": c.PublicURL, "log_level": c.LogLevel, "log_format": c.LogFormat,
		"tls_cert": c.TLSCert, "tls_key": c.TLSKey,
	}
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, t server.Terminal) error {
	layered, err := c.layers()
	if err == nil {
		err = layered.take(fromFlag, c.flags())
	}
	if err != nil {
		return err
	}
	collectRarely(layered.config)
	s, err := server.New(ctx, layered.config, t.Err)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

type readyCommand struct {
	Address string `arg:"" default:"http://127.0.0.1:8080/readyz" help:"Where to ask." placeholder:"URL"`
}

// Run asks, for whatever watches over a container without a shell.
func (c *readyCommand) Run(ctx context.Context, t server.Terminal) error {
	return server.AskReady(ctx, t, c.Address)
}

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Say whether every setting is good; nothing is opened, no database either."`
	Print configPrintCommand `cmd:"" help:"Show every setting and where its value comes from; secrets stay hidden."`
}

type configCheckCommand struct {
	dataFlags `embed:""`
}

// Run checks without opening anything.
func (c *configCheckCommand) Run(t server.Terminal) error {
	layered, err := c.layers()
	if err != nil {
		return err
	}
	config, err := layered.config.Complete()
	if err != nil {
		return err
	}
	if err := config.CheckKeyset(); err != nil {
		return err
	}
	if err := config.CheckCertificate(); err != nil {
		return err
	}
	for _, words := range []string{config.KeysetWarning(), config.CertificateWarning()} {
		if words == "" {
			continue
		}
		if _, err := fmt.Fprintln(t.Err, "purser: "+words); err != nil {
			return err
		}
	}
	text := "Every setting is good. Nothing was opened: whether the database can be used, purser audit shows."
	if t.JSON {
		text = `{"good": true}`
	}
	_, err = fmt.Fprintln(t.Out, text)
	return err
}

type configPrintCommand struct {
	dataFlags `embed:""`
}

// Run prints also a configuration that is not good: that is when one looks.
func (c *configPrintCommand) Run(t server.Terminal) error {
	layered, err := c.layers()
	if err != nil {
		return err
	}
	complete, problem := layered.config.Complete()
	if err := layered.print(t, complete); err != nil {
		return err
	}
	return problem
}

type migrateCommand struct {
	dataFlags `embed:""`
}

// Run migrates.
func (c *migrateCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Migrate(ctx)
}

type auditCommand struct {
	dataFlags `embed:""`

	Seal  bool   `help:"First seal what no seal covers yet; on SQLite the server must not run."`
	Known string `help:"A seal that an earlier audit or the log showed: it must still be there." placeholder:"SEAL"`
}

// Run audits.
func (c *auditCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return looked(commands.Audit(ctx, server.AuditWish{Seal: c.Seal, Known: c.Known}), server.ErrDifferences)
}

type sandboxCommand struct {
	Addr string `default:"127.0.0.1:9100" help:"Of the controls; providers take the next ports." placeholder:"HOST:PORT"`
	Data string `help:"Folder that keeps their state; without it they forget." placeholder:"DIR" type:"path"`
}

// Run serves the emulators until it is told to stop.
func (c *sandboxCommand) Run(ctx context.Context, t server.Terminal) error {
	return server.Commands{Terminal: t}.Sandbox(ctx, server.SandboxOptions{Addr: c.Addr, Data: c.Data})
}

type versionCommand struct{}

// Run shows the version.
func (versionCommand) Run(t server.Terminal) error {
	text := "purser " + server.Version()
	if t.JSON {
		text = `{"version": ` + strconv.Quote(server.Version()) + `}`
	}
	_, err := fmt.Fprintln(t.Out, text)
	return err
}

// pair cuts KEY=VALUE.
func pair(text string) (key, value string, err error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return "", "", &usageError{"expected NAME=VALUE, got " + strconv.Quote(text)}
	}
	return key, value, nil
}
