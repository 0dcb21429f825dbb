package sqlstore

import (
	"context"

	"github.com/purserhq/purser/internal/fault"
)

// opensPINs is the version of the schema that programs know which open sealed PINs. An
// older one would take the right PIN for a wrong one.
const opensPINs = 25

// PINsSealed says whether no program may run on the database that could not open a sealed
// PIN. It is so from the beginning where the program that made the database could.
func (d *DB) PINsSealed(ctx context.Context) (bool, error) {
	needs, err := one(ctx, d, fault.CodeInternal, scanOne[int64], "select coalesce(max(program), 0) from schema_needs")
	return needs >= opensPINs, err
}

// SealPINs keeps programs that cannot open a sealed PIN from starting on the database.
func (d *DB) SealPINs(ctx context.Context) error {
	return d.keepHouse(ctx, "update schema_needs set program = $1 where program < $1", opensPINs)
}
