package sqlstore

// rowForm is where a row has the columns that are wanted.
type rowForm struct {
	wanted []int // by the place in a row, which of the columns it is; -1 = none
	values tuple
	usual  tuple // the values of columns that came later than the row
}

// read takes the columns out of a row, as far as it has them all.
func (f *rowForm) read(row []byte) (whole bool, err error) {
	head, at := varint(row, 0)
	if at == 0 || head > uint64(len(row)) {
		return false, nil
	}
	end := int(head) //nolint:gosec // it is within the row
	body := end
	for n, column := range f.wanted {
		if at >= end {
			f.older(f.wanted[n:])
			return true, nil
		}
		var size int
		sort, used := uint64(row[at]), 1
		if sort < more {
			size = int(sizes[sort])
		} else {
			sort, used = varint(row[:end], at)
			size = sizeOf(sort)
		}
		if at += used; used == 0 || size == unknown {
			return false, errPage
		}
		if column >= 0 {
			if size > len(row)-body {
				return false, nil
			}
			f.values[column].set(sort, row[body:body+size])
		}
		body += size
	}
	return true, nil
}

// older gives the columns that the row lacks.
func (f *rowForm) older(lacking []int) {
	for _, column := range lacking {
		if column >= 0 {
			f.values[column] = f.usual[column]
		}
	}
}

// unknown is the size of a value of a sort that there is not.
const unknown = -1

// sizeOf is how many bytes a value of some sort takes.
func sizeOf(sort uint64) int {
	const float, longest = 7, 1 << 31
	switch {
	case sort >= 12 && sort < longest:
		return int(sort-12) / 2
	case sort <= 4:
		return int(sort)
	case sort == 5:
		return 6
	case sort == 6, sort == float:
		return 8
	case sort == 8, sort == 9:
		return 0
	}
	return unknown
}

// sizes are those of the sorts of one byte.
var sizes = func() (all [more]int8) {
	for sort := range all {
		all[sort] = int8(sizeOf(uint64(sort)))
	}
	return all
}()

// set reads a text, or a whole number, of which the first bit is the sign.
func (d *datum) set(sort uint64, bytes []byte) {
	switch {
	case sort >= 12:
		d.text, d.number, d.null = bytes, 0, false
		return
	case sort == 0:
		d.text, d.number, d.null = nil, 0, true
		return
	case sort >= 8:
		d.text, d.number, d.null = nil, int64(sort-8), false
		return
	}
	n := int64(int8(bytes[0])) //nolint:gosec // with its sign
	for _, b := range bytes[1:] {
		n = n<<8 | int64(b)
	}
	d.text, d.number, d.null = nil, n, false
}

// more is what the first byte of a number has at least, where others follow.
const more = 0x80

// varint reads a number of one to nine bytes; of none where it is cut off.
func varint(from []byte, at int) (n uint64, used int) {
	for used < 9 && at+used < len(from) {
		b := from[at+used]
		if used++; used == 9 {
			return n<<8 | uint64(b), used
		}
		if n = n<<7 | uint64(b&0x7f); b < more {
			return n, used
		}
	}
	return 0, 0
}
