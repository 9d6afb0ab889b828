package health

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"painless/data"
)

// frames reads a file that is part of the program.
func frames(name string, file []byte) (all []*data.Frame) {
	for r := data.NewReader(bytes.NewReader(file), name); ; {
		frame, err := r.Read()
		if err == io.EOF {
			return all
		}
		if err != nil {
			panic(err)
		}
		all = append(all, frame)
	}
}

// numbers reads those of a field of such a file.
func numbers[T int | float64](text string) (all []T) {
	for _, field := range strings.Fields(text) {
		var x T
		if _, err := fmt.Sscan(field, &x); err != nil {
			panic(fmt.Errorf("%q: %w", field, err))
		}
		all = append(all, x)
	}
	return all
}
