//go:build hdf5 && cgo

package hdf5

import (
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/hdf5"

	"painless/data"
	"painless/data/hdf5/h5"
)

// trainingSet is a file as large as a tenth of a training set: 500 structures of
// 9 to 365 atoms, whose forces are rounded.
func trainingSet(b *testing.B, c Compression) string {
	path := b.TempDir() + "/set.h5"
	w, err := Create(path, Options{Compression: c, Float32Forces: true})
	require.NoError(b, err)
	defer w.Abort()
	random := rand.New(rand.NewPCG(1, 2))
	for k := range 500 {
		f := &data.Frame{}
		forces := make([][3]float64, 9+random.IntN(357))
		for i := range forces {
			f.Numbers = append(f.Numbers, []int{1, 6, 7, 8}[random.IntN(4)])
			f.Positions = append(f.Positions, [3]float64{10 * random.Float64(), 10 * random.Float64(), 10 * random.Float64()})
			forces[i] = [3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
		}
		f.Set(data.EnergyKey, -float64(k)-random.Float64())
		f.SetVectors(data.ForcesKey, forces)
		require.NoError(b, w.Write(f))
	}
	require.NoError(b, w.Close())
	return path
}

// BenchmarkRead reads all of a set in Go, as arrays and as structures, and with
// libhdf5 as arrays.
func BenchmarkRead(b *testing.B) {
	for c, name := range []string{Gzip: "gzip", Uncompressed: "plain"} {
		path := trainingSet(b, Compression(c))
		var names []string
		size := int64(0)
		datasets(b, openH5(b, path), func(path string, d *h5.Dataset) {
			names = append(names, path)
			size += int64(d.Len()) * d.RowBytes()
		})
		run := func(by string, read func() error) {
			b.Run(name+"/"+by, func(b *testing.B) {
				b.SetBytes(size)
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, read())
				}
			})
		}
		run("arrays", func() error { return readArrays(path, names) })
		run("libhdf5", func() error { return readArraysByLibrary(path, names) })
		run("structures", func() error {
			r, err := Open(path)
			if err != nil {
				return err
			}
			for err == nil {
				_, err = r.Read()
			}
			if err != io.EOF {
				return err
			}
			return r.Close()
		})
	}
}

func readArrays(path string, names []string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	f, err := h5.Open(in, info.Size())
	if err != nil {
		return err
	}
	for _, name := range names {
		o, err := f.Lookup(name)
		if err != nil {
			return err
		}
		d, err := o.Dataset()
		if err != nil {
			return err
		}
		if _, err := d.Read(make([]byte, int64(d.Len())*d.RowBytes()), 0, d.Len()); err != nil {
			return err
		}
	}
	return nil
}

func readArraysByLibrary(path string, names []string) error {
	defer enter()()
	file, err := hdf5.OpenFile(path, hdf5.F_ACC_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, name := range names {
		d, err := file.OpenDataset(name)
		if err != nil {
			return err
		}
		t, err := d.Datatype()
		if err != nil {
			return err
		}
		space := d.Space()
		to := make([]byte, space.SimpleExtentNPoints()*int(t.Size()))
		if err := d.Read(&to); err != nil {
			return err
		}
		for _, c := range []io.Closer{space, t, d} {
			if err := c.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}
