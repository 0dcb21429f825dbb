package sqlstore

import (
	"context"
	endian "encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// array is one column of a set of rows, an argument of a statement.
type array struct {
	rows  []record
	place int
	sort  sort
}

// arrays turns records into one array per column.
func arrays(t []field, rows []record) []any {
	columns := make([]any, len(t), len(t)+1) // one more for a statement that counts
	for i, c := range t {
		columns[i] = array{rows, i, c.sort}
	}
	return columns
}

// arrayCodec writes columns as the arrays that they are to the server, straight
// from the records, and texts without a look at each of them. All else is done as
// usual.
type arrayCodec struct {
	*pgtype.ArrayCodec

	lent *lent
}

// PlanEncode knows them.
func (c arrayCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		switch value.(type) {
		case array:
			return arrayPlan{c.ElementType.OID, c.lent}
		case []string:
			if oid == pgtype.TextArrayOID {
				return textPlan{c.lent}
			}
		}
	}
	return c.ArrayCodec.PlanEncode(m, oid, format, value)
}

// arrayPlan writes arrays with elements of one type.
type arrayPlan struct {
	element uint32
	lent    *lent
}

// The parts of an array that all have the same length.
const (
	arrayHead    = 5 * 4 // dimensions, whether some are null, the type, how many and the first one's number
	elementHead  = 4     // the length
	numberLength = 8
)

// Encode writes one array in PostgreSQL's binary form.
func (p arrayPlan) Encode(value any, out []byte) ([]byte, error) {
	c, ok := value.(array)
	if !ok {
		return nil, fmt.Errorf("%T is no column of rows", value)
	}
	out = begin(p.lent.room(out, c.size()), p.element, len(c.rows))
	for _, r := range c.rows {
		out = c.sort.append(out, r[c.place])
	}
	return out, nil
}

// textPlan writes texts that are none of a record's.
type textPlan struct{ lent *lent }

// Encode writes one array in PostgreSQL's binary form.
func (p textPlan) Encode(value any, out []byte) ([]byte, error) {
	texts, ok := value.([]string)
	if !ok {
		return nil, fmt.Errorf("%T is no list of texts", value)
	}
	size := arrayHead
	for _, v := range texts {
		size += elementHead + len(v)
	}
	out = begin(p.lent.room(out, size), pgtype.TextOID, len(texts))
	for _, v := range texts {
		out = appendBytes(out, v)
	}
	return out, nil
}

// begin writes the head of an array.
func begin(out []byte, element uint32, length int) []byte {
	const dimensions, perhapsNull, first = 1, 1, 1
	//nolint:gosec // batches are small
	for _, n := range []uint32{dimensions, perhapsNull, element, uint32(length), first} {
		out = endian.BigEndian.AppendUint32(out, n)
	}
	return out
}

// appendBytes writes one element of bytes.
func appendBytes[T string | []byte](out []byte, v T) []byte {
	return append(endian.BigEndian.AppendUint32(out, uint32(len(v))), v...) //nolint:gosec // no element is that long
}

// size is how many bytes it takes at most.
func (c array) size() int {
	size := arrayHead
	for _, r := range c.rows {
		size += elementHead
		switch v := r[c.place].(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		default:
			size += numberLength
		}
	}
	return size
}

// null is the length of an element that is not there.
const null = ^uint32(0)

// append writes one element, or panics where the record holds something else than
// its table says.
func (s sort) append(out []byte, value any) []byte {
	switch s {
	case text:
		return appendBytes(out, value.(string))
	case binary:
		v := value.([]byte)
		if v == nil {
			return endian.BigEndian.AppendUint32(out, null)
		}
		return appendBytes(out, v)
	case perhaps:
		if value == nil {
			return endian.BigEndian.AppendUint32(out, null)
		}
	case number, once:
	}
	out = endian.BigEndian.AppendUint32(out, numberLength)
	return endian.BigEndian.AppendUint64(out, uint64(value.(int64))) //nolint:gosec // the sign is one of its bits
}

// knowArrays teaches a connection to write them.
func knowArrays(_ context.Context, conn *pgx.Conn) error { return addArrays(conn.TypeMap()) }

// addArrays puts arrayCodec in the place of what writes arrays usually.
func addArrays(types *pgtype.Map) error {
	l := new(lent)
	for _, oid := range []uint32{pgtype.TextArrayOID, pgtype.Int8ArrayOID, pgtype.ByteaArrayOID} {
		usual, ok := types.TypeForOID(oid)
		if !ok {
			return fmt.Errorf("type %d is not known", oid)
		}
		codec, ok := usual.Codec.(*pgtype.ArrayCodec)
		if !ok {
			return fmt.Errorf("type %s is no array", usual.Name)
		}
		types.RegisterType(&pgtype.Type{Name: usual.Name, OID: oid, Codec: arrayCodec{codec, l}})
	}
	return nil
}
