package sqlstore

import (
	"errors"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// Advice is what an operator can do about an error of the database; empty = nothing that
// would be known from here.
func Advice(err error) string {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return "look whether PostgreSQL runs there, and at host, port, user, password and name in its address"
	}
	if failed, ok := errors.AsType[*pgconn.PgError](err); ok && failed.Code == "42501" {
		return "the user in the database's address may not do that: it has to own the database, as after " +
			"createdb --owner=USER NAME, or alter database NAME owner to USER"
	}
	if _, ok := errors.AsType[*unfitError](err); ok {
		return adviceOnCopy(err)
	}
	if errors.Is(err, syscall.ENOSPC) {
		return adviceFull
	}
	failed, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return ""
	}
	switch failed.Code() & 0xff { // the rest says more about the same
	case sqliteCorrupt, sqliteNotADB:
		return "the file is damaged, or is no database: keep it as it is, and put the last backup back with purser restore"
	case sqliteReadOnly, sqliteCantOpen:
		return "the folder, and all files in it that begin with the database's name, have to be writable for the user that " +
			"runs purser, and the disk not mounted for reading only"
	case sqliteFull:
		return adviceFull
	}
	return ""
}

// adviceFull is what to do where the disk is full.
const adviceFull = "make room on the disk"

// adviceOnCopy is what to do where a file could not be put back.
func adviceOnCopy(err error) string {
	if failed, ok := errors.AsType[*sqlite.Error](err); ok && failed.Code()&0xff == sqliteCantOpen {
		return "nothing was changed: the backup has to be a file that the user who runs purser may read"
	}
	return "nothing was changed: try another backup, an older one or another copy of this one"
}

// HasNoSchema says that a read failed because nothing was ever made in the database.
func HasNoSchema(err error) bool {
	if failed, ok := errors.AsType[*pgconn.PgError](err); ok {
		return failed.Code == "42P01" // undefined_table
	}
	failed, ok := errors.AsType[*sqlite.Error](err)
	return ok && failed.Code()&0xff == sqliteError
}
