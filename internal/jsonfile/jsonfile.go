// Package jsonfile writes what programs read.
package jsonfile

import (
	"encoding/json"
	"io"

	"painless/internal/atomicfile"
)

// Encode writes v as indented JSON.
func Encode(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(v)
}

// Write writes v as indented JSON to a file that is whole or not there.
func Write(path string, v any) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Encode(w, v) })
}
