//go:build !unix

package checkpoint

import "os"

// mapFile is a file's bytes.
func mapFile(path string, _ int64) (content []byte, unmap func() error, err error) {
	content, err = os.ReadFile(path)
	return content, func() error { return nil }, err
}
