//go:build hdf5 && cgo

package hdf5_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"painless/atoms"
	"painless/data"
	"painless/data/hdf5"
)

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "set.h5")

	water := &data.Frame{Structure: atoms.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{0, 0, 0}, {0.96, 0, 0}, {-0.24, 0.93, 0}}}}
	water.Set("energy", -14.5)
	w, err := hdf5.Create(path, hdf5.Options{Metadata: map[string]any{"teacher": "none"}})
	if err != nil {
		panic(err)
	}
	defer w.Abort()
	if err := w.Write(water); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}

	r, err := hdf5.Open(path)
	if err != nil {
		panic(err)
	}
	defer r.Close()
	for {
		frame, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			panic(err)
		}
		energy, _ := frame.Get("energy")
		fmt.Println(frame.Numbers, energy)
	}
	// Output: [8 1 1] -14.5
}
