//go:build hdf5 && cgo

package hdf5

import (
	"encoding/binary"
	"errors"
	"math"

	"gonum.org/v1/hdf5"
)

// column is a dataset being written, chunk by chunk.
type column struct {
	*hdf5.Dataset
	name  string
	row   []int // dimensions of a row
	size  int   // bytes of a value
	bytes int   // of a row
	chunk int   // rows
	block []byte
	rows  int // before the block
}

const (
	atomRows      = 4096 // of a chunk
	structureRows = 1024
	gzipLevel     = 4 // h5py's
)

const unlimited = math.MaxUint // H5S_UNLIMITED

// closeAll closes columns, and then their file.
func closeAll(columns []*column, file *hdf5.File) error {
	var errs []error
	for _, c := range columns {
		errs = append(errs, c.Dataset.Close())
	}
	return errors.Join(append(errs, file.Close())...)
}

// createColumn makes an empty dataset that can grow.
func createColumn(file *hdf5.File, name string, c Compression, t *hdf5.Datatype, chunk int, row ...int) (*column, error) {
	col := &column{name: name, row: row, size: int(t.Size()), bytes: int(t.Size()), chunk: chunk}
	extent, most, chunks := []uint{0}, []uint{unlimited}, []uint{uint(chunk)}
	for _, n := range row {
		extent, most, chunks = append(extent, uint(n)), append(most, uint(n)), append(chunks, uint(n))
		col.bytes *= n
	}
	space, err := hdf5.CreateSimpleDataspace(extent, most)
	if err != nil {
		return nil, because(err)
	}
	defer space.Close()
	list, err := hdf5.NewPropList(hdf5.P_DATASET_CREATE)
	if err != nil {
		return nil, because(err)
	}
	defer list.Close()
	if err := list.SetChunk(chunks); err != nil {
		return nil, because(err)
	}
	if c == Gzip {
		if err := list.SetDeflate(gzipLevel); err != nil {
			return nil, because(err)
		}
	}
	if col.Dataset, err = file.CreateDatasetWith(name, t, space, list); err != nil {
		return nil, because(err)
	}
	return col, nil
}

func (c *column) addInteger(x int) {
	c.block = binary.LittleEndian.AppendUint64(c.block, uint64(x))
}

func (c *column) addBools(values ...bool) {
	for _, x := range values {
		b := byte(0)
		if x {
			b = 1
		}
		c.block = append(c.block, b)
	}
}

func (c *column) addReals(values ...float64) {
	for _, x := range values {
		if c.size == 4 {
			c.block = binary.LittleEndian.AppendUint32(c.block, math.Float32bits(float32(x)))
		} else {
			c.block = binary.LittleEndian.AppendUint64(c.block, math.Float64bits(x))
		}
	}
}

// flush writes the full chunks of what was added, or all of it.
func (c *column) flush(all bool) error {
	n := len(c.block) / c.bytes
	if !all {
		n -= n % c.chunk
	}
	if n == 0 {
		return nil
	}
	if err := setRows(c.Dataset, c.rows+n, c.row); err != nil {
		return err
	}
	if err := c.write(n); err != nil {
		return because(err)
	}
	c.rows += n
	c.block = append(c.block[:0], c.block[n*c.bytes:]...)
	return nil
}

// write writes n rows of the block. The binding takes the file's type for that of
// the memory, which is right for bytes of this length alone.
func (c *column) write(n int) error {
	from, size := []uint{uint(c.rows)}, []uint{uint(n)}
	for _, n := range c.row {
		from, size = append(from, 0), append(size, uint(n))
	}
	file := c.Space()
	if file == nil {
		return errors.New("no dataspace")
	}
	defer file.Close()
	if err := file.SelectHyperslab(from, nil, size, nil); err != nil {
		return err
	}
	memory, err := hdf5.CreateSimpleDataspace(size, nil)
	if err != nil {
		return err
	}
	defer memory.Close()
	return c.WriteSubset(&c.block, memory, file)
}
