// Package jsonfile writes what programs read.
package jsonfile

import (
	"encoding/json"
	"fmt"
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
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Abort()
	if err := Encode(file, v); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return file.Commit()
}
