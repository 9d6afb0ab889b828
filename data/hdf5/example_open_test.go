package hdf5_test

import (
	"fmt"
	"io"

	"painless/data/hdf5"
)

func ExampleOpen() {
	r, err := hdf5.Open("testdata/lzf.h5")
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
	// Output:
	// [8 17 1] -99.703125
	// [17] -99.130859375
	// [7 7 8 6 17] -99.5390625
	// [1 6] -99.51171875
	// [6 7 7 1] -98.173828125
	// [1 1 1 1 17 1 8] -99.376953125
}
