package data_test

import (
	"fmt"
	"io"
	"os"
	"strings"

	"painless/atoms"
	"painless/data"
)

func ExampleReader() {
	file := strings.NewReader("3\nwater\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n")
	r := data.NewReader(file, "water.xyz")
	for {
		frame, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			panic(err)
		}
		fmt.Println(frame.Numbers, frame.Positions[1])
	}
	// Output: [8 1 1] [0.96 0 0]
}

func ExampleWriter() {
	frame := &data.Frame{Structure: atoms.Structure{Numbers: []int{7, 7}, Positions: [][3]float64{{0, 0, 0}, {1.1, 0, 0}}}}
	frame.Set("energy", -3.25)
	frame.SetVectors("forces", [][3]float64{{0.5, 0, 0}, {-0.5, 0, 0}})
	w := data.NewWriter(os.Stdout)
	if err := w.Write(frame); err != nil {
		panic(err)
	}
	if err := w.Flush(); err != nil {
		panic(err)
	}
	// Output:
	// 2
	// Properties=species:S:1:pos:R:3:forces:R:3 energy=-3.25 pbc="F F F"
	// N 0 0 0 0.5 0 0
	// N 1.1 0 0 -0.5 0 0
}
