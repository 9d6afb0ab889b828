// Package student is the student that the binary brings with it, under a name
// where others have the path of a file. docs/student.md says what it is for.
package student

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"os"

	"painless/checkpoint"
)

// Name is what the student is called where a path is expected. A file of that
// name is ./default.
const Name = "default"

// Card is what it is for, how far off it is, and where it fails.
//
//go:embed card.txt
var Card string

//go:embed default.pt
var file []byte

// Open is checkpoint.OpenWith, which knows Name.
func Open(path string, opts checkpoint.Options) (*checkpoint.Checkpoint, error) {
	if path == Name {
		return checkpoint.ReadWith(bytes.NewReader(file), int64(len(file)), Name, opts)
	}
	return checkpoint.OpenWith(path, opts)
}

// Hash is checkpoint.Hash, which knows Name.
func Hash(path string) (string, error) {
	if path == Name {
		sum := sha256.Sum256(file)
		return hex.EncodeToString(sum[:]), nil
	}
	return checkpoint.Hash(path)
}

// Size returns the bytes of the file at path, or of Name's.
func Size(path string) (int64, error) {
	if path == Name {
		return int64(len(file)), nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
