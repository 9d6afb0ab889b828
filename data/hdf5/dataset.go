//go:build hdf5 && cgo

package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/hdf5"
)

const (
	maxChunk  = 64 << 20 // bytes of a chunk, and of all chunks with the same rows
	maxRank   = 3
	blockSize = 64 << 10 // bytes read at once of what is not in chunks
)

// numbers is the types that are read and written, and libhdf5's types for them.
var numbers = []struct {
	number
	*hdf5.Datatype
}{
	{number{"bool", boolean, 1, binary.LittleEndian}, boolType},
	{number{"int8", signed, 1, binary.LittleEndian}, hdf5.T_STD_I8LE},
	{number{"int16", signed, 2, binary.LittleEndian}, hdf5.T_STD_I16LE},
	{number{"int32", signed, 4, binary.LittleEndian}, hdf5.T_STD_I32LE},
	{number{"int64", signed, 8, binary.LittleEndian}, hdf5.T_STD_I64LE},
	{number{"uint8", unsigned, 1, binary.LittleEndian}, hdf5.T_STD_U8LE},
	{number{"uint16", unsigned, 2, binary.LittleEndian}, hdf5.T_STD_U16LE},
	{number{"uint32", unsigned, 4, binary.LittleEndian}, hdf5.T_STD_U32LE},
	{number{"uint64", unsigned, 8, binary.LittleEndian}, hdf5.T_STD_U64LE},
	{number{"float32", real, 4, binary.LittleEndian}, hdf5.T_IEEE_F32LE},
	{number{"float64", real, 8, binary.LittleEndian}, hdf5.T_IEEE_F64LE},
	{number{"int8", signed, 1, binary.BigEndian}, hdf5.T_STD_I8BE},
	{number{"int16", signed, 2, binary.BigEndian}, hdf5.T_STD_I16BE},
	{number{"int32", signed, 4, binary.BigEndian}, hdf5.T_STD_I32BE},
	{number{"int64", signed, 8, binary.BigEndian}, hdf5.T_STD_I64BE},
	{number{"uint8", unsigned, 1, binary.BigEndian}, hdf5.T_STD_U8BE},
	{number{"uint16", unsigned, 2, binary.BigEndian}, hdf5.T_STD_U16BE},
	{number{"uint32", unsigned, 4, binary.BigEndian}, hdf5.T_STD_U32BE},
	{number{"uint64", unsigned, 8, binary.BigEndian}, hdf5.T_STD_U64BE},
	{number{"float32", real, 4, binary.BigEndian}, hdf5.T_IEEE_F32BE},
	{number{"float64", real, 8, binary.BigEndian}, hdf5.T_IEEE_F64BE},
}

// values is what a dataset may hold.
type values struct {
	what  string // for errors
	kinds []kind
}

var (
	integers = values{"integers", []kind{signed, unsigned}}
	reals    = values{"float32 or float64", []kind{real}}
	bools    = values{"bool", []kind{boolean, signed, unsigned}}
)

// dataset is an array of rows, which are read a block at a time in the bytes of the file.
type dataset struct {
	*hdf5.Dataset
	storage
	name   string
	number number
	rows   int
	row    []int // dimensions of a row
	bytes  int   // of a row
	limit  int   // bytes that a chunk may have in the file
	block  []byte
	first  int // row of the block
}

// openDataset opens what is at a path, or returns nil where there is nothing.
// The file is limit bytes long.
func openDataset(file *hdf5.File, limit int, path string, v values, row ...int) (*dataset, error) {
	found, err := lookUp(file, path)
	if err != nil || found == nothing {
		return nil, err
	}
	if found != array {
		return nil, fmt.Errorf("expected a dataset, found %s", found)
	}
	opened, err := file.OpenDataset(path)
	if err != nil {
		return nil, because(err)
	}
	d := &dataset{Dataset: opened, name: path, row: row, limit: limit}
	if err := d.check(v); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// check fills in what the file says, and refuses what is not of the layout.
func (d *dataset) check(v values) (err error) {
	if d.number, err = d.typ(v); err != nil {
		return err
	}
	if d.storage, err = describe(d.Dataset, d.number.size); err != nil { // before Space, which opens what a virtual dataset is made of
		return err
	}
	dims, err := d.dims()
	if err != nil {
		return err
	}
	if len(dims) != 1+len(d.row) || !slices.Equal(dims[1:], d.row) {
		return fmt.Errorf("expected shape [n%s, found %v", strings.TrimPrefix(fmt.Sprint(append([]int{0}, d.row...)), "[0"), dims)
	}
	d.rows = dims[0]
	d.bytes = d.number.size
	for _, n := range d.row {
		d.bytes *= n
	}
	if d.chunk == nil {
		return nil
	}
	if len(d.chunk) != len(dims) {
		return fmt.Errorf("expected chunks of %d dimensions, found %v", len(dims), d.chunk)
	}
	if bytes := d.chunkBytes(); bytes > maxChunk || d.chunk[0]*d.bytes > maxChunk {
		return fmt.Errorf("expected chunks of at most %d MiB, found %v", maxChunk>>20, d.chunk)
	}
	count := 1
	for i, n := range d.chunk {
		if count *= (dims[i] + n - 1) / n; count > maxChunks {
			return fmt.Errorf("expected at most %d chunks, found more: %v of %v", maxChunks, d.chunk, dims)
		}
	}
	return nil
}

// chunkBytes is the size of a chunk before the filters, or more than maxChunk.
func (d *dataset) chunkBytes() int {
	size := d.number.size
	for _, n := range d.chunk {
		if n < 1 || n > maxChunk/size {
			return maxChunk + 1
		}
		size *= n
	}
	return size
}

func (d *dataset) typ(v values) (number, error) {
	t, err := d.Datatype()
	if err != nil {
		return number{}, because(err)
	}
	defer t.Close()
	for _, n := range numbers {
		if !t.Equal(n.Datatype) {
			continue
		}
		if !slices.Contains(v.kinds, n.kind) {
			return number{}, fmt.Errorf("expected %s, found %s", v.what, n.name)
		}
		return n.number, nil
	}
	return number{}, fmt.Errorf("expected %s, found a type of class %d and %d bytes", v.what, t.Class(), t.Size())
}

func (d *dataset) dims() ([]int, error) {
	space := d.Space()
	if space == nil {
		return nil, because(errors.New("no dataspace"))
	}
	defer space.Close()
	if space.SimpleExtentType() != hdf5.S_SIMPLE || space.SimpleExtentNDims() < 1 {
		return nil, errors.New("expected an array, found a single value or none")
	}
	extent, _, err := space.SimpleExtentDims()
	if err != nil {
		return nil, because(err)
	}
	dims := make([]int, len(extent))
	for i, n := range extent {
		if n > math.MaxInt32<<8 {
			return nil, fmt.Errorf("expected a smaller array, found %v", extent)
		}
		dims[i] = int(n)
	}
	return dims, nil
}

// at is the bytes of a row, until the next call.
func (d *dataset) at(row int) ([]byte, error) {
	if i := (row - d.first) * d.bytes; i >= 0 && i < len(d.block) {
		return d.block[i : i+d.bytes], nil
	}
	if row < 0 || row >= d.rows {
		return nil, fmt.Errorf("%s[%d]: expected a row below %d", d.name, row, d.rows)
	}
	count := max(1, blockSize/d.bytes)
	if d.chunk != nil {
		count = d.chunk[0]
	}
	first := row - row%count
	count = min(count, d.rows-first)
	d.block = d.block[:0] // nothing, should this fail
	read := d.readRows
	if d.chunk != nil {
		read = d.readChunks
	}
	block, err := read(first, count)
	if err != nil {
		return nil, fmt.Errorf("%s[%d:%d]: %w", d.name, first, first+count, err)
	}
	d.block, d.first = block, first
	i := (row - first) * d.bytes
	return block[i : i+d.bytes], nil
}

var errUnwritten = errors.New("expected values, found that none were ever written")

// readRows reads what is in one piece, in the types of the file.
func (d *dataset) readRows(first, count int) ([]byte, error) {
	if !d.stored && !d.optional() {
		return nil, errUnwritten
	}
	block := make([]byte, count*d.bytes)
	err := slab(d.Dataset, d.row, first, count, func(memory, file *hdf5.Dataspace) error {
		return d.ReadSubset(&block, memory, file)
	})
	if err != nil {
		return nil, err
	}
	return block, nil
}

// slab calls move with count rows in memory, and where they are in the file.
// The binding takes the file's type for that of the memory, which is right for
// bytes of this length alone.
func slab(d *hdf5.Dataset, row []int, first, count int, move func(memory, file *hdf5.Dataspace) error) error {
	from, size := []uint{uint(first)}, []uint{uint(count)}
	for _, n := range row {
		from, size = append(from, 0), append(size, uint(n))
	}
	file := d.Space()
	if file == nil {
		return because(errors.New("no dataspace"))
	}
	defer file.Close()
	if err := file.SelectHyperslab(from, nil, size, nil); err != nil {
		return because(err)
	}
	memory, err := hdf5.CreateSimpleDataspace(size, nil)
	if err != nil {
		return because(err)
	}
	defer memory.Close()
	if err := move(memory, file); err != nil {
		return because(err)
	}
	return nil
}

// readChunks puts together the chunks of the rows that begin at first, of
// which there are more than one where a row is cut.
func (d *dataset) readChunks(first, count int) ([]byte, error) {
	size := d.chunkBytes()
	if size == count*d.bytes && slices.Equal(d.chunk[1:], d.row) {
		return d.readChunk(size, [maxRank]int{first})
	}
	// The dimensions of a row and of a chunk, and a chunk's place in the row: [rows][d1][d2].
	dims, chunk := [2]int{1, 1}, [2]int{1, 1}
	copy(dims[2-len(d.row):], d.row)
	copy(chunk[2-len(d.row):], d.chunk[1:])
	var block []byte
	width := d.number.size
	for a := 0; a < dims[0]; a += chunk[0] {
		for b := 0; b < dims[1]; b += chunk[1] {
			at := [maxRank]int{first, a, b}
			copy(at[1:], at[maxRank-len(d.row):])
			part, err := d.readChunk(size, at)
			if err != nil {
				return nil, err
			}
			if block == nil { // now that one chunk has its size
				block = make([]byte, count*d.bytes)
			}
			n := min(chunk[1], dims[1]-b) * width
			for i := range count {
				for j := range min(chunk[0], dims[0]-a) {
					to := ((i*dims[0]+a+j)*dims[1] + b) * width
					copy(block[to:to+n], part[(i*chunk[0]+j)*chunk[1]*width:])
				}
			}
		}
	}
	return block, nil
}

// readChunk is the values of the chunk that begins at the given indices.
func (d *dataset) readChunk(size int, at [maxRank]int) ([]byte, error) {
	stored, skipped, err := readChunk(d.Dataset, at, d.limit)
	if err != nil {
		return nil, err
	}
	if stored == nil {
		if !d.optional() {
			return nil, errUnwritten
		}
		for len(stored) < size {
			stored = append(stored, d.fill...)
		}
		return stored, nil
	}
	return decode(stored, d.filters, skipped, d.number.size, size)
}

// optional says whether values may be left to the fill value: False, or no cell.
func (d *dataset) optional() bool {
	return d.name == pbcName || d.name == cellsName || d.name == stressName || d.name == maskName
}

// floats reads a row.
func (d *dataset) floats(to []float64, row int) error {
	b, err := d.at(row)
	if err != nil {
		return err
	}
	for i := range to {
		x := d.number.float(b[i*d.number.size:])
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%s: expected a finite number, found %v", d.index(row, i), x)
		}
		to[i] = x
	}
	return nil
}

// integer reads a row of one value.
func (d *dataset) integer(row int) (int, error) {
	b, err := d.at(row)
	if err != nil {
		return 0, err
	}
	return int(d.number.integer(b)), nil
}

// bools reads a row.
func (d *dataset) bools(to []bool, row int) error {
	b, err := d.at(row)
	if err != nil {
		return err
	}
	for i := range to {
		x := d.number.integer(b[i*d.number.size:])
		if x != 0 && x != 1 {
			return fmt.Errorf("%s: expected 0 or 1, found %d", d.index(row, i), x)
		}
		to[i] = x == 1
	}
	return nil
}

// index names value i of a row, as in Python.
func (d *dataset) index(row, i int) string {
	switch len(d.row) {
	case 0:
		return fmt.Sprintf("%s[%d]", d.name, row)
	case 1:
		return fmt.Sprintf("%s[%d, %d]", d.name, row, i)
	default:
		return fmt.Sprintf("%s[%d, %d, %d]", d.name, row, i/d.row[1], i%d.row[1])
	}
}
