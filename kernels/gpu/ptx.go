package gpu

import (
	"compress/gzip"
	"embed"
	"fmt"
	"io"
)

// The PTX is part of every binary, most of which run on the CPU: packed it is
// a sixth as long, and is unpacked when a device asks for it.
//
//go:embed *.ptx.gz
var packed embed.FS

// unpack is the PTX of a stem.
func unpack(name string) (string, error) {
	f, err := packed.Open(name + ".gz")
	if err != nil {
		return "", err
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		return "", fmt.Errorf("%s.gz: %w", name, err)
	}
	ptx, err := io.ReadAll(r)
	if err != nil {
		return "", fmt.Errorf("%s.gz: %w", name, err)
	}
	return string(ptx), nil
}
