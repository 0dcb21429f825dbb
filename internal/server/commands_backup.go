package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/store/sqlstore"
)

// errOwnTools says what to do instead of copying a PostgreSQL database with
// this program.
var errOwnTools = errors.New("purser copies SQLite only. PostgreSQL has tools that know the log of its writes:\n" +
	"the whole cluster, to any moment: pg_basebackup with a kept log (archive_command or pg_receivewal)\n" +
	"this database alone, to one moment: pg_dump --format=custom, and pg_restore into an empty database\n" +
	"docs/operate/backup.md has both step by step; afterwards run purser audit --database URL")

// errCopyRefused says that a copy was made and is gone again.
var errCopyRefused = errors.New("the copy's books do not agree, so it was removed. Run purser audit: if it finds the " +
	"same, keep the database as it is and find out why before more money moves")

// copyView is a copy of a database as programs see it.
type copyView struct {
	File   string        `json:"file"`
	Bytes  int64         `json:"bytes"`
	Rows   int64         `json:"rows"`
	Schema int64         `json:"schema"`
	Was    int64         `json:"schema_before,omitempty"` // of the copy that was put back
	Checks int           `json:"checks"`                  // of the books
	Agrees bool          `json:"agrees"`
	Wrong  []findingView `json:"wrong,omitempty"`
	Aside  string        `json:"moved_aside,omitempty"` // the database that was there
	Keyset string        `json:"keyset"`                // what to know about it: it is in no copy
}

func viewCopy(file string, c sqlstore.Copy) copyView {
	view := copyView{
		File: file, Bytes: c.Bytes, Rows: c.Rows, Schema: c.Schema, Checks: len(c.Findings), Agrees: c.Agrees(),
	}
	for _, f := range c.Findings {
		if f.Wrong != 0 {
			view.Wrong = append(view.Wrong, findingView(f))
		}
	}
	return view
}

// showCopy shows what was made of a copy, and what is wrong with it.
func (c Commands) showCopy(view copyView) error {
	books := "agree"
	if !view.Agrees {
		books = "do not agree"
	}
	if err := c.Terminal.show(view, []string{"FILE", "BYTES", "ROWS", "SCHEMA", "CHECKS", "BOOKS"}, [][]string{{
		view.File, strconv.FormatInt(view.Bytes, 10), strconv.FormatInt(view.Rows, 10),
		strconv.FormatInt(view.Schema, 10), strconv.Itoa(view.Checks), books,
	}}); err != nil {
		return err
	}
	if len(view.Wrong) > 0 {
		rows := make([][]string, len(view.Wrong))
		for i, f := range view.Wrong {
			rows[i] = []string{f.ID, f.Checks, strconv.FormatInt(f.Wrong, 10), dash(f.Example)}
		}
		return c.Terminal.also("Wrong", []string{"CHECK", "WHAT MUST HOLD", "WRONG", "FIRST"}, rows)
	}
	if view.Was != 0 && view.Was != view.Schema {
		if err := c.Terminal.tell("\nThe schema was brought from version %d to %d.", view.Was, view.Schema); err != nil {
			return err
		}
	}
	if view.Aside != "" {
		if err := c.Terminal.tell("\nThe database that was there is kept as %s.", view.Aside); err != nil {
			return err
		}
	}
	return c.Terminal.tell("\n%s", view.Keyset)
}

// forCopies is a core that opens nothing, for a database that is a file.
// Error: what to do with PostgreSQL.
func (c Commands) forCopies() (*core, error) {
	config, err := c.Config.forCommand()
	if err != nil {
		return nil, err
	}
	k := &core{config: config, log: commandLog(c.Terminal.Err), now: now}
	if !sqlstore.IsSQLite(k.storeOptions(forReading).URL) {
		return nil, errOwnTools
	}
	return k, nil
}

// Backup copies the database beside a running server into a new file, and
// proves the copy. One that does not agree is removed. Errors: fs.ErrExist, and
// what is wrong with the copy.
func (c Commands) Backup(ctx context.Context, to string) error {
	k, err := c.forCopies()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return errors.New(to + " is there already: a backup never writes over a file")
	}
	// Under its own name the copy appears when it is proved.
	raw := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".unproved")
	if err := sqlstore.Snapshot(ctx, k.storeOptions(forReading), raw); err != nil {
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%s is there: another backup is being made, or one was cut off; remove it if none runs", raw)
		}
		return explain(err)
	}
	defer func() { _ = os.Remove(raw) }() // the link below keeps the content
	show, clear := c.Terminal.progress("auditing the copy")
	found, err := sqlstore.Inspect(ctx, raw, show)
	clear()
	if err != nil {
		return explain(err)
	}
	if found.Findings == nil {
		return fmt.Errorf("the database's schema is at version %d and older than this program, which cannot prove it: "+
			"run purser migrate, or take the backup with the program that serves it", found.Schema)
	}
	view := viewCopy(to, found)
	view.Keyset = k.keysetWords("The copy does not hold the keyset, and without it nothing opens the sealed secrets in "+
		"it: credentials of gateways, signing keys, secrets of webhooks.", "It is in ",
		"Keep a copy of it elsewhere than this one.")
	if !view.Agrees {
		return errors.Join(c.showCopy(view), errCopyRefused)
	}
	if err := os.Link(raw, to); err != nil {
		return fmt.Errorf("name the copy: %w", err)
	}
	if err := syncFolder(filepath.Dir(to)); err != nil {
		return err
	}
	return c.showCopy(view)
}

// Restore puts a copy in the place of the database of a server that does not
// run. What was there is moved aside. Errors: what is wrong with the copy, and
// a server that runs; they leave no folder that was not there.
func (c Commands) Restore(ctx context.Context, from string) (err error) {
	k, err := c.forCopies()
	if err != nil {
		return err
	}
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("read the copy: %w", err)
	}
	made := missingFolders(k.config.Data)
	defer func() {
		for _, folder := range made {
			if err != nil {
				_ = os.Remove(folder) // one with something in it stays
			}
		}
	}()
	if err := os.MkdirAll(k.config.Data, 0o700); err != nil {
		return settingError("data", "cannot be used: "+err.Error())
	}
	o := k.storeOptions(forWriting)
	show, clear := c.Terminal.progress("auditing the copy")
	aside := o.URL + ".before-restore-" + k.now().UTC().Format("20060102T150405.000000Z")
	done, err := sqlstore.Restore(ctx, o, from, aside, show)
	clear()
	if err != nil {
		return explain(err)
	}
	view := viewCopy(o.URL, done.Copy)
	view.Was, view.Aside = done.Was, done.Aside
	do := "Bring that keyset back before the server starts."
	if exists(k.config.KeysetFile) {
		do = "If that is another one, bring the right one back before the server starts."
	}
	view.Keyset = k.keysetWords("The secrets in it open under the keyset of the server that it is a copy of.",
		"There is one in ", do)
	if !view.Agrees {
		view.File = from
		return errors.Join(c.showCopy(view), errors.New("the copy's books do not agree, so nothing was restored"))
	}
	return c.showCopy(view)
}

// keysetWords say where the keyset is, between what is to know and to do; found begins
// what is said of a file that is there.
func (k *core) keysetWords(know, found, do string) string {
	where := "It is in the environment (PURSER_KEYSET)."
	switch file := k.config.KeysetFile; {
	case k.config.Keyset != "":
	case file == "":
		where = "No keyset_file is set here."
	case exists(file):
		where = found + file + "."
	default:
		where = "There is none in " + file + "."
	}
	return strings.Join([]string{know, where, do}, " ")
}
