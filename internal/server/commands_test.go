package server

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to damage a database behind the server's back

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/ipg"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// desk is a command's terminal that a test can read.
type desk struct {
	Commands

	out, errs bytes.Buffer
}

func newDesk(c Config) *desk {
	d := &desk{}
	d.Commands = Commands{Config: c, Terminal: Terminal{In: strings.NewReader(""), Out: &d.out, Err: &d.errs}}
	return d
}

// waitingForPerson makes a demo's database with one manual payment of an
// invoice, and gives the payment's id.
func waitingForPerson(t *testing.T, folder string) string {
	t.Helper()
	d, err := NewDemo(t.Context(), DemoOptions{Addr: "127.0.0.1:0", Data: folder, Log: io.Discard, LogLevel: "error"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	key, err := d.app.Authenticate(t.Context(), d.Info.IPG.APIKey)
	if err != nil {
		t.Fatal(err)
	}
	newID := func() string { return ipg.NewID(now()) }
	i, err := d.app.CreateInvoice(t.Context(), key.Merchant, app.NewInvoice{
		ID: newID(), Amount: money.New(5000, money.IRR), Title: "Tea",
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.app.RequestPayment(t.Context(), key.Merchant, app.NewPayment{
		Invoice: i.ID, Amount: i.Amount, Gateway: "manual", NewID: newID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.Payment.ID
}

func TestOperatorConfirms(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	id := waitingForPerson(t, folder)
	d := newDesk(Config{Data: folder})
	if err := d.Say(t.Context(), Word{Payment: "nothing", Paid: true, Receipt: "1", Operator: "Sam"}); err == nil ||
		!strings.Contains(err.Error(), "no payment nothing") {
		t.Errorf("got %v, want an error that names the payment", err)
	}
	if err := d.Say(t.Context(), Word{Payment: id, Paid: true, Operator: "Sam"}); err == nil ||
		!strings.Contains(err.Error(), "receipt") {
		t.Errorf("got %v, want an error that asks for the receipt", err)
	}
	if err := d.Say(t.Context(), Word{Payment: id, Paid: true, Receipt: "77", Operator: "Sam"}); err != nil {
		t.Fatal(err)
	}
	if got := d.out.String(); !strings.Contains(got, "captured") || !strings.Contains(got, "5000 IRR") {
		t.Errorf("got %s, want the captured payment", got)
	}
	if err := d.Say(t.Context(), Word{Payment: id, Paid: true, Receipt: "78", Operator: "Sam"}); err == nil {
		t.Error("the same payment was confirmed twice")
	}
	if err := d.Audit(t.Context(), AuditWish{}); err != nil {
		t.Errorf("audit: %v: %s", err, d.out.String())
	}
}

func TestOperatorRejects(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	id := waitingForPerson(t, folder)
	d := newDesk(Config{Data: folder})
	d.Terminal.JSON = true
	if err := d.Say(t.Context(), Word{Payment: id, Operator: "Sam", Note: "nothing on the account"}); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(d.out.Bytes(), &got); err != nil || got["state"] != "failed" || got["id"] != id {
		t.Errorf("got %s, %v, want the failed payment", d.out.String(), err)
	}
}

// An audit that finds nothing wrong proves little before it has found something.
func TestAuditFindsDifferences(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	id := waitingForPerson(t, folder)
	d := newDesk(Config{Data: folder})
	if err := d.Say(t.Context(), Word{Payment: id, Paid: true, Receipt: "77", Operator: "Sam"}); err != nil {
		t.Fatal(err)
	}
	damage(t, folder, "update account set balance = balance + 1 where balance > 0")
	d.out.Reset()
	if err := d.Audit(t.Context(), AuditWish{}); !errors.Is(err, ErrDifferences) {
		t.Errorf("got %v, want ErrDifferences", err)
	}
	if got := d.out.String(); !strings.Contains(got, "every balance is the sum of its postings") {
		t.Errorf("got %s, want the table of checks", got)
	}
	d.out.Reset()
	d.Terminal.JSON = true
	err := d.Audit(t.Context(), AuditWish{})
	var view auditView
	if err := json.Unmarshal(d.out.Bytes(), &view); err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for _, f := range view.Findings {
		if f.Wrong > 0 && f.Example != "" {
			wrong++
		}
	}
	if !errors.Is(err, ErrDifferences) || view.Agrees || wrong == 0 {
		t.Errorf("got %v and %s, want the finding with an example", err, d.out.String())
	}
}

// TestOlderSchemaIsNotRead: who only looks brings nothing up to date, so is told who
// does, and not which table is missing.
func TestOlderSchemaIsNotRead(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	d := newDesk(Config{Data: folder})
	if err := d.Merchants(t.Context()); err != nil {
		t.Fatalf("the newest schema: %v", err)
	}
	damage(t, folder, "delete from schema_version where version_id > 15")
	for name, look := range map[string]func() error{
		"audit": func() error { return d.Audit(t.Context(), AuditWish{}) },
		"list":  func() error { return d.Merchants(t.Context()) },
	} {
		if err := look(); err == nil || !strings.Contains(err.Error(), "at version 15") ||
			!strings.Contains(err.Error(), "run purser migrate") {
			t.Errorf("%s of an older schema: got %v, want it to say what to run", name, err)
		}
	}
	damage(t, folder, "update schema_version set version_id = version_id + 1000")
	if err := d.Merchants(t.Context()); err != nil {
		t.Errorf("a newer schema: %v", err)
	}
}

// TestEmptyDatabaseIsNoMistakeOfOurs: what is said about a database that nothing was made in is
// what to do, and no more.
func TestEmptyDatabaseIsNoMistakeOfOurs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, databaseName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "this is no database of purser, or an empty one: run purser migrate, or use the program that serves it"
	for engine, c := range map[string]Config{
		"SQLite": {Data: folder}, "PostgreSQL": {Database: Secret(pgtest.Database(t))},
	} {
		d := newDesk(c)
		for command, err := range map[string]error{
			"merchant list": d.Merchants(t.Context()), "audit": d.Audit(t.Context(), AuditWish{}),
		} {
			if err == nil || err.Error() != want {
				t.Errorf("%s on %s: got %v, want %s", command, engine, err, want)
			}
		}
	}
}

// TestCommandTellsOfNewSchema: a command that writes brings an older schema up to date,
// and says so beside its answer, for people and for programs.
func TestCommandTellsOfNewSchema(t *testing.T) {
	t.Parallel()
	for engine, open := range map[string]func(t *testing.T) (c Config, want string){
		"SQLite": func(t *testing.T) (Config, string) {
			folder := filepath.Join(t.TempDir(), "mistyped")
			return Config{Data: folder}, "purser: there was no database in " + folder + ", so a new one was made there, with " +
				"schema version "
		},
		"PostgreSQL": func(t *testing.T) (Config, string) {
			return Config{Database: Secret(pgtest.Database(t)), Data: t.TempDir()},
				"purser: the database was empty; its schema is made, version "
		},
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			config, made := open(t)
			d := newDesk(config)
			d.Terminal.JSON = true
			for turn, want := range []string{made, ""} {
				d.out.Reset()
				d.errs.Reset()
				if err := d.AddMerchant(t.Context(), "Shop", ""); err != nil {
					t.Fatal(err)
				}
				if got := d.errs.String(); !strings.HasPrefix(got, want) || want == "" && got != "" {
					t.Errorf("turn %d: got %q beside the answer, want %q", turn, got, want)
				}
				if !json.Valid(d.out.Bytes()) {
					t.Errorf("turn %d: got %s, want only the answer", turn, d.out.String())
				}
			}
		})
	}
	var errs bytes.Buffer
	err := Terminal{Err: &errs}.tellMigrated(sqlstore.Migrated{Before: 12, After: 16, Copy: "/d/purser.db.v12"}, Config{})
	if want := "purser: the schema of the database went from version 12 to 16; the database as it was is kept in " +
		"/d/purser.db.v12\n"; err != nil || errs.String() != want {
		t.Errorf("got %q, %v, want %q", errs.String(), err, want)
	}
}

// TestForeignFiles: whose files they are is what helps, and only there.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	_, err := os.Open(filepath.Join(t.TempDir(), "nothing"))
	foreign := &os.PathError{Op: "open", Path: "/d/purser.db", Err: fs.ErrPermission}
	if said := withOwner(foreign); !strings.Contains(said, "/d/purser.db") || !strings.Contains(said, "sudo -u purser") {
		t.Errorf("got %q, want it to say as whom to run", said)
	}
	if said := withOwner(err); strings.Contains(said, "sudo") {
		t.Errorf("got %q, want only what is wrong", said)
	}
}

// damage changes a database as no Purser would.
func damage(t *testing.T, folder, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	result, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("the damage hit %d rows (%v)", n, err)
	}
}

func TestSandboxAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(Config{})
	if err := d.Sandbox(t.Context(), SandboxOptions{Addr: "0.0.0.0:0"}); err == nil ||
		!strings.Contains(err.Error(), "which others can reach") {
		t.Errorf("got %v, want an error about the address", err)
	}
	read, write := io.Pipe()
	d.Terminal.Out, d.Terminal.JSON = write, true
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Sandbox(ctx, SandboxOptions{Addr: "127.0.0.1:0", Data: t.TempDir()}) }()
	var views []sandboxView
	if err := json.NewDecoder(read).Decode(&views); err != nil {
		t.Fatal(err)
	}
	if len(views) != len(emulators) {
		t.Errorf("got %d providers, want %d", len(views), len(emulators))
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	for _, v := range views {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.Control, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil || !strings.Contains(string(text), v.URL) {
			t.Errorf("%s: got %s, %v, want its overview", v.Provider, text, err)
		}
		line, err := v.addLine()
		if err != nil || !strings.Contains(line, " --connector "+v.Provider+" ") ||
			!strings.Contains(line, " --setting base_url="+v.URL) || !strings.Contains(line, " --setting mode=test ") ||
			len(v.Credentials) == 0 || strings.Count(line, "'") != 2 {
			t.Errorf("%s: got the line %q, %v", v.Provider, line, err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestBehind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		address string
		ports   int
		want    string
	}{{"127.0.0.1:9100", 2, "127.0.0.1:9102"}, {"127.0.0.1:0", 2, "127.0.0.1:0"}, {"[::1]:80", 1, "[::1]:81"}} {
		if got, err := behind(test.address, test.ports); err != nil || got != test.want {
			t.Errorf("%s + %d: got %s, %v, want %s", test.address, test.ports, got, err, test.want)
		}
	}
	for _, bad := range []string{"127.0.0.1", "127.0.0.1:http"} {
		if _, err := behind(bad, 1); err == nil {
			t.Errorf("%s: got no error", bad)
		}
	}
}

func TestProgressShowsOnlyToPeople(t *testing.T) {
	t.Parallel()
	for _, live := range []bool{false, true} {
		var errs bytes.Buffer
		show, clear := Terminal{Err: &errs, Live: live}.progress("auditing")
		show(50)
		clear()
		if (errs.Len() > 0) != live {
			t.Errorf("live %v: wrote %q", live, errs.String())
		}
	}
}
