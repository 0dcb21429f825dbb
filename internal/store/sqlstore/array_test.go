package sqlstore

import (
	"reflect"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

func TestArraysAreWhatTheRecordsHold(t *testing.T) {
	t.Parallel()
	columns := []field{{"a", text}, {"b", number}, {"c", perhaps}, {"d", binary}, {"e", once}}
	rows := []record{
		{"one", int64(-1), int64(5), []byte("x"), int64(1) << 40},
		{"", int64(0), nil, []byte(nil), int64(0)},
		{"دو and <a>", int64(1), int64(-7), []byte{}, int64(-3)},
	}
	five, minus := int64(5), int64(-7)
	types := pgtype.NewMap()
	if err := addArrays(types); err != nil {
		t.Fatal(err)
	}
	for i, test := range []struct {
		oid       uint32
		got, want any
	}{
		{pgtype.TextArrayOID, &[]string{}, &[]string{"one", "", "دو and <a>"}},
		{pgtype.Int8ArrayOID, &[]int64{}, &[]int64{-1, 0, 1}},
		{pgtype.Int8ArrayOID, &[]*int64{}, &[]*int64{&five, nil, &minus}},
		{pgtype.ByteaArrayOID, &[][]byte{}, &[][]byte{[]byte("x"), nil, {}}},
		{pgtype.Int8ArrayOID, &[]int64{}, &[]int64{1 << 40, 0, -3}},
		{pgtype.TextArrayOID, &[]string{}, &[]string{"plain", ""}},
		{pgtype.TextArrayOID, &[]string{}, &[]string{}},
	} {
		given := append(arrays(columns, rows), []string{"plain", ""}, []string{})[i]
		written, err := types.Encode(test.oid, pgtype.BinaryFormatCode, given, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := types.Scan(test.oid, pgtype.BinaryFormatCode, written, test.got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(test.got, test.want) {
			t.Errorf("array %d came back as %v, want %v", i, test.got, test.want)
		}
	}
}

func TestARecordOfAnotherShapeIsNoArray(t *testing.T) {
	t.Parallel()
	types := pgtype.NewMap()
	if err := addArrays(types); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a number was written as a text")
		}
	}()
	_, err := types.Encode(pgtype.TextArrayOID, pgtype.BinaryFormatCode, array{[]record{{int64(1)}}, 0, text}, nil)
	t.Error(err)
}
