package hdf5

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"painless/data/hdf5/h5"
)

const blockSize = 64 << 10 // bytes read at once of what is not in chunks

// What a file of size bytes can have, where it is not made to flood the memory: a
// hundred times more than any data set has, and few enough to hold the splits of
// all structures, and the atoms of one.
func maxStructures(size int64) int { return 1<<19 + int(size/32) }

func maxAtoms(size int64) int { return 1<<20 + int(size) } // of all structures

// maxBlocks is the most bytes of the blocks that are held of all datasets.
func maxBlocks(size int64) int { return 48<<20 + int(size) }

// values is what a dataset may hold.
type values struct {
	what  string // for errors
	kinds []h5.TypeKind
}

var (
	integers = values{"integers", []h5.TypeKind{h5.Signed, h5.Unsigned}}
	reals    = values{"float16, float32 or float64", []h5.TypeKind{h5.Real}}
	bools    = values{"bool", []h5.TypeKind{h5.Bool, h5.Signed, h5.Unsigned}}
)

// dataset is an array of rows, which are read a block at a time in the bytes of the file.
type dataset struct {
	*h5.Dataset
	name  string
	row   []int // dimensions of a row
	rows  int
	bytes int // of a row
	count int // rows of a block
	block []byte
	first int // row of the block
}

// openDataset opens what is at a path from a group, or returns nil where there is
// nothing.
func openDataset(group *h5.Object, path string, v values, row ...int) (*dataset, error) {
	object, err := group.Lookup(path)
	if err != nil || object == nil {
		return nil, err
	}
	opened, err := object.Dataset()
	if err != nil {
		return nil, err
	}
	d := &dataset{Dataset: opened, name: path, row: row, rows: opened.Len(), bytes: int(opened.RowBytes())}
	return d, d.check(v)
}

// check refuses what is not of the layout. A row of one value may have a
// dimension of its own.
func (d *dataset) check(v values) error {
	if !slices.Contains(v.kinds, d.Type.Kind) {
		return fmt.Errorf("expected %s, found %s", v.what, d.Type)
	}
	if len(d.Dims) == 0 {
		return errors.New("expected an array, found a single value or none")
	}
	if row := d.Dims[1:]; !slices.Equal(row, d.row) && !(len(d.row) == 0 && slices.Equal(row, []int{1})) {
		return fmt.Errorf("expected shape [n%s, found %v", strings.TrimPrefix(fmt.Sprint(append([]int{0}, d.row...)), "[0"), d.Dims)
	}
	d.count = max(1, blockSize/max(1, d.bytes)) // a row may be of nothing
	if d.Chunk == nil {
		return nil
	}
	d.count = min(d.Chunk[0], d.rows)
	for i, n := range d.Chunk[1:] {
		if n > d.Dims[1+i] {
			return fmt.Errorf("expected chunks no wider than %v, found %v", d.Dims, d.Chunk)
		}
	}
	return nil
}

// at is the bytes from a row to the end of its block, until the next call.
func (d *dataset) at(row int) ([]byte, error) {
	if i := (row - d.first) * d.bytes; i >= 0 && i < len(d.block) {
		return d.block[i:], nil
	}
	if row < 0 || row >= d.rows {
		return nil, fmt.Errorf("%s[%d]: expected a row below %d", d.name, row, d.rows)
	}
	d.first = row - row%d.count
	last := min(d.first+d.count, d.rows)
	if d.block == nil {
		d.block = make([]byte, 0, min(d.count, d.rows)*d.bytes)
	}
	block := d.block[:(last-d.first)*d.bytes]
	d.block = d.block[:0] // nothing, should this fail
	complete, err := d.Dataset.Read(block, d.first, last)
	if err == nil && !complete && !d.optional() {
		err = errUnwritten
	}
	if err != nil {
		return nil, fmt.Errorf("%s[%d:%d]: %w", d.name, d.first, last, err)
	}
	d.block = block
	return block[(row-d.first)*d.bytes:], nil
}

var errUnwritten = errors.New("expected values, found that none were ever written")

// optional says whether values may be left to the fill value: False, or no cell.
func (d *dataset) optional() bool {
	return d.name == pbcName || d.name == cellsName || d.name == stressName || d.name == maskName
}

// floats reads as many numbers as to has, whatever they are, from a row.
func (d *dataset) floats(to []float64, row int) error { return d.floatsFrom(to, row, 0) }

// floatsFrom is floats without the first numbers.
func (d *dataset) floatsFrom(to []float64, row, without int) error {
	for len(to) > 0 {
		n := without / d.width()
		row, without = row+n, without-n*d.width()
		b, err := d.at(row)
		if err != nil {
			return err
		}
		n = d.Type.Floats(to, b[without*d.Type.Size:])
		to, without = to[n:], without+n
	}
	return nil
}

// finite reads as many finite numbers as to has from a row.
func (d *dataset) finite(to []float64, row int) error { return d.finiteFrom(to, row, 0) }

func (d *dataset) finiteFrom(to []float64, row, without int) error {
	if err := d.floatsFrom(to, row, without); err != nil {
		return err
	}
	for i, x := range to {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			i += without
			return fmt.Errorf("%s: expected a finite number, found %v", d.index(row+i/d.width(), i%d.width()), x)
		}
	}
	return nil
}

// width is the numbers of a row.
func (d *dataset) width() int { return d.bytes / d.Type.Size }

// integer reads a row of one value.
func (d *dataset) integer(row int) (int, error) {
	b, err := d.at(row)
	if err != nil {
		return 0, err
	}
	return int(d.Type.Integer(b)), nil
}

// bools reads a row.
func (d *dataset) bools(to []bool, row int) error {
	b, err := d.at(row)
	if err != nil {
		return err
	}
	for i := range to {
		x := d.Type.Integer(b[i*d.Type.Size:])
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

// points reads n atoms' three finite numbers from a row.
func points(d *dataset, row, n int) ([][3]float64, error) {
	var some [3 * 256]float64
	v := make([][3]float64, n)
	for first := 0; first < n; first += len(some) / 3 {
		part := v[first:min(n, first+len(some)/3)]
		if err := d.finiteFrom(some[:3*len(part)], row, 3*first); err != nil {
			return nil, err
		}
		for i := range part {
			part[i] = [3]float64(some[3*i:])
		}
	}
	return v, nil
}
