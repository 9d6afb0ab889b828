package cli

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// packer compresses some records: what it makes of several stands one after another in
// an output, as gzip's and zstd's readers take it, so that an output is whole whenever it ends.
type packer func(records []byte) []byte

// packing is the packer that an output's ending asks for; nil for text. An ending of
// what can be read compressed and not written is an error.
func packing(path string) (packer, error) {
	switch ending := strings.ToLower(filepath.Ext(path)); ending {
	case ".gz", ".gzip":
		return gzipped(), nil
	case ".zst", ".zstd":
		return zstandard()
	case ".xz", ".bz2", ".lzma", ".lz4", ".z", ".zip", ".7z":
		return nil, fmt.Errorf("-o %s: gzip (.gz) and zstd (.zst) are what can be written compressed: expected one of these endings or none, found %s", path, ending)
	}
	return nil, nil
}

func gzipped() packer {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	return func(records []byte) []byte {
		packed.Reset()
		w.Reset(&packed)
		_, _ = w.Write(records) // a Buffer has no errors
		_ = w.Close()
		return packed.Bytes()
	}
}

func zstandard() (packer, error) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	var packed []byte
	return func(records []byte) []byte {
		packed = w.EncodeAll(records, packed[:0])
		return packed
	}, nil
}
